"""The demo as an ASGI app."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

import anyio
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from rtckit import RTCConfiguration
from rtckit.server.pages import Pages
from rtckit.signaling import Failure, encode

from .events import Arrived, Event, Left
from .limits import Limits
from .session import Session

__all__ = ["app"]

_FILES = (
    "index.html",
    "icon.svg",
    "style.css",
    "main.js",
    "bulk.js",
    "chat.js",
    "connection.js",
    "format.js",
    "pair.js",
    "plot.js",
    "pulse.js",
)

_TRY_AGAIN_LATER = 1013  # IANA WebSocket close codes

_AGENT = re.compile(r"\b(?:Headless)?(Firefox|Edg|Chrome|Safari|rtckit)/([\d.]+)")


def app(
    *,
    limits: Limits | None = None,
    configuration: RTCConfiguration | None = None,
    allowed_origins: Collection[str] = (),
    allowed_hosts: Collection[str] | None = None,
    report: Callable[[Event], None] = lambda event: None,
) -> Starlette:
    """The page, its files and its signaling, to be served alone or mounted in another app.

    :param limits: what visitors may use.
    :param configuration: of the peer connections.
    :param allowed_origins: origins besides the app's own whose pages may connect, e.g.
        ``"https://example.org"``.
    :param allowed_hosts: names that the ``Host`` header may say; all if ``None``. A server on
        loopback should list its own, or a foreign page could reach it by DNS rebinding.
    :param report: told who comes, connects and goes; must not block.
    """
    demo = _Demo(limits or Limits(), configuration, allowed_origins, allowed_hosts, report)
    return Starlette(
        routes=[
            Route("/", demo.page),
            WebSocketRoute("/ws", demo.visit),
            Route("/{name}", demo.page),
        ]
    )


class _Demo:
    def __init__(
        self,
        limits: Limits,
        configuration: RTCConfiguration | None,
        allowed_origins: Collection[str],
        allowed_hosts: Collection[str] | None,
        report: Callable[[Event], None],
    ) -> None:
        self._pages = Pages("demo", _FILES)
        self._limits = limits
        self._configuration = configuration
        self._origins = frozenset(origin.lower() for origin in allowed_origins)
        self._hosts = (
            None if allowed_hosts is None else frozenset(host.lower() for host in allowed_hosts)
        )
        self._report = report
        self._count = 0
        self._present = 0

    async def page(self, request: Request) -> Response:
        if not self._known_host(request):
            return PlainTextResponse("Unknown host\n", 400)
        return self._pages.response(request, request.path_params.get("name", "index.html"))

    async def visit(self, socket: WebSocket) -> None:
        if not self._known_host(socket) or not self._known_origin(socket):
            await socket.close(1008)
            return
        await socket.accept()
        if self._present >= self._limits.visitors:
            await self._turn_away(socket)
            return
        self._count += 1
        self._present += 1
        number = self._count
        began = anyio.current_time()
        session = Session(socket, number, self._limits, self._configuration, self._report)
        address = socket.client.host if socket.client else "somewhere"
        self._report(Arrived(number, address, _agent(socket.headers.get("user-agent", ""))))
        reason = "the server stopped"
        try:
            reason = await session.run()
        finally:
            self._present -= 1
            account = session.account
            seconds = anyio.current_time() - began
            self._report(Left(number, seconds, account.sent, account.received, reason))

    async def _turn_away(self, socket: WebSocket) -> None:
        reason = f"the server is full ({self._limits.visitors} visitors); try again later"
        try:
            await socket.send_text(encode(Failure(reason)))
            await socket.close(_TRY_AGAIN_LATER, reason)
        except WebSocketDisconnect:
            return

    def _known_host(self, connection: HTTPConnection) -> bool:
        if self._hosts is None:
            return True
        return _hostname(connection.headers.get("host", "")) in self._hosts

    def _known_origin(self, connection: HTTPConnection) -> bool:
        """Whether the page that connects is the app's own; programs send no origin (RFC 6454)."""
        origin = connection.headers.get("origin")
        if origin is None or origin.lower() in self._origins:
            return True
        try:
            netloc = urlsplit(origin).netloc
        except ValueError:
            return False
        return bool(netloc) and netloc.lower() == connection.headers.get("host", "").lower()


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _agent(header: str) -> str:
    """The browser and its version, from the many names that a User-Agent header drops."""
    found: dict[str, str] = dict(_AGENT.findall(header[:500]))
    if "rtckit" in found:
        return f"rtckit {found['rtckit'][:20]}"
    for name, known_as in (("Firefox", ""), ("Edg", "Edge"), ("Chrome", ""), ("Safari", "")):
        if name in found:
            return f"{known_as or name} {found[name].partition('.')[0][:5]}"
    return ""
