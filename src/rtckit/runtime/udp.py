"""A UDP socket that sends and receives trains, under any event loop.

The kernel carries a whole train in one call: ``UDP_SEGMENT`` (GSO) cuts one buffer into datagrams
on the way out, ``UDP_GRO`` gives back to back datagrams of one flow as one buffer on the way in
(udp(7), Linux 4.18 and 5.0). Where they are missing the same trains go datagram by datagram.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from rtckit.runtime.sockaddr import (
    SocketAddress,
    address_of,
    family_of,
    scope_of,
    socket_address,
)
from rtckit.seam import Address, Train

__all__ = [
    "DEFAULT_OPTIONS",
    "Batch",
    "Readiness",
    "Receive",
    "UdpCounters",
    "UdpOptions",
    "UdpSocket",
    "bind_udp",
    "error_name",
]

#: What one wake-up of a socket brought: trains and where each came from, in order of arrival.
Batch: TypeAlias = list[tuple[Train, Address]]

#: Takes a batch and the time of its arrival (the runtime's ``now()``).
Receive: TypeAlias = Callable[[Batch, float], object]

# linux/udp.h; the socket module does not name them.
_SOL_UDP = 17
_UDP_SEGMENT = 103
_UDP_GRO = 104
_SO_SNDBUFFORCE = 32
_SO_RCVBUFFORCE = 33

# A plain int: "&" with the socket module's enum costs more than the read.
_MSG_TRUNC = int(socket.MSG_TRUNC)

_GSO_SEGMENTS = 64  # UDP_MAX_SEGMENTS; 128 only since Linux 6.9
_UDP_PAYLOAD = 65_507
_RECEIVE_SIZE = 65_535
_UINT16 = struct.Struct("=H")
_INT = struct.Struct("=i")
_CONTROL_SIZE = 64  # one cmsg of an int, with room

# One wake-up reads until the socket is empty or either is reached, so that one busy socket
# cannot starve the loop.
_READS_PER_WAKE = 64
_BYTES_PER_WAKE = 1 << 20

_KNOWN_ADDRESSES = 4096

# What the kernel answers when it is the offload that it cannot do, not the datagram.
_OFFLOAD_ERRORS = frozenset({errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.EOPNOTSUPP})


@dataclass(frozen=True, slots=True)
class UdpOptions:
    """How a UDP socket is opened.

    :ivar gso: send trains with ``UDP_SEGMENT`` where the kernel can.
    :ivar gro: receive trains with ``UDP_GRO`` where the kernel can.
    :ivar receive_buffer: bytes asked of the kernel for ``SO_RCVBUF``; it may give less.
    :ivar send_buffer: bytes asked of the kernel for ``SO_SNDBUF``; it may give less.
    :ivar send_queue: bytes kept while the kernel's buffer is full; what comes on top is dropped
        and counted as ``send-queue-full``.
    :ivar reuse: set ``SO_REUSEADDR`` (and ``SO_REUSEPORT`` where there is one).
    """

    gso: bool = True
    gro: bool = True
    receive_buffer: int = 4 << 20
    send_buffer: int = 4 << 20
    send_queue: int = 1 << 20
    reuse: bool = False


DEFAULT_OPTIONS = UdpOptions()


class UdpCounters:
    """What a socket has carried since it was opened.

    :ivar datagrams_in: datagrams received.
    :ivar bytes_in: their payload bytes.
    :ivar batches_in: wake-ups that brought any.
    :ivar datagrams_out: datagrams that the kernel took.
    :ivar bytes_out: their payload bytes.
    :ivar batches_out: calls to the kernel that took them.
    :ivar drops: datagrams lost, by reason: an errno's name (``ECONNREFUSED``, ``ENETUNREACH``,
        ``EMSGSIZE`` ...), ``send-queue-full``, ``closed``, ``truncated`` or ``empty``.
    """

    __slots__ = (
        "batches_in",
        "batches_out",
        "bytes_in",
        "bytes_out",
        "datagrams_in",
        "datagrams_out",
        "drops",
    )

    def __init__(self) -> None:
        self.datagrams_in = 0
        self.bytes_in = 0
        self.batches_in = 0
        self.datagrams_out = 0
        self.bytes_out = 0
        self.batches_out = 0
        self.drops: Counter[str] = Counter()


def error_name(error: OSError) -> str:
    """The errno's name, by which errors are counted."""
    return errno.errorcode.get(error.errno or 0, "EUNKNOWN")


