"""One data channel: its parameters and its state (RFC 8831 §6)."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from rtckit.datachannel.dcep import Open
from rtckit.datachannel.ppid import Ppid

__all__ = ["Channel", "ChannelState", "Outgoing"]

#: An SCTP message cannot be empty, so an empty one is sent as a zero byte (RFC 8831 §6.6).
_EMPTY: Final = b"\0"


class ChannelState(Enum):
    """The states of the W3C's RTCDataChannelState."""

    CONNECTING = "connecting"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Outgoing(NamedTuple):
    """A message for SCTP, in the terms of its ``send``; ``lifetime`` is in seconds."""

    stream_id: int
    ppid: int
    data: bytes
    ordered: bool
    max_retransmits: int | None
    lifetime: float | None


class Channel:
    """A channel of a :class:`~rtckit.datachannel.ChannelTable`; only the table changes it.

    :ivar parameters: label, protocol, ordering, reliability and priority.
    :ivar negotiated: whether both sides made it without DATA_CHANNEL_OPEN.
    :ivar id: the stream identifier, ``None`` until the DTLS role is known.
    :ivar state: see :class:`ChannelState`.
    """

    __slots__ = (
        "_lifetime",
        "awaits_ack",
        "id",
        "incoming_reset",
        "negotiated",
        "outgoing_reset",
        "parameters",
        "partial",
        "partial_size",
        "state",
    )

    def __init__(self, parameters: Open, channel_id: int | None, negotiated: bool) -> None:
        self.parameters = parameters
        self.id = channel_id
        self.negotiated = negotiated
        self.state = ChannelState.CONNECTING
        self.awaits_ack = False
        self.incoming_reset = False
        self.outgoing_reset = False
        self.partial: list[bytes] = []
        self.partial_size = 0
        milliseconds = parameters.max_packet_life_time
        self._lifetime = None if milliseconds is None else milliseconds / 1000

    def outgoing(self, data: str | bytes) -> Outgoing:
        """The SCTP message that carries ``data``.

        :raises RuntimeError: if the channel is not open.
        """
        if self.state is not ChannelState.OPEN or self.id is None:
            raise RuntimeError(f"the data channel is {self.state.value}")
        if isinstance(data, str):
            payload = data.encode()
            ppid = Ppid.STRING if payload else Ppid.STRING_EMPTY
        else:
            payload = data
            ppid = Ppid.BINARY if payload else Ppid.BINARY_EMPTY
        parameters = self.parameters
        return Outgoing(
            self.id,
            ppid,
            payload or _EMPTY,
            # RFC 8832 §6: ordered until the peer is known to have seen the OPEN.
            parameters.ordered or self.awaits_ack,
            parameters.max_retransmits,
            self._lifetime,
        )
