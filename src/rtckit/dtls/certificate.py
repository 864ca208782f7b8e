"""Our own certificate: made, kept, loaded. RFC 8827 §6.5; W3C WebRTC §4.9 (RTCCertificate)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from rtckit.seam import Entropy

from .fingerprint import Fingerprint
from .named_group import NamedGroup, derive_ec_key
from .signature_scheme import PrivateKey

__all__ = ["Certificate"]

#: A peer whose clock is behind must not find the certificate not yet valid.
_BACKDATE = timedelta(days=1)


class Certificate:
    """An X.509 certificate with its private key.

    :ivar der: the certificate in DER.
    :ivar private_key: an EC key on P-256, or an RSA key.
    :ivar expires: until when the certificate is valid, in UTC.
    """

    __slots__ = ("_certificate", "der", "expires", "private_key")

    def __init__(self, certificate: x509.Certificate, private_key: PrivateKey) -> None:
        if isinstance(private_key, ec.EllipticCurvePrivateKey):
            if private_key.curve.name not in ("secp256r1", "secp384r1"):
                raise ValueError(f"unsupported curve: {private_key.curve.name}")
        elif private_key.key_size < 2048:
            raise ValueError("an RSA key has 2048 bits at least")
        if certificate.public_key() != private_key.public_key():
            raise ValueError("certificate and private key do not belong together")
        self._certificate = certificate
        self.der = certificate.public_bytes(serialization.Encoding.DER)
        self.private_key = private_key
        self.expires = certificate.not_valid_after_utc

    @classmethod
    def generate(
        cls,
        now_utc: datetime,
        *,
        entropy: Entropy,
        lifetime: timedelta = timedelta(days=30),
        private_key: PrivateKey | None = None,
    ) -> Certificate:
        """A fresh self-signed certificate.

        :param now_utc: the wall clock; it must know its time zone.
        :param entropy: where the serial number, the name and the key come from.
        :param lifetime: 30 days by default (W3C WebRTC §4.9.1).
        :param private_key: a key to keep; by default a fresh one on P-256, which every
            endpoint must support (RFC 8827 §6.5).
        """
        if now_utc.tzinfo is None:
            raise ValueError("now_utc has no time zone")
        if lifetime <= timedelta(0):
            raise ValueError("lifetime is not positive")
        now_utc = now_utc.astimezone(UTC)
        key = private_key or derive_ec_key(entropy, NamedGroup.SECP256R1)
        # A random name and serial: a certificate must not tell who or what made it.
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, entropy(8).hex())])
        # RFC 5280 §4.1.2.2: positive, 20 octets at most.
        serial = int.from_bytes(entropy(16), "big") >> 1 | 1
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(now_utc - _BACKDATE)
            .not_valid_after(now_utc + lifetime)
        )
        if isinstance(key, rsa.RSAPrivateKey):
            return cls(builder.sign(key, hashes.SHA256()), key)
        try:
            signed = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
        except UnsupportedAlgorithm:
            signed = builder.sign(key, hashes.SHA256())
        return cls(signed, key)

    @classmethod
    def from_pem(cls, pem: bytes | str) -> Certificate:
        """Load a certificate and its unencrypted private key out of one PEM text.

        Raises ``ValueError`` if either is missing or unfit, or they do not belong together.
        """
        data = pem.encode("ascii") if isinstance(pem, str) else pem
        key = serialization.load_pem_private_key(data, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise ValueError("the private key is neither EC nor RSA")
        return cls(x509.load_pem_x509_certificate(data), key)

    def to_pem(self) -> bytes:
        """The private key (PKCS #8, not encrypted) and the certificate in one PEM text."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ) + self._certificate.public_bytes(serialization.Encoding.PEM)

    def fingerprint(self, algorithm: str = "sha-256") -> Fingerprint:
        """The fingerprint that signalling must carry; ``ValueError`` for an unsupported hash."""
        return Fingerprint.of(self.der, algorithm)

    @property
    def is_ecdsa(self) -> bool:
        """Whether the key is an EC key, else an RSA key."""
        return isinstance(self.private_key, ec.EllipticCurvePrivateKey)

    def __repr__(self) -> str:
        return f"Certificate({self.fingerprint()})"
