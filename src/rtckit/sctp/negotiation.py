"""What INIT and INIT ACK offer, and what follows from it (RFC 9260 §5.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from rtckit.sctp.chunk import (
    ChunkType,
    Init,
    Parameter,
    ParameterType,
    encode_parameter,
)
from rtckit.sctp.config import Config
from rtckit.seam import ParseError

__all__ = [
    "Peer",
    "accepted_parameters",
    "make_init",
    "negotiate",
    "report_parameters",
]

#: RFC 9260 §3.3.2: an a_rwnd below this is not acceptable.
_SMALLEST_WINDOW: Final = 1500
_KNOWN: Final = frozenset(ParameterType)

#: Bytes of unrecognized parameters that an answer reports, so that it fits a packet.
REPORT_SIZE: Final = 512
_REPORT_OVERHEAD: Final = 8  # two parameter headers


@dataclass(frozen=True, slots=True)
class Peer:
    """What the handshake settled.

    :ivar tag: the verification tag of packets to the peer.
    :ivar initial_tsn: the TSN of its first DATA chunk.
    :ivar window: its receive window in bytes.
    :ivar outbound_streams: how many streams we may send on.
    :ivar inbound_streams: how many it may send on.
    :ivar forward_tsn: whether it understands FORWARD TSN.
    :ivar re_config: whether it understands RE-CONFIG.
    """

    tag: int
    initial_tsn: int
    window: int
    outbound_streams: int
    inbound_streams: int
    forward_tsn: bool
    re_config: bool


def make_init(config: Config, tag: int, initial_tsn: int, extra: list[Parameter]) -> Init:
    """Our side of the handshake, for INIT or INIT ACK."""
    extensions = bytes((ChunkType.RE_CONFIG, ChunkType.FORWARD_TSN))
    return Init(
        tag,
        config.receive_window,
        config.outbound_streams,
        config.inbound_streams,
        initial_tsn,
        [
            # RFC 3758 §3.1, RFC 5061 §4.2.7.
            (ParameterType.FORWARD_TSN_SUPPORTED, b""),
            (ParameterType.SUPPORTED_EXTENSIONS, extensions),
            *extra,
        ],
    )


def negotiate(config: Config, init: Init) -> Peer:
    """What follows from the peer's INIT or INIT ACK.

    :raises ParseError: if a mandatory field has a value that it must not have
        (RFC 9260 §3.3.2, §3.3.3).
    """
    if not init.initiate_tag:
        raise ParseError("initiate tag of zero", 4)
    if not init.outbound_streams or not init.inbound_streams:
        raise ParseError("no streams", 12)
    if init.a_rwnd < _SMALLEST_WINDOW:
        raise ParseError("a_rwnd below 1500", 8)
    extensions = init.find(ParameterType.SUPPORTED_EXTENSIONS) or b""
    return Peer(
        tag=init.initiate_tag,
        initial_tsn=init.initial_tsn,
        window=init.a_rwnd,
        # RFC 9260 §5.1.1: neither side sends on more streams than the other takes.
        outbound_streams=min(config.outbound_streams, init.inbound_streams),
        inbound_streams=min(config.inbound_streams, init.outbound_streams),
        forward_tsn=init.find(ParameterType.FORWARD_TSN_SUPPORTED) is not None
        or ChunkType.FORWARD_TSN in extensions,
        re_config=ChunkType.RE_CONFIG in extensions,
    )


def accepted_parameters(init: Init) -> tuple[Init, list[Parameter]]:
    """The same with the parameters that count, and the unknown ones to report.

    The two high bits of a type say what to do if it is not known (RFC 9260 §3.2.1). What does
    not fit :data:`REPORT_SIZE` is not reported.
    """
    accepted: list[Parameter] = []
    report: list[Parameter] = []
    room = REPORT_SIZE
    for kind, value in init.parameters:
        if kind in _KNOWN:
            accepted.append((kind, value))
            continue
        if kind & 0x4000 and len(value) <= room:
            report.append((kind, value))
            room -= len(value) + _REPORT_OVERHEAD
        if not kind & 0x8000:
            break
    return replace(init, parameters=accepted), report


def report_parameters(parameters: list[Parameter]) -> list[Parameter]:
    """Each unrecognized parameter wrapped for INIT ACK (RFC 9260 §3.3.3.1)."""
    return [
        (ParameterType.UNRECOGNIZED, encode_parameter(kind, value)) for kind, value in parameters
    ]
