"""Chunks, parameters and error causes: one chunk a file, each under its diagram.

Parsers raise :class:`rtckit.seam.ParseError` and nothing else.
"""

from __future__ import annotations

from rtckit.sctp.chunk.abort import encode_abort
from rtckit.sctp.chunk.cause import CauseCode, encode_cause, parse_causes
from rtckit.sctp.chunk.cookie import COOKIE_ACK, encode_cookie_echo
from rtckit.sctp.chunk.error import encode_error
from rtckit.sctp.chunk.forward_tsn import ForwardTsn
from rtckit.sctp.chunk.heartbeat import (
    encode_heartbeat,
    encode_heartbeat_ack,
    parse_heartbeat_info,
)
from rtckit.sctp.chunk.init import Init
from rtckit.sctp.chunk.kind import FLAG_T, ChunkType, RawChunk, encode_chunk, split_chunks
from rtckit.sctp.chunk.parameter import (
    Parameter,
    ParameterType,
    encode_parameter,
    encode_parameters,
    split_parameters,
)
from rtckit.sctp.chunk.re_config import (
    AddStreamsRequest,
    IncomingResetRequest,
    OutgoingResetRequest,
    ReconfigurationResponse,
    ResetResult,
    encode_re_config,
    parse_add_streams,
    parse_request_number,
)
from rtckit.sctp.chunk.sack import Sack
from rtckit.sctp.chunk.shutdown import (
    SHUTDOWN_ACK,
    encode_shutdown,
    encode_shutdown_complete,
    parse_shutdown,
)

__all__ = [
    "COOKIE_ACK",
    "FLAG_T",
    "SHUTDOWN_ACK",
    "AddStreamsRequest",
    "CauseCode",
    "ChunkType",
    "ForwardTsn",
    "IncomingResetRequest",
    "Init",
    "OutgoingResetRequest",
    "Parameter",
    "ParameterType",
    "RawChunk",
    "ReconfigurationResponse",
    "ResetResult",
    "Sack",
    "encode_abort",
    "encode_cause",
    "encode_chunk",
    "encode_cookie_echo",
    "encode_error",
    "encode_heartbeat",
    "encode_heartbeat_ack",
    "encode_parameter",
    "encode_parameters",
    "encode_re_config",
    "encode_shutdown",
    "encode_shutdown_complete",
    "parse_add_streams",
    "parse_causes",
    "parse_heartbeat_info",
    "parse_request_number",
    "parse_shutdown",
    "split_chunks",
    "split_parameters",
]
