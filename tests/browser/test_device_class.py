"""The device API in real browsers: the quick start's own JavaScript, and the class we ship."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.browser import launch
from tests.seeds.device import QUICK_START, QUICK_START_JS, DeviceProcess, device_process

LISTENING = r"Listening on (\S+)"

#: The quick start's class, word for word; what follows it is its usage with a device's name.
SEED_CLASS = QUICK_START_JS.read_text().partition("// Usage")[0]

PRELUDE = """
let tail = Promise.resolve();
const report = (line) => {
  tail = tail.then(() => fetch("/report", {method: "POST", body: JSON.stringify(line)}));
};
const text = (data) => typeof data === "string" ? data : new TextDecoder().decode(data);
addEventListener("error", (event) => report({error: String(event.message)}));
addEventListener("unhandledrejection", (event) => report({error: String(event.reason)}));
"""


class Browser:
    """A browser on a page of the test's, whose origin is not the device's."""

    def __init__(self, name: str, page: str, *, flags: tuple[str, ...] = (), at: str = "") -> None:
        self.reports: queue.Queue[dict[str, object]] = queue.Queue()
        reports = self.reports

        class Pages(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = page.encode() if self.path == "/" else b""
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                reports.put(json.loads(self.rfile.read(length)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._profile = tempfile.mkdtemp(prefix=f"rtckit-{name}-")
        path = launch.program(name)
        if name == "chromium":
            argv = [path, *launch._CHROMIUM_FLAGS, f"--user-data-dir={self._profile}", *flags]
        else:
            lines = [
                f"user_pref({json.dumps(key)}, {json.dumps(value)});\n"
                for key, value in launch._FIREFOX_PREFS.items()
            ]
            Path(self._profile, "user.js").write_text("".join(lines))
            argv = [path, "--headless", "--no-remote", "--profile", self._profile]
        self._process = subprocess.Popen(
            [*argv, at or f"http://127.0.0.1:{self._server.server_port}/"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "HOME": self._profile, "MOZ_CRASHREPORTER_DISABLE": "1"},
        )

    def next(self) -> dict[str, object]:
        """The page's next report."""
        report = self.reports.get(timeout=launch.LAUNCH_PATIENCE)
        assert "error" not in report, report["error"]
        return report

    def stop(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._profile, ignore_errors=True)


@pytest.fixture
def device() -> Iterator[DeviceProcess]:
    """The quick start's device, word for word."""
    with device_process(
        "-m", "rtckit.device", "--port", "0", QUICK_START, address=LISTENING
    ) as process:
        yield process


def page(script: str, *, classic: str = "", device: DeviceProcess) -> str:
    """A page with the class under test as a classic script, and a module that uses it."""
    return f"""<!doctype html><meta charset="utf-8">
<script>{PRELUDE}{classic}</script>
<script type="module">
const deviceURL = {json.dumps(device.url)};
{script}
</script>"""


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_quick_start_word_for_word_on_both_sides(name: str, device: DeviceProcess) -> None:
    callbacks = """
WebRTCDevice.prototype.onConnected = function () { this.opened(); };
WebRTCDevice.prototype.onMessage = function (data) { report({message: text(data)}); };
const device = new WebRTCDevice(deviceURL);
const opened = new Promise((resolve) => { device.opened = resolve; });
await device.connect();
await opened;
device.send("Hello from browser!");
"""
    browser = Browser(name, page(callbacks, classic=SEED_CLASS, device=device))
    try:
        assert browser.next() == {"message": "Hello from ESP32!"}
        assert browser.next() == {"message": "ESP32 says: Hello from browser!"}
        device.until("Received from browser: b'Hello from browser!'")
    finally:
        browser.stop()


SHIPPED = """
const {WebRTCDevice, TooLargeError, ClosedError} = await import(`${deviceURL}/webrtc-device.js`);
const device = new WebRTCDevice(deviceURL, OPTIONS);
const inbox = [];
let wake = () => {};
device.onMessage = (data) => { inbox.push(data); wake(); };
const message = async () => {
  while (!inbox.length) await new Promise((resolve) => { wake = resolve; });
  return inbox.shift();
};
const caught = (call) => { try { call(); return null; } catch (error) { return error; } };
let connected = 0;
device.addEventListener("connected", () => connected += 1);
"""

