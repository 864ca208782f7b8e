"""Ephemeral key exchange on X25519, P-256 and P-384. RFC 8422 §5."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import IntEnum

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rtckit.seam import Entropy

from .alert import AlertDescription, HandshakeError

__all__ = ["NAMED_GROUPS", "KeyExchange", "NamedGroup", "derive_ec_key"]


class NamedGroup(IntEnum):
    """RFC 8422 §5.1.1."""

    SECP256R1 = 23
    SECP384R1 = 24
    X25519 = 29


#: What is offered and accepted by default, the most preferred first.
NAMED_GROUPS: tuple[NamedGroup, ...] = (
    NamedGroup.X25519,
    NamedGroup.SECP256R1,
    NamedGroup.SECP384R1,
)

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P384_ORDER = int(
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
    16,
)


def derive_ec_key(entropy: Entropy, group: NamedGroup) -> ec.EllipticCurvePrivateKey:
    """A private key on a NIST curve out of handed-in randomness.

    The scalar is the randomness plus 64 spare bits, reduced (FIPS 186-5 A.2.1), so that it
    has no bias worth the name.
    """
    order, curve = _curve(group)
    width = (order.bit_length() + 7) // 8
    scalar = int.from_bytes(entropy(width + 8), "big") % (order - 1) + 1
    return ec.derive_private_key(scalar, curve)


def _curve(group: NamedGroup) -> tuple[int, ec.EllipticCurve]:
    if group is NamedGroup.SECP256R1:
        return _P256_ORDER, ec.SECP256R1()
    return _P384_ORDER, ec.SECP384R1()


class KeyExchange(ABC):
    """One ephemeral key pair, and the secret that it shares with a peer's public key."""

    __slots__ = ("group", "public_key")

    group: NamedGroup
    public_key: bytes

    @staticmethod
    def generate(group: NamedGroup, entropy: Entropy) -> KeyExchange:
        """A fresh key pair on ``group``."""
        if group is NamedGroup.X25519:
            return _X25519(entropy)
        return _NistCurve(group, entropy)

    @abstractmethod
    def exchange(self, peer_public_key: bytes) -> bytes:
        """The premaster secret; raises :class:`HandshakeError` for a bad public key."""


class _X25519(KeyExchange):
    __slots__ = ("_key",)

    def __init__(self, entropy: Entropy) -> None:
        self.group = NamedGroup.X25519
        self._key = X25519PrivateKey.from_private_bytes(entropy(32))
        self.public_key = self._key.public_key().public_bytes_raw()

    def exchange(self, peer_public_key: bytes) -> bytes:
        try:
            shared = self._key.exchange(X25519PublicKey.from_public_bytes(peer_public_key))
        except ValueError:
            shared = bytes(32)
        # RFC 8422 §5.11: an all-zero result comes of a point of small order, and must abort.
        if shared == bytes(32):
            raise HandshakeError(AlertDescription.ILLEGAL_PARAMETER, "bad X25519 public key")
        return shared


class _NistCurve(KeyExchange):
    __slots__ = ("_key",)

    def __init__(self, group: NamedGroup, entropy: Entropy) -> None:
        self.group = group
        self._key = derive_ec_key(entropy, group)
        self.public_key = self._key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    def exchange(self, peer_public_key: bytes) -> bytes:
        # RFC 8422 §5.4.1: only uncompressed points; §5.11: the point must be on the curve,
        # which `from_encoded_point` checks.
        if len(peer_public_key) != len(self.public_key) or peer_public_key[0] != 4:
            raise HandshakeError(AlertDescription.ILLEGAL_PARAMETER, "point is not uncompressed")
        try:
            peer = ec.EllipticCurvePublicKey.from_encoded_point(self._key.curve, peer_public_key)
            return self._key.exchange(ec.ECDH(), peer)
        except ValueError:
            raise HandshakeError(
                AlertDescription.ILLEGAL_PARAMETER, "point is not on the curve"
            ) from None
