"""bufferedAmount, its low threshold and event, drain (WebRTC 1.0 §6.2)."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from tests.api.meeting import Box, Witness, connected, loopback, two

from rtckit import OperationError, RTCDataChannel, RTCPeerConnection

pytestmark = pytest.mark.anyio


class TestBufferedAmount:
    @pytest.mark.parametrize(
        ("message", "size"),
        [
            ("", 0),
            (b"", 0),
            ("helloworld", 10),
            (b"12345", 5),
            ("ünïcødé", 11),
            ("\N{GRINNING FACE}", 4),
            ("\ud800", 3),
            (bytes(65536), 65536),
        ],
        ids=lambda value: ascii(value)[:20],
    )
    async def test_it_grows_by_bytes_at_once_and_falls_in_a_later_task(
        self, message: Any, size: int
    ) -> None:
        async with connected() as pair:
            for count in range(1, 4):
                pair.left.send(message)
                assert pair.left.bufferedAmount == count * size
            box = Box(pair.right)
            await box.hold(3)
            await empty(pair.left)
            assert pair.left.bufferedAmount == 0
            pair.left.send(message)
            assert pair.left.bufferedAmount == size

    async def test_mixed_with_empty_messages_it_adds_up(self) -> None:
        async with connected() as pair:
            box = Box(pair.right)
            sent = 0
            for number in range(200):
                message = bytes(number % 3)
                pair.left.send(message)
                sent += len(message)
            assert pair.left.bufferedAmount == sent
            await box.hold(200)
            await empty(pair.left)
            assert pair.left.bufferedAmount == 0

    async def test_it_stays_while_a_handler_runs(self) -> None:
        async with connected() as pair:
            seen: list[int] = []
            witness = Witness()

            def handler(message: object) -> None:
                for _ in range(5):
                    pair.left.send(bytes(1000))
                    seen.append(pair.left.bufferedAmount)
                witness.note("sent")

            pair.left.on("message", handler)
            pair.right.send("go")
            await witness.hear("sent")
            assert seen == [1000, 2000, 3000, 4000, 5000]

    async def test_it_stays_when_the_connection_closes(self) -> None:
        async with connected() as pair:
            pair.left.send(bytes(100_000))
            await pair.a.close()
            assert pair.left.readyState == "closed"
            assert pair.left.bufferedAmount == 100_000

    async def test_a_full_send_buffer(self) -> None:
        async with connected() as pair:
            message = bytes(262_144)
            sent = 0
            with pytest.raises(OperationError):
                for _ in range(10_000):
                    pair.left.send(message)
                    sent += 1
            # What was refused does not count.
            assert pair.left.bufferedAmount == sent * len(message)
            assert pair.left.readyState == "open"


class TestLowThreshold:
    async def test_its_values(self) -> None:
        channel = RTCPeerConnection(loopback()).createDataChannel("")
        assert channel.bufferedAmountLowThreshold == 0
        for value in (1, 65536, 0xFFFFFFFF, 0):
            channel.bufferedAmountLowThreshold = value
            assert channel.bufferedAmountLowThreshold == value
        for wrong in (-1, 0x100000000, "5", None, 1.5):
            with pytest.raises(TypeError):
                channel.bufferedAmountLowThreshold = wrong  # type: ignore[assignment]
        assert channel.bufferedAmountLowThreshold == 0

    @pytest.mark.parametrize("threshold", [0, 1, 100_000, 299_999])
    async def test_it_fires_once_when_the_amount_falls_to_it(self, threshold: int) -> None:
        async with connected() as pair:
            witness = Witness()
            box = Box(pair.right)
            pair.left.bufferedAmountLowThreshold = threshold
            witness.watch(
                pair.left,
                "bufferedamountlow",
                tell=lambda event: f"low {pair.left.bufferedAmount <= threshold}",
            )
            pair.left.on("bufferedamountlow", lambda: witness.note("emitter"))
            for _ in range(3):
                pair.left.send(bytes(100_000))
            await box.hold(3)
            await empty(pair.left)
            assert witness.heard == ["low True", "emitter"]

    async def test_not_when_the_amount_was_low_all_along(self) -> None:
        async with connected() as pair:
            witness = Witness()
            box = Box(pair.right)
            witness.watch(pair.left, "bufferedamountlow")
            pair.left.bufferedAmountLowThreshold = 1000
            for _ in range(10):
                pair.left.send(bytes(100))
            assert pair.left.bufferedAmount == 1000
            pair.left.send("")
            await box.hold(11)
            await empty(pair.left)
            assert witness.heard == []

    async def test_each_channel_has_its_own(self) -> None:
        async with connected() as pair:
            left, right = await pair.channel("second")
            witness = Witness()
            boxes = Box(pair.right), Box(right)
            witness.watch(pair.left, "bufferedamountlow", name="first")
            witness.watch(left, "bufferedamountlow", name="second")
            pair.left.send(bytes(1000))
            assert (pair.left.bufferedAmount, left.bufferedAmount) == (1000, 0)
            left.send(bytes(2000))
            assert (pair.left.bufferedAmount, left.bufferedAmount) == (1000, 2000)
            await boxes[0].hold(1)
            await boxes[1].hold(1)
            await witness.hear("first:bufferedamountlow", "second:bufferedamountlow")
            assert len(witness.heard) == 2

    async def test_sending_more_whenever_it_fires(self) -> None:
        async with connected() as pair:
            witness = Witness()
            left = 40
            received = 0

            def take(message: bytes) -> None:
                nonlocal received
                received += len(message)
                if not message:
                    witness.note("end")

            def more() -> None:
                nonlocal left
                while left and pair.left.bufferedAmount <= pair.left.bufferedAmountLowThreshold:
                    left -= 1
                    pair.left.send(bytes(16384) if left else b"")

            pair.right.on("message", take)
            pair.left.on("bufferedamountlow", more)
            more()
            await witness.hear("end")
            assert received == 39 * 16384


class TestDrain:
    async def test_nothing_to_wait_for(self) -> None:
        async with connected() as pair:
            await pair.left.drain()
            pair.left.send(bytes(RTCDataChannel.LOW_WATER))
            await pair.left.drain()

    async def test_it_bounds_what_is_buffered(self) -> None:
        async with connected() as pair:
            box = Box(pair.right)
            most = 0
            for _ in range(100):
                pair.left.send(bytes(100_000))
                most = max(most, pair.left.bufferedAmount)
                await pair.left.drain()
            assert most <= RTCDataChannel.HIGH_WATER + 100_000
            assert sum(map(len, await box.hold(100))) == 10_000_000

    async def test_many_may_wait(self) -> None:
        async with connected() as pair:
            box = Box(pair.right)
            pair.left.send(bytes(200_000))
            for _ in range(10):
                pair.left.send(bytes(200_000))
            drained: list[int] = []

            async def wait() -> None:
                await pair.left.drain()
                drained.append(pair.left.bufferedAmount)

            with anyio.fail_after(15):
                async with anyio.create_task_group() as tasks:
                    for _ in range(5):
                        tasks.start_soon(wait)
            assert len(drained) == 5
            assert max(drained) <= RTCDataChannel.LOW_WATER
            await box.hold(11)

    async def test_a_wait_that_is_cancelled_leaves_nothing(self) -> None:
        async with connected() as pair:
            pair.right.__aiter__()
            with anyio.move_on_after(0.05) as scope:
                while True:
                    pair.left.send(bytes(100_000))
                    await pair.left.drain()
            assert scope.cancelled_caught
            pair.left.send("after")
            while await anext(pair.right) != "after":
                pass


async def empty(channel: RTCDataChannel) -> None:
    """Wait until nothing is buffered."""
    with anyio.move_on_after(15):
        while channel.bufferedAmount:
            await anyio.lowlevel.checkpoint()


async def test_before_it_is_connected() -> None:
    async with two() as (a, _):
        channel = a.createDataChannel("")
        await channel.drain()
        assert channel.bufferedAmount == 0