class Readiness(Protocol):
    """How a loop tells a socket that it can be read or written; each runtime has its own."""

    def watch(self, udp: UdpSocket) -> None:
        """Call ``udp.on_readable()`` whenever the socket can be read, until released."""

    def want_write(self, udp: UdpSocket) -> None:
        """Call ``udp.on_writable()`` when the socket can be written, until it says ``True``."""

    def release(self, udp: UdpSocket) -> None:
        """Stop watching; the socket is closed next."""


def _grow_buffer(sock: socket.socket, option: int, force: int, size: int) -> None:
    if sys.platform == "linux":
        try:  # above net.core.*mem_max, for root
            sock.setsockopt(socket.SOL_SOCKET, force, size)
            return
        except OSError:
            pass
    try:
        sock.setsockopt(socket.SOL_SOCKET, option, size)
    except OSError:
        return  # the system's default has to do


def bind_udp(host: str, port: int, options: UdpOptions) -> socket.socket:
    """A bound, non-blocking UDP socket.

    :raises ValueError: ``host`` is not a literal address.
    :raises OSError: it cannot be bound.
    """
    family = family_of(host)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if options.reuse:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "SO_REUSEPORT"):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _grow_buffer(sock, socket.SO_RCVBUF, _SO_RCVBUFFORCE, options.receive_buffer)
        _grow_buffer(sock, socket.SO_SNDBUF, _SO_SNDBUFFORCE, options.send_buffer)
        sock.bind(socket_address((host, port), family))
    except BaseException:
        sock.close()
        raise
    return sock


def _enable_gso(sock: socket.socket) -> bool:
    if sys.platform != "linux":
        return False
    try:
        sock.getsockopt(_SOL_UDP, _UDP_SEGMENT)
    except OSError:
        return False
    return True


def _enable_gro(sock: socket.socket) -> bool:
    if sys.platform != "linux":
        return False
    try:
        sock.setsockopt(_SOL_UDP, _UDP_GRO, 1)
    except OSError:
        return False
    return True


