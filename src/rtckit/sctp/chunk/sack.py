"""SACK (RFC 9260 §3.3.4).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |   Type = 3    |  Chunk Flags  |         Chunk Length          |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                      Cumulative TSN Ack                       |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |          Advertised Receiver Window Credit (a_rwnd)           |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    | Number of Gap Ack Blocks = N  |  Number of Duplicate TSNs = M |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |    Gap Ack Block #1 Start     |     Gap Ack Block #1 End      |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                        Duplicate TSN 1                        |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from rtckit.sctp.chunk.kind import ChunkType, encode_chunk
from rtckit.seam import ParseError

__all__ = ["Sack"]

_FIXED: Final = struct.Struct("!IIHH")


@dataclass(frozen=True, slots=True)
class Sack:
    """An acknowledgement.

    :ivar cumulative_tsn: everything up to and with this TSN has arrived.
    :ivar a_rwnd: receive window left, in bytes.
    :ivar gaps: blocks of TSNs that arrived beyond, as offsets from ``cumulative_tsn``, both
        ends included, in ascending order without overlap.
    :ivar duplicates: TSNs that arrived again.
    """

    cumulative_tsn: int
    a_rwnd: int
    gaps: list[tuple[int, int]]
    duplicates: list[int]

    @classmethod
    def parse(cls, value: bytes) -> Sack:
        """Blocks in any order are put in order and joined.

        :raises ParseError: if the counts do not fit the length or a block is inverted.
        """
        if len(value) < _FIXED.size:
            raise ParseError("SACK too short", len(value))
        cumulative, a_rwnd, n_gaps, n_duplicates = _FIXED.unpack_from(value)
        if not n_gaps and not n_duplicates:
            return cls(cumulative, a_rwnd, [], [])
        start = _FIXED.size
        if len(value) < start + 4 * (n_gaps + n_duplicates):
            raise ParseError("SACK shorter than its counts", len(value))
        bounds = struct.unpack_from(f"!{2 * n_gaps}H", value, start)
        gaps = list(zip(bounds[::2], bounds[1::2], strict=True))
        duplicates = list(struct.unpack_from(f"!{n_duplicates}I", value, start + 4 * n_gaps))
        return cls(cumulative, a_rwnd, _ordered(gaps), duplicates)

    def encode(self) -> bytes:
        """The chunk."""
        gaps = self.gaps
        duplicates = self.duplicates
        value = _FIXED.pack(self.cumulative_tsn, self.a_rwnd, len(gaps), len(duplicates))
        if gaps:
            bounds = [bound for gap in gaps for bound in gap]
            value += struct.pack(f"!{len(bounds)}H", *bounds)
        if duplicates:
            value += struct.pack(f"!{len(duplicates)}I", *duplicates)
        return encode_chunk(ChunkType.SACK, 0, value)


def _ordered(gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    last = 0
    for start, end in sorted(gaps):
        if start < 1 or end < start:
            raise ParseError("gap ack block bounds", _FIXED.size)
        if joined and start <= last + 1:
            if end > last:
                joined[-1] = (joined[-1][0], end)
                last = end
        else:
            joined.append((start, end))
            last = end
    return joined
