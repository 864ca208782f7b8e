"""Signatures over the handshake: which schemes there are, signing and checking.

RFC 5246 §7.4.1.4.1 with the code points and the RSASSA-PSS schemes of RFC 8446 §4.2.3, which
§1.3 of the latter lends to TLS 1.2.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from .alert import AlertDescription, HandshakeError

__all__ = [
    "SIGNATURE_SCHEMES",
    "PrivateKey",
    "PublicKey",
    "SignatureScheme",
    "certificate_public_key",
    "select_scheme",
    "sign",
    "verify",
]

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_MIN_RSA_BITS = 2048
#: Checking a signature costs with the square of this, and the peer chooses it.
_MAX_RSA_BITS = 8192


class SignatureScheme(IntEnum):
    """RFC 8446 §4.2.3. In TLS 1.2 the ECDSA schemes name the hash function, not the curve."""

    RSA_PKCS1_SHA256 = 0x0401
    RSA_PKCS1_SHA384 = 0x0501
    RSA_PKCS1_SHA512 = 0x0601
    ECDSA_SECP256R1_SHA256 = 0x0403
    ECDSA_SECP384R1_SHA384 = 0x0503
    ECDSA_SECP521R1_SHA512 = 0x0603
    RSA_PSS_RSAE_SHA256 = 0x0804
    RSA_PSS_RSAE_SHA384 = 0x0805
    RSA_PSS_RSAE_SHA512 = 0x0806


#: What is offered to the peer and accepted from it, the most preferred first. No SHA-1.
SIGNATURE_SCHEMES: tuple[SignatureScheme, ...] = (
    SignatureScheme.ECDSA_SECP256R1_SHA256,
    SignatureScheme.RSA_PSS_RSAE_SHA256,
    SignatureScheme.RSA_PKCS1_SHA256,
    SignatureScheme.ECDSA_SECP384R1_SHA384,
    SignatureScheme.RSA_PSS_RSAE_SHA384,
    SignatureScheme.RSA_PKCS1_SHA384,
    SignatureScheme.ECDSA_SECP521R1_SHA512,
    SignatureScheme.RSA_PSS_RSAE_SHA512,
    SignatureScheme.RSA_PKCS1_SHA512,
)

_ECDSA = frozenset({0x0403, 0x0503, 0x0603})
_PSS = frozenset({0x0804, 0x0805, 0x0806})
_SHA384 = frozenset({0x0501, 0x0503, 0x0805})
_SHA512 = frozenset({0x0601, 0x0603, 0x0806})


def _hash_of(scheme: SignatureScheme) -> hashes.HashAlgorithm:
    if scheme in _SHA384:
        return hashes.SHA384()
    if scheme in _SHA512:
        return hashes.SHA512()
    return hashes.SHA256()


def _padding_of(scheme: SignatureScheme) -> padding.AsymmetricPadding:
    if scheme not in _PSS:
        return padding.PKCS1v15()
    # RFC 8446 §4.2.3: the salt is as long as the digest, MGF1 uses the same hash.
    algorithm = _hash_of(scheme)
    return padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)


def _ecdsa(scheme: SignatureScheme) -> ec.ECDSA:
    try:
        return ec.ECDSA(_hash_of(scheme), deterministic_signing=True)
    except UnsupportedAlgorithm:
        # OpenSSL before 3.2 under `cryptography` cannot follow RFC 6979.
        return ec.ECDSA(_hash_of(scheme))


def select_scheme(key: PrivateKey, offered: tuple[int, ...]) -> SignatureScheme | None:
    """The first of our schemes that ``key`` can make and the peer accepts, or ``None``."""
    is_ec = isinstance(key, ec.EllipticCurvePrivateKey)
    for scheme in SIGNATURE_SCHEMES:
        if scheme in offered and (scheme in _ECDSA) == is_ec:
            return scheme
    return None


def sign(key: PrivateKey, scheme: SignatureScheme, data: bytes) -> bytes:
    """Sign ``data``."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, _ecdsa(scheme))
    return key.sign(data, _padding_of(scheme), _hash_of(scheme))


def verify(key: PublicKey, scheme: int, signature: bytes, data: bytes) -> None:
    """Check a peer's signature; raises :class:`HandshakeError`.

    The scheme must be one that was offered and must fit the key (RFC 5246 §7.4.3, §7.4.8).
    """
    if scheme not in SIGNATURE_SCHEMES:
        raise HandshakeError(
            AlertDescription.ILLEGAL_PARAMETER, f"signature scheme 0x{scheme:04x} was not offered"
        )
    known = SignatureScheme(scheme)
    is_ec = isinstance(key, ec.EllipticCurvePublicKey)
    if (known in _ECDSA) != is_ec:
        raise HandshakeError(
            AlertDescription.ILLEGAL_PARAMETER, "signature scheme does not fit the certificate"
        )
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(_hash_of(known)))
        else:
            key.verify(signature, data, _padding_of(known), _hash_of(known))
    except InvalidSignature:
        raise HandshakeError(AlertDescription.DECRYPT_ERROR, "signature is wrong") from None


def certificate_public_key(certificate: bytes) -> PublicKey:
    """The public key of a peer's certificate in DER; raises :class:`HandshakeError`.

    The certificate is not trusted for anything but its key: in WebRTC its authority is the
    fingerprint from signalling (RFC 8827 §6.5), so names, issuers and dates say nothing.
    """
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, Warning):
        # A warning, where those are errors: of a serial number that is not positive, say.
        raise HandshakeError(
            AlertDescription.BAD_CERTIFICATE, "certificate cannot be read"
        ) from None
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in ("secp256r1", "secp384r1", "secp521r1"):
            raise HandshakeError(
                AlertDescription.UNSUPPORTED_CERTIFICATE, f"unsupported curve {key.curve.name}"
            )
        return key
    if isinstance(key, rsa.RSAPublicKey):
        if not _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS:
            raise HandshakeError(
                AlertDescription.UNSUPPORTED_CERTIFICATE, f"RSA key of {key.key_size} bits"
            )
        return key
    raise HandshakeError(
        AlertDescription.UNSUPPORTED_CERTIFICATE, "certificate key is neither EC nor RSA"
    )
