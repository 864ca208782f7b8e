"""STUN messages: what is read, what is ignored, what is refused."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from rtckit.seam import ParseError
from rtckit.stun import (
    ChangeRequest,
    ErrorCode,
    ErrorValue,
    FamilyError,
    IcmpValue,
    Message,
    MessageClass,
    Method,
    PasswordAlgorithm,
    PasswordAlgorithmValue,
    SecurityFeatures,
    append_fingerprint,
    append_integrity,
    append_integrity_sha256,
    attributes,
    binding_username,
    is_stun,
    long_term_key,
    nonce_cookie,
    nonce_features,
    opaque_string,
    sign,
    userhash,
    verify,
    verify_sha256,
)
from rtckit.stun.attributes import REGISTRY, Attribute

TXID = bytes(range(12))
KEY = b"key"


def request() -> Message:
    return Message(Method.BINDING, MessageClass.REQUEST, TXID)


def framed(body: str) -> bytes:
    raw = bytes.fromhex(body)
    return bytes.fromhex("0001") + len(raw).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + TXID + raw


# Each attribute, a value, and how the RFC lays it out (type, length, value, padding).
SAMPLES: list[tuple[Attribute[Any], object, str]] = [
    (attributes.MAPPED_ADDRESS, ("192.0.2.1", 80), "0001 0008 0001 0050 c0000201"),
    (attributes.CHANGE_REQUEST, ChangeRequest(True, False), "0003 0004 00000004"),
    (attributes.CHANGE_REQUEST, ChangeRequest(False, True), "0003 0004 00000002"),
    (attributes.USERNAME, "abc", "0006 0003 61626300"),
    (attributes.ERROR_CODE, ErrorValue(487, "x"), "0009 0005 00000457 78000000"),
    (attributes.UNKNOWN_ATTRIBUTES, (0x7F01, 2, 3), "000a 0006 7f0100020003 0000"),
    (attributes.CHANNEL_NUMBER, 0x4001, "000c 0004 40010000"),
    (attributes.LIFETIME, 600, "000d 0004 00000258"),
    (attributes.XOR_PEER_ADDRESS, ("192.0.2.1", 80), "0012 0008 0001 2142 e112a643"),
    (attributes.DATA, b"hello", "0013 0005 68656c6c6f 000000"),
    (attributes.REALM, "r", "0014 0001 72000000"),
    (attributes.NONCE, "n", "0015 0001 6e000000"),
    (attributes.XOR_RELAYED_ADDRESS, ("192.0.2.1", 80), "0016 0008 0001 2142 e112a643"),
    (attributes.REQUESTED_ADDRESS_FAMILY, 2, "0017 0004 02000000"),
    (attributes.EVEN_PORT, True, "0018 0001 80000000"),
    (attributes.EVEN_PORT, False, "0018 0001 00000000"),
    (attributes.REQUESTED_TRANSPORT, 17, "0019 0004 11000000"),
    (attributes.DONT_FRAGMENT, True, "001a 0000"),
    (attributes.ACCESS_TOKEN, b"tokn", "001b 0004 746f6b6e"),
    (attributes.PASSWORD_ALGORITHM, PasswordAlgorithmValue(2), "001d 0004 0002 0000"),
    (attributes.USERHASH, bytes(32), "001e 0020" + "00" * 32),
    (attributes.XOR_MAPPED_ADDRESS, ("192.0.2.1", 80), "0020 0008 0001 2142 e112a643"),
    (attributes.RESERVATION_TOKEN, b"12345678", "0022 0008 3132333435363738"),
    (attributes.PRIORITY, 1, "0024 0004 00000001"),
    (attributes.USE_CANDIDATE, True, "0025 0000"),
    (attributes.PADDING, b"\1\2", "0026 0002 01020000"),
    (attributes.RESPONSE_PORT, 5000, "0027 0004 13880000"),
    (attributes.CONNECTION_ID, 7, "002a 0004 00000007"),
    (attributes.ADDITIONAL_ADDRESS_FAMILY, 2, "8000 0004 02000000"),
    (attributes.ADDRESS_ERROR_CODE, FamilyError(2, 440, "x"), "8001 0005 02000428 78000000"),
    (
        attributes.PASSWORD_ALGORITHMS,
        (PasswordAlgorithmValue(2, b"abc"), PasswordAlgorithmValue(1)),
        "8002 000c 0002 0003 61626300 0001 0000",
    ),
    (attributes.ALTERNATE_DOMAIN, "a.b", "8003 0003 612e6200"),
    (attributes.ICMP, IcmpValue(3, 4, 1400), "8004 0008 00000304 00000578"),
    (attributes.SOFTWARE, "s", "8022 0001 73000000"),
    (attributes.ALTERNATE_SERVER, ("::1", 80), "8023 0014 0002 0050" + "00" * 15 + "01"),
    (attributes.CACHE_TIMEOUT, 5, "8027 0004 00000005"),
    (attributes.ICE_CONTROLLED, 1, "8029 0008 0000000000000001"),
    (attributes.ICE_CONTROLLING, 2, "802a 0008 0000000000000002"),
    (attributes.RESPONSE_ORIGIN, ("192.0.2.1", 80), "802b 0008 0001 0050 c0000201"),
    (attributes.OTHER_ADDRESS, ("192.0.2.1", 80), "802c 0008 0001 0050 c0000201"),
    (attributes.THIRD_PARTY_AUTHORIZATION, "as", "802e 0002 61730000"),
    (attributes.MOBILITY_TICKET, b"tick", "8030 0004 7469636b"),
    (attributes.NOMINATION, 3, "c001 0004 00000003"),
]


@pytest.mark.parametrize(("attribute", "value", "wire"), SAMPLES)
def test_attributes_on_the_wire(attribute: Attribute[Any], value: object, wire: str) -> None:
    assert request().add(attribute, value).encode() == framed(wire)
    assert Message.parse(framed(wire)).get(attribute) == value


def test_every_attribute_has_a_sample() -> None:
    signatures = {0x0008, 0x001C, 0x8028}
    assert {sample[0].number for sample in SAMPLES} == set(REGISTRY) - signatures


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("message_class", list(MessageClass))
def test_types_interleave_method_and_class(method: Method, message_class: MessageClass) -> None:
    data = Message(method, message_class, TXID).encode()
    parsed = Message.parse(data)
    assert (parsed.method, parsed.message_class) == (method, message_class)
    assert parsed.transaction_id == TXID


def test_known_message_types() -> None:
    # RFC 8489 §5 and RFC 8656: Binding success 0x0101, Allocate error 0x0113, Data indication.
    assert Message(Method.BINDING, MessageClass.SUCCESS, TXID).encode()[:2] == b"\x01\x01"
    assert Message(Method.ALLOCATE, MessageClass.ERROR, TXID).encode()[:2] == b"\x01\x13"
    assert Message(Method.DATA, MessageClass.INDICATION, TXID).encode()[:2] == b"\x00\x17"
    assert Message(0xFFF, MessageClass.ERROR, TXID).encode()[:2] == b"\x3f\xff"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        framed("")[:19],
        framed("") + bytes(4),
        b"\x40" + framed("")[1:],
        framed("").replace(b"\x21\x12", b"\x21\x13"),
        framed("0006 0009 61626300"),
        framed("0006 0004"),
        framed("0006 0002 fffe0000"),
        framed("0024 0003 00000000"),
        framed("0020 0008 0003 2142 e112a643"),
        framed("0020 0008 0002 2142 e112a643"),
        framed("0020 0002 00010000"),
        framed("0009 0004 00000257"),
        framed("0009 0004 00000464"),
        framed("0009 0002 00000000"),
        framed("000a 0003 7f0100 00"),
        framed("0008 0004 00000000"),
        framed("001c 000c 000000000000000000000000"),
        framed("001d 0008 0002 0000 0001 0000"),
        framed("001d 0004 0002 0009"),
        framed("8002 0002 0002 0000"),
        framed("0025 0004 00000000"),
        framed("8028 0004 00000000"),
        framed("0006 02fc" + "61" * 764),
    ],
)
def test_what_is_not_well_formed_is_refused(data: bytes) -> None:
    with pytest.raises(ParseError):
        Message.parse(data)


def test_lengths_are_multiples_of_four() -> None:
    data = bytearray(framed("") + b"\0\0")
    data[3] = 2
    with pytest.raises(ParseError, match="length"):
        Message.parse(bytes(data))


def test_the_first_of_two_counts_and_all_can_be_had() -> None:
    message = request()
    for port in (1, 2, 3):
        message.add(attributes.XOR_PEER_ADDRESS, ("10.0.0.1", port))
    parsed = Message.parse(message.encode())
    assert parsed.get(attributes.XOR_PEER_ADDRESS) == ("10.0.0.1", 1)
    assert [port for _, port in parsed.get_all(attributes.XOR_PEER_ADDRESS)] == [1, 2, 3]
    assert parsed.get(attributes.NONCE) is None


def test_unknown_attributes_are_named_if_they_must_be_understood() -> None:
    parsed = Message.parse(framed("7f01 0000 7f02 0001 00000000 ff01 0000 7f01 0000"))
    assert parsed.unknown_required == (0x7F01, 0x7F02)
    error = Message.parse(parsed.error(ErrorCode.UNKNOWN_ATTRIBUTE).encode())
    assert error.message_class is MessageClass.ERROR
    assert error.transaction_id == TXID
    assert error.get(attributes.ERROR_CODE) == ErrorValue(420, "Unknown Attribute")
    assert error.get(attributes.UNKNOWN_ATTRIBUTES) == (0x7F01, 0x7F02)


def test_every_error_code_has_a_reason() -> None:
    assert all(code.reason for code in ErrorCode)


def test_what_follows_integrity_is_ignored() -> None:
    signed = append_integrity(request().add(attributes.USERNAME, "me").encode(), KEY)
    smuggled = bytes.fromhex("0025 0000 0014 0001 78000000 7f01 0000")
    stronger = append_integrity_sha256(signed + smuggled, KEY)
    message = Message.parse(append_fingerprint(stronger + smuggled))
    assert message.get(attributes.USERNAME) == "me"
    assert attributes.USE_CANDIDATE not in message
    assert attributes.REALM not in message
    assert message.unknown_required == ()
    assert attributes.FINGERPRINT in message
    assert verify(message, KEY) and verify_sha256(message, KEY)


def test_any_changed_bit_breaks_the_signature() -> None:
    data = append_integrity(request().add(attributes.USERNAME, "me").encode(), KEY)
    for position in range(len(data) * 8):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        try:
            message = Message.parse(bytes(changed))
        except ParseError:
            continue
        assert not verify(message, KEY)


def test_any_changed_bit_breaks_the_fingerprint() -> None:
    data = append_fingerprint(request().add(attributes.USERNAME, "me").encode())
    for position in range(len(data) * 8):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        if changed[-8:-6] != b"\x80\x28":
            continue
        with pytest.raises(ParseError):
            Message.parse(bytes(changed))


def test_integrity_needs_the_key() -> None:
    unsigned = Message.parse(request().encode())
    assert not verify(unsigned, KEY) and not verify_sha256(unsigned, KEY)
    signed = Message.parse(append_integrity_sha256(request().encode(), KEY))
    assert verify_sha256(signed, KEY) and not verify_sha256(signed, b"other")
    assert not verify(signed, KEY)


def test_a_truncated_sha256_is_accepted_down_to_16_bytes() -> None:
    header = bytearray(request().encode())
    header[3] = 20
    digest = hmac.digest(KEY, bytes(header), "sha256")[:16]
    message = Message.parse(bytes(header) + b"\x00\x1c\x00\x10" + digest)
    assert verify_sha256(message, KEY)
    assert not verify_sha256(message, b"other")


def test_long_term_keys() -> None:
    # RFC 8489 §18.5.1, written out.
    assert long_term_key("user", "realm", "pass") == hashlib.md5(b"user:realm:pass").digest()
    assert (
        long_term_key("user", "realm", "pass", PasswordAlgorithm.SHA256)
        == hashlib.sha256(b"user:realm:pass").digest()
    )
    assert userhash("user", "realm") == hashlib.sha256(b"user:realm").digest()


def test_opaque_strings() -> None:
    # RFC 8265 §4.3: spaces of all kinds become one, composition is canonical.
    assert opaque_string("correct horse") == "correct horse"
    assert opaque_string("foo\u1680bar") == "foo bar"
    assert opaque_string("e\u0301") == "\u00e9"
    for bad in ("", "tab\there"):
        with pytest.raises(ValueError, match="opaque"):
            opaque_string(bad)


def test_nonces_announce_features() -> None:
    both = SecurityFeatures.PASSWORD_ALGORITHMS | SecurityFeatures.USERNAME_ANONYMITY
    assert nonce_cookie(SecurityFeatures.NONE) == "obMatJos2AAAA"
    assert nonce_cookie(both) == "obMatJos2wAAA"
    assert nonce_features("obMatJos2wAAAxyz") == both
    assert nonce_features("obMatJos2gAAAxyz") == SecurityFeatures.PASSWORD_ALGORITHMS
    for other in ("", "xyz", "obMatJos2", "obMatJos2!!!!"):
        assert nonce_features(other) is None


def test_stun_is_told_from_other_protocols() -> None:
    data = sign(request().add(attributes.USERNAME, "a:b"), KEY)
    assert is_stun(data)
    for other in (b"", data[:-1], b"\x16\xfe\xfd" + bytes(30), b"\x80" + data[1:], data + b"\0"):
        assert not is_stun(other)


def test_the_username_is_read_before_integrity_is_known() -> None:
    assert binding_username(sign(request().add(attributes.USERNAME, "a:b"), KEY)) == "a:b"
    assert binding_username(framed("0014 0001 78000000 0006 0001 79000000")) == "y"
    assert binding_username(framed("")) is None
    assert binding_username(framed("0006 0002 fffe0000")) is None
    assert binding_username(framed("0014 00ff 78000000")) is None
    allocate = Message(Method.ALLOCATE, MessageClass.REQUEST, TXID)
    assert binding_username(allocate.add(attributes.USERNAME, "a:b").encode()) is None


def test_a_callers_mistakes_raise() -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        Message(Method.BINDING, MessageClass.REQUEST, b"short")
    with pytest.raises(ValueError, match="763"):
        request().add(attributes.USERNAME, "x" * 764).encode()
    with pytest.raises(ValueError, match="300"):
        request().add(attributes.ERROR_CODE, ErrorValue(200)).encode()
    with pytest.raises(ValueError, match="8 belong"):
        request().add(attributes.RESERVATION_TOKEN, b"short").encode()
