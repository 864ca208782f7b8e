"""``rtckit.contrib.signaling`` has the names and the wire of aiortc's module."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiortc.contrib.signaling as theirs
import pytest
from aiortc import RTCIceCandidate as TheirCandidate
from aiortc import RTCSessionDescription as TheirDescription

from rtckit import RTCIceCandidate, RTCSessionDescription
from rtckit.contrib import signaling as ours

CANDIDATE = "candidate:1 1 udp 2122252543 192.0.2.1 4711 typ host"


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(15):
            await story()

    asyncio.run(main())


def port() -> int:
    """A TCP port that is free right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.mark.parametrize("kind", ["offer", "answer"])
def test_descriptions_as_text(kind: str) -> None:
    mine = ours.object_to_string(RTCSessionDescription("v=0\r\n", kind))
    assert mine == theirs.object_to_string(TheirDescription(sdp="v=0\r\n", type=kind))
    assert ours.object_from_string(mine) == RTCSessionDescription("v=0\r\n", kind)
    assert theirs.object_from_string(mine) == TheirDescription(sdp="v=0\r\n", type=kind)


def test_candidates_as_text() -> None:
    mine = ours.object_to_string(RTCIceCandidate(CANDIDATE, sdpMid="0", sdpMLineIndex=0))
    parsed = theirs.object_from_string(mine)
    assert isinstance(parsed, TheirCandidate)
    assert (parsed.ip, parsed.port, parsed.sdpMid) == ("192.0.2.1", 4711, "0")
    assert theirs.object_to_string(parsed) == mine
    back = ours.object_from_string(theirs.object_to_string(parsed))
    assert back == RTCIceCandidate(CANDIDATE, sdpMid="0", sdpMLineIndex=0)


def test_bye_as_text() -> None:
    assert ours.object_to_string(ours.BYE) == theirs.object_to_string(theirs.BYE)
    assert ours.object_from_string('{"type": "bye"}') is ours.BYE
    assert repr(ours.BYE) == "BYE"


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", "1", '{"type": "offer"}', '{"type": "candidate"}']
)
def test_malformed_text(text: str) -> None:
    with pytest.raises(ValueError):
        ours.object_from_string(text)


def test_an_unknown_type() -> None:
    assert ours.object_from_string('{"type": "greeting"}') is None


def test_the_command_line() -> None:
    parser = argparse.ArgumentParser()
    ours.add_signaling_arguments(parser)
    assert isinstance(ours.create_signaling(parser.parse_args([])), ours.CopyAndPasteSignaling)
    tcp = parser.parse_args(["-s", "tcp-socket", "--signaling-port", "4711"])
    assert isinstance(ours.create_signaling(tcp), ours.TcpSocketSignaling)
    unix = parser.parse_args(["--signaling", "unix-socket", "--signaling-path", "x"])
    assert isinstance(ours.create_signaling(unix), ours.UnixSocketSignaling)
    with pytest.raises(SystemExit):
        parser.parse_args(["-s", "pigeon"])


@pytest.mark.parametrize("kind", ["tcp", "unix"])
@pytest.mark.parametrize("listening", ["ours", "theirs"])
@pytest.mark.parametrize("calling", ["ours", "theirs"])
def test_one_side_ours_the_other_theirs(
    kind: str, listening: str, calling: str, tmp_path: Path
) -> None:
    modules: dict[str, Any] = {"ours": ours, "theirs": theirs}
    descriptions: dict[str, Any] = {"ours": RTCSessionDescription, "theirs": TheirDescription}
    number = port()

    def make(side: str) -> Any:
        if kind == "tcp":
            return modules[side].TcpSocketSignaling("127.0.0.1", number)
        return modules[side].UnixSocketSignaling(str(tmp_path / "socket"))

    async def story() -> None:
        one, other = make(listening), make(calling)
        await one.connect()
        await other.connect()
        # Who sends first listens.
        sending = asyncio.create_task(
            one.send(descriptions[listening](sdp="v=0\r\n", type="offer"))
        )
        offer = await receive_when_there(other)
        assert (offer.type, offer.sdp) == ("offer", "v=0\r\n")
        await sending
        large = "a=" + "x" * 60_000 + "\r\n"
        await other.send(descriptions[calling](sdp=large, type="answer"))
        answer = await one.receive()
        assert answer == descriptions[listening](sdp=large, type="answer")
        await one.close()
        assert await other.receive() is modules[calling].BYE
        assert await other.receive() is None
        await other.close()

    run(story)
    assert not (tmp_path / "socket").exists() or listening == "theirs"


async def receive_when_there(signaling: Any) -> Any:
    """Receive as soon as the other side listens."""
    while True:
        try:
            return await signaling.receive()
        except OSError:
            await asyncio.sleep(0)


def test_copy_and_paste(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "w") as paste:
        monkeypatch.setattr("sys.stdin", stdin)

        async def story() -> None:
            signaling = ours.CopyAndPasteSignaling()
            await signaling.connect()
            await signaling.send(RTCSessionDescription("v=0\r\n", "offer"))
            paste.write(json.dumps({"sdp": "v=0\r\n", "type": "answer"}) + "\n")
            paste.flush()
            assert await signaling.receive() == RTCSessionDescription("v=0\r\n", "answer")
            await signaling.close()

        run(story)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("-- Please send this message")
    assert json.loads(printed[1]) == {"sdp": "v=0\r\n", "type": "offer"}
    assert '{"type": "bye"}' in printed


def test_a_send_that_is_cancelled_leaves_it_listening() -> None:
    async def story() -> None:
        number = port()
        one = ours.TcpSocketSignaling("127.0.0.1", number)
        other = ours.TcpSocketSignaling("127.0.0.1", number)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await one.send(ours.BYE)
        again = asyncio.create_task(one.send(ours.BYE))
        assert await other.receive() is ours.BYE
        await again
        await one.close()
        await other.close()

    run(story)
