"""Received data: TSN tracking, reassembly, and delivery in order of each stream."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rtckit.sctp.chunk.cause import CauseCode
from rtckit.sctp.chunk.data import (
    DATA_HEADER,
    DATA_HEADER_SIZE,
    FLAG_BEGIN,
    FLAG_END,
    FLAG_IMMEDIATE,
    FLAG_UNORDERED,
)
from rtckit.sctp.chunk.forward_tsn import ForwardTsn
from rtckit.sctp.chunk.sack import Sack
from rtckit.sctp.config import Config
from rtckit.sctp.event_queue import EventQueue
from rtckit.sctp.events import Message
from rtckit.sctp.failure import AssociationFailure
from rtckit.sctp.ranges import TsnRanges
from rtckit.sctp.reassembly import Reassembly, Run
from rtckit.seam import ParseError

__all__ = ["Inbound"]

_MASK32: Final = 0xFFFFFFFF
_HALF32: Final = 0x80000000
_MASK16: Final = 0xFFFF
_HALF16: Final = 0x8000
_WHOLE: Final = FLAG_BEGIN | FLAG_END


class Inbound:
    """The receiving half.

    TSNs are kept unwrapped, as integers that only grow; the wire's 32 bits are their low bits.

    :ivar expected: the TSN after the cumulative one.
    :ivar unacknowledged: packets with data since the last SACK.
    :ivar acknowledge_now: something arrived that a SACK must not wait for.
    """

    __slots__ = (
        "_duplicates",
        "_events",
        "_head",
        "_invalid_streams",
        "_limits",
        "_max_message_size",
        "_next_ssn",
        "_ordered",
        "_ranges",
        "_reassembly",
        "_window",
        "acknowledge_now",
        "advertised",
        "charge",
        "drops",
        "expected",
        "packet_size",
        "streams",
        "unacknowledged",
    )

    def __init__(
        self,
        config: Config,
        initial_tsn: int,
        streams: int,
        events: EventQueue,
        drops: Counter[str],
    ) -> None:
        self._limits = config.limits
        self._window = config.receive_window
        self.packet_size = config.packet_size
        self.drops = drops
        self.streams = streams
        self.expected = initial_tsn
        self.charge = 0
        self.advertised = config.receive_window
        self.acknowledge_now = False
        self.unacknowledged = 0
        self._events = events
        self._ranges = TsnRanges()
        self._duplicates: list[int] = []
        self._invalid_streams: list[int] = []
        self._max_message_size = config.max_receive_message_size
        #: The message whose fragments have come in order up to the cumulative TSN.
        self._head: Run | None = None
        self._reassembly = Reassembly(config.max_receive_message_size)
        self._next_ssn: dict[int, int] = {}
        # Whole messages that wait for an earlier one of their stream, by sequence number.
        self._ordered: dict[int, dict[int, Message]] = {}

    @property
    def cumulative_tsn(self) -> int:
        """The cumulative TSN as it goes on the wire."""
        return (self.expected - 1) & _MASK32

    @property
    def next_tsn(self) -> int:
        """The TSN after the cumulative one as it goes on the wire."""
        return self.expected & _MASK32

    @property
    def has_gaps(self) -> bool:
        """Whether something is missing below what has arrived."""
        return bool(self._ranges)

    def receive_data(self, packet: bytes, offset: int) -> int:
        """Take the DATA chunks that follow each other from ``offset``; give where they end.

        :raises ParseError: if a chunk's length is wrong; those before it were taken.
        :raises AssociationFailure: if a chunk is empty or fragments contradict each other.
        """
        self.unacknowledged += 1
        unpack = DATA_HEADER.unpack_from
        gaps = self._ranges.firsts
        events = self._events
        next_ssn = self._next_ssn
        overhead = self._limits.message_overhead
        end = len(packet)
        while offset < end:
            if packet[offset]:
                break
            if offset + DATA_HEADER_SIZE > end:
                raise ParseError("truncated DATA", offset)
            _, flags, length, tsn, stream_id, ssn, ppid = unpack(packet, offset)
            stop = offset + length
            if stop > end or length < DATA_HEADER_SIZE:
                raise ParseError("DATA length", offset)
            if length == DATA_HEADER_SIZE:
                # RFC 9260 §6.2.
                raise AssociationFailure(
                    CauseCode.NO_USER_DATA, tsn.to_bytes(4, "big"), "DATA without user data"
                )
            data = packet[offset + DATA_HEADER_SIZE : stop]
            offset = (stop + 3) & ~3
            if flags & FLAG_IMMEDIATE:
                self.acknowledge_now = True
            # The common case: the next TSN, nothing missing, a whole message whose turn it is.
            if (
                tsn == self.expected & _MASK32
                and flags & _WHOLE == _WHOLE
                and not gaps
                and stream_id < self.streams
                and self.charge < self._window
                and (flags & FLAG_UNORDERED or ssn == next_ssn.get(stream_id, 0))
            ):
                self.expected += 1
                size = length - DATA_HEADER_SIZE
                self.charge += size + overhead
                events.size += size
                events.messages.append(Message(stream_id, ppid, data))
                if not flags & FLAG_UNORDERED:
                    next_ssn[stream_id] = (ssn + 1) & _MASK16
                    if stream_id in self._ordered:
                        self._release(stream_id)
                continue
            if self._extend_head(tsn, flags, stream_id, ssn, ppid, data):
                continue
            self._take(tsn, flags, stream_id, ssn, ppid, data)
        return offset

    def _extend_head(
        self, wire_tsn: int, flags: int, stream_id: int, ssn: int, ppid: int, data: bytes
    ) -> bool:
        """The other common case: the next fragment of a message that comes in order. That
        message is kept apart from the reassembly, which finds runs whatever their order."""
        tsn = self.expected
        if (
            wire_tsn != tsn & _MASK32
            or self._ranges.firsts
            or self.charge >= self._window
            or flags & _WHOLE == _WHOLE
            or stream_id >= self.streams
        ):
            return False
        unordered = flags & FLAG_UNORDERED
        head = self._head
        if flags & FLAG_BEGIN:
            if head is not None:
                return False
            self._head = Run(tsn, flags, (stream_id, 0 if unordered else ssn, unordered), ppid)
            self._head.parts.append(data)
            self._head.size = len(data)
        elif head is None:
            return False
        else:
            flow = (stream_id, 0 if unordered else ssn, unordered)
            if head.last + 1 != tsn or head.flow != flow:
                return False
            if head.size + len(data) > self._max_message_size:
                return False
            head.parts.append(data)
            head.size += len(data)
            head.last = tsn
        overhead = self._limits.message_overhead
        self.expected = tsn + 1
        self.charge += len(data) + overhead
        if flags & FLAG_END and head is not None:
            self._head = None
            self.charge -= overhead * (len(head.parts) - 1)
            message = Message(stream_id, head.ppid, b"".join(head.parts))
            self._deliver(stream_id, ssn, unordered, message)
        return True

    def _take(
        self, wire_tsn: int, flags: int, stream_id: int, ssn: int, ppid: int, data: bytes
    ) -> None:
        """One chunk that is not the common case."""
        distance = (wire_tsn - self.expected) & _MASK32
        tsn = self.expected + distance
        if distance >= _HALF32 or (distance and tsn in self._ranges):
            self.acknowledge_now = True
            if len(self._duplicates) < self._limits.duplicates:
                self._duplicates.append(wire_tsn)
            self.drops["duplicate TSN"] += 1
            return
        if not self._has_room(tsn, distance, len(data)):
            self.acknowledge_now = True
            return
        self._park_head()
        follows = not distance or tsn - 1 in self._ranges
        if distance:
            self.acknowledge_now = True
            self._ranges.add(tsn)
        else:
            self.expected += 1
            if self._ranges:
                # RFC 9260 §6.7: a chunk that fills a gap is acknowledged at once.
                self.acknowledge_now = True
                self.expected = self._ranges.advance(self.expected - 1) + 1
        if stream_id >= self.streams:
            # RFC 9260 §6.5: acknowledged, reported, and dropped.
            if len(self._invalid_streams) < self._limits.duplicates:
                self._invalid_streams.append(stream_id)
            self.drops["invalid stream identifier"] += 1
            return
        overhead = self._limits.message_overhead
        unordered = flags & FLAG_UNORDERED
        if flags & _WHOLE == _WHOLE:
            self._reassembly.close(tsn)
            self.charge += len(data) + overhead
            self._deliver(stream_id, ssn, unordered, Message(stream_id, ppid, data))
            return
        if follows and not flags & FLAG_BEGIN and self._reassembly.is_remainder(tsn, flags):
            self.drops["abandoned fragment"] += 1
            return
        # Fragments are charged one by one, and the message once when it is whole.
        self.charge += len(data) + overhead
        flow = (stream_id, 0 if unordered else ssn, unordered)
        run = self._reassembly.add(tsn, flags, flow, ppid, data)
        if run is not None:
            self.charge -= overhead * (len(run.parts) - 1)
            self._deliver(
                stream_id, ssn, unordered, Message(stream_id, run.ppid, b"".join(run.parts))
            )

    def _park_head(self) -> None:
        head = self._head
        if head is not None:
            self._head = None
            self._reassembly.park(head)

    def _has_room(self, tsn: int, distance: int, size: int) -> bool:
        ranges = self._ranges
        if distance > self._limits.tsn_span:
            self.drops["TSN too far ahead"] += 1
            return False
        if distance and len(ranges) >= self._limits.gap_ranges and ranges.would_grow(tsn):
            self.drops["too many gaps"] += 1
            return False
        # RFC 9260 §6.2: with the window closed only what fills a gap is taken, for the window
        # had room for it when it was offered; twice the window is the end of it.
        fills = bool(ranges) and tsn < ranges.highest
        if self.charge + size > self._window * (2 if fills else 1) and self.charge:
            self.drops["receive window exceeded"] += 1
            return False
        return True

    def _deliver(self, stream_id: int, ssn: int, unordered: int, message: Message) -> None:
        if unordered:
            self._hand_over(message)
            return
        if ssn != self._next_ssn.get(stream_id, 0):
            waiting = self._ordered.setdefault(stream_id, {})
            if ssn in waiting:
                self._release_charge(len(message.data))
                self.drops["duplicate stream sequence number"] += 1
                return
            waiting[ssn] = message
            return
        self._hand_over(message)
        self._next_ssn[stream_id] = (ssn + 1) & _MASK16
        if stream_id in self._ordered:
            self._release(stream_id)

    def _hand_over(self, message: Message) -> None:
        self._events.size += len(message.data)
        self._events.messages.append(message)

    def _release(self, stream_id: int) -> None:
        """Deliver what waited for the message just delivered."""
        waiting = self._ordered[stream_id]
        ssn = self._next_ssn.get(stream_id, 0)
        while (message := waiting.pop(ssn, None)) is not None:
            self._hand_over(message)
            ssn = (ssn + 1) & _MASK16
        self._next_ssn[stream_id] = ssn
        if not waiting:
            del self._ordered[stream_id]

    def receive_forward_tsn(self, chunk: ForwardTsn) -> None:
        """The peer gave up on what is missing (RFC 3758 §3.6)."""
        self.unacknowledged += 1
        distance = (chunk.new_cumulative_tsn - self.expected) & _MASK32
        if distance >= _HALF32:
            # Out of date: the SACK that answered it may have been lost.
            self.acknowledge_now = True
            return
        if distance > 2 * self._limits.tsn_span:
            self.drops["TSN too far ahead"] += 1
            return
        cumulative = self.expected + distance
        self.expected = self._ranges.advance(cumulative) + 1
        if self._ranges or distance:
            self.acknowledge_now = True
        self._park_head()
        for run in self._reassembly.discard(cumulative):
            self._drop_run(run)
        for stream_id, ssn in chunk.streams:
            self._skip(stream_id, ssn)

    def _skip(self, stream_id: int, ssn: int) -> None:
        """Stop waiting for messages of the stream up to ``ssn``, and deliver those there are."""
        if stream_id >= self.streams:
            return
        following = (ssn + 1) & _MASK16
        expected = self._next_ssn.get(stream_id, 0)
        if (following - expected) & _MASK16 >= _HALF16:
            return
        waiting = self._ordered.get(stream_id)
        if waiting:
            count = (following - expected) & _MASK16
            if count < len(waiting):
                numbers = [(expected + step) & _MASK16 for step in range(count)]
                skipped = [number for number in numbers if number in waiting]
            else:
                skipped = [n for n in waiting if (n - expected) & _MASK16 < count]
                skipped.sort(key=lambda n: (n - expected) & _MASK16)
            for number in skipped:
                self._hand_over(waiting.pop(number))
        self._next_ssn[stream_id] = following
        if waiting is not None:
            self._release(stream_id)

    def _drop_run(self, run: Run) -> None:
        self._release_charge(run.size, len(run.parts))
        self.drops["abandoned fragment"] += len(run.parts)

    def _release_charge(self, size: int, count: int = 1) -> None:
        self.charge = max(0, self.charge - size - count * self._limits.message_overhead)

    def reset_streams(self, stream_ids: tuple[int, ...]) -> None:
        """Expect sequence number zero on these streams, or on all (RFC 6525 §5.2.2).

        What waits with a new number was sent after the reset, and is delivered now.
        """
        for stream_id in stream_ids or tuple(self._next_ssn):
            self._next_ssn.pop(stream_id, None)
            if stream_id in self._ordered:
                self._release(stream_id)

    def consume(self, size: int, count: int) -> bool:
        """The application has read; whether the peer should be told (RFC 9260 §6.2).

        :raises ValueError: if more is consumed than was delivered.
        """
        if size < 0 or count < 0:
            raise ValueError("cannot consume a negative amount")
        self._release_charge(size, count)
        # Silly window avoidance: tell of a re-opened window once it is worth it.
        gained = self.window - self.advertised
        return gained >= self._window // 4 or (
            self.advertised < self.packet_size and gained >= min(self._window // 4, 65_536)
        )

    @property
    def window(self) -> int:
        """Bytes of the receive window that are free; zero if less than a packet's worth."""
        room = self._window - self.charge
        return room if room >= self.packet_size else 0

    def take_invalid_streams(self) -> list[int]:
        """Stream identifiers out of range since the last call."""
        invalid = self._invalid_streams
        if invalid:
            self._invalid_streams = []
        return invalid

    def make_sack(self, room: int) -> Sack:
        """The acknowledgement of what has arrived, in at most ``room`` bytes."""
        self.advertised = self.window
        self.acknowledge_now = False
        self.unacknowledged = 0
        base = self.expected - 1
        blocks = min(self._limits.gap_blocks, (room - 16) // 4)
        gaps = [(a - base, b - base) for a, b in self._ranges.spans(blocks)] if self._ranges else []
        duplicates = self._duplicates
        if duplicates:
            self._duplicates = []
            del duplicates[(room - 16) // 4 - len(gaps) :]
        return Sack(base & _MASK32, self.advertised, gaps, duplicates)
