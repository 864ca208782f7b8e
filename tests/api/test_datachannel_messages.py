"""Messages of every kind and size, both ways, and who takes them (WebRTC 1.0 §6.2)."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from tests.api.meeting import Box, Pair, Witness, connected, loopback, negotiate, opened, two

from rtckit import (
    InvalidStateError,
    NotSupportedError,
    RTCDataChannel,
    RTCPeerConnection,
)
from rtckit.errors import SyntaxDOMException
from rtckit.peerconnection.message_inbox import MessageInbox

pytestmark = pytest.mark.anyio

MESSAGES: list[Any] = [
    "",
    b"",
    "a",
    b"a",
    "\0",
    b"\0",
    "ünïcødé \N{GRINNING FACE}",
    bytes(range(256)),
    bytearray(b"bytearray"),
    memoryview(b"memoryview"),
    memoryview(b"every other byte")[::2],
]


class TestKinds:
    async def test_every_kind_both_ways_in_order(self) -> None:
        async with connected() as pair:
            boxes = Box(pair.left), Box(pair.right)
            for message in MESSAGES:
                pair.left.send(message)
                pair.right.send(message)
            expected = [each if isinstance(each, str) else bytes(each) for each in MESSAGES]
            for box in boxes:
                assert await box.hold(len(MESSAGES)) == expected
                assert all(type(each) in (str, bytes) for each in box.messages)

    async def test_lone_surrogates_are_replaced(self) -> None:
        async with connected() as pair:
            box = Box(pair.right)
            pair.left.send("a\ud800b")
            assert await box.hold(1) == ["a\ufffdb"]

    @pytest.mark.parametrize("wrong", [None, 1, 1.5, [], {}, 2.5], ids=repr)
    async def test_no_other_kind(self, wrong: Any) -> None:
        channel = RTCPeerConnection(loopback()).createDataChannel("")
        # The type is looked at before the state.
        with pytest.raises(TypeError):
            channel.send(wrong)

    async def test_only_while_open(self) -> None:
        async with two() as (a, b):
            channel = a.createDataChannel("")
            for message in MESSAGES:
                with pytest.raises(InvalidStateError):
                    channel.send(message)
            await negotiate(a, b)
            await opened(channel)
            channel.send("now")
            channel.close()
            assert channel.readyState == "closing"
            with pytest.raises(InvalidStateError):
                channel.send("too late")

    async def test_binary_type(self) -> None:
        channel = RTCPeerConnection(loopback()).createDataChannel("")
        channel.binaryType = "arraybuffer"
        with pytest.raises(NotSupportedError):
            channel.binaryType = "blob"
        for wrong in ("", "jellyfish", "arraybuffer "):
            with pytest.raises(SyntaxDOMException):
                channel.binaryType = wrong
        assert channel.binaryType == "arraybuffer"


class TestSizes:
    @pytest.mark.parametrize("init", [{}, {"ordered": False}, {"maxRetransmits": 5}], ids=str)
    async def test_up_to_256_kib_both_ways(self, init: dict[str, Any]) -> None:
        sizes = [0, 1, 2, 255, 1023, 1155, 1156, 1157, 16384, 65535, 65536, 65537, 262143, 262144]
        async with connected(**init) as pair:
            boxes = Box(pair.left), Box(pair.right)
            for size in sizes:
                pair.left.send(bytes([size % 251]) * size)
                pair.right.send("x" * size)
            right = await boxes[1].hold(len(sizes))
            left = await boxes[0].hold(len(sizes))
            assert sorted(map(len, right)) == sizes
            assert sorted(map(len, left)) == sizes
            assert all(set(each) <= {len(each) % 251} for each in right if each)

    async def test_larger_than_the_peer_takes(self) -> None:
        async with connected(loopback(), loopback(max_message_size=20_000)) as pair:
            box = Box(pair.right)
            for wrong in (bytes(20_001), "x" * 20_001, "é" * 10_001):
                with pytest.raises(TypeError):
                    pair.left.send(wrong)
            assert pair.left.bufferedAmount == 0
            pair.left.send("é" * 10_000)
            assert pair.left.bufferedAmount == 20_000
            assert await box.hold(1) == ["é" * 10_000]
            # The other direction has its own limit.
            pair.right.send(bytes(262_144))
            with pytest.raises(TypeError):
                pair.right.send(bytes(262_145))


class TestTaking:
    async def test_every_way_to_listen(self) -> None:
        async with connected() as pair:
            witness = Witness()
            got: dict[str, Any] = {}

            def keep(how: str) -> Any:
                def listener(what: Any) -> None:
                    got[how] = what
                    witness.note(how)

                return listener

            async def in_background(message: str) -> None:
                await anyio.lowlevel.checkpoint()
                keep("coroutine")(message)

            pair.right.onmessage = keep("attribute")
            pair.right.addEventListener("message", keep("listener"))
            pair.right.on("message", keep("emitter"))
            pair.right.on("message", in_background)

            @pair.right.once("message")
            def once(message: str) -> None:
                witness.note("once")

            pair.left.send("one")
            await witness.hear("attribute", "listener", "emitter", "coroutine")
            assert got["attribute"].data == got["listener"].data == "one"
            assert got["attribute"].target is pair.right
            assert got["emitter"] == got["coroutine"] == "one"
            assert witness.heard[:2] == ["attribute", "listener"]
            pair.left.send("two")
            await witness.until(lambda: witness.heard.count("coroutine") == 2)
            assert witness.heard.count("once") == 1

    async def test_listeners_come_and_go(self) -> None:
        async with connected() as pair:
            witness = Witness()

            def first(event: Any) -> None:
                witness.note("first")
                pair.right.removeEventListener("message", second)

            def second(event: Any) -> None:
                witness.note("second")

            def third(event: Any) -> None:
                witness.note("third")

            pair.right.addEventListener("message", first)
            pair.right.addEventListener("message", first)
            pair.right.addEventListener("message", second)
            pair.right.addEventListener("message", third, once=True)
            pair.left.send("")
            await witness.hear("third")
            assert witness.heard == ["first", "third"]
            pair.right.addEventListener("message", second)
            pair.left.send("")
            await witness.until(lambda: witness.heard.count("first") == 2)
            assert witness.heard == ["first", "third", "first"]

    async def test_a_handler_that_raises_harms_nobody(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with connected() as pair:
            box = Box(pair.left)

            def raises(message: object) -> None:
                raise ZeroDivisionError

            pair.right.on("message", raises)
            pair.right.on("message", pair.right.send)
            pair.left.send("echo")
            pair.left.send("again")
            assert await box.hold(2) == ["echo", "again"]
            assert "ZeroDivisionError" in caplog.text

    async def test_messages_are_kept_for_the_first_who_listens(self) -> None:
        async with connected() as pair:
            for number in range(10):
                pair.left.send(str(number))
            await arrived(pair, 10)
            box = Box(pair.right)
            assert await box.hold(10) == [str(number) for number in range(10)]
            pair.left.send("10")
            assert (await box.hold(11))[-1] == "10"

    async def test_messages_are_kept_for_the_first_who_iterates(self) -> None:
        async with connected() as pair:
            for number in range(10):
                pair.left.send(str(number))
            await arrived(pair, 10)
            for number in range(10):
                assert await anext(pair.right) == str(number)

    async def test_what_nobody_takes_is_bounded_and_counted(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with connected() as pair:
            size, count = 65536, 2 * MessageInbox.HELD_BYTES // 65536
            for _ in range(count):
                pair.left.send(bytes(size))
            await arrived(pair, count)
            assert pair.right.messagesDropped == count - MessageInbox.HELD_BYTES // size
            assert caplog.text.count("messages are being dropped") == 1
            # A channel that nobody looks at does not stop the others.
            left, right = await pair.channel("other")
            box = Box(right)
            left.send("through")
            assert await box.hold(1) == ["through"]

    async def test_iterating(self) -> None:
        async with connected() as pair:
            read: list[object] = []

            async def reader() -> None:
                read.extend([message async for message in pair.right])

            with anyio.fail_after(15):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(reader)
                    for message in MESSAGES:
                        pair.left.send(message)
                        await anyio.lowlevel.checkpoint()
                    pair.left.close()
            assert read == [each if isinstance(each, str) else bytes(each) for each in MESSAGES]

    async def test_sending_from_coroutine_handlers(self) -> None:
        async with connected() as pair:
            box = Box(pair.left)

            async def answer(message: str) -> None:
                await anyio.lowlevel.checkpoint()
                pair.right.send(f"answer to {message}")
                await pair.right.drain()

            pair.right.on("message", answer)
            for number in range(50):
                pair.left.send(str(number))
            await box.hold(50)
            assert sorted(map(str, box.messages)) == sorted(f"answer to {n}" for n in range(50))


class TestHoldingBack:
    async def test_a_reader_that_stops_stalls_the_sender_and_nothing_is_lost(self) -> None:
        window = 1024 * 1024
        async with connected(loopback(), loopback(receive_window=window)) as pair:
            size, count = 50_000, 120
            read: list[bytes] = []
            sent = 0

            async def sender() -> None:
                nonlocal sent
                for number in range(count):
                    pair.left.send(bytes([number]) * size)
                    sent = number + 1
                    await pair.left.drain()

            with anyio.fail_after(30):
                async with anyio.create_task_group() as tasks:
                    read.append(await first_of(pair, tasks, sender))
                    # Nobody reads on. What is sent fits the window and the send buffer.
                    await stalled(pair.left)
                    most = window + RTCDataChannel.HIGH_WATER + 2 * size
                    assert sent * size <= most
                    assert sent < count
                    while len(read) < count:
                        message = await anext(pair.right)
                        assert isinstance(message, bytes)
                        read.append(message)
            assert read == [bytes([number]) * size for number in range(count)]

    async def test_unread_messages_of_a_closed_channel_stall_nobody(self) -> None:
        async with connected(loopback(), loopback(receive_window=1024 * 1024)) as pair:
            left, right = await pair.channel("unread")
            right.__aiter__()
            for _ in range(18):
                left.send(bytes(50_000))
            left.close()
            witness = Witness()
            witness.watch(right, "close")
            await witness.until(lambda: right.readyState == "closed")
            box = Box(pair.right)
            # Each needs more of the window than the unread messages would have left.
            for _ in range(5):
                pair.left.send(bytes(200_000))
            await box.hold(5)
            # What had arrived can still be read.
            assert len([message async for message in right]) == 18


async def first_of(pair: Pair, tasks: Any, sender: Any) -> bytes:
    """Start the sender; the first message that is read."""
    reading = pair.right.__aiter__()
    tasks.start_soon(sender)
    message = await anext(reading)
    assert isinstance(message, bytes)
    return message


async def stalled(channel: RTCDataChannel) -> None:
    """Wait until ``bufferedAmount`` is high and no longer changes."""
    same, last = 0, -1
    while same < 200:
        await anyio.lowlevel.checkpoint()
        high = channel.bufferedAmount > RTCDataChannel.LOW_WATER
        same = same + 1 if high and channel.bufferedAmount == last else 0
        last = channel.bufferedAmount


async def arrived(pair: Pair, count: int) -> None:
    """Wait until that many messages have arrived at the right, without listening there."""
    probe, end = await pair.channel("probe")
    box = Box(probe)
    witness = Witness()
    while pair.right.totals.messages_received < count:
        # A round trip on another channel: SCTP's acknowledgements come along.
        end.send("")
        await box.hold(len(box.messages) + 1)
        witness.note("turn")
        assert len(witness.heard) < 10_000, f"{pair.right.totals.messages_received} of {count}"
