"""Names that end in .local."""

from __future__ import annotations

import pytest

from rtckit.ice import MdnsAnswer, MdnsQuestion, encode_query, encode_response, parse_mdns
from rtckit.seam import ParseError

NAME = "1f4c5bd2-7b21-4b7a-9a9e-0c9b4d1a5f00.local"

# What avahi answers for "pi.local": the name once, then pointers to it (RFC 1035 §4.1.4).
COMPRESSED = bytes.fromhex(
    "0000 8400 0000 0002 0000 0001"
    "02 7069 05 6c6f63616c 00 0001 8001 00000078 0004 c0a80107"
    "c00c 001c 8001 00000078 0010 fe800000000000000000000000000007"
    "c00f 0010 8001 00001194 0001 00"
)


def test_a_query_asks_for_both_families() -> None:
    message = parse_mdns(encode_query(NAME))
    assert not message.is_response
    assert message.questions == (MdnsQuestion(NAME, 1, True), MdnsQuestion(NAME, 28, True))
    # RFC 6762 §18: id zero, all flags zero.
    assert encode_query("a.local")[:12] == bytes.fromhex("000000000002000000000000")
    assert encode_query("a.local", unicast=False)[12:25] == b"\x01a\x05local\0\0\x01\0\x01"


def test_compressed_answers_are_read() -> None:
    message = parse_mdns(COMPRESSED)
    assert message.is_response
    assert message.answers == (
        MdnsAnswer("pi.local", "192.168.1.7", 120),
        MdnsAnswer("pi.local", "fe80::7", 120),
    )


def test_our_own_name_is_answered() -> None:
    message = parse_mdns(encode_response(NAME.upper(), ["10.0.0.1", "fd00::1"]))
    assert message.is_response
    assert [(a.name, a.address) for a in message.answers] == [(NAME, "10.0.0.1"), (NAME, "fd00::1")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(11),
        bytes(9001),
        COMPRESSED[:-1],
        COMPRESSED[:30],
        # A pointer to itself, to what follows, past the end; a label of unknown kind.
        bytes.fromhex("000084000001000000000000c00c00010001"),
        bytes.fromhex("000084000001000000000000c00e00010001"),
        bytes.fromhex("000084000001000000000000ffff00010001"),
        bytes.fromhex("0000840000010000000000008061"),
        bytes.fromhex("000084000001000000000000c0"),
        bytes.fromhex("0000840000010000000000003f61"),
        # Records beyond all measure, an A record of three bytes.
        bytes.fromhex("00008400ffffffff00000000"),
        bytes.fromhex("000084000000000100000000 0161 00 0001 0001 00000001 0003 0a0000"),
    ],
)
def test_what_is_not_dns_is_refused(data: bytes) -> None:
    with pytest.raises(ParseError):
        parse_mdns(data)


@pytest.mark.parametrize("name", ["", "a..local", "x" * 64 + ".local", "a." * 130 + "local"])
def test_what_is_no_name_cannot_be_asked_for(name: str) -> None:
    with pytest.raises(ValueError, match="DNS name"):
        encode_query(name)
