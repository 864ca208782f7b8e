"""The handshake messages of DTLS 1.2, one family a file: bytes to values and back."""

from __future__ import annotations

from .certificate import CertificateRequest, CertificateVerify, pack_chain, parse_chain
from .client_hello import ClientHello, HelloVerifyRequest
from .header import HEADER_LENGTH, Fragment, HandshakeType, pack_message, parse_fragments
from .key_exchange import ClientKeyExchange, ServerKeyExchange
from .server_hello import ServerHello

__all__ = [
    "HEADER_LENGTH",
    "CertificateRequest",
    "CertificateVerify",
    "ClientHello",
    "ClientKeyExchange",
    "Fragment",
    "HandshakeType",
    "HelloVerifyRequest",
    "ServerHello",
    "ServerKeyExchange",
    "pack_chain",
    "pack_message",
    "parse_chain",
    "parse_fragments",
]
