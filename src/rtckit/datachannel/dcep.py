"""The Data Channel Establishment Protocol's two messages (RFC 8832 §5).

::

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |  Message Type |  Channel Type |            Priority           |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                    Reliability Parameter                      |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |         Label Length          |       Protocol Length         |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    \\                         Label, Protocol                        /
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from rtckit.seam import ParseError

__all__ = ["ChannelType", "DataChannelAck", "DataChannelOpen", "DcepMessage", "parse_dcep"]

_OPEN = 0x03
_ACK = 0x02
_HEADER = struct.Struct("!BBHLHH")
_UNORDERED = 0x80


class ChannelType(IntEnum):
    """RFC 8832 §5.1, without the bit that says unordered."""

    RELIABLE = 0x00
    PARTIAL_RELIABLE_REXMIT = 0x01
    PARTIAL_RELIABLE_TIMED = 0x02


@dataclass(frozen=True, slots=True)
class DataChannelOpen:
    """DATA_CHANNEL_OPEN.

    :ivar channel_type: what the reliability parameter counts.
    :ivar ordered: whether messages are delivered in order.
    :ivar reliability: retransmissions or milliseconds; ignored for ``RELIABLE``.
    :ivar priority: 0 to 65535 (RFC 8831 §6.4).
    :ivar label: need not be unique.
    :ivar protocol: a subprotocol's name, or empty.
    """

    channel_type: ChannelType
    ordered: bool
    reliability: int
    priority: int
    label: str
    protocol: str

    def encode(self) -> bytes:
        """Its bytes on the wire."""
        label = self.label.encode()
        protocol = self.protocol.encode()
        kind = self.channel_type | (0 if self.ordered else _UNORDERED)
        header = _HEADER.pack(
            _OPEN, kind, self.priority, self.reliability, len(label), len(protocol)
        )
        return header + label + protocol


@dataclass(frozen=True, slots=True)
class DataChannelAck:
    """DATA_CHANNEL_ACK."""

    def encode(self) -> bytes:
        """Its byte on the wire."""
        return bytes((_ACK,))


DcepMessage: TypeAlias = DataChannelOpen | DataChannelAck


def parse_dcep(data: bytes) -> DcepMessage:
    """Parse a message of payload protocol 50.

    :raises ParseError: it is neither message, truncated, or its texts are no UTF-8.
    """
    if not data:
        raise ParseError("empty DCEP message")
    if data[0] == _ACK:
        return DataChannelAck()
    if data[0] != _OPEN:
        raise ParseError(f"unknown DCEP message type {data[0]:#04x}")
    if len(data) < _HEADER.size:
        raise ParseError("truncated DATA_CHANNEL_OPEN", len(data))
    _, kind, priority, reliability, label_length, protocol_length = _HEADER.unpack_from(data)
    end_of_label = _HEADER.size + label_length
    if len(data) != end_of_label + protocol_length:
        raise ParseError("DATA_CHANNEL_OPEN's lengths do not add up", 8)
    try:
        channel_type = ChannelType(kind & ~_UNORDERED)
    except ValueError:
        raise ParseError(f"unknown channel type {kind:#04x}", 1) from None
    try:
        label = data[_HEADER.size : end_of_label].decode()
        protocol = data[end_of_label:].decode()
    except UnicodeDecodeError as error:
        raise ParseError("label or protocol is not UTF-8", _HEADER.size) from error
    return DataChannelOpen(
        channel_type, not kind & _UNORDERED, reliability, priority, label, protocol
    )
