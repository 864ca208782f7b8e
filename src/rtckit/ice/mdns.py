"""Multicast DNS, as far as ``.local`` candidates need it (RFC 6762): a codec, no sockets.

Queries and responses go to and come from 224.0.0.251 and ff02::fb, port 5353.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from rtckit.seam import ParseError

__all__ = [
    "MDNS_GROUP_IPV4",
    "MDNS_GROUP_IPV6",
    "MDNS_PORT",
    "MdnsAnswer",
    "MdnsMessage",
    "MdnsQuestion",
    "encode_query",
    "encode_response",
    "parse_mdns",
]

MDNS_GROUP_IPV4 = "224.0.0.251"
MDNS_GROUP_IPV6 = "ff02::fb"
MDNS_PORT = 5353

_HEADER = struct.Struct("!HHHHHH")
_QUESTION = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")
_TYPE_A = 1
_TYPE_AAAA = 28
_CLASS_IN = 1
#: In a question "answer by unicast" (RFC 6762 §5.4), in a record "cache flush" (§10.2).
_TOP_BIT = 0x8000
#: QR and AA (RFC 6762 §18.2, §18.4).
_RESPONSE_FLAGS = 0x8400
_MAX_SIZE = 9000
_MAX_RECORDS = 128
_MAX_NAME = 255
#: A name of 255 bytes has no more labels, and needs no more pointers between them.
_MAX_POINTERS = 127


@dataclass(frozen=True, slots=True)
class MdnsQuestion:
    """Somebody asks for a name.

    :ivar name: in lower case, without the final dot.
    :ivar record_type: 1 for A, 28 for AAAA, 255 for any, others as they are.
    :ivar unicast: whether the answer may come by unicast.
    """

    name: str
    record_type: int
    unicast: bool


@dataclass(frozen=True, slots=True)
class MdnsAnswer:
    """An A or AAAA record.

    :ivar name: in lower case, without the final dot.
    :ivar address: the IP address in text.
    :ivar ttl: seconds; 0 says goodbye (RFC 6762 §10.1).
    """

    name: str
    address: str
    ttl: int


@dataclass(frozen=True, slots=True)
class MdnsMessage:
    """What a message says, records of other types left out."""

    is_response: bool
    questions: tuple[MdnsQuestion, ...]
    answers: tuple[MdnsAnswer, ...]


def _encode_name(name: str) -> bytes:
    parts: list[bytes] = []
    for label in name.rstrip(".").split("."):
        raw = label.encode()
        if not 1 <= len(raw) <= 63:
            raise ValueError(f"{name!r} is no DNS name: a label has 1 to 63 bytes")
        parts.append(bytes((len(raw),)) + raw)
    encoded = b"".join(parts) + b"\0"
    if len(encoded) > _MAX_NAME:
        raise ValueError("a DNS name has at most 255 bytes")
    return encoded


def encode_query(name: str, unicast: bool = True) -> bytes:
    """Ask for the IPv4 and IPv6 addresses of a name (RFC 6762 §5.1).

    :raises ValueError: ``name`` is no DNS name.
    """
    encoded = _encode_name(name)
    question_class = _CLASS_IN | (_TOP_BIT if unicast else 0)
    # RFC 6762 §18.1: the id of a multicast query is zero.
    return _HEADER.pack(0, 0, 2, 0, 0, 0) + b"".join(
        encoded + _QUESTION.pack(record_type, question_class)
        for record_type in (_TYPE_A, _TYPE_AAAA)
    )


def encode_response(name: str, addresses: list[str], ttl: int = 120) -> bytes:
    """Answer for a name of our own (RFC 6762 §6); the default lifetime is §10's for hosts.

    :raises ValueError: ``name`` is no DNS name or an address none.
    """
    encoded = _encode_name(name)
    records: list[bytes] = []
    for text in addresses:
        raw = ip_address(text).packed
        record_type = _TYPE_A if len(raw) == 4 else _TYPE_AAAA
        records.append(
            encoded + _RECORD.pack(record_type, _CLASS_IN | _TOP_BIT, ttl, len(raw)) + raw
        )
    return _HEADER.pack(0, _RESPONSE_FLAGS, 0, len(records), 0, 0) + b"".join(records)


def _parse_name(data: bytes, offset: int) -> tuple[str, int]:
    """The name at an offset, and where what follows it starts (RFC 1035 §4.1.4)."""
    labels: list[str] = []
    size = 0
    after = 0
    limit = offset
    pointers = 0
    while True:
        if offset >= len(data):
            raise ParseError("name runs past the message", offset)
        length = data[offset]
        if length & 0xC0 == 0xC0:
            if offset + 2 > len(data):
                raise ParseError("name pointer cut short", offset)
            target = (length & 0x3F) << 8 | data[offset + 1]
            after = after or offset + 2
            # Pointers lead strictly backwards, so that no chain of them is endless.
            if target >= limit:
                raise ParseError("name pointer does not lead backwards", offset)
            pointers += 1
            if pointers > _MAX_POINTERS:
                raise ParseError("too many name pointers", offset)
            offset = limit = target
            continue
        if length & 0xC0:
            raise ParseError("label of unknown kind", offset)
        offset += 1
        if not length:
            return ".".join(labels), after or offset
        size += length + 1
        if size >= _MAX_NAME or offset + length > len(data):
            raise ParseError("name too long", offset)
        labels.append(data[offset : offset + length].decode("utf-8", "replace").lower())
        offset += length


def parse_mdns(data: bytes) -> MdnsMessage:
    """Read a query or a response.

    :raises ParseError: the datagram is not well-formed DNS.
    """
    if len(data) < 12 or len(data) > _MAX_SIZE:
        raise ParseError("not the size of a DNS message", len(data))
    _, flags, question_count, *record_counts = _HEADER.unpack_from(data)
    record_count = sum(record_counts)
    if question_count > _MAX_RECORDS or record_count > _MAX_RECORDS:
        raise ParseError("too many records", 4)
    offset = 12
    questions: list[MdnsQuestion] = []
    for _ in range(question_count):
        name, offset = _parse_name(data, offset)
        if offset + 4 > len(data):
            raise ParseError("question cut short", offset)
        record_type, question_class = _QUESTION.unpack_from(data, offset)
        offset += 4
        questions.append(MdnsQuestion(name, record_type, bool(question_class & _TOP_BIT)))
    answers: list[MdnsAnswer] = []
    for _ in range(record_count):
        name, offset = _parse_name(data, offset)
        if offset + 10 > len(data):
            raise ParseError("record cut short", offset)
        record_type, record_class, ttl, size = _RECORD.unpack_from(data, offset)
        offset += 10
        raw = data[offset : offset + size]
        if len(raw) != size:
            raise ParseError("record data cut short", offset)
        offset += size
        if record_class & ~_TOP_BIT == _CLASS_IN:
            address = _parse_address(record_type, raw, offset - size)
            if address is not None:
                answers.append(MdnsAnswer(name, address, ttl))
    return MdnsMessage(bool(flags & _TOP_BIT), tuple(questions), tuple(answers))


def _parse_address(record_type: int, raw: bytes, offset: int) -> str | None:
    if record_type == _TYPE_A:
        if len(raw) != 4:
            raise ParseError("A record of wrong size", offset)
        return str(IPv4Address(raw))
    if record_type == _TYPE_AAAA:
        if len(raw) != 16:
            raise ParseError("AAAA record of wrong size", offset)
        return str(IPv6Address(raw))
    return None
