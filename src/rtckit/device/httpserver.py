"""The ``httpserver`` module of small devices: signaling and pages for a script.

Two ways to handle requests::

    def signal(req, resp):                    # registers and starts a server
        message = req.json()
        resp.send_json({"status": "ok"})
    httpserver.register("/webrtc-signal", signal)

    def status(uri):                          # the returned text is the response
        return "fine"
    httpserver.start(8080)
    httpserver.on("/status", status, "GET")

Handlers run one at a time. One that raises is logged and answered for: JSON that is none with 400,
an offer that is not ready with 503, anything else with 500.

The server listens on the loopback address unless told otherwise: by ``python -m rtckit.device
--host``, or by :data:`HOST_VARIABLE` in the environment.
"""

from __future__ import annotations

import inspect
import itertools
import json
import logging
import os
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

from rtckit.device import pages
from rtckit.device.certificate import host_names, self_signed_certificate
from rtckit.device.engine import OfferNotReady
from rtckit.device.exchange import Request, Response
from rtckit.device.lifetime import LIFETIME
from rtckit.device.listener import Listener

__all__ = [
    "HOST_VARIABLE",
    "HTTPS_VARIABLE",
    "ORIGIN_VARIABLE",
    "PORT_VARIABLE",
    "Handler",
    "Request",
    "Response",
    "UriHandler",
    "off",
    "on",
    "process_queue",
    "register",
    "send",
    "start",
    "stop",
    "url",
]

_log = logging.getLogger("rtckit.device")

#: The address to listen on: ``127.0.0.1`` if not set, ``0.0.0.0`` for all.
HOST_VARIABLE = "RTCKIT_DEVICE_HOST"
#: The port, whatever the script says; 0 for any free one.
PORT_VARIABLE = "RTCKIT_DEVICE_PORT"
#: ``1``: HTTPS with a self-signed certificate, where the script names none.
HTTPS_VARIABLE = "RTCKIT_DEVICE_HTTPS"
#: The web origin whose pages may use the server; ``*`` if not set.
ORIGIN_VARIABLE = "RTCKIT_DEVICE_ORIGIN"

#: Answers a request through the response, or by what it returns.
Handler: TypeAlias = Callable[[Request, Response], object]
#: Called with the URI, and the body's text and the client's address if it takes them.
UriHandler: TypeAlias = Callable[..., object]


@dataclass(frozen=True, slots=True)
class _Route:
    identity: int
    pattern: str
    method: str | None
    answer: Handler


class _Server:
    """The one server of the process."""

    def __init__(self) -> None:
        self.routes: list[_Route] = []
        self.identities = itertools.count(1)
        self.listener: Listener | None = None
        self.lock = threading.RLock()
        self.turn = threading.Lock()
        self.current = threading.local()
        self.served = 0
        self.automatic = False

    def add(self, pattern: str, method: str | None, answer: Handler) -> int:
        if not pattern.startswith("/"):
            raise ValueError(f"a path begins with '/', not {pattern!r}")
        if not callable(answer):
            raise TypeError("the handler must be callable")
        route = _Route(next(self.identities), pattern, method, answer)
        with self.lock:
            # The last to register a path has it.
            self.routes = [
                other for other in self.routes if (other.pattern, other.method) != (pattern, method)
            ]
            self.routes.append(route)
        return route.identity

    def serve(self, request: Request, response: Response) -> None:
        """Answer ``request``: the script's handler, else a page of ours, else 404."""
        route, other_method = self.find(request)
        if route is None:
            page = pages.find(request.path) if request.method in ("GET", "HEAD") else None
            if page is not None:
                response.send(page.body, page.content_type)
            elif other_method:
                response.send_json({"error": "method not allowed"}, HTTPStatus.METHOD_NOT_ALLOWED)
            else:
                response.send_json({"error": "not found"}, HTTPStatus.NOT_FOUND)
            return
        with self.turn:
            self.current.response = response
            try:
                _reply(response, route.answer(request, response))
            except Exception as error:  # noqa: BLE001 - a script's handler may raise anything
                _fail(request, response, error)
            finally:
                self.current.response = None
                self.served += 1

    def find(self, request: Request) -> tuple[_Route | None, bool]:
        """The route of a request, exact paths first; and whether one has its path alone."""
        method = "GET" if request.method == "HEAD" else request.method
        fitting = [
            route
            for route in self.routes
            if route.pattern == request.path
            or ("*" in route.pattern and fnmatchcase(request.path, route.pattern))
        ]
        fitting.sort(key=lambda route: route.pattern != request.path)
        for route in fitting:
            if route.method in (None, method):
                return route, False
        return None, bool(fitting)

    def close(self) -> None:
        with self.lock:
            listener, self.listener = self.listener, None
            if listener is not None:
                listener.stop()
        LIFETIME.release(self)


_server = _Server()


def register(path: str, handler: Handler) -> int:
    """Have ``handler(req, resp)`` answer requests for ``path``, of every method.

    Starts the server if none runs, so that a script may end with its last line.

    :returns: the handler's id, for :func:`off`.
    """
    identity = _server.add(path, None, handler)
    with _server.lock:
        if _server.listener is None:
            start()
            _server.automatic = True
    return identity


