"""SHUTDOWN, SHUTDOWN ACK and SHUTDOWN COMPLETE (RFC 9260 §3.3.8, §3.3.9, §3.3.13).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |   Type = 7    |  Chunk Flags  |          Length = 8           |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                      Cumulative TSN Ack                       |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

import struct
from typing import Final

from rtckit.sctp.chunk.kind import FLAG_T, ChunkType, encode_chunk
from rtckit.seam import ParseError

__all__ = [
    "SHUTDOWN_ACK",
    "encode_shutdown",
    "encode_shutdown_complete",
    "parse_shutdown",
]

_TSN: Final = struct.Struct("!I")

SHUTDOWN_ACK: Final = encode_chunk(ChunkType.SHUTDOWN_ACK, 0, b"")


def encode_shutdown(cumulative_tsn: int) -> bytes:
    """A SHUTDOWN that acknowledges up to ``cumulative_tsn``."""
    return encode_chunk(ChunkType.SHUTDOWN, 0, _TSN.pack(cumulative_tsn))


def parse_shutdown(value: bytes) -> int:
    """The cumulative TSN ack of a SHUTDOWN.

    :raises ParseError: if the value is not four bytes.
    """
    if len(value) != 4:
        raise ParseError("SHUTDOWN length", len(value))
    (tsn,) = _TSN.unpack(value)
    assert isinstance(tsn, int)
    return tsn


def encode_shutdown_complete(*, reflected: bool) -> bytes:
    """A SHUTDOWN COMPLETE; ``reflected`` sets the T bit (RFC 9260 §8.4)."""
    return encode_chunk(ChunkType.SHUTDOWN_COMPLETE, FLAG_T if reflected else 0, b"")
