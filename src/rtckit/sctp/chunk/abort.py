"""ABORT (RFC 9260 §3.3.7): error causes, and the T bit if the tag is reflected.

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |   Type = 6    |  Reserved   |T|            Length             |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                  zero or more Error Causes                    |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

from rtckit.sctp.chunk.kind import FLAG_T, ChunkType, encode_chunk

__all__ = ["encode_abort"]


def encode_abort(causes: bytes = b"", *, reflected: bool = False) -> bytes:
    """An ABORT with encoded causes."""
    return encode_chunk(ChunkType.ABORT, FLAG_T if reflected else 0, causes)
