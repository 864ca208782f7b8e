"""Fingerprints: the text of SDP, and when a certificate matches."""

from __future__ import annotations

import hashlib

import pytest

from rtckit.dtls import Fingerprint
from rtckit.dtls.fingerprint import matches_fingerprints
from rtckit.seam import ParseError

CERTIFICATE = b"not parsed here, only hashed"
OTHER = b"another"


def test_text_round_trip() -> None:
    digest = hashlib.sha256(CERTIFICATE).digest()
    text = "sha-256 " + ":".join(f"{octet:02X}" for octet in digest)
    fingerprint = Fingerprint.parse(text)
    assert fingerprint == Fingerprint.of(CERTIFICATE)
    assert str(fingerprint) == text
    assert Fingerprint.parse(text.lower()) == fingerprint
    assert Fingerprint.from_value("SHA-256", fingerprint.value) == fingerprint


@pytest.mark.parametrize(
    "text",
    ["", "sha-256", "sha-256 ", "sha-256 AA", "sha-256 AABB", "sha-256 " + "+1:" * 31 + "AA",
     "sha-256 " + "GG:" * 31 + "GG", "sha-512 " + "AA:" * 31 + "AA"],
)  # fmt: skip
def test_malformed_text(text: str) -> None:
    with pytest.raises(ParseError):
        Fingerprint.parse(text)


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-384", "sha-512"])
def test_each_hash_function_matches_its_certificate_only(algorithm: str) -> None:
    fingerprint = Fingerprint.of(CERTIFICATE, algorithm)
    assert matches_fingerprints(CERTIFICATE, [fingerprint])
    assert not matches_fingerprints(OTHER, [fingerprint])


@pytest.mark.parametrize("algorithm", ["sha-1", "md5", "sha-224", "md2"])
def test_weak_hash_functions_may_be_read_and_match_nothing(algorithm: str) -> None:
    name = algorithm.replace("sha-", "sha")
    digest = hashlib.new(name, CERTIFICATE).digest() if name != "md2" else bytes(16)
    fingerprint = Fingerprint.from_value(algorithm, digest.hex(":"))
    assert not matches_fingerprints(CERTIFICATE, [fingerprint])
    with pytest.raises(ValueError, match="unsupported"):
        Fingerprint.of(CERTIFICATE, algorithm)


def test_only_the_strongest_hash_function_counts() -> None:
    """RFC 8122 §5.1: a right SHA-256 does not make up for a wrong SHA-512."""
    right = Fingerprint.of(CERTIFICATE, "sha-256")
    wrong = Fingerprint.of(OTHER, "sha-512")
    assert not matches_fingerprints(CERTIFICATE, [right, wrong])
    assert matches_fingerprints(OTHER, [right, wrong])


def test_one_of_several_of_a_hash_function_suffices() -> None:
    known = [Fingerprint.of(OTHER), Fingerprint.of(CERTIFICATE)]
    assert matches_fingerprints(CERTIFICATE, known)


def test_nothing_matches_no_fingerprint() -> None:
    assert not matches_fingerprints(CERTIFICATE, [])
