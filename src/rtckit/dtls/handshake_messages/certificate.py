"""Certificate, CertificateRequest and CertificateVerify. RFC 5246 §7.4.2, §7.4.4, §7.4.8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rtckit.dtls.extensions import pack_uint16_list
from rtckit.dtls.wire import Reader, vector8, vector16, vector24

__all__ = ["CertificateRequest", "CertificateVerify", "pack_chain", "parse_chain"]

_RSA_SIGN = 1
_ECDSA_SIGN = 64


def pack_chain(certificates: Sequence[bytes]) -> bytes:
    """The body of Certificate: a chain in DER, the sender's own first."""
    return vector24(b"".join(vector24(certificate) for certificate in certificates))


def parse_chain(body: bytes) -> tuple[bytes, ...]:
    """The chain of a Certificate message, maybe empty; raises :class:`ParseError`."""
    reader = Reader(body)
    chain = Reader(reader.pull_vector(3))
    reader.finish()
    certificates: list[bytes] = []
    while chain.left:
        certificates.append(chain.pull_vector(3, minimum=1))
    return tuple(certificates)


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A server asks for the client's certificate.

    :ivar certificate_types: what kind of keys it takes, a byte each.
    :ivar schemes: the signature schemes it takes.
    :ivar authorities: names of authorities, packed; empty from us.
    """

    certificate_types: bytes
    schemes: tuple[int, ...]
    authorities: bytes = b""

    @classmethod
    def offer(cls, schemes: tuple[int, ...]) -> CertificateRequest:
        """A request for any EC or RSA certificate whatever its authority."""
        return cls(bytes((_ECDSA_SIGN, _RSA_SIGN)), schemes)

    def __bytes__(self) -> bytes:
        return (
            vector8(self.certificate_types)
            + pack_uint16_list(self.schemes)
            + vector16(self.authorities)
        )

    @classmethod
    def parse(cls, body: bytes) -> CertificateRequest:
        """Read the body; raises :class:`ParseError`."""
        reader = Reader(body)
        certificate_types = reader.pull_vector(1, minimum=1)
        schemes = reader.pull_uint16_vector(2)
        authorities = reader.pull_vector(2)
        reader.finish()
        return cls(certificate_types, schemes, authorities)


@dataclass(frozen=True, slots=True)
class CertificateVerify:
    """A client shows that it has its certificate's key.

    :ivar scheme: the signature scheme.
    :ivar signature: over all handshake messages so far.
    """

    scheme: int
    signature: bytes

    def __bytes__(self) -> bytes:
        return self.scheme.to_bytes(2, "big") + vector16(self.signature)

    @classmethod
    def parse(cls, body: bytes) -> CertificateVerify:
        """Read the body; raises :class:`ParseError`."""
        reader = Reader(body)
        scheme = reader.pull_uint(2)
        signature = reader.pull_vector(2)
        reader.finish()
        return cls(scheme, signature)
