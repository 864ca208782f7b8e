"""Closing a peer connection, and what the other side sees (WebRTC 1.0 §4.4.2, close)."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import anyio
import pytest
from tests.api.meeting import (
    CHANNEL_EVENTS,
    PEER_EVENTS,
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


async def settle() -> None:
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


def sockets() -> int:
    """How many file descriptors of this process are sockets."""
    count = 0
    for entry in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names alone, the files may be gone
        try:
            count += Path(f"/proc/self/fd/{entry}").readlink().name.startswith("socket:")
        except OSError:
            continue
    return count


async def test_every_state_is_closed_at_once_and_no_event_fires() -> None:
    async with connected() as pair:
        a = pair.a
        witness = Witness()
        witness.watch(a, *PEER_EVENTS, "icecandidate")
        witness.watch(pair.left, *CHANNEL_EVENTS)
        assert a.sctp is not None
        dtls = a.sctp.transport
        for transport in (a.sctp, dtls, dtls.iceTransport):
            witness.watch(transport, "statechange", "error", "gatheringstatechange")
        closing = a.close()
        coroutine_steps = closing.send
        try:
            coroutine_steps(None)  # up to the first time that it yields
        except StopIteration:
            pass
        assert a.signalingState == a.iceConnectionState == a.connectionState == "closed"
        assert a.iceGatheringState == "complete"
        assert pair.left.readyState == "closed"
        assert a.sctp.state == dtls.state == dtls.iceTransport.state == "closed"
        assert dtls.iceTransport.getSelectedCandidatePair() is None
        closing.close()
        await settle()
        assert witness.heard == []


async def test_closing_again_does_nothing() -> None:
    async with RTCPeerConnection(loopback()) as pc:
        await pc.close()
        await pc.close()
        assert pc.connectionState == "closed"


def test_closing_what_was_never_used() -> None:
    pc = RTCPeerConnection(loopback())
    channel = pc.createDataChannel("")
    with pytest.raises(StopIteration):
        pc.close().send(None)
    assert pc.signalingState == channel.readyState == "closed"


async def test_what_can_be_done_with_a_closed_one() -> None:
    async with connected() as pair:
        local, remote = pair.a.localDescription, pair.a.remoteDescription
        await pair.a.close()
        assert (pair.a.localDescription, pair.a.remoteDescription) == (local, remote)
        with pytest.raises(InvalidStateError):
            pair.a.createDataChannel("")
        with pytest.raises(InvalidStateError):
            pair.left.send("")
        pair.left.close()
        pair.a.restartIce()
        assert pair.a.sctp is not None
        report = await pair.a.getStats()
        assert report["P"].toJSON()["dataChannelsClosed"] == 1
        assert [message async for message in pair.left] == []
        assert pair.left.bufferedAmount == 0


async def test_the_other_side_sees_its_channels_close_soon() -> None:
    async with connected() as pair:
        more = [pair.a.createDataChannel(str(number)) for number in range(5)]
        await opened(*more)
        witness = Witness()
        witness.watch(pair.right, *CHANNEL_EVENTS)
        assert pair.b.sctp is not None
        dtls = pair.b.sctp.transport
        witness.watch(pair.b.sctp, "statechange", name="sctp")
        witness.watch(dtls, "statechange", name="dtls")
        with anyio.fail_after(3):
            await pair.a.close()
            await closed(pair.right)
            await witness.hear("sctp:statechange", "dtls:statechange")
        assert pair.b.sctp.state == "closed"
        assert dtls.state == "closed"
        assert "error" not in witness.heard
        assert witness.heard.count("close") == 1
        assert pair.b.signalingState == "stable"


async def test_reading_ends_on_both_sides() -> None:
    async with connected() as pair:
        read: dict[str, list[object]] = {"left": [], "right": []}

        async def reader(name: str, channel: RTCDataChannel) -> None:
            async for message in channel:
                read[name].append(message)

        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(reader, "left", pair.left)
                tasks.start_soon(reader, "right", pair.right)
                pair.right.send("to the left")
                pair.left.send("to the right")
                while not (read["left"] and read["right"]):
                    await anyio.lowlevel.checkpoint()
                await pair.a.close()
        assert read == {"left": ["to the left"], "right": ["to the right"]}


async def test_who_waits_for_room_is_told() -> None:
    async with connected() as pair:
        pair.right.__aiter__()  # a reader who does not read: the sender is held back
        told: list[str] = []

        async def sender() -> None:
            try:
                while True:
                    pair.left.send(bytes(100_000))
                    await pair.left.drain()
            except InvalidStateError:
                told.append(pair.left.readyState)

        with anyio.fail_after(15):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(sender)
                while pair.left.bufferedAmount <= RTCDataChannel.HIGH_WATER:
                    await anyio.lowlevel.checkpoint()
                await settle()
                await pair.a.close()
        assert told == ["closed"]


async def test_nothing_is_left_behind() -> None:
    gc.collect()
    before = sockets()
    async with connected() as pair:
        assert sockets() > before
        assert pair.left.readyState == "open"
    assert sockets() == before


async def test_cancelled_wherever_it_waits() -> None:
    """Whatever is cancelled when, closing leaves no socket behind."""
    before = sockets()
    for turns in range(12):
        async with two() as (a, b):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:

                    async def meet(a: RTCPeerConnection = a, b: RTCPeerConnection = b) -> None:
                        a.createDataChannel("")
                        await negotiate(a, b)

                    tasks.start_soon(meet)
                    for _ in range(turns):
                        await anyio.lowlevel.checkpoint()
                    scope.cancel()
            # The chain is free: the next operation runs.
            assert (await a.createOffer()).type == "offer" or a.signalingState != "stable"
        assert sockets() == before


async def test_a_context_left_by_cancellation_closes() -> None:
    before = sockets()
    async with anyio.create_task_group() as tasks:
        pairs: list[Pair] = []

        async def stay() -> None:
            async with connected() as pair:
                pairs.append(pair)
                reached.set()
                await pair.left.__anext__()

        reached = anyio.Event()
        tasks.start_soon(stay)
        with anyio.fail_after(15):
            await reached.wait()
        tasks.cancel_scope.cancel()
    assert pairs[0].a.connectionState == pairs[0].b.connectionState == "closed"
    assert sockets() == before
