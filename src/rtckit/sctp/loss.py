"""What is in flight: acknowledgement, loss detection, retransmission, abandonment.

RFC 9260 §7.2.4 has the receiver send a SACK for every packet while something is missing, and the
sender retransmit a chunk that three SACKs in a row reported missing, each of which acknowledged
something sent later (highest TSN newly acknowledged). A receiver that answers trains sends one
SACK where the RFC has many, so what is counted here is what those SACKs would have counted:
packets sent after the chunk and acknowledged. That also finds lost retransmissions, which the
RFC leaves to the timer (compare RFC 8985 §3), and costs each packet one step, however many are
in flight.
"""

from __future__ import annotations

from collections import Counter, deque
from heapq import heappop, heappush
from typing import Final

from rtckit.sctp.chunk.data import FLAG_IMMEDIATE
from rtckit.sctp.chunk.forward_tsn import ForwardTsn
from rtckit.sctp.chunk.sack import Sack
from rtckit.sctp.congestion import CongestionController
from rtckit.sctp.ranges import Span, subtract
from rtckit.sctp.rto import RetransmissionTimeout
from rtckit.sctp.streams import PartialReliability
from rtckit.sctp.tail_probe import TailProbe

__all__ = ["ABANDONED", "ACKNOWLEDGED", "IN_FLIGHT", "LOST", "Flight", "SentChunk"]

_MASK32: Final = 0xFFFFFFFF
_HALF32: Final = 0x80000000
_MASK16: Final = 0xFFFF
_HALF16: Final = 0x8000

IN_FLIGHT: Final = 0
ACKNOWLEDGED: Final = 1
LOST: Final = 2
ABANDONED: Final = 3

#: Reordering of up to this many packets is not loss (RFC 9260 §7.2.4), and how far the
#: tolerance grows on a path that reorders more.
_REORDERING: Final = 3
_MAX_REORDERING: Final = 64


class SentChunk:
    """A DATA chunk that was sent and is not yet acknowledged for good.

    :ivar wire: the chunk as it goes into a packet, padded.
    :ivar packet: number of the packet that last carried it.
    """

    __slots__ = ("packet", "policy", "sent_at", "state", "transmissions", "tsn", "wire")

    def __init__(
        self, tsn: int, wire: bytes, packet: int, sent_at: float, policy: PartialReliability | None
    ) -> None:
        self.tsn = tsn
        self.wire = wire
        self.packet = packet
        self.sent_at = sent_at
        self.policy = policy
        self.state = IN_FLIGHT
        self.transmissions = 1


