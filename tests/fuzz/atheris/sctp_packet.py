"""SCTP packets, chunks, parameters and causes."""

from __future__ import annotations

import struct
from collections.abc import Callable

from rtckit.sctp.chunk import (
    ForwardTsn,
    IncomingResetRequest,
    Init,
    OutgoingResetRequest,
    ReconfigurationResponse,
    Sack,
    encode_cause,
    encode_chunk,
    encode_parameter,
    parse_add_streams,
    parse_causes,
    parse_heartbeat_info,
    parse_request_number,
    parse_shutdown,
    split_chunks,
    split_parameters,
)
from rtckit.sctp.packet import Header, parse_header

from .target import Target, parser

__all__ = ["TARGETS"]


def read(data: bytes) -> None:
    parse_header(data)
    split_chunks(data, 12)


_PARSERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "packet": (read, Header(5000, 5000, 7).seal(encode_chunk(4, 0, b"info"))),
    "init": (
        Init.parse,
        struct.pack("!IIHHI", 1, 65536, 10, 10, 1) + encode_parameter(7, b"cookie"),
    ),
    "sack": (Sack.parse, struct.pack("!IIHHHHI", 1, 65536, 1, 1, 2, 3, 9)),
    "forward-tsn": (ForwardTsn.parse, struct.pack("!IHH", 9, 1, 2)),
    "shutdown": (parse_shutdown, bytes(4)),
    "heartbeat": (parse_heartbeat_info, encode_parameter(1, b"12345678")),
    "causes": (parse_causes, encode_cause(12, b"bye")),
    "parameters": (split_parameters, encode_parameter(13, bytes(12))),
    "outgoing-reset": (OutgoingResetRequest.parse, bytes(14)),
    "incoming-reset": (IncomingResetRequest.parse, bytes(6)),
    "add-streams": (parse_add_streams, bytes(8)),
    "response": (ReconfigurationResponse.parse, bytes(8)),
    "request-number": (parse_request_number, bytes(4)),
}

TARGETS: list[Target] = [
    parser(f"sctp-{name}", parse, seed) for name, (parse, seed) in _PARSERS.items()
]
