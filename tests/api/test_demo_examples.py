"""The examples do what they say."""

from __future__ import annotations

import asyncio
import runpy
import subprocess
import sys
from pathlib import Path

import httpx

from rtckit import RTCPeerConnection, RTCPeerConnectionIceEvent, RTCSessionDescription

ROOT = Path(__file__).parents[2]


def output(name: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_two_peers_talk() -> None:
    assert output("datachannel.py") == "you said 'hello'\n"


def test_two_peers_talk_under_trio() -> None:
    assert output("trio_pair.py").startswith("1000000 bytes in ")


def test_the_echo_server_echoes() -> None:
    example = runpy.run_path(str(ROOT / "examples" / "echo_server.py"))

    async def visit() -> None:
        transport = httpx.ASGITransport(example["app"])
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://server") as http,
            RTCPeerConnection() as peer,
        ):
            channel = peer.createDataChannel("chat")
            channel.on("open", lambda: channel.send("hello"))
            gathered = asyncio.Event()

            def note_the_last(event: RTCPeerConnectionIceEvent) -> None:
                if event.candidate is None:
                    gathered.set()

            peer.on("icecandidate", note_the_last)
            await peer.setLocalDescription()
            await gathered.wait()
            assert peer.localDescription is not None
            answer = (await http.post("/offer", json=peer.localDescription.toJSON())).json()
            await peer.setRemoteDescription(RTCSessionDescription(**answer))
            async for message in channel:
                assert message == "hello"
                break
        for far in list(example["peers"]):
            await far.close()

    asyncio.run(asyncio.wait_for(visit(), 60))
