"""The cipher suites: ephemeral ECDH, authenticated encryption, nothing else.

RFC 5289 (AES-GCM) and RFC 7905 (ChaCha20-Poly1305).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

__all__ = ["CIPHER_SUITES", "Aead", "CipherSuite", "SuiteParameters", "suite_parameters"]

Aead: TypeAlias = AESGCM | ChaCha20Poly1305


class CipherSuite(IntEnum):
    """By the names of the IANA registry."""

    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = 0xC02B
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 = 0xC02C
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 = 0xC02F
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 = 0xC030
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 = 0xCCA8
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 = 0xCCA9


#: What is offered and accepted by default, the most preferred first.
CIPHER_SUITES: tuple[CipherSuite, ...] = (
    CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
)


@dataclass(frozen=True, slots=True)
class SuiteParameters:
    """What a cipher suite decides.

    :ivar ecdsa: the certificate's key is an EC key, else an RSA key.
    :ivar chacha: ChaCha20-Poly1305, else AES-GCM.
    :ivar hash_name: the hash function of the PRF.
    :ivar key_length: of the AEAD, in bytes.
    :ivar iv_length: the implicit part of the nonce, in bytes.
    :ivar explicit_nonce: how many bytes of the nonce are on the wire.
    """

    ecdsa: bool
    chacha: bool
    hash_name: str
    key_length: int
    iv_length: int
    explicit_nonce: int

    def aead(self, key: bytes) -> Aead:
        """The cipher itself."""
        return ChaCha20Poly1305(key) if self.chacha else AESGCM(key)


def _gcm(*, ecdsa: bool, hash_name: str, key_length: int) -> SuiteParameters:
    # RFC 5288 §3: a salt of four bytes, then eight bytes that every record carries.
    return SuiteParameters(ecdsa, False, hash_name, key_length, 4, 8)


_PARAMETERS: dict[int, SuiteParameters] = {
    0xC02B: _gcm(ecdsa=True, hash_name="sha256", key_length=16),
    0xC02C: _gcm(ecdsa=True, hash_name="sha384", key_length=32),
    0xC02F: _gcm(ecdsa=False, hash_name="sha256", key_length=16),
    0xC030: _gcm(ecdsa=False, hash_name="sha384", key_length=32),
    # RFC 7905 §2: the whole nonce is implicit.
    0xCCA8: SuiteParameters(False, True, "sha256", 32, 12, 0),
    0xCCA9: SuiteParameters(True, True, "sha256", 32, 12, 0),
}


def suite_parameters(suite: CipherSuite) -> SuiteParameters:
    """What ``suite`` decides."""
    return _PARAMETERS[suite]
