"""What an association tells its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

__all__ = [
    "BufferedAmountDecreased",
    "Closed",
    "Connected",
    "Event",
    "IncomingStreamsReset",
    "Message",
    "MessagesReceived",
    "OutgoingStreamsReset",
    "Restarted",
]


class Message(NamedTuple):
    """One received user message."""

    stream_id: int
    ppid: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Connected:
    """The handshake is done.

    :ivar inbound_streams: streams the peer may send on.
    :ivar outbound_streams: streams we may send on.
    :ivar partial_reliability: whether the peer understands FORWARD TSN (RFC 3758); if not,
        every message is sent reliably.
    :ivar stream_reset: whether the peer understands RE-CONFIG (RFC 6525).
    """

    inbound_streams: int
    outbound_streams: int
    partial_reliability: bool
    stream_reset: bool


@dataclass(frozen=True, slots=True)
class MessagesReceived:
    """Messages in order of delivery. They fill the receive window until ``consume``.

    :ivar messages: at least one.
    :ivar size: the sum of their data, in bytes.
    """

    messages: list[Message]
    size: int


@dataclass(frozen=True, slots=True)
class IncomingStreamsReset:
    """The peer reset its side of these streams: their next message is the first of a new life.

    :ivar stream_ids: the streams; empty if the peer reset every one.
    """

    stream_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OutgoingStreamsReset:
    """A ``reset_streams`` is decided.

    :ivar stream_ids: the streams.
    :ivar performed: whether the peer did it; if not, they are as before.
    """

    stream_ids: tuple[int, ...]
    performed: bool


@dataclass(frozen=True, slots=True)
class BufferedAmountDecreased:
    """Queued data went to the network, or was given up, since the last such event.

    :ivar amounts: stream identifier to the bytes by which its ``buffered_amount`` fell.
    """

    amounts: dict[int, int]


@dataclass(frozen=True, slots=True)
class Restarted:
    """The peer began the association anew (RFC 9260 §5.2.4.1): streams start from zero, and
    what was not acknowledged is gone."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The association is over; nothing follows.

    :ivar reason: in words.
    :ivar cause: the error cause code of an ABORT, if there was one (RFC 9260 §3.3.10).
    :ivar remote: whether the peer ended it.
    """

    reason: str
    cause: int | None
    remote: bool


Event: TypeAlias = (
    Connected
    | MessagesReceived
    | IncomingStreamsReset
    | OutgoingStreamsReset
    | BufferedAmountDecreased
    | Restarted
    | Closed
)
