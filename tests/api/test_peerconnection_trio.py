"""The same objects under trio: no asyncio, no thread, nothing left behind."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
import trio
import trio.testing
from tests.api.meeting import connected, loopback, negotiate, two

from rtckit import RTCPeerConnection

WHOLE_RUN = textwrap.dedent(
    """
    import sys, threading
    import trio
    from rtckit import RTCConfiguration, RTCPeerConnection, TransportOptions

    SIZE = 10_000_000

    def configuration():
        return RTCConfiguration(transport=TransportOptions(addresses=["127.0.0.1"]))

    async def main():
        async with RTCPeerConnection(configuration()) as a, RTCPeerConnection(configuration()) as b:
            source = a.createDataChannel("bulk", negotiated=True, id=0)
            sink = b.createDataChannel("bulk", negotiated=True, id=0)
            opened = trio.Event()
            source.on("open", opened.set)
            await a.setLocalDescription()
            await b.setRemoteDescription(a.localDescription)
            await b.setLocalDescription()
            await a.setRemoteDescription(b.localDescription)
            await opened.wait()
            received = 0

            async def send():
                left = SIZE
                while left:
                    size = min(left, 65536)
                    source.send(bytes(size))
                    left -= size
                    await source.drain()
                source.close()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(send)
                async for message in sink:
                    received += len(message)
                    assert threading.active_count() == 1
            assert received == SIZE, received

    trio.run(main)
    assert threading.active_count() == 1, threading.enumerate()
    found = sorted(name for name in sys.modules if name.split(".")[0] == "asyncio")
    assert not found, found
    print("done")
    """
)


def test_a_whole_run_without_asyncio_and_without_a_thread() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", WHOLE_RUN],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("done\n", "")


def test_the_other_way_round_asyncio_needs_no_trio() -> None:
    code = textwrap.dedent(
        """
        import asyncio, sys
        from rtckit import RTCPeerConnection

        async def main():
            async with RTCPeerConnection() as pc:
                pc.createDataChannel("")
                await pc.setLocalDescription()

        asyncio.run(main())
        found = sorted(name for name in sys.modules if name.split(".")[0] == "trio")
        assert not found, found
        """
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def tasks_living() -> int:
    return trio.lowlevel.current_statistics().tasks_living


async def quiet() -> int:
    """How many tasks there are once everything that ends has ended."""
    with trio.fail_after(10):
        await trio.testing.wait_all_tasks_blocked()
    return tasks_living()


def test_no_task_is_left() -> None:
    async def main() -> None:
        async with connected():
            pass
        # The schedule of the run is there from the first use on.
        before = await quiet()
        for _ in range(3):
            async with connected() as pair:
                pair.right.on("message", pair.right.send)
                pair.left.send("hello")
                assert tasks_living() > before
        assert await quiet() == before

    trio.run(main)


@pytest.mark.parametrize("deadline", [0.0, 0.001, 0.003, 0.01, 0.03, 0.1])
def test_no_task_is_left_by_a_cancellation(deadline: float) -> None:
    async def main() -> None:
        async with RTCPeerConnection(loopback()) as pc:
            await pc.createOffer()
        before = await quiet()
        with trio.move_on_after(deadline):
            async with two() as (a, b):
                a.createDataChannel("")
                await negotiate(a, b)
                await trio.sleep_forever()
        assert await quiet() == before

    trio.run(main)


def test_a_run_that_ends_without_closing_leaves_no_socket() -> None:
    kept: list[RTCPeerConnection] = []

    async def main() -> None:
        a, b = RTCPeerConnection(loopback()), RTCPeerConnection(loopback())
        kept.extend((a, b))
        a.createDataChannel("")
        await negotiate(a, b)

    for _ in range(2):
        trio.run(main)
    assert all(pc.signalingState == "stable" for pc in kept)
