"""Scripts written for small devices run as they are; their quick start, word for word."""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.request
from pathlib import Path

import pytest
from tests.seeds.device import QUICK_START, DeviceProcess, device_process

from rtckit import RTCPeerConnection, RTCSessionDescription

WAIT = 15.0
LISTENING = r"Listening on (\S+)"


def post(device: DeviceProcess, message: object) -> dict[str, object]:
    """What the page does with fetch()."""
    request = urllib.request.Request(
        device.url + "/webrtc-signal",
        json.dumps(message).encode(),
        {"Content-Type": "application/json"},
    )
    context = ssl._create_unverified_context() if device.url.startswith("https") else None
    with urllib.request.urlopen(request, timeout=WAIT, context=context) as response:
        reply = json.loads(response.read())
    assert isinstance(reply, dict)
    return reply


class Page:
    """The browser's side of the quick start: offers, gets an offer back, and answers it."""

    def __init__(self) -> None:
        self.pc = RTCPeerConnection()
        self.channel = self.pc.createDataChannel("repl", ordered=True, maxRetransmits=3)
        self.opened = asyncio.Event()
        self.received: asyncio.Queue[str | bytes] = asyncio.Queue()
        self.channel.on("open", lambda: self.opened.set())
        self.channel.on("message", lambda message: self.received.put_nowait(message))

    async def connect(self, device: DeviceProcess, offer: bool = True) -> None:
        asking: dict[str, object] = {"type": "get_offer"}
        if offer:
            description = await self.pc.createOffer()
            await self.pc.setLocalDescription(description)
            asking = {"type": "offer", "sdp": description.sdp}
        reply = await asyncio.to_thread(post, device, asking)
        assert reply["type"] == "offer"
        remote = RTCSessionDescription(sdp=str(reply["sdp"]), type="offer")
        await self.pc.setRemoteDescription(remote)
        answer = await self.pc.createAnswer()
        await self.pc.setLocalDescription(answer)
        # As in the quick start: what createAnswer gave, which has no candidates in it.
        answered = await asyncio.to_thread(post, device, {"type": "answer", "sdp": answer.sdp})
        assert answered == {"status": "ok"}
        await asyncio.wait_for(self.opened.wait(), WAIT)

    async def message(self) -> str | bytes:
        return await asyncio.wait_for(self.received.get(), WAIT)


def test_the_quick_start_word_for_word(tmp_path: Path) -> None:
    async def browse(device: DeviceProcess) -> None:
        page = Page()
        await page.connect(device)
        assert await page.message() == b"Hello from ESP32!"
        page.channel.send("Hello from browser!")
        assert await page.message() == b"ESP32 says: Hello from browser!"
        page.channel.send(b"\x00\xff")
        assert await page.message() == b"ESP32 says: \x00\xff"

        # Reloaded: another page, while the device has not noticed that the first is gone.
        again = Page()
        await again.connect(device)
        assert await again.message() == b"Hello from ESP32!"
        await page.pc.close()

        # Gone for good: the device offers again by itself.
        await again.pc.close()
        device.until("Local SDP offer")
        third = Page()
        await third.connect(device)
        assert await third.message() == b"Hello from ESP32!"
        await third.pc.close()

    with device_process(
        "-m", "rtckit.device", "--port", "0", QUICK_START, address=LISTENING
    ) as device:
        assert any("WebRTC peer ready" in line for line in device.lines)
        asyncio.run(browse(device))
        assert device.interrupt() == 0
        printed = device.rest()
    assert printed.count("DataChannel open - ready for communication!") == 3
    assert "Received from browser: b'Hello from browser!'" in printed
    assert "Traceback" not in printed


def test_the_quick_start_over_https(tmp_path: Path) -> None:
    async def browse(device: DeviceProcess) -> None:
        page = Page()
        await page.connect(device)
        assert await page.message() == b"Hello from ESP32!"
        await page.pc.close()

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
        asyncio.run(browse(device))


