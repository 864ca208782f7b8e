"""`rtckit connect` visits `rtckit demo`, each in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from websockets.sync.server import ServerConnection, serve

RTCKIT = [sys.executable, "-m", "rtckit.cli"]
PATIENCE = 60.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent by signal")


def start(*arguments: str, stdin: int | None = subprocess.DEVNULL) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*RTCKIT, *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        # A suite that runs in the background has Ctrl-C ignored, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    process = start(*arguments, stdin=subprocess.PIPE)
    out, err = process.communicate(stdin, timeout=PATIENCE)
    assert "Traceback" not in out + err
    return process.returncode, out, err


def wait_for(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """The first match in what the process prints from now on."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if match := re.search(pattern, line):
            return match
    assert process.stderr is not None
    raise AssertionError(f"no {pattern!r} in:\n{''.join(seen)}{process.stderr.read()}")


@contextmanager
def demo() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = start("demo", "--port", "0")
    try:
        yield wait_for(process, r" connect (http://\S+)")[1], process
    finally:
        process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Press Ctrl-C."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in out + err
    return process.returncode, out, err


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with demo() as (url, _):
        yield url


def test_a_visit_for_people(url: str) -> None:
    code, out, err = run("connect", url, "--size", "2MB")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert re.search(r"dtls +connected", out)
    assert re.search(r"local +host udp \S+:\d+", out)
    assert re.search(r"round trip +p50 [\d.]+ ms, p99 [\d.]+ ms \(\d+ pings", out)
    assert re.search(r"download +2\.00 MB .* Mbit/s +verified", out)
    assert re.search(r"upload +2\.00 MB .* Mbit/s +verified", out)


def test_a_visit_for_programs_in_which_the_server_offers(url: str) -> None:
    code, out, err = run("connect", url, "--size", "1MB", "--json", "--offerer", "server")
    assert (code, err) == (0, "")
    result = json.loads(out)
    assert result["download"]["bytes"] == result["upload"]["bytes"] == 1_000_000
    assert result["download"]["verified"] is result["upload"]["verified"] is True
    assert result["round_trip"]["p50"] <= result["round_trip"]["p99"]


def test_typed_lines_come_back(url: str) -> None:
    code, out, err = run("connect", url, "--echo", stdin="hello\n\ngrüße\n")
    assert (code, err) == (0, "")
    assert re.findall(r"^← (.*)  [\d.]+ ms$", out, re.MULTILINE) == ["hello", "", "grüße"]


def test_the_address_may_be_the_websocket_or_have_no_scheme(url: str) -> None:
    address = url.removeprefix("http://").rstrip("/")
    for written in (f"ws://{address}/ws", address):
        code, _, _ = run("connect", written, "--size", "1kB", "--json")
        assert code == 0


def test_an_interrupted_visit_ends_at_once(url: str) -> None:
    process = start("connect", url, "--echo", stdin=subprocess.PIPE)
    wait_for(process, r"connection +connected")
    code, _, err = stop(process)
    assert (code, err) == (130, "rtckit connect: interrupted\n")


def test_nothing_listens_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    code, out, err = run("connect", f"http://127.0.0.1:{port}")
    assert (code, out) == (3, "")
    assert "connection refused" in err
    code, out, _ = run("connect", f"http://127.0.0.1:{port}", "--json")
    assert code == 3
    assert "connection refused" in json.loads(out)["error"]


def test_a_name_that_is_no_host() -> None:
    code, _, err = run("connect", "http://nowhere.invalid:8080")
    assert code == 3
    assert "rtckit connect: http://nowhere.invalid:8080: " in err


def test_another_web_server_is_there() -> None:
    class Silent(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Silent) as other:
        threading.Thread(target=other.handle_request, daemon=True).start()
        code, _, err = run("connect", f"http://127.0.0.1:{other.server_port}")
    assert code == 3
    assert "answered HTTP 501" in err


def test_no_web_server_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            connection, _ = other.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
                connection.recv(1024)

        threading.Thread(target=answer, daemon=True).start()
        code, _, err = run("connect", f"http://127.0.0.1:{other.getsockname()[1]}")
    assert code == 3
    assert "no WebSocket there" in err


def test_another_websocket_is_there() -> None:
    def chatter(connection: ServerConnection) -> None:
        connection.send("welcome to the chat")
        for _ in connection:
            pass

    with serve(chatter, "127.0.0.1", 0) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        port = other.socket.getsockname()[1]
        code, _, err = run("connect", f"ws://127.0.0.1:{port}/")
        other.shutdown()
    assert code == 3
    assert "speaks another language" in err


def test_a_demo_whose_peer_never_answers() -> None:
    def silent(connection: ServerConnection) -> None:
        connection.send('{"type":"hello","service":"rtckit-demo","protocol":1,"version":"0"}')
        for _ in connection:
            pass

    with serve(silent, "127.0.0.1", 0) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        port = other.socket.getsockname()[1]
        code, _, err = run("connect", f"ws://127.0.0.1:{port}/", "--timeout", "0.5")
        other.shutdown()
    assert code == 4
    assert "no connection within 0.5 s" in err


def test_the_demo_tells_who_comes_and_goes_and_ends_by_ctrl_c() -> None:
    with demo() as (url, server):
        assert run("connect", url, "--size", "100kB", "--json")[0] == 0
        wait_for(server, r"#1  rtckit \S+ from 127\.0\.0\.1")
        wait_for(server, r"#1  connected in \d\.\d\d s: host udp \S+ ↔ \w+ udp \S+")
        wait_for(server, r"#1  left after \d s: hung up; .* sent, .* received")
        code, out, err = stop(server)
    assert (code, err) == (0, "")
    assert out == "Stopped.\n"


def test_ctrl_c_lets_go_of_visitors() -> None:
    with demo() as (url, server):
        visitor = start("connect", url, "--echo", stdin=subprocess.PIPE)
        wait_for(visitor, r"connection +connected")
        code, out, err = stop(server)
        assert (code, err) == (0, "")
        assert out.endswith("Stopped.\n")
        _, err = visitor.communicate(timeout=PATIENCE)
        assert visitor.returncode == 3
        assert "the server stopped" in err
        assert "Traceback" not in err


def test_a_taken_port_leads_to_the_next() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = start("demo", "--port", str(port))
        try:
            said = wait_for(server, rf"Port {port} is taken; using (\d+)")
            assert int(said[1]) > port
            wait_for(server, rf" connect http://127\.0\.0\.1:{said[1]}/")
            # Ctrl-C ends it in good order before it serves, too.
            assert stop(server)[0] == 0
        finally:
            server.kill()
            server.communicate()
