"""Sending and acknowledging user data (RFC 9260 §6)."""

from __future__ import annotations

from typing import Final

from rtckit.sctp.chunk import CauseCode, ForwardTsn, Sack
from rtckit.sctp.inbound import Inbound
from rtckit.sctp.negotiation import Peer
from rtckit.sctp.outbound import Outbound
from rtckit.sctp.path import Path
from rtckit.sctp.streams import OutboundStreams
from rtckit.sctp.tcb import ControlBlock

__all__ = ["Transfer"]

#: Lifetimes are looked at no more often than this, in seconds.
_LIFETIME_INTERVAL: Final = 0.01


class Transfer:
    """The two halves, and what goes between them: when to acknowledge, and when the
    retransmission timer runs.

    :ivar inbound: what comes from the peer.
    :ivar outbound: what goes to it.
    :ivar sack_due: whether the next packet carries a SACK.
    """

    __slots__ = ("_path", "_tcb", "inbound", "outbound", "sack_due")

    def __init__(self, tcb: ControlBlock, path: Path, peer: Peer, streams: OutboundStreams) -> None:
        self._tcb = tcb
        self._path = path
        self.outbound = Outbound(
            tcb.config,
            tcb.outbox.header,
            tcb.local_tsn,
            peer.window,
            peer.forward_tsn,
            streams,
            path.rto,
            tcb.drops,
        )
        self.inbound = Inbound(
            tcb.config, peer.initial_tsn, peer.inbound_streams, tcb.events, tcb.drops
        )
        self.sack_due = False

    @property
    def is_drained(self) -> bool:
        """Whether everything handed over is acknowledged."""
        return self.outbound.is_drained

    # -- receiving -------------------------------------------------------------------------

    def receive_forward_tsn(self, value: bytes) -> None:
        """:raises ParseError: if it is malformed."""
        self.inbound.receive_forward_tsn(ForwardTsn.parse(value))

    def finish_train(self, now: float) -> bool:
        """Once for all packets that came together; whether there was data in them."""
        inbound = self.inbound
        if not inbound.unacknowledged:
            return False
        if inbound.unacknowledged > 1 or inbound.acknowledge_now or inbound.has_gaps:
            # RFC 9260 §6.2: every second packet, and at once if something is missing.
            self.sack_due = True
        else:
            self._tcb.timers.set_earlier("sack", now + self._tcb.config.sack_delay)
        for stream_id in inbound.take_invalid_streams():
            # RFC 9260 §6.5.
            information = stream_id.to_bytes(2, "big") + b"\0\0"
            self._tcb.outbox.report(CauseCode.INVALID_STREAM_IDENTIFIER, information)
        return True

    def consume(self, size: int, messages: int) -> None:
        """The application has read.

        :raises ValueError: if a number is negative.
        """
        if self.inbound.consume(size, messages):
            self.sack_due = True

    def sack_expired(self) -> None:
        """A packet has waited for its acknowledgement long enough."""
        self.sack_due = self.inbound.unacknowledged > 0

    def receive_sack(self, value: bytes, now: float) -> None:
        """:raises ParseError: if it is malformed."""
        sack = Sack.parse(value)
        outbound = self.outbound
        progress = outbound.flight.receive_sack(sack, now)
        if progress or sack.a_rwnd < self._tcb.config.packet_size:
            # RFC 9260 §8.1, and §6.1 A: a peer that answers probes of its window is alive.
            self._path.is_alive()
        self._arm_t3()

    def receive_cumulative(self, cumulative_tsn: int, now: float) -> None:
        """The acknowledgement in a SHUTDOWN."""
        self.outbound.flight.receive_cumulative(cumulative_tsn, now)
        self._arm_t3()

    # -- sending ---------------------------------------------------------------------------

    def acknowledge(self, lead: list[bytes], now: float) -> None:
        """Add the SACK and the FORWARD TSN that are due to the control chunks ``lead``."""
        outbound = self.outbound
        room = self._tcb.outbox.room
        if self.sack_due or (self.inbound.unacknowledged and outbound.wants_to_send()):
            lead.append(self.inbound.make_sack(room).encode())
            self.sack_due = False
            self._tcb.timers.stop("sack")
        forward = outbound.flight.make_forward_tsn(room, now)
        if forward is not None:
            lead.append(forward.encode())

    def fill(self, packets: list[bytes], lead: list[bytes], now: float) -> None:
        """Append packets with data, the first of which carries ``lead`` too."""
        outbound = self.outbound
        outbound.fill(packets, self._tcb.config.limits.train, lead, now)
        self._arm_t3()
        resume_at = outbound.resume_at
        if resume_at is not None:
            self._tcb.timers.set("pace", resume_at)

    def lifetime_expired(self, now: float) -> None:
        """Queued messages are given up in time, though the windows do not let them have their
        turn (RFC 3758 §4.1)."""
        following = self.outbound.give_up_expired(now)
        if following is not None:
            self._tcb.timers.set("lifetime", max(following, now + _LIFETIME_INTERVAL))

    def _arm_t3(self) -> None:
        deadline = self.outbound.flight.deadline()
        if deadline is not None:
            self._tcb.timers.set_earlier("t3", deadline)

    def t3_expired(self, now: float) -> None:
        """:raises AssociationFailure: if the peer has not answered for too long."""
        flight = self.outbound.flight
        deadline = flight.deadline()
        # The entry is not moved while acknowledgements come, so it may be early.
        if deadline is not None and deadline <= now and flight.expire(now):
            self._path.timed_out()
        self._arm_t3()
