"""RE-CONFIG and its parameters (RFC 6525 §3, §4).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    | Type = 130    |  Chunk Flags  |      Chunk Length             |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                  Re-configuration Parameter                   |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |             Re-configuration Parameter (optional)             |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from rtckit.sctp.chunk.kind import ChunkType, encode_chunk
from rtckit.sctp.chunk.parameter import ParameterType, encode_parameter, join_padded
from rtckit.seam import ParseError

__all__ = [
    "AddStreamsRequest",
    "IncomingResetRequest",
    "OutgoingResetRequest",
    "ReconfigurationResponse",
    "ResetResult",
    "encode_re_config",
    "parse_add_streams",
    "parse_request_number",
]

_OUTGOING: Final = struct.Struct("!III")
_INCOMING: Final = struct.Struct("!I")
_RESPONSE: Final = struct.Struct("!II")
_ADD: Final = struct.Struct("!IHH")


class ResetResult(IntEnum):
    """Result of a re-configuration request (RFC 6525 §4.4)."""

    NOTHING_TO_DO = 0
    PERFORMED = 1
    DENIED = 2
    WRONG_SSN = 3
    ALREADY_IN_PROGRESS = 4
    BAD_SEQUENCE_NUMBER = 5
    IN_PROGRESS = 6


def _parse_streams(value: bytes, offset: int) -> tuple[int, ...]:
    if len(value) < offset or (len(value) - offset) & 1:
        raise ParseError("reset request length", len(value))
    return struct.unpack_from(f"!{(len(value) - offset) // 2}H", value, offset)


@dataclass(frozen=True, slots=True)
class OutgoingResetRequest:
    """The sender will start the listed streams anew (RFC 6525 §4.1); none listed means all.

    :ivar request: the request's sequence number.
    :ivar response: sequence number of the incoming reset request that it answers, else the last
        request seen from the peer.
    :ivar last_tsn: the last TSN the sender assigned.
    :ivar streams: stream identifiers.
    """

    request: int
    response: int
    last_tsn: int
    streams: tuple[int, ...]

    @classmethod
    def parse(cls, value: bytes) -> OutgoingResetRequest:
        """:raises ParseError: on a wrong length."""
        streams = _parse_streams(value, _OUTGOING.size)
        request, response, last_tsn = _OUTGOING.unpack_from(value)
        return cls(request, response, last_tsn, streams)

    def encode(self) -> bytes:
        """The parameter."""
        value = _OUTGOING.pack(self.request, self.response, self.last_tsn)
        value += struct.pack(f"!{len(self.streams)}H", *self.streams)
        return encode_parameter(ParameterType.OUTGOING_RESET_REQUEST, value)


@dataclass(frozen=True, slots=True)
class IncomingResetRequest:
    """The sender asks its peer to reset the peer's outgoing streams (RFC 6525 §4.2)."""

    request: int
    streams: tuple[int, ...]

    @classmethod
    def parse(cls, value: bytes) -> IncomingResetRequest:
        """:raises ParseError: on a wrong length."""
        streams = _parse_streams(value, _INCOMING.size)
        (request,) = _INCOMING.unpack_from(value)
        return cls(request, streams)

    def encode(self) -> bytes:
        """The parameter."""
        value = _INCOMING.pack(self.request)
        value += struct.pack(f"!{len(self.streams)}H", *self.streams)
        return encode_parameter(ParameterType.INCOMING_RESET_REQUEST, value)


@dataclass(frozen=True, slots=True)
class ReconfigurationResponse:
    """The answer to a request (RFC 6525 §4.4).

    :ivar response: the request's sequence number.
    :ivar result: a :class:`ResetResult`, or a code that we do not know.
    :ivar next_tsns: the next TSN of the sender and that of the receiver, in the answer to an
        SSN/TSN reset request.
    """

    response: int
    result: int
    next_tsns: tuple[int, int] | None = None

    @classmethod
    def parse(cls, value: bytes) -> ReconfigurationResponse:
        """:raises ParseError: on a wrong length."""
        if len(value) == _RESPONSE.size:
            return cls(*_RESPONSE.unpack(value))
        if len(value) != 2 * _RESPONSE.size:
            raise ParseError("re-configuration response length", len(value))
        response, result = _RESPONSE.unpack_from(value)
        sender, receiver = _RESPONSE.unpack_from(value, _RESPONSE.size)
        return cls(response, result, (sender, receiver))

    def encode(self) -> bytes:
        """The parameter."""
        value = _RESPONSE.pack(self.response, self.result)
        if self.next_tsns is not None:
            value += _RESPONSE.pack(*self.next_tsns)
        return encode_parameter(ParameterType.RECONFIGURATION_RESPONSE, value)


@dataclass(frozen=True, slots=True)
class AddStreamsRequest:
    """Add outgoing or incoming streams (RFC 6525 §4.5, §4.6)."""

    request: int
    count: int


def parse_add_streams(value: bytes) -> AddStreamsRequest:
    """:raises ParseError: on a wrong length."""
    if len(value) != _ADD.size:
        raise ParseError("add streams request length", len(value))
    request, count, _ = _ADD.unpack(value)
    return AddStreamsRequest(request, count)


def parse_request_number(value: bytes) -> int:
    """The sequence number with which every request starts.

    :raises ParseError: if there is none.
    """
    if len(value) < 4:
        raise ParseError("request without sequence number", len(value))
    return int.from_bytes(value[:4], "big")


def encode_re_config(*parameters: bytes) -> bytes:
    """A RE-CONFIG chunk with encoded parameters."""
    return encode_chunk(ChunkType.RE_CONFIG, 0, join_padded(list(parameters)))
