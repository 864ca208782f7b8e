"""Trains over real loopback sockets, on asyncio and on trio."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from rtckit.runtime import (
    Batch,
    Event,
    UdpOptions,
    UdpSocket,
    asyncio_runtime,
    current_runtime,
    trio_runtime,
)
from rtckit.runtime.udp import bind_udp
from rtckit.seam import Address, Train

Story = Callable[[], Awaitable[None]]
Run = Callable[[Story], None]


def on_asyncio(story: Story) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(main())


def on_asyncio_transports(story: Story) -> None:
    """As on a loop that has no ``add_reader``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio_runtime, "_watches_sockets", lambda loop, sock: False)
        on_asyncio(story)


def on_trio(story: Story) -> None:
    async def main() -> None:
        with trio.fail_after(20):
            await story()

    trio.run(main)


both = pytest.mark.parametrize("run", [on_asyncio, on_trio], ids=["asyncio", "trio"])
every = pytest.mark.parametrize(
    "run", [on_asyncio, on_asyncio_transports, on_trio], ids=["asyncio", "transports", "trio"]
)


class Inbox:
    """Collects what arrives until it is as much as was hoped for."""

    def __init__(self, datagrams: int) -> None:
        self.batches: list[Batch] = []
        self.missing = datagrams
        self.full: Event = current_runtime().event()

    def receive(self, batch: Batch, now: float) -> None:
        assert 0 <= current_runtime().now() - now < 10
        self.batches.append(batch)
        self.missing -= sum(len(train) for train, _ in batch)
        if self.missing <= 0:
            self.full.set()

    @property
    def datagrams(self) -> list[bytes]:
        return [datagram for batch in self.batches for train, _ in batch for datagram in train]

    @property
    def sources(self) -> set[Address]:
        return {source for batch in self.batches for _, source in batch}


def ignore(batch: Batch, now: float) -> None:
    pass


