"""Certificates of a peer, and fingerprints as signaling writes them."""

from __future__ import annotations

from rtckit import sdp
from rtckit.dtls import Fingerprint
from rtckit.dtls.alert import HandshakeError
from rtckit.dtls.fingerprint import matches_fingerprints
from rtckit.dtls.signature_scheme import certificate_public_key, verify

from .dtls_connection import CERTIFICATES
from .target import Target, parser, text_parser

__all__ = ["TARGETS"]

_DERS = tuple(each.der for each in CERTIFICATES.values())


def read(data: bytes) -> None:
    matches_fingerprints(data, [Fingerprint.of(_DERS[0])])
    try:
        key = certificate_public_key(data)
        verify(key, 0x0403, b"signature", b"signed")
    except HandshakeError as error:
        assert error.reason


def read_fingerprint(text: str) -> None:
    fingerprint = Fingerprint.parse(text)
    assert Fingerprint.parse(str(fingerprint)) == fingerprint


_FINGERPRINTS = tuple(str(Fingerprint.of(_DERS[0], name)) for name in ("sha-256", "sha-512"))

TARGETS: list[Target] = [
    parser("dtls-certificate-der", read, *_DERS),
    text_parser("dtls-fingerprint", read_fingerprint, *_FINGERPRINTS),
    text_parser("sdp-dtls-fingerprint", sdp.Fingerprint.parse, *_FINGERPRINTS),
]
