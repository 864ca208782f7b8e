"""Closing channels (WebRTC 1.0 §6.2, closing procedure; RFC 8831 §6.7)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.meeting import (
    Box,
    Pair,
    Witness,
    closed,
    connected,
    loopback,
    negotiate,
    opened,
    two,
)

from rtckit import InvalidStateError, RTCDataChannel, RTCPeerConnection

pytestmark = pytest.mark.anyio


def watch(pair: Pair) -> Witness:
    """What happens to both ends, with the state at each event."""
    witness = Witness()
    for name, channel in (("left", pair.left), ("right", pair.right)):
        witness.watch(
            channel,
            "closing",
            "close",
            "error",
            name=name,
            tell=lambda event: f"{event.type} {event.target.readyState}",
        )
    return witness


@pytest.mark.parametrize("init", [{}, {"ordered": False}, {"maxRetransmits": 1}], ids=str)
async def test_closed_by_one_side(init: dict[str, Any]) -> None:
    async with connected(**init) as pair:
        witness = watch(pair)
        pair.left.close()
        assert pair.left.readyState == "closing"
        assert witness.heard == []
        await witness.hear("left:close closed", "right:close closed")
        # Who closes hears no "closing"; nobody hears an error, and everything once.
        assert sorted(witness.heard) == [
            "left:close closed",
            "right:close closed",
            "right:closing closing",
        ]
        assert witness.heard.index("right:closing closing") < witness.heard.index(
            "right:close closed"
        )
        for channel in (pair.left, pair.right):
            channel.close()
            with pytest.raises(InvalidStateError):
                channel.send("")
        # The connection and other channels go on.
        left, right = await pair.channel("another")
        box = Box(right)
        left.send("through")
        assert await box.hold(1) == ["through"]


async def test_closed_by_the_side_that_did_not_open_it() -> None:
    async with connected() as pair:
        witness = watch(pair)
        pair.right.close()
        await witness.hear("left:close closed", "right:close closed")
        assert "left:closing closing" in witness.heard
        assert "right:closing closing" not in witness.heard


async def test_closed_by_both_at_once() -> None:
    async with connected() as pair:
        witness = watch(pair)
        pair.left.close()
        pair.right.close()
        await witness.hear("left:close closed", "right:close closed")
        assert sorted(witness.heard) == ["left:close closed", "right:close closed"]


async def test_closed_again_from_its_own_events() -> None:
    async with connected() as pair:
        witness = watch(pair)
        for kind in ("closing", "close"):
            pair.left.on(kind, pair.left.close)
            pair.right.on(kind, pair.right.close)
        pair.left.close()
        pair.left.close()
        await witness.hear("left:close closed", "right:close closed")
        assert len(witness.heard) == 3


@pytest.mark.parametrize("closer", ["sender", "receiver"])
async def test_during_a_large_send_nothing_that_was_accepted_is_lost(closer: str) -> None:
    async with connected() as pair:
        box = Box(pair.right)
        witness = watch(pair)
        count = 60
        for number in range(count):
            pair.left.send(bytes([number]) * 65536)
        assert pair.left.bufferedAmount == count * 65536
        if closer == "sender":
            pair.left.close()
            await witness.hear("left:close closed", "right:close closed")
            assert box.messages == [bytes([number]) * 65536 for number in range(count)]
        else:
            # Who closes discards what still comes.
            pair.right.close()
            await witness.hear("left:close closed", "right:close closed")
            assert box.messages == []


async def test_a_slow_reader_gets_everything_before_the_end() -> None:
    async with connected(loopback(), loopback(receive_window=1024 * 1024)) as pair:
        reading = pair.right.__aiter__()
        count = 40
        for number in range(count):
            pair.left.send(bytes([number]) * 100_000)
        pair.left.close()
        assert [message async for message in reading] == [
            bytes([number]) * 100_000 for number in range(count)
        ]
        await closed(pair.left, pair.right)


async def test_messages_after_close_are_discarded() -> None:
    async with connected() as pair:
        box = Box(pair.left)
        pair.right.send("before")
        await box.hold(1)
        pair.left.close()
        pair.right.send("after")
        await closed(pair.left, pair.right)
        assert box.messages == ["before"]


async def test_closing_from_the_message_handler_discards_the_rest() -> None:
    async with connected() as pair:
        got: list[object] = []
        pair.right.on("message", got.append)
        pair.right.on("message", lambda message: pair.right.close())
        for number in range(10):
            pair.left.send(str(number))
        await closed(pair.left, pair.right)
        assert got == ["0"]


async def test_before_it_is_connected() -> None:
    async with two() as (a, b):
        witness = Witness()
        witness.watch(b, "datachannel", tell=lambda event: event.channel.label)
        never = a.createDataChannel("never")
        witness.watch(never, "open", "closing", "close", "error", name="never")
        never.close()
        assert never.readyState == "closing"
        stays = a.createDataChannel("stays")
        await negotiate(a, b)
        await opened(stays)
        await witness.hear("never:close", "stays")
        assert never.readyState == "closed"
        assert "never" not in witness.heard
        assert "never:open" not in witness.heard


def test_before_any_loop_runs() -> None:
    pc = RTCPeerConnection(loopback())
    channel = pc.createDataChannel("")
    channel.close()
    assert channel.readyState == "closing"
    with pytest.raises(StopIteration):
        pc.close().send(None)
    assert channel.readyState == "closed"


async def test_right_after_it_was_created_on_a_connection() -> None:
    async with connected() as pair:
        witness = Witness()
        brief = pair.a.createDataChannel("brief")
        witness.watch(brief, "open", "close", name="left")
        found: list[RTCDataChannel] = []
        pair.b.on("datachannel", found.append)
        brief.close()
        assert brief.readyState == "closing"
        await witness.hear("left:close")
        assert "left:open" not in witness.heard


async def test_negotiated_channels() -> None:
    async with connected() as pair:
        for _ in range(3):
            left = pair.a.createDataChannel("", negotiated=True, id=50)
            right = pair.b.createDataChannel("", negotiated=True, id=50)
            await opened(left, right)
            box = Box(right)
            left.send("hello")
            assert await box.hold(1) == ["hello"]
            left.close()
            await closed(left, right)


async def test_open_and_close_in_quick_succession() -> None:
    async with connected() as pair:
        witness = Witness()

        def found(channel: RTCDataChannel) -> None:
            channel.on("message", lambda message: witness.note(f"got {message}"))
            channel.on("close", lambda: witness.note("closed"))

        pair.b.on("datachannel", found)
        for number in range(100):
            channel = pair.a.createDataChannel("")
            await opened(channel)
            channel.send(str(number))
            channel.close()
        await witness.until(lambda: witness.heard.count("closed") == 100, "100 closed channels")
        got = [each for each in witness.heard if each != "closed"]
        assert got == [f"got {number}" for number in range(100)]


async def test_all_of_many() -> None:
    async with connected() as pair:
        count = 300
        channels = [pair.a.createDataChannel(str(number)) for number in range(count)]
        await opened(*channels)
        for channel in channels:
            channel.close()
        await closed(*channels)
        again = [pair.a.createDataChannel(str(number)) for number in range(count)]
        await opened(*again)
        assert {each.id for each in again} == {each.id for each in channels}
