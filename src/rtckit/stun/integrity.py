"""Signing and checking: keys, MESSAGE-INTEGRITY, -SHA256, FINGERPRINT (RFC 8489 §9, §14.5–7)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import unicodedata
import zlib
from enum import IntEnum, IntFlag

from rtckit.stun.attributes import (
    FINGERPRINT,
    MESSAGE_INTEGRITY,
    MESSAGE_INTEGRITY_SHA256,
)
from rtckit.stun.message import FINGERPRINT_XOR, Message

__all__ = [
    "PasswordAlgorithm",
    "SecurityFeatures",
    "append_fingerprint",
    "append_integrity",
    "append_integrity_sha256",
    "long_term_key",
    "nonce_cookie",
    "nonce_features",
    "opaque_string",
    "short_term_key",
    "sign",
    "userhash",
    "verify",
    "verify_sha256",
]

_TLV = struct.Struct("!HH")
_TLV_U32 = struct.Struct("!HHI")
_U16 = struct.Struct("!H")
_NONCE_PREFIX = "obMatJos2"


class PasswordAlgorithm(IntEnum):
    """Password algorithms (RFC 8489 §18.5)."""

    MD5 = 0x0001
    SHA256 = 0x0002


class SecurityFeatures(IntFlag):
    """STUN Security Features, bit 0 the most significant of 24 (RFC 8489 §18.1)."""

    NONE = 0
    PASSWORD_ALGORITHMS = 1 << 23
    USERNAME_ANONYMITY = 1 << 22


def opaque_string(text: str) -> str:
    """Prepare a password or realm by the OpaqueString profile (RFC 8265 §4.2).

    Non-ASCII spaces become U+0020 and the text is normalised to NFC.

    :raises ValueError: the text is empty or has a control character.
    """
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in text)
    prepared = unicodedata.normalize("NFC", spaced)
    if not prepared or any(unicodedata.category(char) == "Cc" for char in prepared):
        raise ValueError("an opaque string is not empty and has no control characters")
    return prepared


def short_term_key(password: str) -> bytes:
    """The key of the short-term mechanism, ICE's (RFC 8489 §9.1.1)."""
    return password.encode()


def long_term_key(
    username: str,
    realm: str,
    password: str,
    algorithm: PasswordAlgorithm = PasswordAlgorithm.MD5,
) -> bytes:
    """The key of the long-term mechanism, TURN's (RFC 8489 §18.5.1)."""
    text = f"{username}:{opaque_string(realm)}:{opaque_string(password)}".encode()
    if algorithm is PasswordAlgorithm.SHA256:
        return hashlib.sha256(text).digest()
    return hashlib.md5(text, usedforsecurity=False).digest()


def userhash(username: str, realm: str) -> bytes:
    """USERHASH: a username that only the server recognises (RFC 8489 §14.4)."""
    return hashlib.sha256(f"{username}:{opaque_string(realm)}".encode()).digest()


def nonce_cookie(features: SecurityFeatures) -> str:
    """The 13 characters that a nonce starts with (RFC 8489 §9.2)."""
    return _NONCE_PREFIX + base64.b64encode(int(features).to_bytes(3, "big")).decode()


def nonce_features(nonce: str) -> SecurityFeatures | None:
    """The features that a nonce announces, ``None`` if it has no nonce cookie."""
    if not nonce.startswith(_NONCE_PREFIX) or len(nonce) < 13:
        return None
    try:
        bits = base64.b64decode(nonce[9:13], validate=True)
    except (binascii.Error, ValueError):
        return None
    return SecurityFeatures(int.from_bytes(bits, "big")) & (
        SecurityFeatures.PASSWORD_ALGORITHMS | SecurityFeatures.USERNAME_ANONYMITY
    )


def _with_length(data: bytes, length: int) -> bytes:
    return data[:2] + _U16.pack(length) + data[4:]


def append_integrity(data: bytes, key: bytes) -> bytes:
    """Add MESSAGE-INTEGRITY: HMAC-SHA1 with the length already counting it (RFC 8489 §14.5)."""
    covered = _with_length(data, len(data) - 20 + 24)
    return covered + _TLV.pack(MESSAGE_INTEGRITY.number, 20) + hmac.digest(key, covered, "sha1")


def append_integrity_sha256(data: bytes, key: bytes) -> bytes:
    """Add MESSAGE-INTEGRITY-SHA256, not truncated (RFC 8489 §14.6)."""
    covered = _with_length(data, len(data) - 20 + 36)
    digest = hmac.digest(key, covered, "sha256")
    return covered + _TLV.pack(MESSAGE_INTEGRITY_SHA256.number, 32) + digest


def append_fingerprint(data: bytes) -> bytes:
    """Add FINGERPRINT, which is always last (RFC 8489 §14.7)."""
    covered = _with_length(data, len(data) - 20 + 8)
    crc = zlib.crc32(covered) ^ FINGERPRINT_XOR
    return covered + _TLV_U32.pack(FINGERPRINT.number, 4, crc)


def sign(message: Message, key: bytes) -> bytes:
    """Encode with MESSAGE-INTEGRITY and FINGERPRINT, as every ICE check is (RFC 8445 §7.1)."""
    return append_fingerprint(append_integrity(message.encode(), key))


def verify(message: Message, key: bytes) -> bool:
    """Whether a parsed message's MESSAGE-INTEGRITY was made with ``key``; constant time."""
    offset = message.integrity_offset
    claimed = message.get(MESSAGE_INTEGRITY)
    if not offset or claimed is None:
        return False
    covered = _with_length(message.raw[:offset], offset - 20 + 24)
    return hmac.compare_digest(hmac.digest(key, covered, "sha1"), claimed)


def verify_sha256(message: Message, key: bytes) -> bool:
    """The same for MESSAGE-INTEGRITY-SHA256, which may be truncated to 16 bytes."""
    offset = message.integrity_sha256_offset
    claimed = message.get(MESSAGE_INTEGRITY_SHA256)
    if not offset or claimed is None:
        return False
    covered = _with_length(message.raw[:offset], offset - 20 + 4 + len(claimed))
    digest = hmac.digest(key, covered, "sha256")[: len(claimed)]
    return hmac.compare_digest(digest, claimed)
