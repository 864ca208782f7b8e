"""The shipped demo page in real browsers, talking to the shipped server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from tests.browser import launch

from rtckit import RTCConfiguration, TransportOptions
from rtckit.server import demo
from rtckit.server.serving import listen

PROBE = Path(__file__).with_name("demo_probe.js")
PATIENCE = 90.0

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("browser", ["chromium", "firefox"]),
]


class Page:
    """The demo page in a browser, worked by a script that the test adds to it."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.complaints: list[str] = []
        self._socket: WebSocket
        self._answers: dict[int, asyncio.Future[object]] = {}

    async def probe(self, socket: WebSocket) -> None:
        await socket.accept()
        self._socket = socket
        self.opened.set()
        try:
            while True:
                answer = await socket.receive_json()
                if answer["id"] is None:
                    self.complaints.append(answer["value"])
                else:
                    self._answers[answer["id"]].set_result(answer["value"])
        except WebSocketDisconnect:
            pass

    async def do(self, command: str, *args: str) -> object:
        number = len(self._answers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "command": command, "args": args})
        return await answer

    async def until(self, selector: str, pattern: str) -> str:
        """Wait until an element's text matches; gives the text."""
        text = await self.do("until", selector, pattern)
        assert isinstance(text, str)
        assert re.search(pattern, text), text
        return text

    async def echoes(self, text: str) -> None:
        await self.do("say", text)
        await self.until("#log li.echo:last-child", f"^Python: {re.escape(text)}[\\d.]+ ms$")


@asynccontextmanager
async def visiting(browser: str, limits: demo.Limits | None = None) -> AsyncIterator[Page]:
    """Serve the demo, with the probe in its page, and open it."""
    page = Page()
    html = (files("rtckit") / "web" / "demo" / "index.html").read_text()
    html = html.replace("</head>", '<script type="module" src="probe/probe.js"></script></head>')

    async def index(request: Request) -> Response:
        return HTMLResponse(html)

    async def script(request: Request) -> Response:
        return Response(PROBE.read_bytes(), media_type="text/javascript")

    configuration = RTCConfiguration(transport=TransportOptions(loopback=True))
    app = Starlette(
        routes=[
            Route("/", index),
            Route("/probe/probe.js", script),
            WebSocketRoute("/probe/ws", page.probe),
            Mount("/", demo.app(limits=limits, configuration=configuration)),
        ]
    )
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", log_level="error", timeout_graceful_shutdown=3)
    )
    serving = asyncio.create_task(server.serve([listener]))
    try:
        async with asyncio.timeout(PATIENCE), browsing(browser, listener.getsockname()[1]):
            await page.opened.wait()
            yield page
            assert page.complaints == []
    finally:
        server.should_exit = True
        await serving
        listener.close()


@asynccontextmanager
async def browsing(browser: str, port: int) -> AsyncIterator[None]:
    profile = tempfile.mkdtemp(prefix=f"rtckit-{browser}-")
    process = await asyncio.create_subprocess_exec(
        *launch._command_line(browser, profile, obfuscated=False),
        f"http://127.0.0.1:{port}/",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "HOME": profile, "MOZ_CRASHREPORTER_DISABLE": "1"},
    )
    try:
        yield
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        await process.wait()
        shutil.rmtree(profile, ignore_errors=True)


async def test_the_page_connects_measures_and_transfers(browser: str) -> None:
    async with visiting(browser) as page:
        await page.until("#status", "^Connected$")
        for state in ("#ice-state", "#dtls-state", "#connection-state"):
            await page.until(state, "^(connected|completed)$")
        await page.until("#pair-local", r"^(host|prflx) udp \S+:\d+$")
        await page.until("#pair-remote", r"^(host|prflx) udp \S+:\d+$")
        await page.until("#rtt-p50", r"^[\d.]+ ms$")
        await page.echoes("grüße")

        await page.do("click", "#download")
        await page.until("#down-now", r"^[\d.]+ [MG]bit/s$")
        await page.until("#down-total", "MB$")
        await page.do("click", "#download")
        await page.until("#download", "^Start download$")

        await page.do("click", "#upload")
        await page.until("#up-now", r"^[\d.]+ [MG]bit/s$")
        await page.until("#up-total", "MB$")
        await page.do("click", "#upload")
        await page.until("#upload", "^Start upload$")

        await page.do("click", "#blob")
        await page.until("#transfer", r"^1\.00 MB arrived in .* its SHA-256 is the same there\.$")
        assert await page.do("until", "#error", "^$") == ""


async def test_ice_restarts_and_data_goes_on(browser: str) -> None:
    async with visiting(browser) as page:
        await page.until("#status", "^Connected$")
        await page.echoes("before")
        await page.do("click", "#restart")
        await page.until("#signaling-state", "^have-local-offer$")
        await page.until("#signaling-state", "^stable$")
        await page.echoes("after")
        history = json.dumps(await page.do("signaling"))
        assert history.count("have-local-offer") >= 2


async def test_python_may_offer(browser: str) -> None:
    async with visiting(browser) as page:
        await page.until("#status", "^Connected$")
        await page.do("choose", "#offerer", "server")
        await page.do("click", "#reconnect")
        await page.until("#signaling-state", "^stable$")
        await page.until("#status", "^Connected$")
        await page.echoes("hello")
        assert "have-remote-offer" in json.dumps(await page.do("signaling"))


async def test_what_goes_wrong_is_said_in_words(browser: str) -> None:
    async with visiting(browser, demo.Limits(visitors=0)) as page:
        await page.until("#error", "the server is full")
        await page.until("#status", "^Not connected$")
