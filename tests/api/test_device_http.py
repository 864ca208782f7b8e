"""The device's HTTP server: handlers in both styles, pages, cross-origin rules, limits, HTTPS."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtckit.device import OfferNotReady, httpserver
from rtckit.device.certificate import self_signed_certificate
from rtckit.device.exchange import Request, Response
from rtckit.device.listener import HttpLimits, Listener

Reply = tuple[int, dict[str, str], bytes]


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv(httpserver.PORT_VARIABLE, "0")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    yield
    httpserver.stop()
    for identity in range(1, 200):
        httpserver.off(identity)


def ask(
    method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Reply:
    url = httpserver.url()
    assert url is not None
    scheme, _, rest = url.partition("://")
    host = rest.rstrip("/")
    connection: http.client.HTTPConnection
    if scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, timeout=10, context=context)
    else:
        connection = http.client.HTTPConnection(host, timeout=10)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    reply = (response.status, dict(response.getheaders()), response.read())
    connection.close()
    return reply


def test_register_starts_the_server_on_the_loopback_address() -> None:
    httpserver.register("/hello", lambda req, resp: resp.send_json({"method": req.method}))
    assert (httpserver.url() or "").startswith("http://127.0.0.1:")
    status, headers, body = ask("POST", "/hello")
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"method": "POST"}


def test_a_request_has_all_that_a_handler_needs() -> None:
    seen: list[object] = []

    def handle(req: Request, resp: Response) -> None:
        seen.extend([req.path, req.query, req.headers["x-thing"], req.read(), req.addr])

    httpserver.register("/a b", handle)
    status, _, _ = ask("POST", "/a%20b?q=1", b"body", {"X-Thing": "yes"})
    assert status == 204
    assert seen == ["/a b", {"q": ["1"]}, "yes", b"body", "127.0.0.1"]


def test_uri_handlers_take_what_they_have_parameters_for() -> None:
    assert httpserver.start()
    assert not httpserver.start()
    httpserver.on("/one", lambda uri: "GET " + uri)
    httpserver.on("/two", lambda uri, data: "POST " + data, "POST")
    httpserver.on("/three", lambda uri, data, addr=None: {"addr": addr}, "POST")
    httpserver.on("/all/*", lambda *everything: " ".join(everything))
    assert ask("GET", "/one")[2] == b"GET /one"
    assert ask("POST", "/two", "dätä".encode())[2] == "POST dätä".encode()
    assert json.loads(ask("POST", "/three")[2]) == {"addr": "127.0.0.1"}
    assert ask("GET", "/all/x")[2] == b"/all/x  127.0.0.1"
    assert ask("POST", "/one")[0] == 405
    assert ask("GET", "/none")[0] == 404


def test_a_handler_may_send_instead_of_returning() -> None:
    assert not httpserver.send("nobody asked")
    httpserver.start()
    outcomes: list[bool] = []

    def handle(uri: str) -> None:
        outcomes.extend([httpserver.send("sent"), httpserver.send("twice")])

    httpserver.on("/", handle)
    assert ask("GET", "/")[2] == b"sent"
    assert outcomes == [True, False]
    assert httpserver.process_queue() >= 1


def test_handlers_go_and_servers_stop() -> None:
    httpserver.start()
    identity = httpserver.on("/x", lambda uri: "x")
    assert ask("GET", "/x")[0] == 200
    assert httpserver.off(identity)
    assert not httpserver.off(identity)
    assert ask("GET", "/x")[0] == 404
    assert httpserver.stop()
    assert not httpserver.stop()
    assert httpserver.url() is None


def test_start_after_register_listens_where_the_script_wants() -> None:
    httpserver.register("/x", lambda req, resp: resp.send("x"))
    first = httpserver.url()
    assert httpserver.start()
    assert httpserver.url() != first
    assert ask("GET", "/x")[2] == b"x"


def test_the_ports_of_the_web_give_way_to_unprivileged_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(httpserver.PORT_VARIABLE)
    tried: list[int] = []

    class Refusing(Listener):
        def __init__(self, address: tuple[str, int], *args: object, **more: object) -> None:
            tried.append(address[1])
            if address[1] < 1024:
                raise PermissionError(13, "Permission denied")
            super().__init__(("127.0.0.1", 0), lambda request, response: None)

    monkeypatch.setattr(httpserver, "Listener", Refusing)
    httpserver.start()
    httpserver.stop()
    monkeypatch.setenv(httpserver.HTTPS_VARIABLE, "1")
    httpserver.start()
    httpserver.stop()
    httpserver.start(9000)
    assert tried == [80, 8080, 443, 8443, 9000]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OfferNotReady(), 503),
        (json.JSONDecodeError("no", "", 0), 400),
        (RuntimeError("Failed to set remote SDP"), 500),
        (KeyError("sdp"), 500),
    ],
)
def test_a_handler_that_raises_is_answered_for(error: Exception, status: int) -> None:
    def handle(req: Request, resp: Response) -> None:
        raise error

    httpserver.register("/x", handle)
    got, headers, body = ask("POST", "/x", b"{}")
    assert got == status
    assert json.loads(body)["error"]
    assert headers.get("Retry-After") == ("1" if status == 503 else None)
    assert ask("GET", "/trust-cert")[0] == 200


def test_handlers_run_one_at_a_time() -> None:
    inside = threading.Semaphore(1)
    overlaps: list[int] = []
    entered = threading.Barrier(3, timeout=10)

    def handle(req: Request, resp: Response) -> None:
        if not inside.acquire(blocking=False):
            overlaps.append(1)
            return
        resp.send("x")
        inside.release()

    httpserver.register("/x", handle)

    def client() -> None:
        entered.wait()
        for _ in range(10):
            assert ask("GET", "/x")[0] == 200

    threads = [threading.Thread(target=client) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert overlaps == []


def test_the_device_has_pages_of_its_own_unless_the_script_has_some() -> None:
    httpserver.start()
    status, headers, body = ask("GET", "/")
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    assert b"<!doctype html>" in body
    assert b"accepted" in ask("GET", "/trust-cert")[2]
    assert b"class WebRTCDevice" in ask("GET", "/webrtc-device.js")[2]
    assert ask("HEAD", "/")[2] == b""
    assert ask("GET", "/../listener.py")[0] == 404
    httpserver.register("/", lambda req, resp: resp.send_html("mine"))
    assert ask("GET", "/")[2] == b"mine"


def test_pages_of_another_origin_and_address_space_may_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    httpserver.register("/x", lambda req, resp: resp.send_json({}))
    asked = {
        "Origin": "https://studio.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
        "Access-Control-Request-Private-Network": "true",
    }
    status, headers, _ = ask("OPTIONS", "/x", headers=asked)
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert headers["Access-Control-Allow-Headers"] == "content-type"
    assert headers["Access-Control-Allow-Private-Network"] == "true"
    assert "Access-Control-Allow-Local-Network" not in headers
    assert ask("POST", "/x")[1]["Access-Control-Allow-Origin"] == "*"

    httpserver.stop()
    monkeypatch.setenv(httpserver.ORIGIN_VARIABLE, "https://studio.example")
    httpserver.start()
    assert ask("POST", "/x")[1]["Access-Control-Allow-Origin"] == "https://studio.example"


def test_with_an_origin_set_pages_of_no_other_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(httpserver.ORIGIN_VARIABLE, "https://studio.example")
    heard: list[str] = []
    httpserver.register("/x", lambda req, resp: heard.append(req.headers.get("Origin", "")))
    own = (httpserver.url() or "").rstrip("/")
    for origin, status in (
        ("https://studio.example", 204),
        (own, 204),
        ("https://evil.example", 403),
        ("null", 403),
    ):
        assert ask("POST", "/x", b"{}", {"Origin": origin})[0] == status
    assert ask("POST", "/x", b"{}")[0] == 204
    assert heard == ["https://studio.example", own, ""]


def raw(listener: Listener, data: bytes) -> bytes:
    """All that the server sends for ``data``, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as connection:
        connection.sendall(data)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass
        return received