SHIPPED_STORY = (
    SHIPPED
    + """
const early = caught(() => device.send("before connect"));
const connecting = device.connect();
device.send("kept until the channel is open");
await connecting;
await device.connect();
report({
  connected,
  early: early instanceof ClosedError && early.code,
  greeting: text(await message()),
  kept: text(await message()),
});

const large = new Uint8Array(65000).map((_, index) => index);
device.send(large);
const echo = new Uint8Array(await message()).subarray("ESP32 says: ".length);
device.send("ü");
report({
  same: echo.length === large.length && echo.every((value, index) => value === large[index]),
  text: text(await message()),
  tooLarge: caught(() => device.send(new Uint8Array(65536)))?.code,
  tooLargeText: caught(() => device.send("ü".repeat(32768))) instanceof TooLargeError,
});

const closed = new Promise((resolve) => device.addEventListener("disconnected", resolve));
device.close();
report({detail: (await closed).detail, connected: device.connected});
await device.connect();
report({again: text(await message()), connected});
"""
)


def check_shipped_story(browser: Browser) -> None:
    assert browser.next() == {
        "connected": 1,
        "early": "closed",
        "greeting": "Hello from ESP32!",
        "kept": "ESP32 says: kept until the channel is open",
    }
    assert browser.next() == {
        "same": True,
        "text": "ESP32 says: ü",
        "tooLarge": "too-large",
        "tooLargeText": True,
    }
    assert browser.next() == {"detail": None, "connected": False}
    assert browser.next() == {"again": "Hello from ESP32!", "connected": 2}


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_shipped_class(name: str, device: DeviceProcess) -> None:
    browser = Browser(name, page(SHIPPED_STORY.replace("OPTIONS", "{}"), device=device))
    try:
        check_shipped_story(browser)
    finally:
        browser.stop()


def test_the_shipped_class_over_https_with_the_devices_own_certificate(tmp_path: Path) -> None:
    with device_process(
        "-m",
        "rtckit.device",
        "--https",
        "--port",
        "0",
        QUICK_START,
        address=LISTENING,
        env={"XDG_DATA_HOME": str(tmp_path)},
    ) as device:
        assert device.url.startswith("https://")
        browser = Browser(
            "chromium",
            page(SHIPPED_STORY.replace("OPTIONS", "{}"), device=device),
            flags=("--ignore-certificate-errors",),
        )
        try:
            check_shipped_story(browser)
        finally:
            browser.stop()


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_echo_example_hands_out_its_offer(name: str) -> None:
    story = (
        SHIPPED.replace("OPTIONS", '{ask: "get_offer"}')
        + """
for (let round = 0; round < 2; round += 1) {
  await device.connect();
  const greeting = text(await message());
  device.send("hello");
  report({greeting, echo: text(await message())});
  if (!round) device.close();
}
"""
    )
    example = Path(__file__).parents[2] / "examples" / "device_echo.py"
    with device_process(
        example, address=r"Open (\S+) in a browser", env={"RTCKIT_DEVICE_PORT": "0"}
    ) as device:
        browser = Browser(name, page(story, device=device))
        try:
            for _ in range(2):
                assert browser.next() == {
                    "greeting": "Hello! Send me a message.",
                    "echo": "echo: hello",
                }
        finally:
            browser.stop()


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_what_cannot_be_connected_to_says_so(name: str) -> None:
    story = """
const errors = [];
for (const [url, options] of [
  ["http://127.0.0.1:9", {}],
  [deviceURL, {path: "/nowhere"}],
  [deviceURL, {path: "/never", timeout: 500}],
]) {
  const device = new WebRTCDevice(url, options);
  try { await device.connect(); } catch (error) { errors.push(error.code); }
}
report({errors});
"""
    script = """
import httpserver, threading
httpserver.register("/never", lambda req, resp: threading.Event().wait(3))
"""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(script)
        file.flush()
        with device_process(
            "-m", "rtckit.device", "--port", "0", file.name, address=LISTENING
        ) as device:
            loading = "const {WebRTCDevice} = await import(`${deviceURL}/webrtc-device.js`);"
            browser = Browser(name, page(loading + story, device=device))
            try:
                assert browser.next() == {"errors": ["signaling", "signaling", "timeout"]}
            finally:
                browser.stop()


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_devices_own_page_connects_at_once(name: str, device: DeviceProcess) -> None:
    browser = Browser(name, "", at=device.url + "/")
    try:
        device.until("DataChannel open - ready for communication!")
    finally:
        browser.stop()
