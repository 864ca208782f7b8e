"""What a connection tells its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from rtckit.datachannel import Channel

__all__ = [
    "ChannelAnnounced",
    "ChannelClosed",
    "ChannelClosing",
    "ChannelOpened",
    "ChannelTransmitted",
    "ConnectionEvent",
    "ConnectionStateChanged",
    "DtlsStateChanged",
    "IceConnectionStateChanged",
    "IceGatheringStateChanged",
    "LocalCandidate",
    "Message",
    "MessagesReceived",
    "NameToResolve",
    "SctpStateChanged",
    "SelectedPairChanged",
]


@dataclass(frozen=True, slots=True)
class IceGatheringStateChanged:
    """:ivar state: ``"new"``, ``"gathering"`` or ``"complete"``."""

    state: str


@dataclass(frozen=True, slots=True)
class LocalCandidate:
    """A local candidate to signal.

    :ivar candidate: the ``candidate:...`` text, or ``""`` at the end of a generation.
    :ivar mid: the m-section that carries the transport.
    :ivar mline_index: its index.
    :ivar ufrag: the generation's user fragment.
    :ivar url: the STUN or TURN server that it was learned from, or ``None``.
    """

    candidate: str
    mid: str
    mline_index: int
    ufrag: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class NameToResolve:
    """Resolve a ``.local`` name by multicast DNS, and call ``name_resolved``."""

    name: str


@dataclass(frozen=True, slots=True)
class SelectedPairChanged:
    """ICE carries data over another candidate pair now."""


@dataclass(frozen=True, slots=True)
class IceConnectionStateChanged:
    """:ivar state: as RTCIceTransportState."""

    state: str


@dataclass(frozen=True, slots=True)
class DtlsStateChanged:
    """The DTLS transport changed.

    :ivar state: as RTCDtlsTransportState.
    :ivar error: why it failed or closed, empty if it did as it should.
    :ivar sent_alert: the alert that was sent, or ``None``.
    :ivar received_alert: the alert that was received, or ``None``.
    """

    state: str
    error: str = ""
    sent_alert: int | None = None
    received_alert: int | None = None


@dataclass(frozen=True, slots=True)
class SctpStateChanged:
    """The SCTP association changed.

    :ivar state: ``"connecting"``, ``"connected"`` or ``"closed"``.
    :ivar error: why it closed.
    :ivar cause_code: the cause in the peer's ABORT, or ``None``.
    """

    state: str
    error: str = ""
    cause_code: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectionStateChanged:
    """:ivar state: as RTCPeerConnectionState."""

    state: str


@dataclass(frozen=True, slots=True)
class ChannelAnnounced:
    """The peer has opened a channel; it is open."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelOpened:
    """A channel of ours is open."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelClosing:
    """The peer has begun to close a channel."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelClosed:
    """A channel is closed.

    :ivar error: empty if it closed as it should.
    :ivar cause_code: the SCTP cause code, or ``None``.
    """

    channel: Channel
    error: str = ""
    cause_code: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelTransmitted:
    """Bytes of a channel's messages have left for the network, or were given up."""

    channel: Channel
    size: int


#: A received message: its channel, its content, and the bytes that reading it gives back to the
#: receive window. A tuple, as there may be hundreds of thousands a second.
Message: TypeAlias = tuple[Channel, str | bytes, int]


@dataclass(frozen=True, slots=True)
class MessagesReceived:
    """Messages have arrived, in order."""

    messages: list[Message]


ConnectionEvent: TypeAlias = (
    IceGatheringStateChanged
    | LocalCandidate
    | NameToResolve
    | SelectedPairChanged
    | IceConnectionStateChanged
    | DtlsStateChanged
    | SctpStateChanged
    | ConnectionStateChanged
    | ChannelAnnounced
    | ChannelOpened
    | ChannelClosing
    | ChannelClosed
    | ChannelTransmitted
    | MessagesReceived
)
