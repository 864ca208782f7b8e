"""The Data Channel Establishment Protocol's messages (RFC 8832 §5).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |  Message Type |  Channel Type |            Priority           |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                    Reliability Parameter                      |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |         Label Length          |       Protocol Length         |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                      Label, then Protocol                     |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from rtckit.seam import ParseError

__all__ = ["ACK", "Open", "parse_dcep"]

_OPEN: Final = struct.Struct("!BBHIHH")
_TYPE_ACK: Final = 0x02
_TYPE_OPEN: Final = 0x03
_UNORDERED: Final = 0x80
_RELIABLE: Final = 0x00
_REXMIT: Final = 0x01
_TIMED: Final = 0x02

#: DATA_CHANNEL_ACK (RFC 8832 §5.2).
ACK: Final = bytes((_TYPE_ACK,))


@dataclass(frozen=True, slots=True)
class Open:
    """DATA_CHANNEL_OPEN (RFC 8832 §5.1).

    :ivar label: at most 65,535 bytes of UTF-8.
    :ivar protocol: a subprotocol from the IANA WebSocket registry, or empty; same bound.
    :ivar ordered: whether messages are delivered in order.
    :ivar max_retransmits: how often a message is retransmitted at most, or ``None``.
    :ivar max_packet_life_time: for how many milliseconds it is, or ``None``; not both.
    :ivar priority: 0 to 65,535 (RFC 8831 §6.4).
    """

    label: str
    protocol: str = ""
    ordered: bool = True
    max_retransmits: int | None = None
    max_packet_life_time: int | None = None
    priority: int = 256

    @classmethod
    def parse(cls, data: bytes) -> Open:
        """:raises ParseError: if lengths, the channel type or the UTF-8 are wrong."""
        if len(data) < _OPEN.size:
            raise ParseError("OPEN too short", len(data))
        kind, channel_type, priority, reliability, label_size, protocol_size = _OPEN.unpack_from(
            data
        )
        if kind != _TYPE_OPEN:
            raise ParseError("not an OPEN", 0)
        if len(data) != _OPEN.size + label_size + protocol_size:
            raise ParseError("OPEN lengths", 8)
        reliability_type = channel_type & ~_UNORDERED
        if reliability_type not in (_RELIABLE, _REXMIT, _TIMED):
            raise ParseError("unknown channel type", 1)
        split = _OPEN.size + label_size
        try:
            label = data[_OPEN.size : split].decode()
            protocol = data[split:].decode()
        except UnicodeDecodeError as error:
            raise ParseError("label or protocol is not UTF-8", _OPEN.size) from error
        return cls(
            label,
            protocol,
            not channel_type & _UNORDERED,
            reliability if reliability_type == _REXMIT else None,
            reliability if reliability_type == _TIMED else None,
            priority,
        )

    def encode(self) -> bytes:
        """The message.

        :raises ValueError: if a field is out of range or both reliability bounds are given.
        """
        label = self.label.encode()
        protocol = self.protocol.encode()
        if len(label) > 0xFFFF or len(protocol) > 0xFFFF:
            raise ValueError("label and protocol take at most 65535 bytes of UTF-8 each")
        channel_type, reliability = _RELIABLE, 0
        if self.max_retransmits is not None:
            if self.max_packet_life_time is not None:
                raise ValueError("max_retransmits and max_packet_life_time exclude each other")
            channel_type, reliability = _REXMIT, self.max_retransmits
        elif self.max_packet_life_time is not None:
            channel_type, reliability = _TIMED, self.max_packet_life_time
        if not 0 <= reliability <= 0xFFFFFFFF or not 0 <= self.priority <= 0xFFFF:
            raise ValueError("reliability parameter or priority out of range")
        if not self.ordered:
            channel_type |= _UNORDERED
        header = _OPEN.pack(
            _TYPE_OPEN, channel_type, self.priority, reliability, len(label), len(protocol)
        )
        return header + label + protocol


def parse_dcep(data: bytes) -> Open | None:
    """An OPEN, or ``None`` for an ACK.

    :raises ParseError: if it is neither.
    """
    if data == ACK:
        return None
    return Open.parse(data)
