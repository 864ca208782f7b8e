"""The HTTP server's sockets: threads of the standard library, with limits."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from rtckit.device.exchange import Request, Response

__all__ = ["HttpLimits", "Listener", "Serve"]

_log = logging.getLogger("rtckit.device")

#: Answers a request, in full.
Serve: TypeAlias = Callable[[Request, Response], None]


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds against clients that are large, slow or many.

    :ivar body: bytes of a request's body.
    :ivar connections: clients served at once; further ones are turned away.
    :ivar silence: seconds without a byte from a client, between requests too.
    :ivar request: seconds from a request's first line to its last byte.
    """

    body: int = 256 * 1024
    connections: int = 64
    silence: float = 10.0
    request: float = 20.0


class Listener(ThreadingHTTPServer):
    """Listens on one address and has each request answered on a thread of its own.

    :param address: host and port; port 0 for any free one.
    :param serve: answers requests.
    :param origin: the web origin that pages may come from, or ``"*"``.
    :param tls: serve HTTPS with this context.
    :raises OSError: the address cannot be listened on.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        serve: Serve,
        *,
        origin: str = "*",
        tls: ssl.SSLContext | None = None,
        limits: HttpLimits | None = None,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.serve = serve
        self.origin = origin
        self.tls = tls
        self.limits = limits or HttpLimits()
        self._deadlines: dict[socket.socket, float] = {}
        self._deadlines_lock = threading.Lock()
        super().__init__(address, _Exchange)
        self._thread = threading.Thread(
            target=self.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="rtckit-device-http",
            daemon=True,
        )

    @property
    def port(self) -> int:
        """The port listened on."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host = str(self.server_address[0])
        if host in ("0.0.0.0", "::"):
            host = "localhost"
        elif ":" in host:
            host = f"[{host}]"
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}/"

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and cut the connections that are left."""
        if self._thread.is_alive():
            self.shutdown()
        self.server_close()
        with self._deadlines_lock:
            left = list(self._deadlines)
        for connection in left:
            _cut(connection)

    def expect_by(self, connection: socket.socket, seconds: float | None) -> None:
        """Cut ``connection`` unless this is called again within ``seconds``; ``None``: never."""
        with self._deadlines_lock:
            if connection in self._deadlines:
                limit = float("inf") if seconds is None else time.monotonic() + seconds
                self._deadlines[connection] = limit

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = self.socket.accept()
        connection.settimeout(self.limits.silence)
        if self.tls is not None:
            # The handshake is the client's pace: it must not be done on the accepting thread.
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def verify_request(self, request: object, client_address: object) -> bool:
        assert isinstance(request, socket.socket)
        with self._deadlines_lock:
            if len(self._deadlines) >= self.limits.connections:
                return False
            self._deadlines[request] = time.monotonic() + self.limits.request
        return True

    def shutdown_request(self, request: object) -> None:
        assert isinstance(request, socket.socket)
        with self._deadlines_lock:
            self._deadlines.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        now = time.monotonic()
        with self._deadlines_lock:
            late = [connection for connection, by in self._deadlines.items() if by < now]
        for connection in late:
            _log.debug("cut a client that took too long")
            _cut(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        _log.debug("client %s", client_address, exc_info=True)


def _cut(connection: socket.socket) -> None:
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError as error:
        _log.debug("already gone: %s", error)


class _Exchange(BaseHTTPRequestHandler):
    """One client: requests in, responses out."""

    protocol_version = "HTTP/1.1"
    server_version = "RTCKit"
    sys_version = ""
    server: Listener

    def setup(self) -> None:
        # The listener has given the connection its timeout.
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def handle_one_request(self) -> None:
        self.server.expect_by(self.connection, self.server.limits.request)
        super().handle_one_request()

    def _answer(self) -> None:
        body = self._read_body()
        if body is None:
            return
        if not self._origin_allowed():
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        self.server.expect_by(self.connection, None)
        parts = urlsplit(self.path)
        request = Request(
            self.command,
            unquote(parts.path) or "/",
            parts.query,
            self.headers,  # type: ignore[arg-type]  # a Message is a mapping of str to str
            body,
            str(self.client_address[0]).removeprefix("::ffff:"),
        )
        response = Response(self._send)
        self.server.serve(request, response)
        if not response.sent:
            response.send(b"", status=HTTPStatus.NO_CONTENT)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def do_OPTIONS(self) -> None:
        """Answer a preflight: pages of another origin, and of another address space."""
        asked = self.headers.get("Access-Control-Request-Headers", "Content-Type")
        headers = {
            "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
            "Access-Control-Allow-Headers": _one_line(asked),
            "Access-Control-Max-Age": "600",
        }
        # Private Network Access, and Local Network Access as it was called before.
        for space in ("Private", "Local"):
            if self.headers.get(f"Access-Control-Request-{space}-Network") == "true":
                headers[f"Access-Control-Allow-{space}-Network"] = "true"
        self._send(HTTPStatus.NO_CONTENT, headers, b"")

    def _origin_allowed(self) -> bool:
        # Without this, another site's page could not read the answer and yet have its POST heard.
        origin = self.headers.get("Origin")
        if self.server.origin == "*" or origin is None:
            return True
        return origin == self.server.origin or urlsplit(origin).netloc == self.headers.get("Host")

    def _read_body(self) -> bytes | None:
        if self.headers.get("Transfer-Encoding"):
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
            return None
        length = self.headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit():
            self._refuse(HTTPStatus.BAD_REQUEST)
            return None
        if len(length) > 12 or int(length) > self.server.limits.body:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def _refuse(self, status: HTTPStatus) -> None:
        # What follows of the request is not read, so nothing after it can be either.
        self.close_connection = True
        self._send(status, {"Content-Type": "text/plain"}, status.phrase.encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.server.expect_by(self.connection, self.server.limits.request)
        self.send_response(status)
        self.send_header("Access-Control-Allow-Origin", self.server.origin)
        if self.server.origin != "*":
            self.send_header("Vary", "Origin")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        for name, value in headers.items():
            self.send_header(_one_line(name), _one_line(value))
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and status != HTTPStatus.NO_CONTENT:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        _log.debug("%s %s", self.client_address[0], format % args)


def _one_line(value: str) -> str:
    """``value`` without the line ends that would begin another header."""
    return value.replace("\r", " ").replace("\n", " ")
