"""COOKIE ECHO and COOKIE ACK (RFC 9260 §3.3.11, §3.3.12).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |   Type = 10   |  Chunk Flags  |            Length             |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                            Cookie                             |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

from typing import Final

from rtckit.sctp.chunk.kind import ChunkType, encode_chunk

__all__ = ["COOKIE_ACK", "encode_cookie_echo"]

COOKIE_ACK: Final = encode_chunk(ChunkType.COOKIE_ACK, 0, b"")


def encode_cookie_echo(cookie: bytes) -> bytes:
    """A COOKIE ECHO that returns the peer's cookie unchanged."""
    return encode_chunk(ChunkType.COOKIE_ECHO, 0, cookie)
