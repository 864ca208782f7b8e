"""Every handshake message of DTLS 1.2, and the extensions that are read."""

from __future__ import annotations

from collections.abc import Callable

from rtckit.dtls.extensions import (
    parse_ec_point_formats,
    parse_renegotiation_info,
    parse_uint16_list,
    parse_use_srtp,
    parse_versions,
)
from rtckit.dtls.handshake_messages import (
    CertificateRequest,
    CertificateVerify,
    ClientHello,
    ClientKeyExchange,
    HelloVerifyRequest,
    ServerHello,
    ServerKeyExchange,
    parse_chain,
    parse_fragments,
)

from .dtls_connection import HONEST
from .target import Target, parser

__all__ = ["TARGETS"]

_MESSAGES: dict[int, tuple[str, Callable[[bytes], object]]] = {
    1: ("client-hello", ClientHello.parse),
    2: ("server-hello", ServerHello.parse),
    3: ("hello-verify-request", HelloVerifyRequest.parse),
    11: ("certificate", parse_chain),
    12: ("server-key-exchange", ServerKeyExchange.parse),
    13: ("certificate-request", CertificateRequest.parse),
    15: ("certificate-verify", CertificateVerify.parse),
    16: ("client-key-exchange", ClientKeyExchange.parse),
}
_EXTENSIONS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "ec-point-formats": (parse_ec_point_formats, b"\1\0"),
    "renegotiation-info": (parse_renegotiation_info, b"\0"),
    "groups": (parse_uint16_list, b"\0\4\0\x1d\0\x17"),
    "use-srtp": (parse_use_srtp, b"\0\2\0\7\0"),
    "versions": (parse_versions, b"\2\xfe\xfd"),
}


def _bodies(message_type: int) -> list[bytes]:
    """What an honest handshake has of a message, for those that fit one record."""
    return [
        fragment.data
        for _, record in HONEST.records
        if record.content_type == 22 and not record.epoch
        for fragment in parse_fragments(record.payload)
        if fragment.message_type == message_type
    ]


TARGETS: list[Target] = [
    parser(
        "dtls-fragments",
        parse_fragments,
        *(record.payload for _, record in HONEST.records if record.content_type == 22),
    ),
    *(
        parser(f"dtls-{name}", parse, *_bodies(message_type))
        for message_type, (name, parse) in _MESSAGES.items()
    ),
    *(parser(f"dtls-{name}", parse, seed) for name, (parse, seed) in _EXTENSIONS.items()),
]
