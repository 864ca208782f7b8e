"""Launches browsers on a page that takes commands from the test.

The page and the WebSocket that it opens back to the test are served from loopback, so no
automation protocol, driver or download is needed: only the browser itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import json
import os
import shutil
import signal
import tempfile
from collections import deque
from pathlib import Path

from tests.interop.harness.fixtures import absent
from tests.interop.harness.wire import Event, Peer
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

__all__ = ["BROWSERS", "BrowserPeer", "program", "start"]

#: The browsers, and the names their programs go by.
BROWSERS: dict[str, tuple[str, ...]] = {
    "chromium": ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
}

#: Seconds from the launch until the page has connected back.
LAUNCH_PATIENCE = 45.0

_HERE = Path(__file__).resolve().parent
_PAGES = {"/": ("peer.html", "text/html"), "/peer.js": ("peer.js", "text/javascript")}

_CHROMIUM_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--autoplay-policy=no-user-gesture-required",
]

# A page that may use a camera may know the addresses too, and the fake UI always says yes: with
# these flags Chromium hides nothing.
_CHROMIUM_UNHIDDEN = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]

_FIREFOX_PREFS: dict[str, bool | int | str] = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.sessionstore.resume_from_crash": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.tabs.warnOnClose": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.ipc.processCount": 1,
    "extensions.update.enabled": False,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "",
    "toolkit.telemetry.enabled": False,
}


def program(name: str) -> str:
    """The browser's program; the test skips (or fails in CI) where there is none."""
    for candidate in BROWSERS[name]:
        if found := shutil.which(candidate):
            return found
    return absent(f"{name} is not installed")


class BrowserPeer(Peer):
    """A page in a browser of its own, with a profile of its own."""

    def __init__(self, name: str, profile: str) -> None:
        super().__init__(name)
        self._profile = profile
        self._server: Server | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._socket: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._complaints: deque[str] = deque(maxlen=20)
        self._tasks: list[asyncio.Task[None]] = []

    async def launch(self, argv: list[str]) -> None:
        """Serve the page, start ``argv`` with its address, and wait until it connects back."""
        self._server = await serve(
            self._serve_socket, "127.0.0.1", 0, process_request=self._serve_page, max_size=None
        )
        port = next(iter(self._server.sockets)).getsockname()[1]
        # A session of its own, so that its many processes can be ended together.
        self._process = await asyncio.create_subprocess_exec(
            *argv,
            f"http://127.0.0.1:{port}/",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "HOME": self._profile, "MOZ_CRASHREPORTER_DISABLE": "1"},
        )
        self._tasks.append(asyncio.create_task(self._read_complaints()))
        try:
            async with asyncio.timeout(LAUNCH_PATIENCE):
                await self._socket
        except TimeoutError:
            complaints = "\n".join(self._complaints)
            raise AssertionError(f"{self.name} did not connect back:\n{complaints}") from None
        self._tasks.append(asyncio.create_task(self._send()))

    def _serve_page(self, _: ServerConnection, request: Request) -> Response | None:
        if request.path == "/peer":
            return None
        found = _PAGES.get(request.path)
        if found is None:
            return Response(404, http.HTTPStatus.NOT_FOUND.phrase, Headers(), b"")
        body = (_HERE / found[0]).read_bytes()
        headers = Headers({"Content-Type": found[1], "Content-Length": str(len(body))})
        return Response(200, http.HTTPStatus.OK.phrase, headers, body)

    async def _serve_socket(self, socket: ServerConnection) -> None:
        if self._socket.done():
            return
        self._socket.set_result(socket)
        # A browser that is killed closes nothing.
        with contextlib.suppress(ConnectionClosed):
            async for line in socket:
                self.take(json.loads(line))
        self.lost(f"{self.name}'s page has gone")

    def _write(self, command: Event) -> None:
        self._outgoing.put_nowait(json.dumps(command))

    async def _send(self) -> None:
        socket = await self._socket
        while True:
            await socket.send(await self._outgoing.get())

    async def _read_complaints(self) -> None:
        assert self._process is not None and self._process.stderr is not None
        while line := await self._process.stderr.readline():
            self._complaints.append(line.decode(errors="replace").rstrip())

    async def stop(self) -> None:
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            await self._process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        # Its last processes may still be writing when the first has ended.
        shutil.rmtree(self._profile, ignore_errors=True)


def _command_line(name: str, profile: str, obfuscated: bool) -> list[str]:
    """The browser's program and flags; Firefox's preferences are written into the profile."""
    path = program(name)
    if name == "chromium":
        argv = [path, *_CHROMIUM_FLAGS, f"--user-data-dir={profile}"]
        if not obfuscated:
            argv.extend(_CHROMIUM_UNHIDDEN)
    else:
        prefs = {**_FIREFOX_PREFS, "media.peerconnection.ice.obfuscate_host_addresses": obfuscated}
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in prefs.items()]
        Path(profile, "user.js").write_text("".join(lines))
        argv = [path, "--headless", "--no-remote", "--profile", profile]
    return argv


async def start(name: str, *, obfuscated: bool = False) -> BrowserPeer:
    """Launch a browser on the peer page.

    :param obfuscated: whether it hides its addresses behind ``.local`` names, as it does for
        users; otherwise they are in its candidates.
    """
    program(name)
    profile = tempfile.mkdtemp(prefix=f"rtckit-{name}-")
    peer = BrowserPeer(name, profile)
    try:
        await peer.launch(_command_line(name, profile, obfuscated))
    except BaseException:
        await peer.stop()
        raise
    return peer
