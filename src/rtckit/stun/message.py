"""STUN messages (RFC 8489 §5): header, attributes, what is ignored and what is refused."""

from __future__ import annotations

import struct
import zlib
from enum import IntEnum
from typing import TypeVar, cast

from rtckit.seam import ParseError
from rtckit.stun.attributes import (
    ERROR_CODE,
    FINGERPRINT,
    MESSAGE_INTEGRITY,
    MESSAGE_INTEGRITY_SHA256,
    REGISTRY,
    UNKNOWN_ATTRIBUTES,
    USERNAME,
    Attribute,
    attribute_name,
)
from rtckit.stun.error_code import ErrorCode, ErrorValue
from rtckit.stun.values import MAGIC_COOKIE

__all__ = ["Message", "MessageClass", "Method", "binding_username", "is_stun"]

Value = TypeVar("Value")

HEADER = struct.Struct("!HHI12s")
_TLV = struct.Struct("!HH")
#: XORed into the CRC-32 so that it differs from other protocols' (RFC 8489 §14.7).
FINGERPRINT_XOR = 0x5354554E
_COOKIE = MAGIC_COOKIE.to_bytes(4, "big")


class Method(IntEnum):
    """Methods (RFC 8489 §18.2, RFC 8656 §17, RFC 6062 §6.1)."""

    BINDING = 0x001
    ALLOCATE = 0x003
    REFRESH = 0x004
    SEND = 0x006
    DATA = 0x007
    CREATE_PERMISSION = 0x008
    CHANNEL_BIND = 0x009
    CONNECT = 0x00A
    CONNECTION_BIND = 0x00B
    CONNECTION_ATTEMPT = 0x00C


class MessageClass(IntEnum):
    """Classes (RFC 8489 §5)."""

    REQUEST = 0
    INDICATION = 1
    SUCCESS = 2
    ERROR = 3


def _message_type(method: int, message_class: MessageClass) -> int:
    # RFC 8489 §5, figure 3: M11..M7 C1 M6..M4 C0 M3..M0
    return (
        (method & 0x0F80) << 2
        | (method & 0x0070) << 1
        | (method & 0x000F)
        | (message_class & 2) << 7
        | (message_class & 1) << 4
    )


def is_stun(data: bytes) -> bool:
    """Whether a datagram claims to be STUN: a look at the header only (RFC 7983 §7)."""
    return (
        len(data) >= 20
        and data[0] < 4
        and data[4:8] == _COOKIE
        and len(data) == 20 + (data[2] << 8 | data[3])
    )


def binding_username(data: bytes) -> str | None:
    """USERNAME of a Binding request, before its integrity is known; ``None`` if it has none.

    Costs one walk over the attribute headers, so that one socket can serve many agents.
    """
    if not is_stun(data) or data[0] or data[1] != 1:
        return None
    offset = 20
    end = len(data)
    while offset + 4 <= end:
        number, size = _TLV.unpack_from(data, offset)
        offset += 4
        if offset + size > end:
            return None
        if number == USERNAME.number:
            try:
                return data[offset : offset + size].decode()
            except UnicodeDecodeError:
                return None
        offset += size + (-size % 4)
    return None


