"""FORWARD TSN (RFC 3758 §3.2).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |   Type = 192  |  Flags = 0x00 |        Length = Variable      |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                      New Cumulative TSN                       |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |         Stream-1              |       Stream Sequence-1       |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from rtckit.sctp.chunk.kind import ChunkType, encode_chunk
from rtckit.seam import ParseError

__all__ = ["ForwardTsn"]

_TSN: Final = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class ForwardTsn:
    """The sender has given up on everything up to a TSN.

    :ivar new_cumulative_tsn: the last TSN to treat as received.
    :ivar streams: ``(stream identifier, highest abandoned stream sequence number)``.
    """

    new_cumulative_tsn: int
    streams: list[tuple[int, int]]

    @classmethod
    def parse(cls, value: bytes) -> ForwardTsn:
        """:raises ParseError: if the length is not that of whole entries."""
        if len(value) < 4 or len(value) & 3:
            raise ParseError("FORWARD TSN length", len(value))
        (tsn,) = _TSN.unpack_from(value)
        words = struct.unpack_from(f"!{(len(value) - 4) // 2}H", value, 4)
        return cls(tsn, list(zip(words[::2], words[1::2], strict=True)))

    def encode(self) -> bytes:
        """The chunk."""
        words = [word for pair in self.streams for word in pair]
        value = _TSN.pack(self.new_cumulative_tsn) + struct.pack(f"!{len(words)}H", *words)
        return encode_chunk(ChunkType.FORWARD_TSN, 0, value)