def test_the_echo_example() -> None:
    async def browse(device: DeviceProcess) -> None:
        for _ in range(2):
            page = Page()
            await page.connect(device, offer=False)
            assert await page.message() == b"Hello! Send me a message."
            page.channel.send("one")
            assert await page.message() == b"echo: one"
        await page.pc.close()

    example = Path(__file__).parents[2] / "examples" / "device_echo.py"
    with device_process(
        example, address=r"Open (\S+) in a browser", env={"RTCKIT_DEVICE_PORT": "0"}
    ) as device:
        asyncio.run(browse(device))
        assert device.interrupt() == 0
        assert "Traceback" not in device.rest()


def script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "script.py"
    path.write_text(text)
    return path


def test_a_script_gets_its_arguments_and_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("name = 'next door'")
    path = script(tmp_path, "import sys, neighbour\nprint(__name__, sys.argv[1:], neighbour.name)")
    with device_process("-m", "rtckit.device", path, "a", "--b") as device:
        assert device.wait() == 0
        assert device.rest() == "__main__ ['a', '--b'] next door"


def test_names_that_micropython_has(tmp_path: Path) -> None:
    path = script(
        tmp_path,
        """
import ujson, utime, network
from esp32 import httpserver
import httpserver as same, webrtc
assert same is httpserver
utime.sleep_ms(1)
assert utime.ticks_diff(utime.ticks_ms(), utime.ticks_ms()) <= 0
sta = network.WLAN(network.STA_IF)
assert sta.active(True) and sta.isconnected()
httpserver.start()
print(sta.ifconfig()[0], ujson.dumps({}), webrtc.STATE_NONE)
httpserver.stop()
""",
    )
    with device_process("-m", "rtckit.device", "--port", "0", path) as device:
        assert device.wait() == 0
        assert device.rest() == "127.0.0.1 {} 0"


def test_the_process_ends_when_all_is_closed(tmp_path: Path) -> None:
    path = script(
        tmp_path,
        """
import threading
from rtckit.device import httpserver, webrtc
httpserver.register("/x", lambda req, resp: None)
peer = webrtc.Peer()
peer.create_offer()
def end():
    peer.close()
    print("closing")
    httpserver.stop()
threading.Timer(0.5, end).start()
print("last line")
""",
    )
    with device_process(path, env={"RTCKIT_DEVICE_PORT": "0"}) as device:
        assert device.wait() == 0
        assert device.rest() == "last line\nclosing"


def test_ctrl_c_ends_a_plain_script_without_a_traceback(tmp_path: Path) -> None:
    path = script(
        tmp_path,
        """
import threading
from rtckit.device import httpserver, webrtc
peer = webrtc.Peer()
peer.create_offer()
httpserver.register("/x", lambda req, resp: None)
def tell():
    threading.main_thread().join()
    print("after the last line")
threading.Thread(target=tell).start()
""",
    )
    with device_process(path, env={"RTCKIT_DEVICE_PORT": "0"}) as device:
        device.until("after the last line")
        assert device.interrupt() == 0
        assert device.rest() == "after the last line"


@pytest.mark.parametrize("runner", [("-m", "rtckit.device"), ()])
def test_ctrl_c_reaches_a_script_that_still_runs(tmp_path: Path, runner: tuple[str, ...]) -> None:
    path = script(
        tmp_path,
        """
import threading
from rtckit.device import webrtc
webrtc.Peer().create_offer()
try:
    print("waiting")
    threading.Event().wait()
finally:
    print("interrupted")
""",
    )
    with device_process(*runner, path) as device:
        device.until("waiting")
        assert device.interrupt() in (0, 1, 130, -2)
        assert "interrupted" in device.rest()


def test_a_script_that_fails_ends_the_process(tmp_path: Path) -> None:
    path = script(
        tmp_path,
        """
import httpserver
httpserver.start()
raise ValueError("broken script")
""",
    )
    with device_process("-m", "rtckit.device", "--port", "0", path) as device:
        assert device.wait() == 1
        assert "ValueError: broken script" in device.rest()


def test_a_script_that_is_not_there_is_said_so() -> None:
    with device_process("-m", "rtckit.device", "nowhere.py") as device:
        assert device.wait() == 2
        assert "no such script: nowhere.py" in device.rest()