class Message:
    """One STUN message.

    :ivar method: the method's number; compare with :class:`Method`.
    :ivar message_class: request, indication, success or error response.
    :ivar transaction_id: 12 bytes.
    :ivar unknown_required: numbers of attributes that must be understood and are not; a request
        with any gets error 420, a response is discarded (RFC 8489 §6.3.1).
    :ivar raw: the bytes the message was parsed from; empty for a message being built.
    :ivar integrity_offset: where MESSAGE-INTEGRITY starts in ``raw``, 0 if there is none.
    :ivar integrity_sha256_offset: the same for MESSAGE-INTEGRITY-SHA256.
    """

    __slots__ = (
        "_entries",
        "integrity_offset",
        "integrity_sha256_offset",
        "message_class",
        "method",
        "raw",
        "transaction_id",
        "unknown_required",
    )

    def __init__(self, method: int, message_class: MessageClass, transaction_id: bytes) -> None:
        if len(transaction_id) != 12:
            raise ValueError("a STUN transaction id has 12 bytes")
        self.method = method
        self.message_class = message_class
        self.transaction_id = transaction_id
        self.unknown_required: tuple[int, ...] = ()
        self.raw = b""
        self.integrity_offset = 0
        self.integrity_sha256_offset = 0
        self._entries: list[tuple[int, object]] = []

    @classmethod
    def parse(cls, data: bytes) -> Message:
        """Read a datagram.

        FINGERPRINT is checked when it is there; integrity is not (see
        :func:`rtckit.stun.verify`).

        :raises ParseError: the datagram is not a well-formed STUN message.
        """
        if len(data) < 20:
            raise ParseError("shorter than a STUN header", len(data))
        message_type, length, cookie, transaction_id = HEADER.unpack_from(data)
        if message_type & 0xC000 or cookie != MAGIC_COOKIE:
            raise ParseError("not STUN")
        if length % 4 or length + 20 != len(data):
            raise ParseError("STUN length does not fit the datagram", 2)
        method = (
            (message_type & 0x3E00) >> 2 | (message_type & 0x00E0) >> 1 | (message_type & 0x000F)
        )
        class_bits = (message_type & 0x0100) >> 7 | (message_type & 0x0010) >> 4
        message = cls(method, MessageClass(class_bits), transaction_id)
        message.raw = data
        message._parse_attributes(data)
        return message

    def _parse_attributes(self, data: bytes) -> None:
        offset = 20
        end = len(data)
        # A dict for the order, and because one datagram has room for 16,000 attributes.
        unknown: dict[int, None] = {}
        while offset < end:
            number, size = _TLV.unpack_from(data, offset)
            start = offset + 4
            if start + size > end:
                raise ParseError(f"{attribute_name(number)} runs past the message", offset)
            if self._counts(number):
                attribute = REGISTRY.get(number)
                if attribute is None:
                    if number < 0x8000:
                        unknown[number] = None
                else:
                    value = self._decode(attribute, data[start : start + size], start)
                    self._entries.append((number, value))
                    self._note_trailer(number, value, offset, data)
            # A padded end never passes the message's: both are multiples of four.
            offset = start + size + (-size % 4)
        self.unknown_required = tuple(unknown)

    def _decode(self, attribute: Attribute[object], raw: bytes, start: int) -> object:
        try:
            return attribute.decode(raw, self.transaction_id)
        except ParseError as error:
            raise ParseError(f"{attribute.name}: {error.reason}", start + error.offset) from None

    def _counts(self, number: int) -> bool:
        # RFC 8489 §14.5 and §14.6: what follows integrity is ignored, but for the stronger
        # integrity and the fingerprint. §14.7: nothing follows that; `_note_trailer` sees to it.
        if number == FINGERPRINT.number:
            return True
        if self.integrity_sha256_offset:
            return False
        return not self.integrity_offset or number == MESSAGE_INTEGRITY_SHA256.number

    def _note_trailer(self, number: int, value: object, offset: int, data: bytes) -> None:
        if number == MESSAGE_INTEGRITY.number:
            self.integrity_offset = offset
        elif number == MESSAGE_INTEGRITY_SHA256.number:
            self.integrity_sha256_offset = offset
        elif number == FINGERPRINT.number and (
            offset + 8 != len(data) or value != zlib.crc32(data[:offset]) ^ FINGERPRINT_XOR
        ):
            raise ParseError("fingerprint does not match", offset)

    def add(self, attribute: Attribute[Value], value: Value) -> Message:
        """Append an attribute; returns the message, so that additions chain."""
        self._entries.append((attribute.number, value))
        return self

    def get(self, attribute: Attribute[Value]) -> Value | None:
        """The attribute's first value (RFC 8489 §14: later ones are ignored), or ``None``."""
        number = attribute.number
        for known, value in self._entries:
            if known == number:
                return cast(Value, value)
        return None

    def get_all(self, attribute: Attribute[Value]) -> list[Value]:
        """Every value, for the few attributes that may stand more than once."""
        number = attribute.number
        return [cast(Value, value) for known, value in self._entries if known == number]

    def __contains__(self, attribute: Attribute[Value]) -> bool:
        number = attribute.number
        return any(known == number for known, _ in self._entries)

    @property
    def attributes(self) -> list[tuple[int, object]]:
        """Numbers and decoded values in order, those that are understood and counted."""
        return list(self._entries)

    def response(self, message_class: MessageClass = MessageClass.SUCCESS) -> Message:
        """An empty response to this request."""
        return Message(self.method, message_class, self.transaction_id)

    def error(self, code: ErrorCode) -> Message:
        """An error response to this request; 420 names the attributes (RFC 8489 §6.3.1)."""
        message = self.response(MessageClass.ERROR).add(ERROR_CODE, ErrorValue.of(code))
        if code is ErrorCode.UNKNOWN_ATTRIBUTE:
            message.add(UNKNOWN_ATTRIBUTES, self.unknown_required)
        return message

    def encode(self) -> bytes:
        """The message as bytes, unsigned; see :func:`rtckit.stun.sign` for the rest."""
        parts: list[bytes] = [b""]
        length = 0
        for number, value in self._entries:
            raw = REGISTRY[number].encode(value, self.transaction_id)
            padding = -len(raw) % 4
            parts.append(_TLV.pack(number, len(raw)))
            parts.append(raw)
            parts.append(bytes(padding))
            length += 4 + len(raw) + padding
        parts[0] = HEADER.pack(
            _message_type(self.method, self.message_class),
            length,
            MAGIC_COOKIE,
            self.transaction_id,
        )
        return b"".join(parts)

    def __repr__(self) -> str:
        names = ", ".join(attribute_name(number) for number, _ in self._entries)
        return f"<STUN method 0x{self.method:03x} {self.message_class.name} [{names}]>"
