"""Certificate fingerprints: what signalling says about the certificate to come. RFC 8122 §5."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from rtckit.seam import ParseError

__all__ = ["FINGERPRINT_ALGORITHMS", "Fingerprint", "matches_fingerprints"]

#: The hash functions that are accepted, the most preferred first. MD5 and SHA-1 are not: a
#: certificate that collides under them can be made.
FINGERPRINT_ALGORITHMS: tuple[str, ...] = ("sha-512", "sha-384", "sha-256")

_CONSTRUCTORS = {"sha-256": hashlib.sha256, "sha-384": hashlib.sha384, "sha-512": hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A hash of a certificate in DER.

    :ivar algorithm: the hash function by its lower-case name in SDP, e.g. ``"sha-256"``. Names
        that are not in :data:`FINGERPRINT_ALGORITHMS` may be held, and match nothing.
    :ivar digest: the hash itself.
    """

    algorithm: str
    digest: bytes

    @classmethod
    def of(cls, certificate: bytes, algorithm: str = "sha-256") -> Fingerprint:
        """The fingerprint of a certificate in DER; ``ValueError`` for an unsupported hash."""
        constructor = _CONSTRUCTORS.get(algorithm)
        if constructor is None:
            raise ValueError(f"unsupported fingerprint algorithm: {algorithm!r}")
        return cls(algorithm, constructor(certificate).digest())

    @classmethod
    def parse(cls, text: str) -> Fingerprint:
        """Read ``sha-256 AA:BB:...`` as it stands in SDP; raises :class:`ParseError`."""
        algorithm, _, value = text.strip().partition(" ")
        return cls.from_value(algorithm, value)

    @classmethod
    def from_value(cls, algorithm: str, value: str) -> Fingerprint:
        """Read a hash function's name and ``AA:BB:...`` apart, as the W3C's
        ``RTCDtlsFingerprint`` has them; raises :class:`ParseError`.

        RFC 8122 §5 writes upper-case; lower-case is accepted too.
        """
        algorithm = algorithm.lower()
        offset = len(algorithm) + 1
        if not algorithm:
            raise ParseError("fingerprint without algorithm", 0)
        octets = value.strip().split(":")
        if any(len(octet) != 2 for octet in octets):
            raise ParseError("fingerprint is not colon-separated octets", offset)
        try:
            digest = bytes.fromhex("".join(octets))
        except ValueError:
            raise ParseError("fingerprint is not hexadecimal", offset) from None
        if len(digest) != len(octets):
            raise ParseError("fingerprint is not hexadecimal", offset)
        constructor = _CONSTRUCTORS.get(algorithm)
        if constructor is not None and len(digest) != constructor().digest_size:
            raise ParseError("fingerprint has the wrong length for its algorithm", offset)
        return cls(algorithm, digest)

    @property
    def value(self) -> str:
        """The hash as ``AA:BB:...``."""
        return self.digest.hex(":").upper()

    def __str__(self) -> str:
        return f"{self.algorithm} {self.value}"


def matches_fingerprints(certificate: bytes, fingerprints: Iterable[Fingerprint]) -> bool:
    """Whether a certificate in DER is one that ``fingerprints`` allow.

    Of all fingerprints only those with the most preferred hash function count, and one of them
    must match (RFC 8122 §5.1).
    """
    known = list(fingerprints)
    for algorithm in FINGERPRINT_ALGORITHMS:
        digests = [each.digest for each in known if each.algorithm == algorithm]
        if digests:
            actual = Fingerprint.of(certificate, algorithm).digest
            return any(hmac.compare_digest(actual, digest) for digest in digests)
    return False
