"""Our own certificates: fresh, anonymous, kept and loaded."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from rtckit.dtls import Certificate

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)


def test_a_fresh_certificate_is_self_signed_on_p256() -> None:
    certificate = Certificate.generate(NOW, entropy=os.urandom)
    parsed = x509.load_der_x509_certificate(certificate.der)
    parsed.verify_directly_issued_by(parsed)
    key = parsed.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert parsed.not_valid_before_utc < NOW
    assert certificate.expires == NOW + timedelta(days=30)


def test_no_two_certificates_have_anything_in_common() -> None:
    one, two = (
        x509.load_der_x509_certificate(Certificate.generate(NOW, entropy=os.urandom).der)
        for _ in range(2)
    )
    assert one.serial_number != two.serial_number
    assert one.subject != two.subject
    assert one.public_key() != two.public_key()


def test_the_same_randomness_gives_the_same_key_and_serial() -> None:
    def entropy(length: int) -> bytes:
        return b"\x05" * length

    one = Certificate.generate(NOW, entropy=entropy)
    two = Certificate.generate(NOW, entropy=entropy)
    assert x509.load_der_x509_certificate(one.der).serial_number == (
        x509.load_der_x509_certificate(two.der).serial_number
    )
    assert one.private_key.private_numbers() == two.private_key.private_numbers()


def test_a_certificate_survives_pem() -> None:
    certificate = Certificate.generate(NOW, entropy=os.urandom, lifetime=timedelta(days=365))
    for pem in (certificate.to_pem(), certificate.to_pem().decode()):
        loaded = Certificate.from_pem(pem)
        assert loaded.der == certificate.der
        assert loaded.expires == certificate.expires
        assert loaded.fingerprint("sha-512") == certificate.fingerprint("sha-512")


def test_an_rsa_certificate_can_be_made_and_kept() -> None:
    key = rsa.generate_private_key(65537, 2048)
    certificate = Certificate.generate(NOW, entropy=os.urandom, private_key=key)
    assert not certificate.is_ecdsa
    assert not Certificate.from_pem(certificate.to_pem()).is_ecdsa


def test_key_and_certificate_must_belong_together() -> None:
    one, two = (Certificate.generate(NOW, entropy=os.urandom) for _ in range(2))
    mixed = (
        one.to_pem().partition(b"-----BEGIN CERTIFICATE")[0]
        + b"-----BEGIN CERTIFICATE"
        + two.to_pem().partition(b"-----BEGIN CERTIFICATE")[2]
    )
    with pytest.raises(ValueError, match="belong together"):
        Certificate.from_pem(mixed)


def test_the_wall_clock_must_know_its_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Certificate.generate(datetime(2030, 1, 1), entropy=os.urandom)


def test_a_lifetime_must_be_positive() -> None:
    with pytest.raises(ValueError, match="lifetime"):
        Certificate.generate(NOW, entropy=os.urandom, lifetime=timedelta(0))
