"""The transmission control block: what the chapters of the protocol share (RFC 9260 §14)."""

from __future__ import annotations

from collections import Counter

from rtckit.sctp.chunk import CauseCode, ChunkType, encode_abort, encode_cause
from rtckit.sctp.config import Config
from rtckit.sctp.event_queue import EventQueue
from rtckit.sctp.events import Closed
from rtckit.sctp.negotiation import Peer
from rtckit.sctp.outbox import Outbox
from rtckit.sctp.packet import Header
from rtckit.sctp.state import CHUNK_STATES, SENDING_STATES, TRANSITIONS, State
from rtckit.seam import Entropy, Timers

__all__ = ["ControlBlock"]


class ControlBlock:
    """State, identity and the ways out of one association.

    :ivar state: where it stands; :meth:`enter` changes it.
    :ivar exists: whether there is an association, if only a beginning one.
    :ivar accepts_data: whether DATA is welcome.
    :ivar accepts_messages: whether the application may hand over messages.
    :ivar local_tag: the verification tag of packets to us.
    :ivar local_tsn: our initial TSN.
    :ivar header_from_peer: what such a packet starts with.
    :ivar peer: what the handshake has settled so far.
    :ivar heard_at: when a packet with our tag last came.
    """

    __slots__ = (
        "_entropy",
        "accepts_data",
        "accepts_messages",
        "config",
        "drops",
        "events",
        "exists",
        "header_from_peer",
        "heard_at",
        "local_tag",
        "local_tsn",
        "outbox",
        "peer",
        "state",
        "timers",
    )

    def __init__(self, config: Config, entropy: Entropy) -> None:
        self.config = config
        self._entropy = entropy
        self.drops: Counter[str] = Counter()
        self.timers = Timers()
        self.events = EventQueue()
        self.outbox = Outbox(config, self.drops)
        self.state = State.CLOSED
        self.exists = False
        self.accepts_data = False
        self.accepts_messages = True
        self.peer: Peer | None = None
        self.heard_at = 0.0
        self.identify(*self.draw_identity())

    def random(self, size: int) -> bytes:
        """That many random bytes."""
        return self._entropy(size)

    def draw_identity(self) -> tuple[int, int]:
        """A new verification tag, which is not zero (RFC 9260 §5.3.1), and initial TSN."""
        while not (tag := int.from_bytes(self._entropy(4), "big")):
            pass
        return tag, int.from_bytes(self._entropy(4), "big")

    def identify(self, tag: int, initial_tsn: int) -> None:
        """Take a tag and an initial TSN for ours."""
        self.local_tag = tag
        self.local_tsn = initial_tsn
        self.header_from_peer = Header(self.config.remote_port, self.config.local_port, tag)

    def meet(self, peer: Peer) -> None:
        """Take what the peer says of itself."""
        self.peer = peer
        self.outbox.header = self.outbox.header_with(peer.tag)

    def enter(self, state: State) -> None:
        """Change the state, as the table allows."""
        assert state in TRANSITIONS[self.state], (self.state, state)
        self.state = state
        self.accepts_data = state in CHUNK_STATES[ChunkType.DATA]
        self.accepts_messages = state in SENDING_STATES
        self.exists = state not in (State.CLOSED, State.ENDED)

    def end(self, reason: str, cause: int | None, *, remote: bool) -> None:
        """The association is over."""
        if self.state is State.ENDED:
            return
        self.timers.clear()
        self.outbox.clear()
        self.enter(State.ENDED)
        self.events.push(Closed(reason, cause, remote))

    def abort(self, code: CauseCode, information: bytes, reason: str) -> None:
        """End it with an ABORT, if the peer has a tag to send it under (RFC 9260 §9.1)."""
        if self.state is State.ENDED:
            return
        if self.outbox.header.verification_tag:
            cause = encode_cause(code, information[: self.outbox.room - 64])
            self.outbox.reply(self.outbox.header, encode_abort(cause))
        self.end(reason, code, remote=False)
