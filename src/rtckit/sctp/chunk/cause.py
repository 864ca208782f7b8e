"""Error causes of ERROR and ABORT (RFC 9260 §3.3.10).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |          Cause Code           |         Cause Length          |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                    Cause-Specific Information                 |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
"""

from __future__ import annotations

from enum import IntEnum

from rtckit.sctp.chunk.parameter import encode_parameter, split_parameters

__all__ = ["Cause", "CauseCode", "encode_cause", "parse_causes"]

#: A cause's code and its information.
Cause = tuple[int, bytes]


class CauseCode(IntEnum):
    """Cause codes (RFC 9260 §3.3.10)."""

    INVALID_STREAM_IDENTIFIER = 1
    MISSING_MANDATORY_PARAMETER = 2
    STALE_COOKIE = 3
    OUT_OF_RESOURCE = 4
    UNRESOLVABLE_ADDRESS = 5
    UNRECOGNIZED_CHUNK_TYPE = 6
    INVALID_MANDATORY_PARAMETER = 7
    UNRECOGNIZED_PARAMETERS = 8
    NO_USER_DATA = 9
    COOKIE_WHILE_SHUTTING_DOWN = 10
    RESTART_WITH_NEW_ADDRESSES = 11
    USER_INITIATED_ABORT = 12
    PROTOCOL_VIOLATION = 13


def encode_cause(code: int, information: bytes = b"") -> bytes:
    """One cause; its framing is that of a parameter."""
    return encode_parameter(code, information)


def parse_causes(value: bytes) -> list[Cause]:
    """The causes in the value of an ERROR or ABORT chunk.

    :raises ParseError: if a cause's length is wrong.
    """
    return split_parameters(value)
