"""One data channel: what was agreed on it, and how far its opening and closing have come."""

from __future__ import annotations

from enum import StrEnum

from .dcep import ChannelType, DataChannelOpen

__all__ = ["PRIORITIES", "Channel", "ChannelState"]

#: RTCPriorityType to DCEP priority (RFC 8831 §6.4, WebRTC priority §4).
PRIORITIES = {"very-low": 128, "low": 256, "medium": 512, "high": 1024}


class ChannelState(StrEnum):
    """RTCDataChannelState."""

    CONNECTING = "connecting"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Channel:
    """A bidirectional pair of SCTP streams with one identifier.

    :ivar id: the stream identifier, ``None`` until the DTLS role is known.
    :ivar announced: whether the peer has opened it.
    :ivar acknowledged: whether everything may go unordered: until the peer is known to have
        seen the opening, messages must be sent ordered behind it (RFC 8832 §6).
    :ivar outgoing_reset: whether our stream has been reset.
    :ivar incoming_reset: whether the peer's has.
    """

    __slots__ = (
        "acknowledged",
        "announced",
        "bytes_received",
        "bytes_sent",
        "id",
        "incoming_reset",
        "label",
        "max_packet_life_time",
        "max_retransmits",
        "messages_received",
        "messages_sent",
        "negotiated",
        "ordered",
        "outgoing_reset",
        "priority",
        "protocol",
        "state",
    )

    def __init__(
        self,
        *,
        label: str,
        protocol: str = "",
        ordered: bool = True,
        max_retransmits: int | None = None,
        max_packet_life_time: int | None = None,
        priority: int = 256,
        negotiated: bool = False,
        id: int | None = None,
    ) -> None:
        self.label = label
        self.protocol = protocol
        self.ordered = ordered
        self.max_retransmits = max_retransmits
        self.max_packet_life_time = max_packet_life_time
        self.priority = priority
        self.negotiated = negotiated
        self.id = id
        self.state = ChannelState.CONNECTING
        self.announced = False
        self.acknowledged = negotiated
        self.outgoing_reset = False
        self.incoming_reset = False
        self.messages_sent = 0
        self.messages_received = 0
        self.bytes_sent = 0
        self.bytes_received = 0

    @classmethod
    def from_open(cls, message: DataChannelOpen, id: int) -> Channel:
        """The channel that the peer opens with ``message`` on stream ``id``."""
        kind = message.channel_type
        channel = cls(
            label=message.label,
            protocol=message.protocol,
            ordered=message.ordered,
            max_retransmits=(
                min(message.reliability, 65535)
                if kind is ChannelType.PARTIAL_RELIABLE_REXMIT
                else None
            ),
            max_packet_life_time=(
                min(message.reliability, 65535)
                if kind is ChannelType.PARTIAL_RELIABLE_TIMED
                else None
            ),
            priority=message.priority,
            id=id,
        )
        channel.announced = True
        channel.acknowledged = True
        channel.state = ChannelState.OPEN
        return channel

    @property
    def priority_name(self) -> str:
        """The highest RTCPriorityType that the priority reaches."""
        name = "very-low"
        for each, value in PRIORITIES.items():
            if self.priority >= value:
                name = each
        return name

    def open_message(self) -> DataChannelOpen:
        """What opens it at the peer."""
        if self.max_retransmits is not None:
            kind, reliability = ChannelType.PARTIAL_RELIABLE_REXMIT, self.max_retransmits
        elif self.max_packet_life_time is not None:
            kind, reliability = ChannelType.PARTIAL_RELIABLE_TIMED, self.max_packet_life_time
        else:
            kind, reliability = ChannelType.RELIABLE, 0
        return DataChannelOpen(
            kind, self.ordered, reliability, self.priority, self.label, self.protocol
        )

    def __repr__(self) -> str:
        return f"<Channel {self.label!r} id={self.id} {self.state}>"
