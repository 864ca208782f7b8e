"""ERROR (RFC 9260 §3.3.10): one or more error causes, not fatal.

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |   Type = 9    |  Chunk Flags  |            Length             |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                   one or more Error Causes                    |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

from rtckit.sctp.chunk.kind import ChunkType, encode_chunk

__all__ = ["encode_error"]


def encode_error(causes: bytes) -> bytes:
    """An ERROR with encoded causes."""
    return encode_chunk(ChunkType.ERROR, 0, causes)
