"""Every check of certificates, keys and signatures, each against a peer that fails in just that."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.unit.dtls_liars import (
    STRANGER,
    Lie,
    Lies,
    assert_never_completes,
    assert_refused,
    flip_last,
    handshake_of,
    lying_client,
    lying_server,
    run,
)
from tests.unit.dtls_peers import CLIENT, NOW, SERVER, client, events, seeded, server

from rtckit.dtls import (
    AlertDescription,
    ApplicationData,
    Closed,
    Config,
    Connection,
    Fingerprint,
    HandshakeCompleted,
    NamedGroup,
    Role,
    SrtpProfile,
)
from rtckit.dtls.handshake_messages import (
    CertificateVerify,
    ClientKeyExchange,
    HandshakeType,
    ServerKeyExchange,
    pack_chain,
)


def test_two_honest_peers_agree() -> None:
    one, other = client(), server()
    run(one, other)
    [ours], [theirs] = events(one), events(other)
    assert isinstance(ours, HandshakeCompleted)
    assert isinstance(theirs, HandshakeCompleted)
    assert ours.peer_certificate == SERVER.der
    assert theirs.peer_certificate == CLIENT.der
    assert ours.srtp_profile is theirs.srtp_profile is SrtpProfile.SRTP_AEAD_AES_128_GCM
    label = b"EXTRACTOR-dtls_srtp"
    assert one.export_keying_material(label, None, 60) == (
        other.export_keying_material(label, None, 60)
    )
    assert not one.drops
    assert not other.drops


def test_the_liars_themselves_complete_without_a_lie() -> None:
    one, other = lying_client({}), lying_server({})
    run(one, other)
    assert (one.state, other.state) == ("connected", "connected")


@pytest.mark.parametrize("late", [False, True], ids=["known before", "known after"])
@pytest.mark.parametrize("honest_role", list(Role))
def test_a_wrong_fingerprint_ends_it_in_both_roles(honest_role: Role, late: bool) -> None:
    one, other = client(), server()
    honest, peer = (one, other) if honest_role is Role.CLIENT else (other, one)
    wrong = [STRANGER.fingerprint("sha-512")]
    honest._fingerprints = None if late else tuple(wrong)
    run(one, other)
    if late:
        assert peer.state == "connected"
        peer.send([b"secret"])
        run(one, other)
        assert events(honest) == []
        honest.set_remote_fingerprints(wrong)
        run(one, other)
    assert_refused(
        honest,
        AlertDescription.BAD_CERTIFICATE,
        "the certificate does not match the fingerprints",
    )
    if honest_role is Role.CLIENT or late:
        assert peer.state == "failed"
    last = events(peer)[-1]
    assert isinstance(last, Closed)
    assert last.received_alert == AlertDescription.BAD_CERTIFICATE


def test_a_fingerprint_of_a_weak_hash_function_is_wrong() -> None:
    one, other = client(), server()
    one._fingerprints = (Fingerprint("sha-1", hashlib.sha1(SERVER.der).digest()),)
    run(one, other)
    assert one.state == "failed"


@pytest.mark.parametrize("honest_role", list(Role))
def test_nothing_comes_out_before_the_fingerprint_is_known(honest_role: Role) -> None:
    one, other = client(), server()
    honest, peer = (one, other) if honest_role is Role.CLIENT else (other, one)
    right = honest._fingerprints
    assert right is not None
    honest._fingerprints = None
    run(one, other)
    peer.send([b"early"])
    run(one, other)
    assert honest.state == "connecting"
    assert events(honest) == []
    with pytest.raises(RuntimeError):
        honest.export_keying_material(b"label", None, 20)
    with pytest.raises(RuntimeError):
        honest.send([b"x"])
    honest.set_remote_fingerprints(right)
    completed, data = events(honest)
    assert isinstance(completed, HandshakeCompleted)
    assert data == ApplicationData([b"early"])


def test_a_fingerprint_that_changes_later_must_still_match() -> None:
    one, other = client(), server()
    run(one, other)
    one.set_remote_fingerprints([SERVER.fingerprint("sha-384")])
    assert not events(one)[1:]
    one.set_remote_fingerprints([STRANGER.fingerprint()])
    assert one.state == "failed"


def test_the_check_can_be_left_to_the_caller() -> None:
    one = Connection(Role.CLIENT, CLIENT, entropy=seeded("c"), verify=False)
    other = server()
    assert one.peer_certificate is None
    run(one, other)
    assert one.state == "connected"
    assert one.peer_certificate == SERVER.der
    with pytest.raises(RuntimeError):
        one.set_remote_fingerprints([SERVER.fingerprint()])
    with pytest.raises(ValueError, match="not to be verified"):
        Connection(
            Role.CLIENT,
            CLIENT,
            entropy=seeded("c"),
            verify=False,
            remote_fingerprints=[SERVER.fingerprint()],
        )


def test_a_wrong_signature_of_the_key_exchange() -> None:
    one = client()
    run(one, lying_server({HandshakeType.SERVER_KEY_EXCHANGE: flip_last}))
    assert_refused(one, AlertDescription.DECRYPT_ERROR, "signature is wrong")


def test_a_key_exchange_that_another_handshake_signed() -> None:
    """The signature covers both randoms (RFC 8422 §5.4)."""
    replayed: list[bytes] = []

    def keep(body: bytes) -> bytes:
        replayed.append(body)
        return body

    run(client(), lying_server({HandshakeType.SERVER_KEY_EXCHANGE: keep}))
    one = Connection(
        Role.CLIENT,
        CLIENT,
        entropy=seeded("another handshake"),
        remote_fingerprints=[SERVER.fingerprint()],
    )
    run(one, lying_server({HandshakeType.SERVER_KEY_EXCHANGE: lambda body: replayed[0]}))
    assert_refused(one, AlertDescription.DECRYPT_ERROR, "signature is wrong")


def test_a_key_exchange_signed_by_someone_else() -> None:
    """Someone shows the right certificate without having its key."""
    other = lying_server({HandshakeType.CERTIFICATE: lambda body: pack_chain((SERVER.der,))})
    handshake_of(other)._certificate = STRANGER
    one = client()
    run(one, other)
    assert_refused(one, AlertDescription.DECRYPT_ERROR, "signature is wrong")


def test_a_signature_scheme_that_was_not_offered() -> None:
    def sha1(body: bytes) -> bytes:
        return bytes(replace(ServerKeyExchange.parse(body), scheme=0x0203))

    one = client()
    run(one, lying_server({HandshakeType.SERVER_KEY_EXCHANGE: sha1}))
    assert_refused(
        one, AlertDescription.ILLEGAL_PARAMETER, "signature scheme 0x0203 was not offered"
    )


def test_a_signature_scheme_for_another_kind_of_key() -> None:
    def rsa_pss(body: bytes) -> bytes:
        return bytes(replace(CertificateVerify.parse(body), scheme=0x0804))

    other = server()
    run(lying_client({HandshakeType.CERTIFICATE_VERIFY: rsa_pss}), other)
    assert_refused(
        other, AlertDescription.ILLEGAL_PARAMETER, "signature scheme does not fit the certificate"
    )


def test_a_wrong_certificate_verify() -> None:
    other = server()
    run(lying_client({HandshakeType.CERTIFICATE_VERIFY: flip_last}), other)
    assert_refused(other, AlertDescription.DECRYPT_ERROR, "signature is wrong")


def test_a_client_without_the_key_of_its_certificate() -> None:
    one = lying_client({HandshakeType.CERTIFICATE: lambda body: pack_chain((CLIENT.der,))})
    one._handshake._certificate = STRANGER
    other = server()
    run(one, other)
    assert_refused(other, AlertDescription.DECRYPT_ERROR, "signature is wrong")


def test_a_client_that_skips_certificate_verify() -> None:
    other = server()
    run(lying_client({HandshakeType.CERTIFICATE_VERIFY: lambda body: None}), other)
    assert_never_completes(other, "unexpected handshake message")


@pytest.mark.parametrize("honest_role", list(Role))
@pytest.mark.parametrize("lie", [flip_last, lambda body: b"", lambda body: body[:11]])
def test_a_wrong_finished(honest_role: Role, lie: Lie) -> None:
    lies = {HandshakeType.FINISHED: lie}
    if honest_role is Role.CLIENT:
        honest = client()
        run(honest, lying_server(lies))
    else:
        honest = server()
        run(lying_client(lies), honest)
    assert_refused(honest, AlertDescription.DECRYPT_ERROR, "Finished is wrong")


def test_a_client_with_an_empty_certificate_message() -> None:
    other = server()
    lies: Lies = {
        HandshakeType.CERTIFICATE: lambda body: pack_chain(()),
        HandshakeType.CERTIFICATE_VERIFY: lambda body: None,
    }
    run(lying_client(lies), other)
    assert_refused(other, AlertDescription.HANDSHAKE_FAILURE, "client sent no certificate")


def test_a_client_without_certificate_message() -> None:
    other = server()
    lies: Lies = {
        HandshakeType.CERTIFICATE: lambda body: None,
        HandshakeType.CERTIFICATE_VERIFY: lambda body: None,
    }
    run(lying_client(lies), other)
    assert_never_completes(other, "unexpected handshake message")


def test_a_server_without_certificate() -> None:
    one = client()
    run(one, lying_server({HandshakeType.CERTIFICATE: lambda body: pack_chain(())}))
    assert_refused(one, AlertDescription.BAD_CERTIFICATE, "server sent no certificate")


@pytest.mark.parametrize("role", list(Role))
def test_a_certificate_that_is_none(role: Role) -> None:
    lies: Lies = {HandshakeType.CERTIFICATE: lambda body: pack_chain((b"rubbish",))}
    honest = client() if role is Role.CLIENT else server()
    run(honest, lying_server(lies) if role is Role.CLIENT else lying_client(lies))
    assert_refused(honest, AlertDescription.BAD_CERTIFICATE, "certificate cannot be read")


def another_point(connection: Connection, point: bytes) -> Lie:
    def lie(body: bytes) -> bytes:
        message = replace(ServerKeyExchange.parse(body), public_key=point)
        return handshake_of(connection).sign_again(message)

    return lie


def certificate_on(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "someone")])
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, algorithm)
        .public_bytes(Encoding.DER)
    )


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (rsa.generate_private_key(65537, 1024), "RSA key of 1024 bits"),
        (ec.generate_private_key(ec.SECP256K1()), "unsupported curve secp256k1"),
        (ed25519.Ed25519PrivateKey.generate(), "certificate key is neither EC nor RSA"),
    ],
    ids=["short RSA", "another curve", "Ed25519"],
)
@pytest.mark.parametrize("role", list(Role))
def test_a_certificate_with_an_unfit_key(
    role: Role, key: CertificateIssuerPrivateKeyTypes, reason: str
) -> None:
    chain = pack_chain((certificate_on(key),))
    lies: Lies = {HandshakeType.CERTIFICATE: lambda body: chain}
    honest = client() if role is Role.CLIENT else server()
    run(honest, lying_server(lies) if role is Role.CLIENT else lying_client(lies))
    assert_refused(honest, AlertDescription.UNSUPPORTED_CERTIFICATE, reason)


OFF_CURVE = b"\x04" + bytes(31) + b"\x01" + bytes(31) + b"\x01"
BAD_POINTS = [
    (NamedGroup.X25519, bytes(32), "bad X25519 public key"),
    (NamedGroup.X25519, b"\x01" + bytes(31), "bad X25519 public key"),
    (NamedGroup.SECP256R1, OFF_CURVE, "point is not on the curve"),
    (NamedGroup.SECP256R1, b"\x02" + bytes(31) + b"\x01", "point is not uncompressed"),
]


@pytest.mark.parametrize(("group", "point", "reason"), BAD_POINTS)
def test_a_bad_point_of_the_server(group: NamedGroup, point: bytes, reason: str) -> None:
    one, other = client(), lying_server({}, Config(groups=(group,)))
    handshake_of(other).lies = {HandshakeType.SERVER_KEY_EXCHANGE: another_point(other, point)}
    run(one, other)
    assert_refused(one, AlertDescription.ILLEGAL_PARAMETER, reason)


@pytest.mark.parametrize(("group", "point", "reason"), BAD_POINTS)
def test_a_bad_point_of_the_client(group: NamedGroup, point: bytes, reason: str) -> None:
    def lie(body: bytes) -> bytes:
        return bytes(ClientKeyExchange(point))

    other = server()
    lies: Lies = {HandshakeType.CLIENT_KEY_EXCHANGE: lie}
    run(lying_client(lies, Config(groups=(group,))), other)
    assert_refused(other, AlertDescription.ILLEGAL_PARAMETER, reason)