def payload(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def has_ipv6() -> bool:
    try:
        bind_udp("::1", 0, UdpOptions()).close()
    except OSError:
        return False
    return True


async def carry(host: str, train: Train, sending: UdpOptions, receiving: UdpOptions) -> UdpSocket:
    """Send a train to ourselves; the sender, closed, for its counters."""
    runtime = current_runtime()
    inbox = Inbox(len(train))
    receiver = await runtime.open_udp(host, receive=inbox.receive, options=receiving)
    sender = await runtime.open_udp(host, receive=ignore, options=sending)
    sender.send(train, receiver.local_address)
    await inbox.full.wait()
    assert inbox.datagrams == list(train)
    assert inbox.sources == {sender.local_address}
    assert receiver.counters.datagrams_in == len(train) == sender.counters.datagrams_out
    assert receiver.counters.bytes_in == len(train.data) == sender.counters.bytes_out
    assert receiver.counters.batches_in == len(inbox.batches)
    assert not sender.counters.drops
    assert not receiver.counters.drops
    sender.close()
    receiver.close()
    return sender


@every
@pytest.mark.parametrize("gso", [True, False], ids=["gso", "no-gso"])
@pytest.mark.parametrize("gro", [True, False], ids=["gro", "no-gro"])
def test_a_train_arrives_whole_and_in_order(run: Run, gso: bool, gro: bool) -> None:
    async def story() -> None:
        for size, segment in (
            (50 * 1200, 1200),
            (50 * 1200 + 7, 1200),  # one more, short
            (3 * 900 + 899, 900),
            (200 * 100, 100),  # more segments than one call may carry
            (64 * 1200, 1200),  # more bytes than one call may carry
            (1200, 1200),
            (1, 1200),
        ):
            train = Train(payload(size), segment)
            await carry("127.0.0.1", train, UdpOptions(gso=gso), UdpOptions(gro=gro))

    run(story)


@every
def test_ipv6_carries_trains_too(run: Run) -> None:
    if not has_ipv6():
        pytest.skip("no IPv6 loopback")

    async def story() -> None:
        sender = await carry("::1", Train(payload(9_999), 1200), UdpOptions(), UdpOptions())
        assert sender.local_address[0] == "::1"

    run(story)


@both
def test_the_kernel_cuts_and_joins_trains(run: Run) -> None:
    async def story() -> None:
        runtime = current_runtime()
        inbox = Inbox(50)
        receiver = await runtime.open_udp("127.0.0.1", receive=inbox.receive)
        sender = await runtime.open_udp("127.0.0.1", receive=ignore)
        if not (sender.uses_gso and receiver.uses_gro):
            pytest.skip("this kernel has no UDP segmentation offload")
        sender.send(Train(payload(50 * 1200 - 1), 1200), receiver.local_address)
        await inbox.full.wait()
        [[(train, _)]] = inbox.batches
        assert (len(train), train.segment) == (50, 1200)
        assert sender.counters.batches_out == 1
        sender.close()
        receiver.close()

    run(story)


@both
def test_what_arrives_together_is_handed_up_together(run: Run) -> None:
    async def story() -> None:
        runtime = current_runtime()
        inbox = Inbox(41)
        receiver = await runtime.open_udp("127.0.0.1", receive=inbox.receive)
        senders = [await runtime.open_udp("127.0.0.1", receive=ignore) for _ in range(2)]
        for _ in range(10):
            for sender in senders:
                sender.send(Train(b"\x01" * 20, 10), receiver.local_address)
        senders[0].send(Train(b"last"), receiver.local_address)
        await inbox.full.wait()
        assert len(inbox.batches) == 1
        assert inbox.sources == {sender.local_address for sender in senders}
        for udp in (receiver, *senders):
            udp.close()

    run(story)


@every
def test_a_receiver_that_fails_is_called_again(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        runtime = current_runtime()
        calls: list[Batch] = []
        reached = [runtime.event(), runtime.event()]

        def receive(batch: Batch, now: float) -> None:
            calls.append(batch)
            reached[len(calls) - 1].set()
            raise ValueError("the receiver's fault")

        receiver = await runtime.open_udp("127.0.0.1", receive=receive)
        for event in reached:
            receiver.send(Train(b"?"), receiver.local_address)
            await event.wait()
        receiver.close()

    run(story)
    assert [record.name for record in caplog.records] == ["rtckit", "rtckit"]
    assert "the receiver's fault" in caplog.text


@both
def test_a_receiver_may_close_its_socket(run: Run) -> None:
    async def story() -> None:
        runtime = current_runtime()
        closed = runtime.event()

        def receive(batch: Batch, now: float) -> None:
            udp.close()
            closed.set()

        udp = await runtime.open_udp("127.0.0.1", receive=receive)
        udp.send(Train(b"?"), udp.local_address)
        await closed.wait()
        assert udp.closed

    run(story)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the listing's own handle counts once


def tasks_alive() -> int:
    if current_runtime().name == "trio":
        return trio.lowlevel.current_statistics().tasks_living
    return len(asyncio.all_tasks())


@every
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_closing_leaves_no_file_and_no_task(run: Run) -> None:
    async def story() -> None:
        runtime = current_runtime()
        await runtime.checkpoint()
        files, tasks = open_files(), tasks_alive()
        for _ in range(20):
            udp = await runtime.open_udp("127.0.0.1", receive=ignore)
            udp.send(Train(b"unread"), udp.local_address)
            await runtime.checkpoint()
            udp.close()
            udp.close()
            assert udp.closed
        for _ in range(5):
            await runtime.checkpoint()
        assert open_files() == files
        assert tasks_alive() == tasks

    run(story)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_trio_run_that_ends_closes_its_sockets() -> None:
    sockets: list[UdpSocket] = []

    async def story() -> None:
        sockets.append(await current_runtime().open_udp("127.0.0.1", receive=ignore))

    files = open_files()
    on_trio(story)
    assert sockets[0].closed
    assert open_files() == files
    sockets[0].close()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_socket_can_be_closed_after_its_asyncio_loop() -> None:
    sockets: list[UdpSocket] = []

    async def story() -> None:
        sockets.append(await current_runtime().open_udp("127.0.0.1", receive=ignore))

    on_asyncio(story)
    sockets[0].close()
    assert sockets[0].sock.fileno() == -1


@both
def test_a_closed_socket_counts_what_it_is_given(run: Run) -> None:
    async def story() -> None:
        udp = await current_runtime().open_udp("127.0.0.1", receive=ignore)
        udp.close()
        udp.send(Train(b"x" * 30, 10), ("127.0.0.1", 9))
        assert udp.counters.drops == {"closed": 3}

    run(story)


@both
def test_what_the_network_refuses_is_counted(run: Run) -> None:
    async def story() -> None:
        udp = await current_runtime().open_udp("127.0.0.1", receive=ignore)
        udp.send(Train(bytes(65_508)), udp.local_address)
        assert udp.counters.drops == {"EMSGSIZE": 1}
        udp.close()

    run(story)


@both
def test_a_caller_s_mistake_is_told_at_once(run: Run) -> None:
    async def story() -> None:
        runtime = current_runtime()
        with pytest.raises(ValueError, match="localhost"):
            await runtime.open_udp("localhost", receive=ignore)
        with pytest.raises(OSError):
            await runtime.open_udp("192.0.2.250", receive=ignore)
        udp = await runtime.open_udp("127.0.0.1", receive=ignore)
        with pytest.raises(ValueError, match="example"):
            udp.send(Train(b"?"), ("example.org", 9))
        with pytest.raises(ValueError, match="AF_INET"):
            udp.send(Train(b"?"), ("::1", 9))
        udp.close()

    run(story)


class StubbornSocket(socket.socket):
    """Its buffer is full at every other send."""

    calls = 0

    def _full(self) -> bool:
        self.calls += 1
        return self.calls % 2 == 1

    def sendto(self, *args: Any) -> int:
        if self._full():
            raise BlockingIOError(errno.EAGAIN, "full")
        return super().sendto(*args)

    def sendmsg(self, *args: Any) -> int:
        if self._full():
            raise BlockingIOError(errno.EAGAIN, "full")
        return super().sendmsg(*args)


def bind_stubborn(host: str, port: int, options: UdpOptions) -> socket.socket:
    return StubbornSocket(fileno=bind_udp(host, port, options).detach())


@every
def test_what_the_kernel_has_no_room_for_waits_its_turn(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        runtime = current_runtime()
        await runtime.checkpoint()
        tasks = tasks_alive()
        inbox = Inbox(305)
        receiver = await runtime.open_udp("127.0.0.1", receive=inbox.receive)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asyncio_runtime, "bind_udp", bind_stubborn)
            patch.setattr(trio_runtime, "bind_udp", bind_stubborn)
            sender = await runtime.open_udp("127.0.0.1", receive=ignore)
        sent = [Train(payload(300 * 100), 100), *(Train(bytes([n])) for n in range(5))]
        for train in sent:
            sender.send(train, receiver.local_address)
        assert sender.queued == 300 * 100 + 5
        await inbox.full.wait()
        assert inbox.datagrams == [datagram for train in sent for datagram in train]
        assert sender.queued == 0
        sender.close()
        receiver.close()
        for _ in range(5):
            await runtime.checkpoint()
        assert tasks_alive() == tasks

    run(story)