@pytest.fixture
def narrow() -> Iterator[Listener]:
    """A server with little patience and little room."""
    limits = HttpLimits(body=100, connections=2, silence=0.3, request=0.6)
    listener = Listener(
        ("127.0.0.1", 0), lambda request, response: response.send(request.read()), limits=limits
    )
    listener.start()
    yield listener
    listener.stop()


def post(length: str, body: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n%s" % (length.encode(), body)


def test_a_body_may_be_as_large_as_the_limit_and_no_larger(narrow: Listener) -> None:
    assert b" 200 OK" in raw(narrow, post("100", b"x" * 100))
    assert b" 413 " in raw(narrow, post("101", b"x" * 101))
    assert b" 413 " in raw(narrow, post("9" * 40, b""))


@pytest.mark.parametrize("length", ["-1", "abc", "1_0", "+5", "٣"])
def test_a_length_that_is_none_is_refused(narrow: Listener, length: str) -> None:
    assert b" 400 " in raw(narrow, post(length, b"x"))


def test_a_chunked_body_is_refused(narrow: Listener) -> None:
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert b" 411 " in raw(narrow, chunked)


@pytest.mark.parametrize("start", [b"", b"GET / HT", post("50", b"x"), b"\x16\x03\x01\x02\x00"])
def test_a_client_that_falls_silent_is_cut(narrow: Listener, start: bytes) -> None:
    assert b" 200 " not in raw(narrow, start)


def test_a_client_that_drips_is_cut(narrow: Listener) -> None:
    stop = threading.Event()
    with socket.create_connection(("127.0.0.1", narrow.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")

        def drip() -> None:
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert connection.recv(100) == b""
        except ConnectionResetError:
            pass
        finally:
            stop.set()
            dripping.join(5)


def test_more_clients_than_may_be_are_turned_away() -> None:
    listener = Listener(
        ("127.0.0.1", 0),
        lambda request, response: response.send("x"),
        limits=HttpLimits(connections=2),
    )
    listener.start()
    held = [socket.create_connection(("127.0.0.1", listener.port), timeout=10) for _ in range(2)]
    assert raw(listener, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n") == b""
    listener.stop()
    for connection in held:
        assert connection.recv(1) == b""
        connection.close()


def test_header_lines_cannot_be_smuggled(narrow: Listener) -> None:
    def smuggle(request: Request, response: Response) -> None:
        response.headers["X-Echo"] = "a\r\nX-Evil: 1"
        response.send("x")

    narrow.serve = smuggle
    reply = raw(narrow, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert b"X-Echo: a  X-Evil: 1" in reply


def test_https_with_the_certificate_made_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(httpserver.HTTPS_VARIABLE, "1")
    httpserver.register("/x", lambda req, resp: resp.send("secret"))
    url = httpserver.url() or ""
    assert url.startswith("https://127.0.0.1:")
    assert ask("GET", "/x")[2] == b"secret"
    kept = tmp_path / "rtckit" / "device" / "certificate.pem"
    context = ssl.create_default_context(cafile=str(kept))
    port = int(url.rstrip("/").rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.version() in ("TLSv1.2", "TLSv1.3")


def test_https_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    cert_file, key_file = self_signed_certificate(["localhost"], folder=tmp_path)
    assert httpserver.start(None, str(cert_file), str(key_file))
    assert (httpserver.url() or "").startswith("https://")
    assert ask("GET", "/trust-cert")[0] == 200


def test_plain_http_to_the_https_port_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(httpserver.HTTPS_VARIABLE, "1")
    httpserver.start()
    port = int((httpserver.url() or "").rstrip("/").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        try:
            plain.recv(100)
        except ConnectionResetError:
            pass
    assert ask("GET", "/")[0] == 200


def test_a_missing_certificate_is_an_error_of_start() -> None:
    with pytest.raises(OSError):
        httpserver.start(None, "/nonexistent/certificate.pem")
    assert httpserver.url() is None