class Flight:
    """The chunks between the first transmission and the cumulative acknowledgement.

    TSNs are unwrapped here: integers that only grow.

    :ivar next_tsn: the TSN of the next new chunk.
    :ivar acknowledged: the highest cumulative TSN acknowledged.
    :ivar in_flight: bytes on their way.
    :ivar outstanding: bytes handed to the network and not acknowledged in any way.
    :ivar peer_window: the peer's last advertised receive window.
    """

    __slots__ = (
        "_congestion",
        "_gaps",
        "_largest_packet",
        "_lost",
        "_recovery_packet",
        "_reordering",
        "_rto",
        "_send_order",
        "_tail_probe",
        "abandon_point",
        "abandoned",
        "acknowledged",
        "chunks",
        "drops",
        "fast_retransmit",
        "forwarded_at",
        "forwarded_to",
        "in_flight",
        "loss_events",
        "next_packet",
        "next_tsn",
        "outstanding",
        "peer_window",
        "retransmissions",
        "t3_base",
    )

    def __init__(
        self,
        initial_tsn: int,
        peer_window: int,
        congestion: CongestionController,
        rto: RetransmissionTimeout,
        drops: Counter[str],
    ) -> None:
        self._congestion = congestion
        self._rto = rto
        self.drops = drops
        self.next_tsn = initial_tsn
        self.acknowledged = initial_tsn - 1
        self.peer_window = peer_window
        self.chunks: dict[int, SentChunk] = {}
        self.in_flight = 0
        self.outstanding = 0
        self.next_packet = 0
        self.retransmissions = 0
        self.loss_events = 0
        self.abandoned = 0
        #: Since when T3 runs, or None; the deadline is this plus the timeout of the moment, so
        #: that no packet and no acknowledgement has to move a timer.
        self.t3_base: float | None = None
        #: Whether one packet may be retransmitted whatever the window says.
        self.fast_retransmit = False
        #: The Advanced.Peer.Ack.Point of RFC 3758 §3.5.
        self.abandon_point = initial_tsn - 1
        self.forwarded_to = initial_tsn - 1
        self.forwarded_at = 0.0
        self._send_order: deque[SentChunk] = deque()
        self._lost: list[int] = []
        self._gaps: list[Span] = []
        self._largest_packet = -1
        self._recovery_packet = 0
        self._reordering = _REORDERING
        self._tail_probe = TailProbe(rto)

    def __bool__(self) -> bool:
        return bool(self.chunks)

    # -- sending ---------------------------------------------------------------------------

    def add(self, wire: bytes, policy: PartialReliability | None, now: float) -> None:
        """A new chunk goes into the packet being built."""
        tsn = self.next_tsn
        self.next_tsn = tsn + 1
        chunk = SentChunk(tsn, wire, self.next_packet, now, policy)
        self.chunks[tsn] = chunk
        self._send_order.append(chunk)
        self._tail_probe.since = now
        size = len(wire)
        self.in_flight += size
        self.outstanding += size
        if self.t3_base is None:
            self.t3_base = now

    def add_packets(self, wires: list[bytes], now: float) -> None:
        """New chunks that make a packet each."""
        tsn = self.next_tsn
        packet = self.next_packet
        chunks = self.chunks
        append = self._send_order.append
        for wire in wires:
            chunks[tsn] = chunk = SentChunk(tsn, wire, packet, now, None)
            append(chunk)
            tsn += 1
            packet += 1
        size = len(wires) * len(wires[0])
        self.next_tsn = tsn
        self.next_packet = packet
        self._tail_probe.since = now
        self.in_flight += size
        self.outstanding += size
        if self.t3_base is None:
            self.t3_base = now

    def next_lost(self) -> SentChunk | None:
        """The lost chunk with the lowest TSN, which stays in its place."""
        lost = self._lost
        while lost:
            chunk = self.chunks.get(lost[0])
            if chunk is not None and chunk.state == LOST:
                return chunk
            heappop(lost)
        return None

    def retransmit(self, chunk: SentChunk, now: float) -> None:
        """The chunk that ``next_lost`` gave goes into the packet being built."""
        heappop(self._lost)
        chunk.state = IN_FLIGHT
        chunk.packet = self.next_packet
        chunk.sent_at = now
        chunk.transmissions += 1
        self._send_order.append(chunk)
        self._tail_probe.since = now
        self.in_flight += len(chunk.wire)
        self.retransmissions += 1
        if chunk.tsn == self.acknowledged + 1 or self.t3_base is None:
            # RFC 9260 §6.3.2 R1: the timer runs from the earliest outstanding chunk's sending.
            self.t3_base = now

    # -- acknowledgement -------------------------------------------------------------------

    def unwrap(self, wire_tsn: int) -> int:
        """The unwrapped form of a TSN near the cumulative acknowledgement."""
        distance = (wire_tsn - self.acknowledged) & _MASK32
        if distance >= _HALF32:
            distance -= 1 << 32
        return self.acknowledged + distance

    def receive_sack(self, sack: Sack, now: float) -> bool:
        """Process a SACK; whether it acknowledged anything new (RFC 9260 §6.2.1)."""
        cumulative = self.unwrap(sack.cumulative_tsn)
        if cumulative >= self.next_tsn:
            # An acknowledgement of what was never sent proves nothing about what was.
            self.drops["SACK of unsent TSN"] += 1
            return False
        if cumulative < self.acknowledged:
            self.drops["outdated SACK"] += 1
            return False
        before = self.in_flight
        advanced = cumulative > self.acknowledged
        newly, latest = self._acknowledge_up_to(cumulative) if advanced else (0, None)
        if sack.gaps or self._gaps:
            size, chunk = self._acknowledge_gaps(cumulative, sack.gaps)
            newly += size
            if chunk is not None and (latest is None or chunk.packet > latest.packet):
                latest = chunk
        self.peer_window = sack.a_rwnd
        rtt = None
        if latest is not None:
            if latest.packet > self._largest_packet:
                self._largest_packet = latest.packet
            if latest.transmissions == 1:
                rtt = now - latest.sent_at
                self._rto.sample(rtt)
            if sack.duplicates:
                self._tolerate_reordering()
        if latest is not None and self._tail_probe.is_answered(
            self._largest_packet, bool(sack.duplicates), now
        ):
            self._lose_before_probe(latest.packet, now)
        if newly:
            self._congestion.on_acknowledged(newly, before, rtt, now)
            self._detect_loss(self._threshold(), now)
        if advanced:
            # RFC 9260 §6.3.2 R2, R3.
            self.t3_base = now if self.chunks else None
        self._advance_abandon_point()
        return newly > 0 or advanced

    def receive_cumulative(self, cumulative_tsn: int, now: float) -> None:
        """The cumulative acknowledgement in a SHUTDOWN, which says nothing of gaps."""
        base = self.unwrap(cumulative_tsn)
        gaps = [(max(a - base, 1), b - base) for a, b in self._gaps if b > base]
        self.receive_sack(Sack(cumulative_tsn, self.peer_window, gaps, []), now)

    def _acknowledge_up_to(self, cumulative: int) -> tuple[int, SentChunk | None]:
        chunks = self.chunks
        newly = 0
        latest: SentChunk | None = None
        for tsn in range(self.acknowledged + 1, cumulative + 1):
            chunk = chunks.pop(tsn)
            state = chunk.state
            if state == IN_FLIGHT:
                size = len(chunk.wire)
                newly += size
                self.in_flight -= size
            elif state == LOST:
                self.outstanding -= len(chunk.wire)
            if state != ACKNOWLEDGED and state != ABANDONED:
                chunk.state = ACKNOWLEDGED
                if latest is None or chunk.packet > latest.packet:
                    latest = chunk
        self.outstanding -= newly
        self.acknowledged = cumulative
        if self.abandon_point < cumulative:
            self.abandon_point = cumulative
        return newly, latest

    def _acknowledge_gaps(
        self, cumulative: int, gaps: list[tuple[int, int]]
    ) -> tuple[int, SentChunk | None]:
        """Only what differs from the previous SACK is looked at."""
        highest = self.next_tsn - 1
        reported = [
            (cumulative + first, min(cumulative + last, highest))
            for first, last in gaps
            if cumulative + first <= highest
        ]
        newly = 0
        latest: SentChunk | None = None
        for first, last in subtract(reported, self._gaps):
            for tsn in range(first, last + 1):
                chunk = self.chunks[tsn]
                state = chunk.state
                if state in (IN_FLIGHT, LOST):
                    size = len(chunk.wire)
                    if state == IN_FLIGHT:
                        self.in_flight -= size
                        newly += size
                    self.outstanding -= size
                    chunk.state = ACKNOWLEDGED
                    if latest is None or chunk.packet > latest.packet:
                        latest = chunk
        for first, last in subtract(self._gaps, reported):
            # RFC 9260 §6.2.1: the peer may renege on what it acknowledged beyond a gap.
            for tsn in range(max(first, cumulative + 1), last + 1):
                self._renege(self.chunks[tsn])
        self._gaps = reported
        return newly, latest

    def _renege(self, chunk: SentChunk) -> None:
        if chunk.state == ACKNOWLEDGED:
            self.drops["reneged TSN"] += 1
            self.outstanding += len(chunk.wire)
            chunk.state = LOST
            heappush(self._lost, chunk.tsn)

    def _tolerate_reordering(self) -> None:
        """Duplicates mean that what was taken for lost was late: wait longer next time."""
        if self.retransmissions and self._reordering < _MAX_REORDERING:
            self._reordering += 1

    def _threshold(self) -> int:
        """Packets up to this number, if they are still out, are lost."""
        order = self._send_order
        if not order:
            return -1
        # A tolerance of more than half of what is out would leave every loss to the timer.
        out = self.next_packet - order[0].packet
        return self._largest_packet - max(_REORDERING, min(self._reordering, out // 2))

    def _detect_loss(self, threshold: int, now: float) -> None:
        order = self._send_order
        newest_lost = -1
        while order and order[0].packet <= threshold:
            chunk = order.popleft()
            if chunk.state == IN_FLIGHT:
                newest_lost = max(newest_lost, chunk.packet)
                self._lose(chunk, now)
        if newest_lost >= 0:
            self._respond_to_loss(newest_lost, now)

    def _respond_to_loss(self, newest_lost: int, now: float) -> None:
        """Once per window of data: what was sent before the last response does not count."""
        if newest_lost >= self._recovery_packet:
            self._recovery_packet = self.next_packet
            self.loss_events += 1
            self.fast_retransmit = True
            self._congestion.on_loss(now)

    def _lose(self, chunk: SentChunk, now: float) -> None:
        self.in_flight -= len(chunk.wire)
        chunk.state = LOST
        policy = chunk.policy
        if policy is not None and self.is_expired(policy, chunk.transmissions, now):
            self.abandon(policy)
        else:
            heappush(self._lost, chunk.tsn)

    # -- partial reliability ---------------------------------------------------------------

    @staticmethod
    def is_expired(policy: PartialReliability, transmissions: int, now: float) -> bool:
        """Whether the message should not be sent once more."""
        limit = policy.max_retransmits
        return (
            policy.abandoned
            or now >= policy.expires
            or (limit is not None and transmissions > limit)
        )

    def abandon(self, policy: PartialReliability) -> None:
        """Give up on every chunk of a message (RFC 3758 §3.5 A3)."""
        if not policy.abandoned:
            policy.abandoned = True
            self.abandoned += 1
        for tsn in range(max(policy.first_tsn, self.acknowledged + 1), policy.last_tsn + 1):
            chunk = self.chunks[tsn]
            state = chunk.state
            if state == IN_FLIGHT:
                self.in_flight -= len(chunk.wire)
            if state in (IN_FLIGHT, LOST):
                self.outstanding -= len(chunk.wire)
            chunk.state = ABANDONED
            chunk.wire = b""

    def add_abandoned(self, policy: PartialReliability) -> None:
        """Give a TSN to the unsent rest of a message given up, so that FORWARD TSN covers its
        end even if every fragment sent was acknowledged."""
        tsn = self.next_tsn
        self.next_tsn = tsn + 1
        policy.last_tsn = tsn
        chunk = SentChunk(tsn, b"", -1, 0.0, policy)
        chunk.state = ABANDONED
        self.chunks[tsn] = chunk

    def _advance_abandon_point(self) -> None:
        """RFC 3758 §3.5 C2. The point also passes over unordered messages that the peer has
        beyond a gap, if they too may be given up: should the peer renege on them, nothing
        reliable is lost. Not over ordered ones: usrsctp discards those that wait up to the
        sequence number in a FORWARD TSN, though they are whole."""
        chunks = self.chunks
        tsn = self.abandon_point + 1
        while (chunk := chunks.get(tsn)) is not None and chunk.policy is not None:
            if chunk.state == ABANDONED:
                self.abandon_point = tsn
            elif chunk.state != ACKNOWLEDGED or chunk.policy.ssn >= 0:
                break
            tsn += 1

    def make_forward_tsn(self, room: int, now: float) -> ForwardTsn | None:
        """A FORWARD TSN of at most ``room`` bytes if one is due (RFC 3758 §3.5 C3)."""
        self._advance_abandon_point()
        if self.abandon_point <= self.acknowledged:
            return None
        if self.abandon_point == self.forwarded_to and now < self.forwarded_at:
            # RFC 3758 §3.5 F2: a full round trip before a duplicate.
            return None
        # RFC 3758 §3.5 C4: as far as the streams of one packet go, each stream once.
        highest: dict[int, int] = {}
        most = (room - 8) // 4
        point = self.acknowledged
        for tsn in range(self.acknowledged + 1, self.abandon_point + 1):
            chunk = self.chunks[tsn]
            policy = chunk.policy
            if chunk.state == ABANDONED and policy is not None and policy.ssn >= 0:
                if policy.stream not in highest and len(highest) >= most:
                    break
                highest[policy.stream] = policy.ssn
            point = tsn
        self.forwarded_to = self.abandon_point
        self.forwarded_at = now + (self._rto.srtt or self._rto.value)
        if self.t3_base is None:
            # RFC 3758 §3.5 C5.
            self.t3_base = now
        return ForwardTsn(point & _MASK32, list(highest.items()))

    # -- timers ----------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """When to call :meth:`expire`, or ``None`` if nothing is outstanding."""
        base = self.t3_base
        if base is None:
            return None
        t3 = base + self._rto.value
        probe = self._probe_due()
        return probe if probe is not None and probe < t3 else t3

    def _probe_due(self) -> float | None:
        # RFC 8985 §7.2: a probe is for silence, not for recovery; nor is it for a closed window,
        # which T3 probes (RFC 9260 §6.1 A).
        if self._gaps or self._lost or not self.in_flight or self.in_flight > self.peer_window:
            return None
        return self._tail_probe.due(self.next_packet - self._largest_packet == 2)

    def expire(self, now: float) -> bool:
        """Send a tail loss probe, or take what is out for lost; whether T3 had expired."""
        assert self.t3_base is not None
        if self.t3_base + self._rto.value <= now:
            self._expire_t3(now)
            return True
        self._send_probe(now)
        return False

    def _send_probe(self, now: float) -> None:
        """RFC 8985 §7.3: the last packet once more, and T3 from now."""
        self.t3_base = now
        order = self._send_order
        while order and order[-1].state != IN_FLIGHT:
            order.pop()
        if not order or not self._may_repeat(order[-1], now):
            self._tail_probe.give_up()
            return
        chunk = order.pop()
        self.in_flight -= len(chunk.wire)
        chunk.state = LOST
        # RFC 7053 §4.1: it is to be acknowledged at once.
        chunk.wire = bytes((chunk.wire[0], chunk.wire[1] | FLAG_IMMEDIATE)) + chunk.wire[2:]
        heappush(self._lost, chunk.tsn)
        self.fast_retransmit = True
        self._tail_probe.sent(self.next_packet, now)

    def _may_repeat(self, chunk: SentChunk, now: float) -> bool:
        policy = chunk.policy
        return policy is None or not self.is_expired(policy, chunk.transmissions, now)

    def _lose_before_probe(self, probe: int, now: float) -> None:
        """What was sent before the probe had two round trips to arrive. If nothing of it is
        missing, the probe itself has repaired a loss, which is no less a sign of congestion
        (RFC 8985 §7.4)."""
        self._detect_loss(probe - 1, now)
        self._respond_to_loss(probe - 1, now)

    def _expire_t3(self, now: float) -> None:
        """RFC 9260 §6.3.3: everything in flight is taken for lost."""
        self._tail_probe.give_up()
        probing = self.peer_window < len(next(iter(self.chunks.values())).wire)
        self._rto.back_off()
        order = self._send_order
        while order:
            chunk = order.popleft()
            if chunk.state == IN_FLIGHT:
                self._lose(chunk, now)
        if not probing:
            # A probe that met a closed window says nothing about the path (RFC 9260 §6.1 A).
            self._congestion.on_timeout(now)
        self._recovery_packet = self.next_packet
        self.fast_retransmit = True
        self.t3_base = now if self.chunks else None
        self.forwarded_at = now
        self._advance_abandon_point()
