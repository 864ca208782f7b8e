"""The key schedule of TLS 1.2, and the key exchange that feeds it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rtckit.dtls import NamedGroup
from rtckit.dtls.alert import AlertDescription, HandshakeError
from rtckit.dtls.key_schedule import KeySchedule, prf
from rtckit.dtls.named_group import KeyExchange, derive_ec_key


def test_prf_with_sha256() -> None:
    """The vector that was posted to the TLS working group's list for TLS 1.2."""
    output = prf(
        "sha256",
        bytes.fromhex("9bbe436ba940f017b17652849a71db35"),
        b"test label",
        bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c"),
        100,
    )
    assert output.hex() == (
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
        "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
        "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
        "87347b66"
    )


def test_prf_with_sha384() -> None:
    """From the same posting."""
    output = prf(
        "sha384",
        bytes.fromhex("b80b733d6ceefcdc71566ea48e5567df"),
        b"test label",
        bytes.fromhex("cd665cf6a8447dd6ff8b27555edb7465"),
        148,
    )
    assert output.hex() == (
        "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd"
        "e9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd"
        "8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425"
        "9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee6"
        "91c8f3a26854308d5eaa3be85e0990703d73e56f"
    )


def schedule() -> KeySchedule:
    return KeySchedule("sha256", b"p" * 32, b"h" * 32, b"c" * 32, b"s" * 32)


def test_keys_and_nonces_of_both_directions_differ() -> None:
    client, server = schedule().traffic_keys(16, 4)
    assert (len(client.key), len(client.iv)) == (16, 4)
    assert client.key != server.key
    assert client.iv != server.iv


def test_finished_of_both_sides_differ() -> None:
    ours = schedule().verify_data(client=True, transcript=b"messages")
    assert len(ours) == 12
    assert ours != schedule().verify_data(client=False, transcript=b"messages")
    assert ours != schedule().verify_data(client=True, transcript=b"others")


def test_exporter_tells_no_context_from_an_empty_one() -> None:
    """RFC 5705 §4."""
    without = schedule().export(b"label", None, 60)
    assert len(without) == 60
    assert without != schedule().export(b"label", b"", 60)
    assert schedule().export(b"label", b"", 60) != schedule().export(b"label", b"x", 60)
    assert schedule().export(b"label", None, 20) == without[:20]


def test_session_hash_changes_every_secret() -> None:
    """RFC 7627 §4."""
    other = KeySchedule("sha256", b"p" * 32, b"H" * 32, b"c" * 32, b"s" * 32)
    assert other.export(b"label", None, 20) != schedule().export(b"label", None, 20)


@pytest.mark.parametrize("group", list(NamedGroup))
def test_both_sides_share_one_secret(group: NamedGroup) -> None:
    ours = KeyExchange.generate(group, lambda length: b"\x11" * length)
    theirs = KeyExchange.generate(group, lambda length: b"\x22" * length)
    assert ours.exchange(theirs.public_key) == theirs.exchange(ours.public_key)


X25519_SMALL_ORDER = [
    bytes(32),
    bytes((1,)) + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


@pytest.mark.parametrize("point", [*X25519_SMALL_ORDER, b"", bytes(31), bytes(33)])
def test_x25519_refuses_points_that_share_nothing(point: bytes) -> None:
    """RFC 8422 §5.11: the result is all zero for these."""
    exchange = KeyExchange.generate(NamedGroup.X25519, lambda length: b"\x11" * length)
    with pytest.raises(HandshakeError) as caught:
        exchange.exchange(point)
    assert caught.value.alert is AlertDescription.ILLEGAL_PARAMETER


def p256_point(form: PublicFormat = PublicFormat.UncompressedPoint) -> bytes:
    key = derive_ec_key(lambda length: b"\x33" * length, NamedGroup.SECP256R1)
    return key.public_key().public_bytes(Encoding.X962, form)


@pytest.mark.parametrize(
    "point",
    [
        p256_point()[:-1] + bytes((p256_point()[-1] ^ 1,)),
        p256_point(PublicFormat.CompressedPoint),
        b"\x04" + bytes(64),
        b"\x04" + b"\xff" * 64,
        b"\x00",
        b"",
        p256_point() + b"\x00",
        b"\x06" + p256_point()[1:],
    ],
    ids=["off the curve", "compressed", "zero", "beyond", "infinity", "empty", "long", "hybrid"],
)
def test_p256_refuses_points_that_are_none(point: bytes) -> None:
    """RFC 8422 §5.11."""
    exchange = KeyExchange.generate(NamedGroup.SECP256R1, lambda length: b"\x11" * length)
    with pytest.raises(HandshakeError) as caught:
        exchange.exchange(point)
    assert caught.value.alert is AlertDescription.ILLEGAL_PARAMETER


def test_a_key_out_of_given_randomness_is_the_same_each_time_and_works() -> None:
    key = derive_ec_key(lambda length: b"\x44" * length, NamedGroup.SECP256R1)
    again = derive_ec_key(lambda length: b"\x44" * length, NamedGroup.SECP256R1)
    assert key.private_numbers() == again.private_numbers()
    signature = key.sign(b"data", ec.ECDSA(hashes.SHA256()))
    again.public_key().verify(signature, b"data", ec.ECDSA(hashes.SHA256()))
