"""The attributes of DTLS: ``fingerprint`` (RFC 8122), ``setup`` (RFC 4145), ``tls-id`` (8842)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rtckit.sdp.grammar import require_token, words
from rtckit.seam import ParseError

__all__ = ["SETUP_VALUES", "Fingerprint", "parse_setup", "parse_tls_id"]

#: The values of ``a=setup`` (RFC 4145 §4).
SETUP_VALUES = frozenset({"active", "passive", "actpass", "holdconn"})

_HEX_PAIRS = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){0,127}")
_TLS_ID = re.compile(r"[0-9A-Za-z+/\-_]{20,255}")
_DIGEST_SIZES = {
    "md5": 16,
    "sha-1": 20,
    "sha-224": 28,
    "sha-256": 32,
    "sha-384": 48,
    "sha-512": 64,
}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """``a=fingerprint``: the hash of a certificate (RFC 8122 §5).

    :ivar algorithm: the hash function in lower case, e.g. ``"sha-256"``.
    :ivar value: the hash in upper-case hexadecimal, byte for byte with colons between.
    """

    algorithm: str
    value: str

    @classmethod
    def parse(cls, value: str) -> Fingerprint:
        fields = words(value, "fingerprint", 2)
        algorithm = require_token(fields[0], "hash function").lower()
        if len(fields) != 2 or _HEX_PAIRS.fullmatch(fields[1]) is None:
            raise ParseError("fingerprint is not hexadecimal pairs with colons between")
        size = _DIGEST_SIZES.get(algorithm)
        if size is not None and len(fields[1]) != 3 * size - 1:
            raise ParseError(f"a {algorithm} fingerprint has {size} bytes")
        return cls(algorithm, fields[1].upper())

    @property
    def digest(self) -> bytes:
        """The hash as bytes."""
        return bytes.fromhex(self.value.replace(":", ""))

    def __str__(self) -> str:
        return f"{self.algorithm} {self.value}"


def parse_setup(value: str) -> str:
    """The role that ``a=setup`` names, in lower case (RFC 4145 §4)."""
    role = value.strip().lower()
    if role not in SETUP_VALUES:
        raise ParseError(f"setup is none of the four roles: {value[:40]!r}")
    return role


def parse_tls_id(value: str) -> str:
    """The identity of a DTLS association, 20 to 255 characters (RFC 8842 §4)."""
    identity = value.strip()
    if _TLS_ID.fullmatch(identity) is None:
        raise ParseError("tls-id is not 20 to 255 characters of its alphabet")
    return identity
