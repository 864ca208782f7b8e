"""The path to the peer: its round-trip time, whether it works, heartbeats (RFC 9260 §6.3, §8)."""

from __future__ import annotations

from typing import Final

from rtckit.sctp.chunk import CauseCode, encode_heartbeat, parse_heartbeat_info
from rtckit.sctp.failure import AssociationFailure
from rtckit.sctp.packet import HEADER_SIZE
from rtckit.sctp.rto import RetransmissionTimeout
from rtckit.sctp.tcb import ControlBlock
from rtckit.seam import ParseError

__all__ = ["Path"]

_NONCE_SIZE: Final = 8


class Path:
    """The only path there is: DTLS has one peer address (RFC 8261 §6.1), so its failure is the
    association's.

    :ivar rto: the retransmission timeout.
    """

    __slots__ = ("_errors", "_nonce", "_sent_at", "_tcb", "rto")

    def __init__(self, tcb: ControlBlock) -> None:
        self._tcb = tcb
        config = tcb.config
        self.rto = RetransmissionTimeout(config.rto_initial, config.rto_min, config.rto_max)
        self._errors = 0
        self._nonce = b""
        self._sent_at = 0.0

    def begin(self, now: float) -> None:
        """The association is established: watch the path."""
        self._errors = 0
        self._tcb.heard_at = now
        self._wait(now)

    def is_alive(self) -> None:
        """The peer answered something that we sent (RFC 9260 §8.1)."""
        self._errors = 0

    def timed_out(self) -> None:
        """Nobody answered in time.

        :raises AssociationFailure: if it was once too often (RFC 9260 §8.1).
        """
        self._errors += 1
        if self._errors > self._tcb.config.max_retransmits:
            raise AssociationFailure(
                CauseCode.USER_INITIATED_ABORT, b"path failure", "the path has failed"
            )

    def heartbeat_due(self, now: float) -> None:
        """RFC 9260 §8.3: on a path idle for the interval."""
        interval = self._tcb.config.heartbeat_interval
        if interval is None:
            return
        idle_until = self._tcb.heard_at + interval
        if now < idle_until:
            self._tcb.timers.set("heartbeat", idle_until)
            return
        self._nonce = self._tcb.random(_NONCE_SIZE)
        self._sent_at = now
        self._tcb.outbox.send(encode_heartbeat(self._nonce))
        self._tcb.timers.set("heartbeat-ack", now + self.rto.value)

    def heartbeat_missed(self, now: float) -> None:
        """No answer within the timeout.

        :raises AssociationFailure: if it was once too often.
        """
        self.timed_out()
        self.rto.back_off()
        self.heartbeat_due(now)

    def receive_heartbeat_ack(self, value: bytes, now: float) -> None:
        """:raises ParseError: if it answers no heartbeat of ours."""
        # RFC 9260 §8.3: the nonce shows that it does.
        if not self._nonce or parse_heartbeat_info(value) != self._nonce:
            raise ParseError("heartbeat nonce", HEADER_SIZE)
        self._nonce = b""
        self._errors = 0
        self.rto.sample(now - self._sent_at)
        self._tcb.timers.stop("heartbeat-ack")
        self._wait(now)

    def _wait(self, now: float) -> None:
        interval = self._tcb.config.heartbeat_interval
        if interval is not None:
            self._tcb.timers.set("heartbeat", now + interval)
