"""Certificates that are nearly right, shown by a peer in either role."""

from __future__ import annotations

import random
import warnings
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from rtckit.dtls import AlertDescription, Certificate, Closed, Connection, Role
from rtckit.dtls.alert import HandshakeError
from rtckit.dtls.signature_scheme import certificate_public_key, verify
from rtckit.testing import seeded_entropy

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEYS: list[ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey] = [
    ec.derive_private_key(7, ec.SECP256R1()),
    ec.derive_private_key(7, ec.SECP384R1()),
    rsa.generate_private_key(65537, 2048),
]
CERTIFICATES = [
    Certificate.generate(NOW, entropy=seeded_entropy(number), private_key=key)
    for number, key in enumerate(KEYS)
]
#: Version 3 (RFC 5280 §4.1), as every certificate begins.
VERSION = b"\xa0\x03\x02\x01"


def changed_version(version: int) -> Certificate:
    made = Certificate.generate(NOW, entropy=seeded_entropy("version"))
    assert VERSION + b"\2" in made.der
    made.der = made.der.replace(VERSION + b"\2", VERSION + bytes((version,)), 1)
    return made


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("version", [1, 3, 57, 127, 255])
def test_a_version_that_there_is_not(role: Role, version: int) -> None:
    theirs = changed_version(version)
    other = Role.SERVER if role is Role.CLIENT else Role.CLIENT
    victim = Connection(
        role, CERTIFICATES[0], entropy=seeded_entropy(1), remote_fingerprints=[theirs.fingerprint()]
    )
    peer = Connection(
        other,
        theirs,
        entropy=seeded_entropy(2),
        remote_fingerprints=[CERTIFICATES[0].fingerprint()],
    )
    for each in (victim, peer):
        each.start(0.0)
    for _ in range(4):
        for sender, receiver in ((peer, victim), (victim, peer)):
            while (train := sender.poll_transmit(0.0)) is not None:
                receiver.receive(train, 0.0)
    reason = "certificate cannot be read"
    assert victim.state == "failed"
    assert victim.next_event() == Closed(reason, AlertDescription.BAD_CERTIFICATE, None)


@pytest.mark.parametrize("strict", [False, True])
def test_damaged_certificates_are_refused_in_one_way(strict: bool) -> None:
    """Whether or not the owner has warnings raised, as tests and careful services do."""
    rng = random.Random(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error" if strict else "ignore")
        for _ in range(3000):
            data = bytearray(rng.choice(CERTIFICATES).der)
            for _ in range(rng.randrange(1, 4)):
                at = rng.randrange(len(data))
                choice = rng.randrange(4)
                if choice < 2:
                    data[at] = rng.choice([0, 1, 2, 127, 128, 255, rng.randrange(256)])
                elif choice == 2:
                    data[at:at] = bytes(rng.randrange(4))
                else:
                    del data[at : at + rng.randrange(4)]
            try:
                key = certificate_public_key(bytes(data))
                verify(key, rng.choice([0x0403, 0x0804, 0x0401]), bytes(256), b"signed")
            except HandshakeError as error:
                assert error.reason
