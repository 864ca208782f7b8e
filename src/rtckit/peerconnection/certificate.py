"""RTCCertificate (WebRTC 1.0 §4.9)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric import rsa

from rtckit import dtls
from rtckit.errors import NotSupportedError

__all__ = ["RTCCertificate", "RTCDtlsFingerprint"]


@dataclass(frozen=True, slots=True)
class RTCDtlsFingerprint:
    """A certificate's fingerprint (WebRTC 1.0 §5.5.2).

    :ivar algorithm: e.g. ``"sha-256"``.
    :ivar value: lower-case hexadecimal octets, joined by colons.
    """

    algorithm: str
    value: str


class RTCCertificate:
    """The certificate by which a peer knows us: make it, keep it, use it again.

    >>> certificate = await RTCPeerConnection.generateCertificate("ECDSA")
    >>> Path("cert.pem").write_bytes(certificate.to_pem())     # holds the private key
    >>> certificate = RTCCertificate.from_pem(Path("cert.pem").read_bytes())
    """

    __slots__ = ("_certificate",)

    #: WebRTC 1.0 §4.9.1: certificates live 30 days unless asked otherwise, a year at most.
    LIFETIME: ClassVar[timedelta] = timedelta(days=30)
    MAX_LIFETIME: ClassVar[timedelta] = timedelta(days=365)

    def __init__(self, certificate: dtls.Certificate) -> None:
        self._certificate = certificate

    @classmethod
    def generate(
        cls, algorithm: str | Mapping[str, object] = "ECDSA", *, lifetime: timedelta = LIFETIME
    ) -> RTCCertificate:
        """Make one.

        :param algorithm: ``"ECDSA"`` (on P-256), or a WebCrypto description such as
            ``{"name": "ECDSA", "namedCurve": "P-256"}`` or ``{"name": "RSASSA-PKCS1-v1_5",
            "modulusLength": 2048, "publicExponent": 65537, "hash": "SHA-256"}``.
        A description may have ``expires``, the lifetime in milliseconds.

        :raises NotSupportedError: no such algorithm here.
        :raises TypeError: the description has no name, or ``expires`` is no positive integer.
        """
        description = {"name": algorithm} if isinstance(algorithm, str) else dict(algorithm)
        if "expires" in description:
            lifetime = _lifetime(description["expires"])
        key = _private_key(description)
        now = datetime.now(UTC)
        lifetime = min(lifetime, cls.MAX_LIFETIME)
        return cls(
            dtls.Certificate.generate(now, entropy=os.urandom, lifetime=lifetime, private_key=key)
        )

    @classmethod
    def from_pem(cls, pem: bytes | str) -> RTCCertificate:
        """Load what :meth:`to_pem` gave, or any PEM with a certificate and its key.

        :raises ValueError: either is missing or unfit.
        """
        return cls(dtls.Certificate.from_pem(pem))

    def to_pem(self) -> bytes:
        """Private key and certificate in PEM, to be kept as a secret."""
        return self._certificate.to_pem()

    @property
    def expires(self) -> float:
        """When it ends to be valid, in milliseconds since 1970 (DOMTimeStamp)."""
        return self._certificate.expires.timestamp() * 1000

    @property
    def expired(self) -> bool:
        """Whether it is no longer valid."""
        return self._certificate.expires <= datetime.now(UTC)

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self._certificate.der

    @property
    def certificate(self) -> dtls.Certificate:
        """The certificate as the DTLS room takes it."""
        return self._certificate

    def getFingerprints(self) -> list[RTCDtlsFingerprint]:
        """Its fingerprints, strongest last."""
        found = [self._certificate.fingerprint(name) for name in ("sha-256", "sha-384", "sha-512")]
        return [RTCDtlsFingerprint(each.algorithm, each.value.lower()) for each in found]


def _lifetime(expires: object) -> timedelta:
    """RTCCertificateExpiration: milliseconds, which Web IDL takes without a sign."""
    if not isinstance(expires, int) or isinstance(expires, bool) or expires <= 0:
        raise TypeError(f"expires must be a positive number of milliseconds, not {expires!r}")
    longest = RTCCertificate.MAX_LIFETIME
    return min(timedelta(milliseconds=min(expires, longest // timedelta(milliseconds=1))), longest)


def _private_key(description: Mapping[str, object]) -> rsa.RSAPrivateKey | None:
    """The key that is described; ``None`` for a fresh one on P-256."""
    name = description.get("name")
    if not isinstance(name, str):
        raise TypeError("the description of an algorithm needs a name")
    if name == "ECDSA":
        if description.get("namedCurve", "P-256") != "P-256":
            raise NotSupportedError("ECDSA certificates are on P-256")
        return None
    if name != "RSASSA-PKCS1-v1_5":
        raise NotSupportedError(f"cannot make a certificate of {name!r}")
    size = description.get("modulusLength", 2048)
    if description.get("hash", "SHA-256") != "SHA-256" or size not in (2048, 3072, 4096):
        raise NotSupportedError("RSA certificates have 2048 to 4096 bits and SHA-256")
    if description.get("publicExponent", 65537) not in (65537, b"\x01\x00\x01"):
        raise NotSupportedError("RSA certificates have the public exponent 65537")
    assert isinstance(size, int)
    return rsa.generate_private_key(public_exponent=65537, key_size=size)
