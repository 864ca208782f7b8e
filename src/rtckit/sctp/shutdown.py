"""Closing gracefully (RFC 9260 §9.2)."""

from __future__ import annotations

from rtckit.sctp.chunk import (
    SHUTDOWN_ACK,
    CauseCode,
    encode_shutdown,
    encode_shutdown_complete,
    parse_shutdown,
)
from rtckit.sctp.failure import AssociationFailure
from rtckit.sctp.path import Path
from rtckit.sctp.state import State
from rtckit.sctp.tcb import ControlBlock
from rtckit.sctp.transfer import Transfer

__all__ = ["Shutdown"]


class Shutdown:
    """Both sides of the closing handshake. What was handed over is delivered first."""

    __slots__ = ("_path", "_tcb", "_transfer")

    def __init__(self, tcb: ControlBlock, path: Path, transfer: Transfer) -> None:
        self._tcb = tcb
        self._path = path
        self._transfer = transfer

    def begin(self, now: float) -> None:
        """The application asks for it."""
        self._tcb.enter(State.SHUTDOWN_PENDING)
        self._guard(now)
        self.advance(now)

    def _guard(self, now: float) -> None:
        # RFC 9260 §9.2: T5 bounds the whole procedure.
        self._tcb.timers.set("t5", now + 5 * self._tcb.config.rto_max)

    def t5_expired(self) -> None:
        """:raises AssociationFailure: always."""
        raise AssociationFailure(CauseCode.USER_INITIATED_ABORT, b"", "shutdown took too long")

    def advance(self, now: float) -> None:
        """Take the next step if everything is acknowledged."""
        state = self._tcb.state
        if state is State.SHUTDOWN_PENDING:
            if self._transfer.is_drained:
                self._tcb.enter(State.SHUTDOWN_SENT)
                self._send_shutdown(now)
        elif state is State.SHUTDOWN_RECEIVED and self._transfer.is_drained:
            self._send_shutdown_ack(now)

    def data_arrived(self, now: float) -> None:
        """The peer still has something to say."""
        if self._tcb.state is State.SHUTDOWN_SENT:
            # RFC 9260 §9.2: answered with SHUTDOWN and SACK at once, and T2 begins anew.
            self._path.is_alive()
            self._transfer.sack_due = True
            self._send_shutdown(now)

    def receive_shutdown(self, value: bytes, now: float) -> None:
        """:raises ParseError: if it is malformed."""
        self._transfer.receive_cumulative(parse_shutdown(value), now)
        state = self._tcb.state
        if state in (State.ESTABLISHED, State.SHUTDOWN_PENDING):
            self._tcb.enter(State.SHUTDOWN_RECEIVED)
            self._guard(now)
        elif state in (State.SHUTDOWN_SENT, State.SHUTDOWN_ACK_SENT):
            # Both at once, or our SHUTDOWN ACK was lost.
            self._send_shutdown_ack(now)
        self.advance(now)

    def receive_shutdown_ack(self) -> None:
        """The peer has got everything, and so have we."""
        outbox = self._tcb.outbox
        outbox.reply(outbox.header, encode_shutdown_complete(reflected=False))
        self._tcb.end("shut down", None, remote=False)

    def t2_expired(self, now: float) -> None:
        """:raises AssociationFailure: if the peer has not answered for too long."""
        self._path.timed_out()
        self._path.rto.back_off()
        if self._tcb.state is State.SHUTDOWN_SENT:
            self._send_shutdown(now)
        elif self._tcb.state is State.SHUTDOWN_ACK_SENT:
            self._send_shutdown_ack(now)

    def _send_shutdown(self, now: float) -> None:
        self._tcb.outbox.send(encode_shutdown(self._transfer.inbound.cumulative_tsn))
        self._tcb.timers.set("t2", now + self._path.rto.value)

    def _send_shutdown_ack(self, now: float) -> None:
        if self._tcb.state is not State.SHUTDOWN_ACK_SENT:
            self._tcb.enter(State.SHUTDOWN_ACK_SENT)
        self._tcb.outbox.send(SHUTDOWN_ACK)
        self._tcb.timers.set("t2", now + self._path.rto.value)
