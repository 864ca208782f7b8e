"""Every check of the hellos and their extensions, each against a peer that fails in just that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.dtls_liars import (
    Lie,
    Lies,
    assert_never_completes,
    assert_refused,
    handshake_of,
    lying_client,
    lying_server,
    run,
)
from tests.unit.dtls_peers import client, server

from rtckit.dtls import (
    AlertDescription,
    CipherSuite,
    Config,
    NamedGroup,
    Role,
)
from rtckit.dtls.extensions import ExtensionType, pack_uint16_list, pack_use_srtp
from rtckit.dtls.handshake_messages import (
    ClientHello,
    HandshakeType,
    ServerHello,
    ServerKeyExchange,
)
from rtckit.dtls.wire import vector8


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
