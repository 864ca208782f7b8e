"""Optional parameters of INIT, INIT ACK and RE-CONFIG (RFC 9260 §3.2.1).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |        Parameter Type         |       Parameter Length        |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                        Parameter Value                        |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

from rtckit.seam import ParseError

__all__ = [
    "Parameter",
    "ParameterType",
    "encode_parameter",
    "encode_parameters",
    "join_padded",
    "split_parameters",
]

_HEADER: Final = struct.Struct("!HH")
_PADDING: Final = (b"", b"\0\0\0", b"\0\0", b"\0")

#: A parameter's type and its value without padding.
Parameter = tuple[int, bytes]


class ParameterType(IntEnum):
    """The parameter types this implementation knows."""

    HEARTBEAT_INFO = 1
    IPV4_ADDRESS = 5
    IPV6_ADDRESS = 6
    STATE_COOKIE = 7
    UNRECOGNIZED = 8
    COOKIE_PRESERVATIVE = 9
    HOST_NAME = 11
    SUPPORTED_ADDRESS_TYPES = 12
    OUTGOING_RESET_REQUEST = 13
    INCOMING_RESET_REQUEST = 14
    SSN_TSN_RESET_REQUEST = 15
    RECONFIGURATION_RESPONSE = 16
    ADD_OUTGOING_STREAMS = 17
    ADD_INCOMING_STREAMS = 18
    SUPPORTED_EXTENSIONS = 0x8008
    FORWARD_TSN_SUPPORTED = 0xC000


def encode_parameter(kind: int, value: bytes) -> bytes:
    """A parameter with its header. It is not padded: if it is the last of its chunk, the
    chunk's length does not count the padding (RFC 9260 §3.2)."""
    return _HEADER.pack(kind, 4 + len(value)) + value


def encode_parameters(parameters: list[Parameter]) -> bytes:
    """Several parameters, each but the last padded to four bytes."""
    return join_padded([encode_parameter(kind, value) for kind, value in parameters])


def join_padded(encoded: list[bytes]) -> bytes:
    """Encoded parameters in a row, each but the last padded to four bytes."""
    padded = [each + _PADDING[len(each) & 3] for each in encoded[:-1]]
    return b"".join((*padded, *encoded[-1:]))


def split_parameters(data: bytes, offset: int = 0) -> list[Parameter]:
    """The parameters in ``data`` from ``offset`` on.

    :raises ParseError: if a length is less than the header or more than what is left.
    """
    parameters: list[Parameter] = []
    end = len(data)
    while offset < end:
        if offset + 4 > end:
            raise ParseError("truncated parameter header", offset)
        kind, length = _HEADER.unpack_from(data, offset)
        if length < 4 or offset + length > end:
            raise ParseError("parameter length", offset)
        parameters.append((kind, data[offset + 4 : offset + length]))
        offset += (length + 3) & ~3
    return parameters
