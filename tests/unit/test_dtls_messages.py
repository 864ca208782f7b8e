"""Handshake messages and extensions, by bytes that OpenSSL 3.0 sent."""

from __future__ import annotations

import pytest

from rtckit.dtls.extensions import (
    ExtensionType,
    parse_ec_point_formats,
    parse_renegotiation_info,
    parse_uint16_list,
    parse_use_srtp,
    parse_versions,
)
from rtckit.dtls.handshake_messages import (
    CertificateRequest,
    ClientHello,
    Fragment,
    HandshakeType,
    HelloVerifyRequest,
    ServerHello,
    ServerKeyExchange,
    pack_chain,
    parse_chain,
    parse_fragments,
)
from rtckit.dtls.record import parse_records
from rtckit.seam import ParseError

CLIENT_HELLO = bytes.fromhex(
    "16feff00000000000000000071010000650000000000000065fefd244494bddf7ea03e85dc163061468fd5"
    "ad32b3bb9a98025fbc62bc7542e1bf9a0000000ac02cc030c02bc02f00ff01000031000b00040300010200"
    "0a00060004001d001700230000000e000500020007000016000000170000000d0006000404030401"
)
HELLO_VERIFY_REQUEST = bytes.fromhex(
    "16feff00000000000000000023030000170000000000000017feff14a795e1b949d5c4fc01a214cf2ce787"
    "00b7eb42e5"
)
SERVER_HELLO = bytes.fromhex(
    "16fefd0000000000000001006e020000620001000000000062fefda07c651e0b969a53d6e21329551974"
    "625b858caeb0b2d790411b62e498bd992c204d5a52d18551d41efbed0cb02efd4c77745107c93579ec73"
    "b0f6209b0a33ade8c02b00001aff01000100000b000403000102000e000500020007000017000016fefd"
    "0000000000000002005c0b00013a0002000000000050000137000134308201303081d8a0030201020210"
    "60585f3ee19baf1ab6e6264be81025cb300a06082a8648ce3d040302301b3119301706035504030c1035"
    "366533643031613330643134653435301e17"
)


def fragments(datagram: bytes) -> list[Fragment]:
    records, error = parse_records(datagram)
    assert error is None
    return [fragment for record in records for fragment in parse_fragments(record.payload)]


def test_client_hello() -> None:
    [fragment] = fragments(CLIENT_HELLO)
    assert fragment.message_type == HandshakeType.CLIENT_HELLO
    hello = ClientHello.parse(fragment.data)
    assert hello.version == 0xFEFD
    assert hello.random.startswith(bytes.fromhex("244494bd"))
    assert (hello.session_id, hello.cookie) == (b"", b"")
    assert hello.cipher_suites == (0xC02C, 0xC030, 0xC02B, 0xC02F, 0x00FF)
    assert hello.compression_methods == b"\x00"
    extensions = hello.extensions
    assert list(extensions) == [11, 10, 35, 14, 22, 23, 13]
    assert parse_ec_point_formats(extensions[ExtensionType.EC_POINT_FORMATS]) == b"\x00\x01\x02"
    assert parse_uint16_list(extensions[ExtensionType.SUPPORTED_GROUPS]) == (29, 23)
    assert parse_use_srtp(extensions[ExtensionType.USE_SRTP]) == ((7,), b"")
    assert parse_uint16_list(extensions[ExtensionType.SIGNATURE_ALGORITHMS]) == (0x0403, 0x0401)
    assert bytes(hello) == fragment.data
    assert bytes(fragment) == CLIENT_HELLO[13:]


def test_hello_verify_request() -> None:
    [fragment] = fragments(HELLO_VERIFY_REQUEST)
    request = HelloVerifyRequest.parse(fragment.data)
    assert request.server_version == 0xFEFF
    assert len(request.cookie) == 20
    assert bytes(request) == fragment.data


def test_server_hello_and_a_fragment_of_a_certificate() -> None:
    first, second = fragments(SERVER_HELLO)
    hello = ServerHello.parse(first.data)
    assert (hello.version, hello.cipher_suite, hello.compression_method) == (0xFEFD, 0xC02B, 0)
    assert len(hello.session_id) == 32
    assert parse_renegotiation_info(hello.extensions[ExtensionType.RENEGOTIATION_INFO]) == b""
    assert ExtensionType.EXTENDED_MASTER_SECRET in hello.extensions
    assert bytes(hello) == first.data
    assert (second.message_type, second.message_seq) == (HandshakeType.CERTIFICATE, 2)
    assert (second.message_length, second.offset, len(second.data)) == (0x13A, 0, 0x50)


@pytest.mark.parametrize("length", range(0, 101, 7))
def test_a_hello_that_was_cut_short(length: int) -> None:
    [fragment] = fragments(CLIENT_HELLO)
    # After the compression methods the extensions may be missing altogether.
    if length == len(fragment.data) - 51:
        return
    with pytest.raises(ParseError):
        ClientHello.parse(fragment.data[:length])


def test_an_extension_that_comes_twice() -> None:
    [fragment] = fragments(CLIENT_HELLO)
    twice = fragment.data[:-51] + b"\x00\x08" + b"\x00\x17\x00\x00" * 2
    with pytest.raises(ParseError, match="duplicate"):
        ClientHello.parse(twice)


def test_bytes_after_the_end() -> None:
    [fragment] = fragments(CLIENT_HELLO)
    for parse in (ClientHello.parse, ServerKeyExchange.parse, CertificateRequest.parse):
        with pytest.raises(ParseError):
            parse(fragment.data + b"\x00")


def test_a_chain_of_certificates() -> None:
    assert parse_chain(pack_chain((b"one", b"two"))) == (b"one", b"two")
    assert parse_chain(pack_chain(())) == ()
    with pytest.raises(ParseError):
        parse_chain(b"\x00\x00\x03\x00\x00\x00")


def test_versions_of_a_client_with_dtls_1_3() -> None:
    assert parse_versions(bytes.fromhex("04fefcfefd")) == (0xFEFC, 0xFEFD)


def test_a_fragment_over_the_end_of_its_message() -> None:
    with pytest.raises(ParseError, match="reaches over"):
        parse_fragments(bytes(Fragment(11, 10, 0, 8, b"abc")))


def test_a_record_without_a_fragment() -> None:
    with pytest.raises(ParseError):
        parse_fragments(b"")
