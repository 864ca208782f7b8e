"""The association's states and its legal moves, as a table (RFC 9260 §4)."""

from __future__ import annotations

from enum import Enum
from typing import Final

from rtckit.sctp.chunk import ChunkType

__all__ = [
    "CHUNK_STATES",
    "SENDING_STATES",
    "TRANSITIONS",
    "TRANSMITTING_STATES",
    "UP_STATES",
    "State",
]


class State(Enum):
    """The states of RFC 9260 §4, and what comes after the last."""

    CLOSED = "closed"
    COOKIE_WAIT = "cookie-wait"
    COOKIE_ECHOED = "cookie-echoed"
    ESTABLISHED = "established"
    SHUTDOWN_PENDING = "shutdown-pending"
    SHUTDOWN_SENT = "shutdown-sent"
    SHUTDOWN_RECEIVED = "shutdown-received"
    SHUTDOWN_ACK_SENT = "shutdown-ack-sent"
    ENDED = "ended"


#: There is a peer, and it knows of us.
UP_STATES: Final = frozenset(
    {
        State.ESTABLISHED,
        State.SHUTDOWN_PENDING,
        State.SHUTDOWN_SENT,
        State.SHUTDOWN_RECEIVED,
        State.SHUTDOWN_ACK_SENT,
    }
)
_LIVE: Final = UP_STATES | {State.COOKIE_WAIT, State.COOKIE_ECHOED}
_READS: Final = frozenset({State.ESTABLISHED, State.SHUTDOWN_PENDING, State.SHUTDOWN_SENT})
#: What is queued goes out.
TRANSMITTING_STATES: Final = frozenset(
    {State.ESTABLISHED, State.SHUTDOWN_PENDING, State.SHUTDOWN_RECEIVED}
)

#: The application may hand over messages.
SENDING_STATES: Final = frozenset(
    {State.CLOSED, State.COOKIE_WAIT, State.COOKIE_ECHOED, State.ESTABLISHED}
)

#: In which states a chunk is acted on; in others it is dropped and counted.
CHUNK_STATES: Final[dict[int, frozenset[State]]] = {
    ChunkType.DATA: _READS,
    ChunkType.INIT: _LIVE | {State.CLOSED},
    ChunkType.INIT_ACK: frozenset({State.COOKIE_WAIT}),
    ChunkType.SACK: TRANSMITTING_STATES | {State.SHUTDOWN_SENT},
    ChunkType.HEARTBEAT: UP_STATES | {State.COOKIE_ECHOED},
    ChunkType.HEARTBEAT_ACK: UP_STATES,
    ChunkType.ABORT: _LIVE,
    ChunkType.SHUTDOWN: UP_STATES,
    ChunkType.SHUTDOWN_ACK: frozenset({State.SHUTDOWN_SENT, State.SHUTDOWN_ACK_SENT}),
    ChunkType.ERROR: _LIVE,
    ChunkType.COOKIE_ECHO: _LIVE | {State.CLOSED},
    ChunkType.COOKIE_ACK: frozenset({State.COOKIE_ECHOED}),
    ChunkType.SHUTDOWN_COMPLETE: frozenset({State.SHUTDOWN_ACK_SENT}),
    ChunkType.RE_CONFIG: TRANSMITTING_STATES | _READS,
    ChunkType.FORWARD_TSN: _READS,
}

#: From each state, where an association may go next. A restart (RFC 9260 §5.2.4) leads from any
#: live state back to ESTABLISHED; an ABORT or a failure from any to ENDED.
TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.CLOSED: frozenset({State.COOKIE_WAIT, State.ESTABLISHED, State.ENDED}),
    State.COOKIE_WAIT: frozenset({State.COOKIE_ECHOED, State.ESTABLISHED, State.ENDED}),
    State.COOKIE_ECHOED: frozenset({State.COOKIE_WAIT, State.ESTABLISHED, State.ENDED}),
    State.ESTABLISHED: frozenset(
        {State.ESTABLISHED, State.SHUTDOWN_PENDING, State.SHUTDOWN_RECEIVED, State.ENDED}
    ),
    State.SHUTDOWN_PENDING: frozenset(
        {State.ESTABLISHED, State.SHUTDOWN_SENT, State.SHUTDOWN_RECEIVED, State.ENDED}
    ),
    State.SHUTDOWN_SENT: frozenset({State.ESTABLISHED, State.SHUTDOWN_ACK_SENT, State.ENDED}),
    State.SHUTDOWN_RECEIVED: frozenset({State.ESTABLISHED, State.SHUTDOWN_ACK_SENT, State.ENDED}),
    State.SHUTDOWN_ACK_SENT: frozenset({State.ENDED}),
    State.ENDED: frozenset(),
}