def on(uri: str, handler: UriHandler, method: str = "GET") -> int:
    """Have ``handler(uri[, data[, addr]])`` answer requests for ``uri``, and return the text.

    :param uri: a path; ``*`` stands for anything.
    :param handler: takes as many of the arguments as it has parameters: the path, the body as
        text, the client's IP address.
    :returns: the handler's id, for :func:`off`.
    """
    wanted = _positional(handler)

    def answer(request: Request, response: Response) -> object:
        data = request.body.decode("utf-8", "replace")
        return handler(*(request.path, data, request.addr)[:wanted])

    return _server.add(uri, method.upper(), answer)


def off(identity: int) -> bool:
    """Take a handler away; whether there was one with this id."""
    with _server.lock:
        left = [route for route in _server.routes if route.identity != identity]
        found = len(left) < len(_server.routes)
        _server.routes = left
    return found


def start(
    port: int | None = None,
    cert_file: str | Path | None = None,
    key_file: str | Path | None = None,
) -> bool:
    """Listen; keeps the process alive until :func:`stop`.

    :param port: 80 if not given, or 443 for HTTPS; for a user who may not listen on these, 8080
        and 8443. The environment's port goes before it.
    :param cert_file: serve HTTPS with this certificate (PEM) ...
    :param key_file: ... and key; if not given, they are in the certificate's file.
    :returns: whether it listens now; false if it did already, on another wish of the script.
    :raises OSError: it cannot listen there, or the certificate cannot be read.
    """
    with _server.lock:
        if _server.listener is not None:
            if not _server.automatic:
                return False
            # register() came first; this is where the script really wants it.
            _server.listener.stop()
            _server.listener = None
        _server.automatic = False
        host = os.environ.get(HOST_VARIABLE, "127.0.0.1")
        tls = _tls_context(host, cert_file, key_file)
        listener = _listen(host, _ports(port, tls is not None), tls)
        listener.start()
        _server.listener = listener
    LIFETIME.hold(_server)
    _log.info("listening on %s", listener.url)
    return True


def stop() -> bool:
    """Stop listening; handlers stay registered. Whether it listened."""
    listened = _server.listener is not None
    _server.close()
    return listened


def url() -> str | None:
    """Where a browser on this machine finds the server; ``None`` while it does not listen."""
    listener = _server.listener
    return listener.url if listener is not None else None


def send(content: bytes | str) -> bool:
    """Send the response from within a handler, instead of returning it; whether it was sent."""
    response: Response | None = getattr(_server.current, "response", None)
    if response is None or response.sent:
        return False
    _reply(response, content)
    return True


def process_queue() -> int:
    """How many requests were handled since this was last asked.

    Nothing needs it: requests are handled as they come.
    """
    served, _server.served = _server.served, 0
    return served


def _listen(host: str, ports: list[int], tls: ssl.SSLContext | None) -> Listener:
    origin = os.environ.get(ORIGIN_VARIABLE, "*")
    for port in ports[:-1]:
        try:
            return Listener((host, port), _server.serve, origin=origin, tls=tls)
        except PermissionError:
            _log.info("port %d needs privileges; taking %d", port, ports[-1])
    return Listener((host, ports[-1]), _server.serve, origin=origin, tls=tls)


def _ports(asked: int | None, tls: bool) -> list[int]:
    """The ports to try, one after another."""
    ordered = os.environ.get(PORT_VARIABLE)
    if ordered is not None:
        return [int(ordered)]
    usual, instead = (443, 8443) if tls else (80, 8080)
    if asked is None:
        asked = usual
    return [asked, instead] if asked == usual else [asked]


def _tls_context(
    host: str, cert_file: str | Path | None, key_file: str | Path | None
) -> ssl.SSLContext | None:
    if cert_file is None:
        if os.environ.get(HTTPS_VARIABLE, "") not in ("1", "true", "yes"):
            return None
        names = host_names(host)
        required = [host] if host not in ("0.0.0.0", "::") else ["localhost"]
        cert_file, key_file = self_signed_certificate(names, required)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _positional(handler: UriHandler) -> int:
    """How many of three positional arguments ``handler`` takes."""
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        return 1
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return 3
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return min(3, sum(parameter.kind in kinds for parameter in parameters))


def _reply(response: Response, result: object) -> None:
    """Send what a handler returned, if it did not send."""
    if response.sent or result is None:
        return
    if isinstance(result, bytes):
        response.send(result)
    elif isinstance(result, str):
        kind = "application/json" if result.lstrip()[:1] in ("{", "[") else "text/html"
        response.send(result, f"{kind}; charset=utf-8")
    else:
        response.send_json(result)


def _fail(request: Request, response: Response, error: Exception) -> None:
    if isinstance(error, OfferNotReady):
        status, text = HTTPStatus.SERVICE_UNAVAILABLE, "the offer is not ready yet"
        response.headers["Retry-After"] = "1"
    elif isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        status, text = HTTPStatus.BAD_REQUEST, "the body is not JSON"
    else:
        status, text = HTTPStatus.INTERNAL_SERVER_ERROR, str(error)
        _log.error("handler of %s %s failed", request.method, request.path, exc_info=error)
    if not response.sent:
        response.send_json({"error": text}, status)
