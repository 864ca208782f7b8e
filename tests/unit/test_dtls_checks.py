"""Every check of the handshake, each against a peer that fails in just that.

The peer is one of ours that lies: what it sends is changed before it enters its own transcript,
so that only the check in question can tell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from rtckit.dtls import (
    AlertDescription,
    ApplicationData,
    Certificate,
    CipherSuite,
    Closed,
    Config,
    Connection,
    Event,
    Fingerprint,
    HandshakeCompleted,
    NamedGroup,
    Role,
    SrtpProfile,
)
from rtckit.dtls.client import ClientHandshake
from rtckit.dtls.extensions import ExtensionType, pack_uint16_list, pack_use_srtp
from rtckit.dtls.handshake_messages import (
    CertificateVerify,
    ClientHello,
    ClientKeyExchange,
    HandshakeType,
    ServerHello,
    ServerKeyExchange,
    pack_chain,
)
from rtckit.dtls.server import ServerHandshake
from rtckit.dtls.signature_scheme import SignatureScheme, sign
from rtckit.dtls.wire import vector8
from rtckit.seam import Entropy

Lie: TypeAlias = Callable[[bytes], bytes | None]
Lies: TypeAlias = dict[HandshakeType, Lie]


def seeded(seed: str) -> Entropy:
    counter = 0

    def entropy(length: int) -> bytes:
        nonlocal counter
        counter += 1
        return hashlib.shake_256(f"{seed} {counter}".encode()).digest(length)

    return entropy


NOW = datetime(2030, 1, 1, tzinfo=UTC)
CLIENT = Certificate.generate(NOW, entropy=seeded("client"))
SERVER = Certificate.generate(NOW, entropy=seeded("server"))
STRANGER = Certificate.generate(NOW, entropy=seeded("stranger"))


class LyingClient(ClientHandshake):
    lies: Lies

    def _add(self, message_type: HandshakeType, body: bytes, *, epoch: int = 0) -> None:
        lie = self.lies.get(message_type)
        said = lie(body) if lie is not None else body
        if said is not None:
            super()._add(message_type, said, epoch=epoch)


class LyingServer(ServerHandshake):
    lies: Lies

    def _add(self, message_type: HandshakeType, body: bytes, *, epoch: int = 0) -> None:
        lie = self.lies.get(message_type)
        said = lie(body) if lie is not None else body
        if said is not None:
            super()._add(message_type, said, epoch=epoch)

    def sign_again(self, message: ServerKeyExchange) -> bytes:
        """A ServerKeyExchange that was changed, with a signature that is right."""
        signed = self._client_random + self._server_random + message.parameters
        key = self._certificate.private_key
        scheme = SignatureScheme.ECDSA_SECP256R1_SHA256
        return bytes(replace(message, signature=sign(key, scheme, signed), scheme=scheme))


def client(config: Config | None = None) -> Connection:
    return Connection(
        Role.CLIENT,
        CLIENT,
        entropy=seeded("client handshake"),
        config=config,
        remote_fingerprints=[SERVER.fingerprint()],
    )


def server(config: Config | None = None) -> Connection:
    return Connection(
        Role.SERVER,
        SERVER,
        entropy=seeded("server handshake"),
        config=config,
        remote_fingerprints=[CLIENT.fingerprint()],
    )


def lying_client(lies: Lies, config: Config | None = None) -> Connection:
    connection = client(config)
    handshake = LyingClient(CLIENT, config or Config(), seeded("lies"), connection.drops)
    handshake.lies = lies
    connection._handshake = handshake
    return connection


def lying_server(lies: Lies, config: Config | None = None) -> Connection:
    connection = server(config)
    handshake = LyingServer(SERVER, config or Config(), seeded("lies"), connection.drops, b"")
    handshake.lies = lies
    connection._handshake = handshake
    return connection


def handshake_of(connection: Connection) -> LyingServer:
    assert isinstance(connection._handshake, LyingServer)
    return connection._handshake


def run(one: Connection, other: Connection) -> None:
    """Carry everything at once; when nothing moves, let time pass, up to two minutes."""
    now = 0.0
    for connection in (one, other):
        if connection.state == "new":
            connection.start(now)
    while now < 120.0:
        moved = False
        for sender, receiver in ((one, other), (other, one)):
            while (train := sender.poll_transmit(now)) is not None:
                receiver.receive(train, now)
                moved = True
        if moved:
            continue
        deadlines = [each for each in (one.next_timeout(), other.next_timeout()) if each]
        if not deadlines:
            return
        now = max(now, min(deadlines))
        one.handle_timeout(now)
        other.handle_timeout(now)


def events(connection: Connection) -> list[Event]:
    found: list[Event] = []
    while (event := connection.next_event()) is not None:
        found.append(event)
    return found


def assert_refused(honest: Connection, alert: AlertDescription, reason: str) -> None:
    seen = events(honest)
    assert [event for event in seen if isinstance(event, Closed)] == [Closed(reason, alert, None)]
    assert not [each for each in seen if isinstance(each, HandshakeCompleted | ApplicationData)]
    assert honest.state == "failed"
    with pytest.raises(RuntimeError):
        honest.export_keying_material(b"label", None, 20)


def assert_never_completes(honest: Connection, drop: str) -> None:
    assert events(honest)[-1] == Closed("the handshake timed out", None, None)
    assert honest.drops[drop] > 0


def flip_last(body: bytes) -> bytes:
    return body[:-1] + bytes((body[-1] ^ 1,))


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


def with_extension(kind: int, body: bytes | None) -> dict[HandshakeType, Lie]:
    def change(extensions: dict[int, bytes]) -> dict[int, bytes]:
        changed = {each: value for each, value in extensions.items() if each != kind}
        if body is not None:
            changed[kind] = body
        return changed

    def client_hello(original: bytes) -> bytes:
        hello = ClientHello.parse(original)
        return bytes(replace(hello, extensions=change(hello.extensions)))

    def server_hello(original: bytes) -> bytes:
        hello = ServerHello.parse(original)
        return bytes(replace(hello, extensions=change(hello.extensions)))

    return {HandshakeType.CLIENT_HELLO: client_hello, HandshakeType.SERVER_HELLO: server_hello}


@pytest.mark.parametrize("honest_role", list(Role))
def test_no_extended_master_secret(honest_role: Role) -> None:
    lies = with_extension(ExtensionType.EXTENDED_MASTER_SECRET, None)
    honest = client() if honest_role is Role.CLIENT else server()
    run(honest, lying_server(lies) if honest_role is Role.CLIENT else lying_client(lies))
    assert_refused(
        honest, AlertDescription.HANDSHAKE_FAILURE, "peer lacks the extended master secret"
    )


@pytest.mark.parametrize("honest_role", list(Role))
def test_an_extended_master_secret_with_a_body(honest_role: Role) -> None:
    """RFC 7627 §5.1: the extension is empty; a hello that says otherwise is passed over."""
    lies = with_extension(ExtensionType.EXTENDED_MASTER_SECRET, b"x")
    honest = client() if honest_role is Role.CLIENT else server()
    run(honest, lying_server(lies) if honest_role is Role.CLIENT else lying_client(lies))
    assert_never_completes(honest, "extended_master_secret is not empty")


@pytest.mark.parametrize("role", list(Role))
def test_an_extended_master_secret_that_is_not_extended(role: Role) -> None:
    """RFC 7627 §4: a peer that says it and derives the old one does not get through."""
    honest = client() if role is Role.CLIENT else server()
    peer = lying_server({}) if role is Role.CLIENT else lying_client({})
    handshake = peer._handshake
    derive = handshake._derive_keys

    def old(premaster_secret: bytes) -> None:
        kept = bytes(handshake._transcript)
        handshake._transcript[:] = b"as if there were no session hash"
        derive(premaster_secret)
        handshake._transcript[:] = kept

    handshake._derive_keys = old  # type: ignore[method-assign]
    run(honest, peer)
    assert honest.state == "failed"
    assert honest.drops["bad record mac"] > 0 or peer.drops["bad record mac"] > 0


@pytest.mark.parametrize("honest_role", list(Role))
def test_a_first_handshake_that_claims_to_renegotiate(honest_role: Role) -> None:
    lies = with_extension(ExtensionType.RENEGOTIATION_INFO, vector8(b"x" * 12))
    honest = client() if honest_role is Role.CLIENT else server()
    run(honest, lying_server(lies) if honest_role is Role.CLIENT else lying_client(lies))
    assert_refused(honest, AlertDescription.HANDSHAKE_FAILURE, "peer tries to renegotiate")


@pytest.mark.parametrize("role", list(Role))
def test_only_compressed_points(role: Role) -> None:
    lies = with_extension(ExtensionType.EC_POINT_FORMATS, vector8(b"\x01"))
    honest = client() if role is Role.CLIENT else server()
    run(honest, lying_server(lies) if role is Role.CLIENT else lying_client(lies))
    assert_refused(
        honest, AlertDescription.ILLEGAL_PARAMETER, "peer does not take uncompressed points"
    )


def server_hello(**changes: int) -> Lies:
    def lie(body: bytes) -> bytes:
        hello = ServerHello.parse(body)
        for name, value in changes.items():
            hello = {
                "version": replace(hello, version=value),
                "cipher_suite": replace(hello, cipher_suite=value),
                "compression_method": replace(hello, compression_method=value),
            }[name]
        return bytes(hello)

    return {HandshakeType.SERVER_HELLO: lie}


@pytest.mark.parametrize("version", [0xFEFF, 0xFEFE, 0xFEFC, 0x0303])
def test_a_server_of_another_version(version: int) -> None:
    one = client()
    run(one, lying_server(server_hello(version=version)))
    assert_refused(one, AlertDescription.PROTOCOL_VERSION, f"server chose version 0x{version:04x}")


@pytest.mark.parametrize("suite", [0x0000, 0xC02B, 0x002F, 0x1301])
def test_a_server_with_a_cipher_suite_not_offered(suite: int) -> None:
    config = Config(cipher_suites=(CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,))
    one = client(config)
    run(one, lying_server(server_hello(cipher_suite=suite)))
    assert_refused(
        one, AlertDescription.ILLEGAL_PARAMETER, "server chose a cipher suite not offered"
    )


def test_a_server_whose_certificate_does_not_fit_the_suite() -> None:
    one = client()
    run(one, lying_server(server_hello(cipher_suite=0xC02F)))
    assert_refused(
        one, AlertDescription.ILLEGAL_PARAMETER, "certificate does not fit the cipher suite"
    )


def test_a_server_that_compresses() -> None:
    one = client()
    run(one, lying_server(server_hello(compression_method=1)))
    assert_refused(one, AlertDescription.ILLEGAL_PARAMETER, "server chose compression")


def test_a_server_with_an_extension_not_offered() -> None:
    one = client()
    run(one, lying_server(with_extension(35, b"")))
    assert_refused(
        one, AlertDescription.UNSUPPORTED_EXTENSION, "server sent an extension not offered"
    )


def test_a_server_with_a_group_not_offered() -> None:
    one = client(Config(groups=(NamedGroup.SECP256R1,)))
    other = lying_server({})

    def lie(body: bytes) -> bytes:
        message = replace(ServerKeyExchange.parse(body), group=29, public_key=b"\x09" * 32)
        return handshake_of(other).sign_again(message)

    handshake_of(other).lies = {HandshakeType.SERVER_KEY_EXCHANGE: lie}
    run(one, other)
    assert_refused(one, AlertDescription.ILLEGAL_PARAMETER, "server chose a group not offered")


@pytest.mark.parametrize(
    "body",
    [
        pack_use_srtp((0x0002,)),
        pack_use_srtp((0x0007, 0x0001)),
        pack_uint16_list((0x0007,)) + vector8(b"mki"),
    ],
    ids=["not offered", "two", "with an MKI"],
)
def test_a_server_with_a_wrong_use_srtp(body: bytes) -> None:
    one = client()
    run(one, lying_server(with_extension(ExtensionType.USE_SRTP, body)))
    assert_refused(
        one, AlertDescription.ILLEGAL_PARAMETER, "server chose an SRTP profile not offered"
    )


def client_hello(**changes: object) -> Lies:
    def lie(body: bytes) -> bytes:
        return bytes(replace(ClientHello.parse(body), **changes))  # type: ignore[arg-type]

    return {HandshakeType.CLIENT_HELLO: lie}


@pytest.mark.parametrize("version", [0xFEFF, 0xFEFE, 0x0303])
def test_a_client_of_another_version(version: int) -> None:
    other = server()
    run(lying_client(client_hello(version=version)), other)
    assert_refused(other, AlertDescription.PROTOCOL_VERSION, "client does not take DTLS 1.2")


def test_a_client_that_takes_only_dtls_1_3() -> None:
    other = server()
    lies = with_extension(ExtensionType.SUPPORTED_VERSIONS, vector8(b"\xfe\xfc"))
    run(lying_client(lies), other)
    assert_refused(other, AlertDescription.PROTOCOL_VERSION, "client does not take DTLS 1.2")


def test_a_client_without_a_cipher_suite_in_common() -> None:
    other = server()
    run(lying_client(client_hello(cipher_suites=(0xC02F, 0x1301, 0x0A0A))), other)
    assert_refused(other, AlertDescription.HANDSHAKE_FAILURE, "no cipher suite in common")


def test_a_client_without_a_group_in_common() -> None:
    other = server()
    lies = with_extension(ExtensionType.SUPPORTED_GROUPS, pack_uint16_list((0x0A0A, 4588)))
    run(lying_client(lies), other)
    assert_refused(other, AlertDescription.HANDSHAKE_FAILURE, "no group in common")


@pytest.mark.parametrize("body", [None, pack_uint16_list((0x0203, 0x0804))])
def test_a_client_that_takes_no_signature_of_ours(body: bytes | None) -> None:
    other = server()
    lies = with_extension(ExtensionType.SIGNATURE_ALGORITHMS, body)
    run(lying_client(lies), other)
    assert_refused(
        other, AlertDescription.HANDSHAKE_FAILURE, "client takes no signature of our key"
    )


def test_a_client_that_insists_to_compress() -> None:
    other = server()
    run(lying_client(client_hello(compression_methods=b"\x01")), other)
    assert_refused(other, AlertDescription.ILLEGAL_PARAMETER, "client insists to compress")
