"""HEARTBEAT and HEARTBEAT ACK (RFC 9260 §3.3.5, §3.3.6).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |  Type = 4, 5  |  Chunk Flags  |       Heartbeat Length        |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |            Heartbeat Information TLV (Variable-Length)        |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

from rtckit.sctp.chunk.kind import ChunkType, encode_chunk
from rtckit.sctp.chunk.parameter import ParameterType, encode_parameter, split_parameters
from rtckit.seam import ParseError

__all__ = ["encode_heartbeat", "encode_heartbeat_ack", "parse_heartbeat_info"]


def encode_heartbeat(information: bytes) -> bytes:
    """A HEARTBEAT with opaque information that the peer returns."""
    value = encode_parameter(ParameterType.HEARTBEAT_INFO, information)
    return encode_chunk(ChunkType.HEARTBEAT, 0, value)


def encode_heartbeat_ack(heartbeat_value: bytes) -> bytes:
    """The answer: the value of the HEARTBEAT, unchanged (RFC 9260 §8.3)."""
    return encode_chunk(ChunkType.HEARTBEAT_ACK, 0, heartbeat_value)


def parse_heartbeat_info(value: bytes) -> bytes:
    """The information in a HEARTBEAT or HEARTBEAT ACK.

    :raises ParseError: if there is none.
    """
    for kind, information in split_parameters(value):
        if kind == ParameterType.HEARTBEAT_INFO:
            return information
    raise ParseError("heartbeat without information", 0)
