"""INIT and INIT ACK, which have one layout (RFC 9260 §3.3.2, §3.3.3).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |  Type = 1, 2  |  Chunk Flags  |         Chunk Length          |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                         Initiate Tag                          |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |           Advertised Receiver Window Credit (a_rwnd)          |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |  Number of Outbound Streams   |   Number of Inbound Streams   |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                          Initial TSN                          |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                     Optional Parameters                       |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from rtckit.sctp.chunk.kind import ChunkType, encode_chunk
from rtckit.sctp.chunk.parameter import (
    Parameter,
    encode_parameters,
    split_parameters,
)
from rtckit.seam import ParseError

__all__ = ["Init"]

_FIXED: Final = struct.Struct("!IIHHI")


@dataclass(frozen=True, slots=True)
class Init:
    """What one side says of itself in INIT or INIT ACK.

    :ivar initiate_tag: the verification tag its peer must use.
    :ivar a_rwnd: receive window in bytes.
    :ivar outbound_streams: how many streams it wants to send on.
    :ivar inbound_streams: how many streams it can receive on at most.
    :ivar initial_tsn: the TSN of its first DATA chunk.
    :ivar parameters: optional parameters in order, the unknown included.
    """

    initiate_tag: int
    a_rwnd: int
    outbound_streams: int
    inbound_streams: int
    initial_tsn: int
    parameters: list[Parameter] = field(default_factory=list)

    @classmethod
    def parse(cls, value: bytes) -> Init:
        """:raises ParseError: if the value is too short or a parameter is malformed."""
        if len(value) < _FIXED.size:
            raise ParseError("INIT too short", len(value))
        tag, a_rwnd, outbound, inbound, tsn = _FIXED.unpack_from(value)
        return cls(tag, a_rwnd, outbound, inbound, tsn, split_parameters(value, _FIXED.size))

    def encode(self, kind: ChunkType) -> bytes:
        """The chunk, as ``ChunkType.INIT`` or ``ChunkType.INIT_ACK``."""
        fixed = _FIXED.pack(
            self.initiate_tag,
            self.a_rwnd,
            self.outbound_streams,
            self.inbound_streams,
            self.initial_tsn,
        )
        return encode_chunk(kind, 0, fixed + encode_parameters(self.parameters))

    def find(self, kind: int) -> bytes | None:
        """The value of the first parameter of that type, or ``None``."""
        for found, value in self.parameters:
            if found == kind:
                return value
        return None