class UdpSocket:
    """One UDP socket; made by :meth:`rtckit.runtime.Runtime.open_udp`.

    :ivar local_address: where it is bound.
    :ivar counters: what it has carried.
    """

    __slots__ = (
        "_addresses",
        "_closed",
        "_family",
        "_gro",
        "_gso_ceiling",
        "_now",
        "_options",
        "_queue",
        "_queued",
        "_readiness",
        "_receive",
        "_report",
        "_scope",
        "_sockaddrs",
        "counters",
        "local_address",
        "sock",
    )

    def __init__(
        self,
        sock: socket.socket,
        readiness: Readiness,
        *,
        receive: Receive,
        now: Callable[[], float],
        report: Callable[[str, BaseException], None],
        options: UdpOptions,
    ) -> None:
        name = sock.getsockname()
        self.sock = sock
        self.local_address: Address = address_of(name)
        self.counters = UdpCounters()
        self._family = socket.AddressFamily(sock.family)
        self._scope = scope_of(self.local_address[0])
        self._readiness = readiness
        self._receive = receive
        self._now = now
        self._report = report
        self._options = options
        # Segments below this size go by GSO: a size that the path's MTU refuses lowers it.
        self._gso_ceiling = 1 << 16 if options.gso and _enable_gso(sock) else 0
        self._gro = options.gro and _enable_gro(sock)
        self._queue: deque[tuple[Train, SocketAddress]] = deque()
        self._queued = 0
        self._sockaddrs: dict[Address, SocketAddress] = {}
        self._addresses: dict[Sequence[str | int], Address] = {}
        self._closed = False
        readiness.watch(self)

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed

    @property
    def uses_gso(self) -> bool:
        """Whether trains go out by ``UDP_SEGMENT``."""
        return self._gso_ceiling > 0

    @property
    def uses_gro(self) -> bool:
        """Whether trains come in by ``UDP_GRO``."""
        return self._gro

    @property
    def queued(self) -> int:
        """Bytes that wait for the kernel."""
        return self._queued

    def send(self, train: Train, destination: Address) -> None:
        """Send a train; never blocks. What the network refuses is counted, not raised.

        :raises ValueError: the destination is not a literal address of the socket's family.
        """
        sockaddr = self._sockaddrs.get(destination)
        if sockaddr is None:
            try:
                sockaddr = self._learn(destination)
            except OSError as error:
                self.counters.drops[error_name(error)] += len(train)
                return
        if self._closed:
            self.counters.drops["closed"] += len(train)
            return
        if self._queue:
            self._enqueue(train, sockaddr)
            return
        rest = self._write(train, sockaddr)
        if rest is not None:
            self._enqueue(rest, sockaddr)
            if self._queue:
                self._readiness.want_write(self)

    def close(self) -> None:
        """Close the socket and stop its tasks. What is still queued is dropped. Idempotent."""
        if self._closed:
            return
        self._closed = True
        for train, _ in self._queue:
            self.counters.drops["closed"] += len(train)
        self._queue.clear()
        self._queued = 0
        self._readiness.release(self)
        self.sock.close()

    def on_readable(self) -> None:
        """Read what there is and hand it up as one batch. Called by the runtime."""
        if self._closed:
            return
        batch = self._read_trains() if self._gro else self._read_datagrams()
        if batch:
            self.deliver(batch)

    def on_writable(self) -> bool:
        """Send what waits; ``True`` when nothing is left. Called by the runtime."""
        queue = self._queue
        while queue:
            train, sockaddr = queue[0]
            rest = self._write(train, sockaddr)
            if rest is not None:
                self._queued -= len(train.data) - len(rest.data)
                queue[0] = (rest, sockaddr)
                return False
            queue.popleft()
            self._queued -= len(train.data)
        return True

    def deliver(self, batch: Batch) -> None:
        """Hand a batch up. An exception of the receiver is reported and goes no further."""
        counters = self.counters
        counters.batches_in += 1
        for train, _ in batch:
            counters.datagrams_in += len(train)
            counters.bytes_in += len(train.data)
        try:
            self._receive(batch, self._now())
        except Exception as error:  # noqa: BLE001 - the reader outlives its receiver's faults
            self._report("a UDP receive callback failed", error)

    def count_error(self, error: OSError) -> None:
        """Count what the network answered to an earlier datagram. Called by the runtime."""
        self.counters.drops[error_name(error)] += 1

    def _learn(self, destination: Address) -> SocketAddress:
        if len(self._sockaddrs) >= _KNOWN_ADDRESSES:
            self._sockaddrs.clear()
        sockaddr = socket_address(destination, self._family, self._scope)
        self._sockaddrs[destination] = sockaddr
        return sockaddr

    def _enqueue(self, train: Train, sockaddr: SocketAddress) -> None:
        size = len(train.data)
        if self._queued + size > self._options.send_queue:
            self.counters.drops["send-queue-full"] += len(train)
            return
        self._queued += size
        self._queue.append((train, sockaddr))

    def _write(self, train: Train, sockaddr: SocketAddress) -> Train | None:
        """Give the kernel what it takes; the rest if its buffer is full, ``None`` if done."""
        data = train.data
        size = len(data)
        segment = train.segment
        sock = self.sock
        counters = self.counters
        gso = segment < size and segment < self._gso_ceiling
        blamed = False  # GSO was refused and the plain datagram not yet tried
        offset = 0
        while True:
            step = min(size - offset, segment)
            if gso:
                step = min(size - offset, segment * min(_GSO_SEGMENTS, _UDP_PAYLOAD // segment))
            part = data if step == size else memoryview(data)[offset : offset + step]
            try:
                if gso and step > segment:
                    control = [(_SOL_UDP, _UDP_SEGMENT, _UINT16.pack(segment))]
                    sock.sendmsg((part,), control, 0, sockaddr)
                else:
                    sock.sendto(part, sockaddr)
            except (BlockingIOError, InterruptedError):
                return Train(data[offset:], segment) if offset else train
            except OSError as error:
                if gso and step > segment and error.errno in _OFFLOAD_ERRORS:
                    gso = False
                    blamed = True
                    if error.errno == errno.EIO:  # the interface cannot checksum segments
                        self._gso_ceiling = 0
                    continue
                counters.drops[error_name(error)] += len(train) - offset // segment
                return None
            if blamed:  # the datagram went alone, so it was the offload that did not fit
                blamed = False
                self._gso_ceiling = min(self._gso_ceiling, segment)
            counters.batches_out += 1
            counters.datagrams_out += -(-step // segment) or 1
            counters.bytes_out += step
            offset += step
            if offset >= size:
                return None

    def _read_trains(self) -> Batch:
        """Read with ``UDP_GRO``: each read is a train, and single datagrams are joined."""
        batch: Batch = []
        run: list[bytes] = []
        run_from: Address = ("", 0)
        recvmsg = self.sock.recvmsg
        total = 0
        for _ in range(_READS_PER_WAKE):
            try:
                data, control, flags, sockaddr = recvmsg(_RECEIVE_SIZE, _CONTROL_SIZE)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                self.count_error(error)
                continue
            if flags & _MSG_TRUNC or not data:
                self.counters.drops["empty" if not data else "truncated"] += 1
                continue
            source = self._source(sockaddr)
            if run and source != run_from:
                _join(run, run_from, batch)
                run = []
            segment = _segment_size(control) if control else 0
            if 0 < segment < len(data):
                if run:
                    _join(run, run_from, batch)
                    run = []
                batch.append((Train(data, segment), source))
            else:
                run.append(data)
                run_from = source
            total += len(data)
            if total >= _BYTES_PER_WAKE:
                break
        if run:
            _join(run, run_from, batch)
        return batch

    def _read_datagrams(self) -> Batch:
        """Read datagram by datagram, and join those of one source."""
        batch: Batch = []
        run: list[bytes] = []
        run_from: Address = ("", 0)
        recvfrom = self.sock.recvfrom
        for _ in range(_READS_PER_WAKE):
            try:
                data, sockaddr = recvfrom(_RECEIVE_SIZE)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                self.count_error(error)
                continue
            if not data:
                self.counters.drops["empty"] += 1
                continue
            source = self._source(sockaddr)
            if run and source != run_from:
                _join(run, run_from, batch)
                run = []
            run.append(data)
            run_from = source
        if run:
            _join(run, run_from, batch)
        return batch

    def _source(self, sockaddr: tuple[str, int] | tuple[str, int, int, int]) -> Address:
        if len(sockaddr) == 2:
            return sockaddr
        address = self._addresses.get(sockaddr)
        if address is None:
            if len(self._addresses) >= _KNOWN_ADDRESSES:
                self._addresses.clear()
            address = self._addresses[sockaddr] = address_of(sockaddr)
        return address


def _segment_size(control: list[tuple[int, int, bytes]]) -> int:
    for level, kind, value in control:
        if level == _SOL_UDP and kind == _UDP_GRO:
            return int(_INT.unpack(value[:4])[0]) if len(value) >= 4 else 0
    return 0


def _join(run: list[bytes], source: Address, batch: Batch) -> None:
    if len(run) == 1:
        batch.append((Train(run[0]), source))
    else:
        batch.extend((train, source) for train in Train.join(run))
