"""How a UDP socket writes trains: offload, its refusals, and a full kernel buffer."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest

from rtckit.runtime.udp import Batch, UdpOptions, UdpSocket
from rtckit.seam import Address, Train

NO_GRO = UdpOptions(gro=False)
THERE: Address = ("192.0.2.1", 9)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="segmentation offload is Linux's")


class Wire(socket.socket):
    """A socket whose kernel is written down here: it notes what it is given."""

    def __init__(self) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.bind(("127.0.0.1", 0))
        self.setblocking(False)
        self.sent: list[tuple[int, int]] = []  # bytes, segment size asked of the kernel or 0
        self.data = b""
        self.refuse: Callable[[int, int], int] = lambda size, segment: 0

    def getsockopt(self, *args: Any) -> Any:
        return 0 if args[:2] == (17, 103) else super().getsockopt(*args)

    def _take(self, data: Any, segment: int) -> int:
        refusal = self.refuse(len(data), segment)
        if refusal:
            raise OSError(refusal, "refused")
        self.sent.append((len(data), segment))
        self.data += bytes(data)
        return len(data)

    def sendto(self, *args: Any) -> int:
        return self._take(args[0], 0)

    def sendmsg(self, *args: Any) -> int:
        [data], [(level, kind, value)] = args[:2]
        assert (level, kind) == (17, 103)
        return self._take(data, int.from_bytes(value, sys.byteorder))


class Loop:
    """A loop that only notes what is asked of it."""

    def __init__(self) -> None:
        self.asked = 0

    def watch(self, udp: UdpSocket) -> None:
        pass

    def want_write(self, udp: UdpSocket) -> None:
        self.asked += 1

    def release(self, udp: UdpSocket) -> None:
        pass


@pytest.fixture
def wire() -> Any:
    with Wire() as sock:
        yield sock


def on(wire: Wire, loop: Loop | None = None, options: UdpOptions = NO_GRO) -> UdpSocket:
    def receive(batch: Batch, now: float) -> None:
        raise AssertionError("nothing is received here")

    def report(what: str, error: BaseException) -> None:
        raise error

    return UdpSocket(
        wire, loop or Loop(), receive=receive, now=float, report=report, options=options
    )


def test_a_train_is_one_call(wire: Wire) -> None:
    udp = on(wire)
    udp.send(Train(b"x" * 6050, 1200), THERE)
    udp.send(Train(b"x" * 1200, 1200), THERE)
    assert wire.sent == [(6050, 1200), (1200, 0)]
    assert (udp.counters.datagrams_out, udp.counters.batches_out) == (7, 2)


def test_a_call_carries_at_most_64_segments_and_65507_bytes(wire: Wire) -> None:
    udp = on(wire)
    udp.send(Train(b"x" * 13_001, 100), THERE)
    udp.send(Train(b"x" * 1200 * 60, 1200), THERE)
    assert wire.sent == [(6400, 100), (6400, 100), (201, 100), (64_800, 1200), (7200, 1200)]
    assert udp.counters.datagrams_out == 131 + 60


def test_without_offload_datagrams_go_one_by_one(wire: Wire) -> None:
    udp = on(wire, options=UdpOptions(gso=False, gro=False))
    udp.send(Train(b"x" * 2500, 1200), THERE)
    assert not udp.uses_gso
    assert wire.sent == [(1200, 0), (1200, 0), (100, 0)]


def test_an_interface_that_cannot_cut_is_asked_only_once(wire: Wire) -> None:
    udp = on(wire)
    wire.refuse = lambda size, segment: errno.EIO if segment else 0
    udp.send(Train(b"x" * 2500, 1200), THERE)
    assert wire.sent == [(1200, 0), (1200, 0), (100, 0)]
    assert not udp.uses_gso
    assert not udp.counters.drops


@pytest.mark.parametrize("refusal", [errno.EINVAL, errno.EMSGSIZE])
def test_segments_above_the_mtu_go_one_by_one_and_others_still_together(
    wire: Wire, refusal: int
) -> None:
    udp = on(wire)
    wire.refuse = lambda size, segment: refusal if segment > 1300 else 0
    for _ in range(2):
        udp.send(Train(b"x" * 2800, 1400), THERE)
        udp.send(Train(b"x" * 2400, 1200), THERE)
    assert wire.sent == [(1400, 0), (1400, 0), (2400, 1200)] * 2
    assert udp.uses_gso


def test_what_is_refused_either_way_is_not_the_offload_s_fault(wire: Wire) -> None:
    udp = on(wire)
    wire.refuse = lambda size, segment: errno.EINVAL
    udp.send(Train(b"x" * 2500, 1200), ("192.0.2.1", 0))
    assert udp.counters.drops == {"EINVAL": 3}
    wire.refuse = lambda size, segment: 0
    udp.send(Train(b"x" * 2500, 1200), THERE)
    assert wire.sent == [(2500, 1200)]


@pytest.mark.parametrize("name", ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EPERM"])
def test_errors_of_the_network_are_counted_by_name(wire: Wire, name: str) -> None:
    udp = on(wire)
    wire.refuse = lambda size, segment: getattr(errno, name)
    udp.send(Train(b"x" * 3000, 1000), THERE)
    udp.send(Train(b"x"), THERE)
    assert udp.counters.drops == {name: 4}
    assert udp.counters.datagrams_out == 0


def test_a_full_buffer_keeps_the_order(wire: Wire) -> None:
    loop = Loop()
    udp = on(wire, loop, UdpOptions(gso=False, gro=False))
    room = [1]

    def refuse(size: int, segment: int) -> int:
        room[0] -= 1
        return errno.EAGAIN if room[0] < 0 else 0

    wire.refuse = refuse
    udp.send(Train(b"aabbc", 2), THERE)
    udp.send(Train(b"dd"), THERE)
    assert (wire.data, udp.queued, loop.asked) == (b"aa", 5, 1)
    room[0] = 1
    assert not udp.on_writable()
    assert (wire.data, udp.queued) == (b"aabb", 3)
    room[0] = 9
    assert udp.on_writable()
    assert (wire.data, udp.queued) == (b"aabbcdd", 0)
    assert udp.counters.datagrams_out == 4


def test_the_queue_is_bounded_and_counts_what_it_cannot_keep(wire: Wire) -> None:
    udp = on(wire, options=UdpOptions(gro=False, send_queue=100))
    wire.refuse = lambda size, segment: errno.EAGAIN
    udp.send(Train(b"x" * 90, 10), THERE)
    udp.send(Train(b"x" * 20, 10), THERE)
    udp.send(Train(b"x" * 10), THERE)
    assert udp.queued == 100
    assert udp.counters.drops == {"send-queue-full": 2}
    udp.close()
    assert udp.queued == 0
    assert udp.counters.drops == {"send-queue-full": 2, "closed": 10}


def test_known_destinations_are_bounded(wire: Wire) -> None:
    udp = on(wire)
    for port in range(1, 10_000):
        udp.send(Train(b"x"), ("192.0.2.1", port))
    assert len(udp._sockaddrs) <= 4096
