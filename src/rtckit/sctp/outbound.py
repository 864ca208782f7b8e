"""From messages to packets: fragmentation, bundling, and when to send."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rtckit.sctp.chunk.data import (
    DATA_HEADER,
    DATA_HEADER_SIZE,
    FLAG_BEGIN,
    FLAG_END,
    FLAG_IMMEDIATE,
    FLAG_UNORDERED,
)
from rtckit.sctp.config import Config
from rtckit.sctp.congestion import NewReno
from rtckit.sctp.loss import Flight
from rtckit.sctp.pacing import Pacer
from rtckit.sctp.packet import HEADER_SIZE, Header
from rtckit.sctp.rto import RetransmissionTimeout
from rtckit.sctp.streams import OutboundStreams, PartialReliability

__all__ = ["Outbound"]

_UNPACED: Final = float("inf")
_MASK32: Final = 0xFFFFFFFF
_PADDING: Final = (b"", b"\0\0\0", b"\0\0", b"\0")
#: A fragment that fills up a packet has at least this many bytes of data.
_SMALLEST_FRAGMENT: Final = 64


class _Fragmented:
    """The message that is being cut."""

    __slots__ = ("data", "flags", "offset", "policy", "ppid", "ssn", "stream_id")

    def __init__(
        self,
        data: bytes,
        ppid: int,
        flags: int,
        stream_id: int,
        ssn: int,
        policy: PartialReliability | None,
    ) -> None:
        self.data = data
        self.ppid = ppid
        self.flags = flags
        self.stream_id = stream_id
        self.ssn = ssn
        self.policy = policy
        self.offset = 0


class Outbound:
    """The sending half.

    Full packets of one bulk message are all of ``packet_size``: a fragment is cut to fill what
    a packet has left, so a train of them has one segment size.

    :ivar bytes_sent: bytes of packets with DATA.
    """

    __slots__ = (
        "_body_size",
        "_fragmented",
        "_largest_whole",
        "_pacer",
        "_partial_reliability",
        "_resume_at",
        "_sent_at",
        "congestion",
        "flight",
        "header",
        "rto",
        "streams",
    )

    def __init__(
        self,
        config: Config,
        header: Header,
        initial_tsn: int,
        peer_window: int,
        partial_reliability: bool,
        streams: OutboundStreams,
        rto: RetransmissionTimeout,
        drops: Counter[str],
    ) -> None:
        self.header = header
        self.streams = streams
        self.rto = rto
        self.congestion = NewReno(config.packet_size)
        self.flight = Flight(initial_tsn, peer_window, self.congestion, rto, drops)
        self._body_size = config.packet_size - HEADER_SIZE
        self._largest_whole = self._body_size - DATA_HEADER_SIZE
        self._partial_reliability = partial_reliability
        self._pacer = Pacer(config.packet_size)
        self._fragmented: _Fragmented | None = None
        self._resume_at: float | None = None
        self._sent_at = 0.0

    @property
    def is_drained(self) -> bool:
        """Whether nothing is queued and nothing outstanding."""
        return not self.streams and self._fragmented is None and not self.flight

    @property
    def resume_at(self) -> float | None:
        """When the pacer lets more go, if it holds something back."""
        return self._resume_at

    def fill(self, packets: list[bytes], limit: int, lead: list[bytes], now: float) -> None:
        """Append packets with DATA to ``packets``, up to ``limit`` of them in all.

        :param lead: encoded control chunks for the first packet; used up if the list is empty
            afterwards.
        """
        flight = self.flight
        self._resume_at = None
        if not (self.streams or self._fragmented or flight):
            return
        congestion = self.congestion
        if not flight.in_flight and now - self._sent_at > self.rto.value and self._sent_at:
            congestion.on_idle(now)
        pacer = self._pacer
        window = congestion.window
        allowance = pacer.allowance(now, window, self.rto.srtt, congestion.in_slow_start)
        seal = self.header.seal
        spent = 0
        while len(packets) < limit:
            room = self._body_size
            if lead:
                room -= sum(map(len, lead))
                lost = flight.next_lost()
                if lost is not None and len(lost.wire) > room:
                    packets.append(seal(b"".join(lead)))
                    lead.clear()
                    continue
            parts: list[bytes] = []
            if spent >= allowance:
                if self.wants_to_send():
                    pacer.spend(spent)
                    self._resume_at = pacer.resume_at(now)
                    return
                break
            if not lead and self._fragmented is not None:
                most = limit - len(packets)
                if allowance != _UNPACED:
                    most = min(most, int((allowance - spent) // self._body_size) + 1)
                size = self._send_train(self._fragmented, packets, most, window, now)
                if size:
                    spent += size
                    continue
            before = room
            if flight.in_flight < window or flight.fast_retransmit:
                room = self._retransmit(parts, room, now)
            if flight.in_flight < window and room > DATA_HEADER_SIZE:
                room = self._send_new(parts, room, now)
            if not parts:
                break
            flight.fast_retransmit = False
            flight.next_packet += 1
            spent += before - room
            if lead:
                parts = lead + parts
                lead.clear()
            packets.append(seal(b"".join(parts)))
        if spent:
            pacer.spend(spent)
            self._sent_at = now

    def give_up_expired(self, now: float) -> float | None:
        """Give up queued messages whose time is over; when to look again."""
        message = self._fragmented
        if message is not None and message.policy is not None and message.policy.expires <= now:
            self._abandon_rest(message, message.policy)
        if not self._partial_reliability:
            return None
        count, following = self.streams.discard_expired(now)
        self.flight.abandoned += count
        return following

    def wants_to_send(self) -> bool:
        """Whether there is data that the windows would let go now."""
        flight = self.flight
        if flight.in_flight >= self.congestion.window:
            return False
        if flight.next_lost() is not None:
            return True
        return bool(self.streams or self._fragmented) and (
            not flight.outstanding or flight.outstanding + self._body_size <= flight.peer_window
        )

    def _retransmit(self, parts: list[bytes], room: int, now: float) -> int:
        flight = self.flight
        while (chunk := flight.next_lost()) is not None:
            policy = chunk.policy
            if policy is not None and flight.is_expired(policy, 0, now):
                # RFC 3758 §4.1 TR4.
                flight.abandon(policy)
                continue
            size = len(chunk.wire)
            if size > room:
                break
            flight.retransmit(chunk, now)
            parts.append(chunk.wire)
            room -= size
        return room

    def _send_new(self, parts: list[bytes], room: int, now: float) -> int:
        """Bundle new chunks into ``room`` bytes; give what is left."""
        flight = self.flight
        streams = self.streams
        pack = DATA_HEADER.pack
        add = flight.add
        while room > DATA_HEADER_SIZE:
            message = self._fragmented
            if message is not None:
                policy = message.policy
                if policy is not None and flight.is_expired(policy, 0, now):
                    self._abandon_rest(message, policy)
                    continue
                left = self._send_fragment(message, parts, room, now)
                if left == room:
                    break
                room = left
                continue
            if not streams:
                break
            data, ppid, ordered, policy = streams.peek()
            size = len(data)
            if policy is not None:
                if not self._partial_reliability:
                    policy = None
                elif now >= policy.expires:
                    # RFC 3758 §4.1 TR3: no TSN for a message that is late already.
                    streams.discard()
                    flight.abandoned += 1
                    continue
            if size > self._largest_whole:
                if room < DATA_HEADER_SIZE + _SMALLEST_FRAGMENT:
                    break
                if not self._peer_has_room(_SMALLEST_FRAGMENT):
                    break
                stream_id, ssn = streams.pop()
                self._begin(data, ppid, ordered, stream_id, ssn, policy)
                continue
            padded = DATA_HEADER_SIZE + ((size + 3) & ~3)
            if padded > room or (
                flight.outstanding and flight.outstanding + padded > flight.peer_window
            ):
                break
            stream_id, ssn = streams.pop_whole()
            flags = FLAG_BEGIN | FLAG_END if ordered else FLAG_BEGIN | FLAG_END | FLAG_UNORDERED
            tsn = flight.next_tsn
            wire = (
                pack(0, flags, DATA_HEADER_SIZE + size, tsn & _MASK32, stream_id, ssn, ppid) + data
            )
            if size & 3:
                wire += _PADDING[size & 3]
            if policy is not None:
                policy.stream = stream_id
                policy.ssn = ssn if ordered else -1
                policy.first_tsn = policy.last_tsn = tsn
            add(wire, policy, now)
            parts.append(wire)
            room -= padded
        return room

    def _send_train(
        self, message: _Fragmented, packets: list[bytes], most: int, window: int, now: float
    ) -> int:
        """The inner loop of bulk transfer: packets filled by one fragment each, neither the
        first nor the last of the message. Gives the bytes of chunks sent, zero if this is not
        the moment."""
        flight = self.flight
        body = self._body_size
        size = self._largest_whole
        offset = message.offset
        if not offset or message.policy is not None or flight.next_lost() is not None:
            return 0
        count = min(
            most,
            (len(message.data) - offset - 1) // size,
            -(-(window - flight.in_flight) // body),
            (flight.peer_window - flight.outstanding) // body,
        )
        if count <= 0:
            return 0
        data = message.data
        flags, stream_id, ssn, ppid = message.flags, message.stream_id, message.ssn, message.ppid
        pack = DATA_HEADER.pack
        seal = self.header.seal
        tsn = flight.next_tsn
        wires: list[bytes] = []
        for _ in range(count):
            end = offset + size
            wire = pack(0, flags, body, tsn & _MASK32, stream_id, ssn, ppid) + data[offset:end]
            offset = end
            tsn += 1
            wires.append(wire)
            packets.append(seal(wire))
        message.offset = offset
        flight.add_packets(wires, now)
        self.streams.sent(stream_id, count * size)
        return count * body

    def _peer_has_room(self, size: int) -> bool:
        # RFC 9260 §6.1 A: with the peer's window closed one chunk may be out as a probe.
        outstanding = self.flight.outstanding
        return not outstanding or outstanding + size <= self.flight.peer_window

    def _begin(
        self,
        data: bytes,
        ppid: int,
        ordered: bool,
        stream_id: int,
        ssn: int,
        policy: PartialReliability | None,
    ) -> None:
        flags = 0 if ordered else FLAG_UNORDERED
        if policy is not None:
            policy.stream = stream_id
            policy.ssn = ssn if ordered else -1
            policy.first_tsn = self.flight.next_tsn
            policy.last_tsn = policy.first_tsn - 1
        self._fragmented = _Fragmented(data, ppid, flags, stream_id, ssn, policy)

    def _send_fragment(
        self, message: _Fragmented, parts: list[bytes], room: int, now: float
    ) -> int:
        flight = self.flight
        data = message.data
        offset = message.offset
        left = len(data) - offset
        policy = message.policy
        size = room - DATA_HEADER_SIZE
        if size >= left:
            size = left
        elif size < _SMALLEST_FRAGMENT:
            return room
        padding = -size & 3
        if not self._peer_has_room(DATA_HEADER_SIZE + size + padding):
            return room
        flags = message.flags
        if not offset:
            flags |= FLAG_BEGIN
        end = offset + size
        if size == left:
            flags |= FLAG_END
            # The end of a burst is worth an acknowledgement at once (RFC 7053 §5).
            if not self.streams:
                flags |= FLAG_IMMEDIATE
            self._fragmented = None
        message.offset = end
        tsn = flight.next_tsn
        wire = (
            DATA_HEADER.pack(
                0,
                flags,
                DATA_HEADER_SIZE + size,
                tsn & _MASK32,
                message.stream_id,
                message.ssn,
                message.ppid,
            )
            + data[offset:end]
        )
        if padding:
            wire += _PADDING[size & 3]
        if policy is not None:
            policy.last_tsn = tsn
        flight.add(wire, policy, now)
        self.streams.sent(message.stream_id, size)
        parts.append(wire)
        return room - DATA_HEADER_SIZE - size - padding

    def _abandon_rest(self, message: _Fragmented, policy: PartialReliability) -> None:
        """RFC 3758 §3.5 A3: what was sent of the message, and what was not."""
        flight = self.flight
        flight.add_abandoned(policy)
        flight.abandon(policy)
        self.streams.sent(message.stream_id, len(message.data) - message.offset)
        self._fragmented = None
