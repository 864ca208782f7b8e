"""The published bytes: RFC 5769 §2.1–2.4 and RFC 8489 appendix B.1."""

from __future__ import annotations

import hmac

import pytest

from rtckit.seam import ParseError
from rtckit.stun import (
    Message,
    MessageClass,
    Method,
    PasswordAlgorithm,
    SecurityFeatures,
    append_fingerprint,
    append_integrity,
    append_integrity_sha256,
    binding_username,
    is_stun,
    long_term_key,
    nonce_features,
    short_term_key,
    sign,
    userhash,
    verify,
    verify_sha256,
)
from rtckit.stun.attributes import (
    ICE_CONTROLLED,
    NONCE,
    PRIORITY,
    REALM,
    SOFTWARE,
    USERHASH,
    USERNAME,
    XOR_MAPPED_ADDRESS,
)

REQUEST = bytes.fromhex(
    """
    00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae 80 22 00 10
    53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74 00 24 00 04 6e 00 01 ff
    80 29 00 08 93 2f f9 b1 51 26 3b 36 00 06 00 09 65 76 74 6a 3a 68 36 76
    59 20 20 20 00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49
    c1 b5 71 a2 80 28 00 04 e5 7a 3b cf
    """
)
IPV4_RESPONSE = bytes.fromhex(
    """
    01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae 80 22 00 0b
    74 65 73 74 20 76 65 63 74 6f 72 20 00 20 00 08 00 01 a1 47 e1 12 a6 43
    00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7
    80 28 00 04 c0 7d 4c 96
    """
)
IPV6_RESPONSE = bytes.fromhex(
    """
    01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae 80 22 00 0b
    74 65 73 74 20 76 65 63 74 6f 72 20 00 20 00 14 00 02 a1 47 01 13 a9 fa
    a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9 00 08 00 14 a3 82 95 4e 4b e6 7b f1
    17 84 c9 7c 82 92 c2 75 bf e3 ed 41 80 28 00 04 c8 fb 0b 4c
    """
)
LONG_TERM_REQUEST = bytes.fromhex(
    """
    00 01 00 60 21 12 a4 42 78 ad 34 33 c6 ad 72 c0 29 da 41 2e 00 06 00 12
    e3 83 9e e3 83 88 e3 83 aa e3 83 83 e3 82 af e3 82 b9 00 00 00 15 00 1c
    66 2f 2f 34 39 39 6b 39 35 34 64 36 4f 4c 33 34 6f 4c 39 46 53 54 76 79
    36 34 73 41 00 14 00 0b 65 78 61 6d 70 6c 65 2e 6f 72 67 00 00 08 00 14
    f6 70 24 65 6d d6 4a 3e 02 b8 e0 71 2e 85 c9 a2 8c a8 96 66
    """
)
SHA256_REQUEST = bytes.fromhex(
    """
    00 01 00 9c 21 12 a4 42 78 ad 34 33 c6 ad 72 c0 29 da 41 2e 00 1e 00 20
    4a 3c f3 8f ef 69 92 bd a9 52 c6 78 04 17 da 0f 24 81 94 15 56 9e 60 b2
    05 c4 6e 41 40 7f 17 04 00 15 00 29 6f 62 4d 61 74 4a 6f 73 32 41 41 41
    43 66 2f 2f 34 39 39 6b 39 35 34 64 36 4f 4c 33 34 6f 4c 39 46 53 54 76
    79 36 34 73 41 00 00 00 00 14 00 0b 65 78 61 6d 70 6c 65 2e 6f 72 67 00
    00 1c 00 20 e4 68 6c 8f 0e de b5 90 13 e0 70 90 01 0a 93 ef cc bc cc 54
    4c 0a 45 d9 f8 30 aa 6d 6f 73 5a 01
    """
)

SHORT_TERM = short_term_key("VOkJxbRl1RmTxUk/WvJxBt")
MATRIX = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9"


def resigned(vector: bytes, key: bytes) -> bytes:
    """The vector up to its integrity (with its own padding bytes), signed again by us."""
    offset = Message.parse(vector).integrity_offset
    return append_fingerprint(append_integrity(vector[:offset], key))


