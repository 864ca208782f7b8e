"""Chunk types and the framing every chunk shares (RFC 9260 §3.2).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |  Chunk Type   |  Chunk Flags  |         Chunk Length          |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                          Chunk Value                          |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

from rtckit.seam import ParseError

__all__ = ["FLAG_T", "ChunkType", "RawChunk", "encode_chunk", "split_chunks"]

_HEADER: Final = struct.Struct("!BBH")
_PADDING: Final = (b"", b"\0\0\0", b"\0\0", b"\0")

#: The T bit of ABORT and SHUTDOWN COMPLETE: the verification tag is the sender's view of the
#: receiver's own packet, reflected (RFC 9260 §8.5.1).
FLAG_T: Final = 0x01

#: One chunk as found in a packet: its type, its flags and its value without padding.
RawChunk = tuple[int, int, bytes]


class ChunkType(IntEnum):
    """The chunk types this implementation knows."""

    DATA = 0
    INIT = 1
    INIT_ACK = 2
    SACK = 3
    HEARTBEAT = 4
    HEARTBEAT_ACK = 5
    ABORT = 6
    SHUTDOWN = 7
    SHUTDOWN_ACK = 8
    ERROR = 9
    COOKIE_ECHO = 10
    COOKIE_ACK = 11
    SHUTDOWN_COMPLETE = 14
    RE_CONFIG = 130
    FORWARD_TSN = 192


def encode_chunk(kind: int, flags: int, value: bytes) -> bytes:
    """A chunk with its header, padded with zeros to four bytes (RFC 9260 §3.2)."""
    return _HEADER.pack(kind, flags, 4 + len(value)) + value + _PADDING[len(value) & 3]


def split_chunks(packet: bytes, offset: int) -> list[RawChunk]:
    """The chunks of ``packet`` from ``offset`` on.

    :raises ParseError: if a chunk's length is less than its header or more than the packet.
    """
    chunks: list[RawChunk] = []
    end = len(packet)
    while offset < end:
        if offset + 4 > end:
            # Fewer than four bytes after the last chunk are padding, never more (RFC 9260 §3.2).
            raise ParseError("truncated chunk header", offset)
        kind, flags, length = _HEADER.unpack_from(packet, offset)
        if length < 4 or offset + length > end:
            raise ParseError("chunk length", offset)
        chunks.append((kind, flags, packet[offset + 4 : offset + length]))
        offset += (length + 3) & ~3
    return chunks