def test_sample_request() -> None:
    message = Message.parse(REQUEST)
    assert message.method == Method.BINDING
    assert message.message_class is MessageClass.REQUEST
    assert message.transaction_id == bytes.fromhex("b7e7a701bc34d686fa87dfae")
    assert message.get(SOFTWARE) == "STUN test client"
    assert message.get(PRIORITY) == 0x6E0001FF
    assert message.get(ICE_CONTROLLED) == 0x932FF9B151263B36
    assert message.get(USERNAME) == "evtj:h6vY"
    assert verify(message, SHORT_TERM)
    assert not verify(message, b"another key")
    assert resigned(REQUEST, SHORT_TERM) == REQUEST
    assert is_stun(REQUEST)
    assert binding_username(REQUEST) == "evtj:h6vY"
    assert binding_username(IPV4_RESPONSE) is None


def test_sample_ipv4_response() -> None:
    message = Message.parse(IPV4_RESPONSE)
    assert message.message_class is MessageClass.SUCCESS
    assert message.get(SOFTWARE) == "test vector"
    assert message.get(XOR_MAPPED_ADDRESS) == ("192.0.2.1", 32853)
    assert verify(message, SHORT_TERM)
    assert resigned(IPV4_RESPONSE, SHORT_TERM) == IPV4_RESPONSE
    # The vector pads SOFTWARE with a space, we with zero: the rest is the same bytes.
    ours = Message(Method.BINDING, MessageClass.SUCCESS, message.transaction_id)
    ours.add(SOFTWARE, "test vector").add(XOR_MAPPED_ADDRESS, ("192.0.2.1", 32853))
    plain = ours.encode()
    assert plain[20:35] + plain[36:] == IPV4_RESPONSE[20:35] + IPV4_RESPONSE[36:48]


def test_sample_ipv6_response() -> None:
    address = ("2001:db8:1234:5678:11:2233:4455:6677", 32853)
    message = Message.parse(IPV6_RESPONSE)
    assert message.get(XOR_MAPPED_ADDRESS) == address
    assert verify(message, SHORT_TERM)
    assert resigned(IPV6_RESPONSE, SHORT_TERM) == IPV6_RESPONSE
    ours = Message(Method.BINDING, MessageClass.SUCCESS, message.transaction_id)
    assert ours.add(XOR_MAPPED_ADDRESS, address).encode()[20:] == IPV6_RESPONSE[36:60]


def test_sample_request_with_long_term_authentication() -> None:
    message = Message.parse(LONG_TERM_REQUEST)
    assert message.get(USERNAME) == MATRIX
    assert message.get(REALM) == "example.org"
    assert message.get(NONCE) == "f//499k954d6OL34oL9FSTvy64sA"
    key = long_term_key(MATRIX, "example.org", "TheMatrIX")
    assert verify(message, key)
    ours = Message(Method.BINDING, MessageClass.REQUEST, message.transaction_id)
    ours.add(USERNAME, MATRIX).add(NONCE, "f//499k954d6OL34oL9FSTvy64sA")
    ours.add(REALM, "example.org")
    assert append_integrity(ours.encode(), key) == LONG_TERM_REQUEST


def test_request_with_userhash_and_sha256() -> None:
    # The vector as published says 156 bytes in its header where 136 follow, and its HMAC was made
    # over that header: the key and the hash can be held against it, the message as a whole not.
    with pytest.raises(ParseError, match="length"):
        Message.parse(SHA256_REQUEST)
    key = long_term_key(MATRIX, "example.org", "TheMatrIX", PasswordAlgorithm.SHA256)
    assert hmac.digest(key, SHA256_REQUEST[:-36], "sha256") == SHA256_REQUEST[-32:]
    assert SHA256_REQUEST[24:56] == userhash(MATRIX, "example.org")
    nonce = "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"
    ours = Message(Method.BINDING, MessageClass.REQUEST, SHA256_REQUEST[8:20])
    ours.add(USERHASH, userhash(MATRIX, "example.org")).add(NONCE, nonce)
    ours.add(REALM, "example.org")
    signed = append_integrity_sha256(ours.encode(), key)
    assert signed[4:-32] == SHA256_REQUEST[4:-32]
    assert verify_sha256(Message.parse(signed), key)
    # "AAAC" sets a bit that names no feature we know.
    assert nonce_features(nonce) == SecurityFeatures.NONE


def test_signing_adds_integrity_and_fingerprint() -> None:
    ours = Message(Method.BINDING, MessageClass.REQUEST, bytes(12)).add(USERNAME, "a:b")
    message = Message.parse(sign(ours, SHORT_TERM))
    assert verify(message, SHORT_TERM)
