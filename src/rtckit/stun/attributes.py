"""The attributes that ICE and TURN need, as typed names (RFC 8489 §14, §18.3 and others).

An :class:`Attribute` is a key: ``message.get(USERNAME)`` is a ``str | None``, and
``message.add(LIFETIME, 600)`` is checked by the type checker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, cast

from rtckit.seam import Address
from rtckit.stun import values
from rtckit.stun.error_code import ErrorValue
from rtckit.stun.values import ChangeRequest, FamilyError, IcmpValue, PasswordAlgorithmValue

__all__ = ["Attribute", "attribute_name"]

Value = TypeVar("Value")


class Attribute(Generic[Value]):
    """An attribute type: its number, its name and how its value lies on the wire."""

    __slots__ = ("decode", "encode", "name", "number")

    def __init__(
        self,
        number: int,
        name: str,
        encode: Callable[[Value, bytes], bytes],
        decode: Callable[[bytes, bytes], Value],
    ) -> None:
        self.number = number
        self.name = name
        self.encode = encode
        self.decode = decode
        REGISTRY[number] = cast("Attribute[object]", self)

    def __repr__(self) -> str:
        return f"<{self.name} 0x{self.number:04x}>"


#: Every attribute that is understood, by number.
REGISTRY: dict[int, Attribute[object]] = {}


def attribute_name(number: int) -> str:
    """The registered name, or the number in hexadecimal."""
    known = REGISTRY.get(number)
    return known.name if known else f"0x{number:04x}"


def _text(number: int, name: str) -> Attribute[str]:
    return Attribute(number, name, values.encode_text, values.decode_text)


def _raw(number: int, name: str) -> Attribute[bytes]:
    return Attribute(number, name, values.encode_raw, values.decode_raw)


def _plain(number: int, name: str) -> Attribute[Address]:
    return Attribute(number, name, values.encode_address, values.decode_address)


def _xored(number: int, name: str) -> Attribute[Address]:
    return Attribute(number, name, values.encode_xor_address, values.decode_xor_address)


def _u32(number: int, name: str) -> Attribute[int]:
    return Attribute(number, name, values.encode_u32, values.decode_u32)


def _u64(number: int, name: str) -> Attribute[int]:
    return Attribute(number, name, values.encode_u64, values.decode_u64)


def _u16(number: int, name: str) -> Attribute[int]:
    return Attribute(number, name, values.encode_u16, values.decode_u16)


def _u8(number: int, name: str) -> Attribute[int]:
    return Attribute(number, name, values.encode_u8, values.decode_u8)


def _flag(number: int, name: str) -> Attribute[bool]:
    return Attribute(number, name, values.encode_flag, values.decode_flag)


# RFC 8489 §14
MAPPED_ADDRESS = _plain(0x0001, "MAPPED-ADDRESS")
XOR_MAPPED_ADDRESS = _xored(0x0020, "XOR-MAPPED-ADDRESS")
USERNAME = _text(0x0006, "USERNAME")
USERHASH: Attribute[bytes] = Attribute(0x001E, "USERHASH", values.encode_hash, values.decode_hash)
MESSAGE_INTEGRITY: Attribute[bytes] = Attribute(
    0x0008, "MESSAGE-INTEGRITY", values.encode_sha1, values.decode_sha1
)
MESSAGE_INTEGRITY_SHA256: Attribute[bytes] = Attribute(
    0x001C, "MESSAGE-INTEGRITY-SHA256", values.encode_sha256, values.decode_sha256
)
FINGERPRINT = _u32(0x8028, "FINGERPRINT")
ERROR_CODE: Attribute[ErrorValue] = Attribute(
    0x0009, "ERROR-CODE", values.encode_error, values.decode_error
)
REALM = _text(0x0014, "REALM")
NONCE = _text(0x0015, "NONCE")
PASSWORD_ALGORITHMS: Attribute[tuple[PasswordAlgorithmValue, ...]] = Attribute(
    0x8002, "PASSWORD-ALGORITHMS", values.encode_algorithms, values.decode_algorithms
)
PASSWORD_ALGORITHM: Attribute[PasswordAlgorithmValue] = Attribute(
    0x001D, "PASSWORD-ALGORITHM", values.encode_algorithm, values.decode_algorithm
)
UNKNOWN_ATTRIBUTES: Attribute[tuple[int, ...]] = Attribute(
    0x000A, "UNKNOWN-ATTRIBUTES", values.encode_type_list, values.decode_type_list
)
SOFTWARE = _text(0x8022, "SOFTWARE")
ALTERNATE_SERVER = _plain(0x8023, "ALTERNATE-SERVER")
ALTERNATE_DOMAIN = _text(0x8003, "ALTERNATE-DOMAIN")

# RFC 8445 §16.1, and the nomination count that libwebrtc's renomination sends
PRIORITY = _u32(0x0024, "PRIORITY")
USE_CANDIDATE = _flag(0x0025, "USE-CANDIDATE")
ICE_CONTROLLED = _u64(0x8029, "ICE-CONTROLLED")
ICE_CONTROLLING = _u64(0x802A, "ICE-CONTROLLING")
NOMINATION = _u32(0xC001, "NOMINATION")

# RFC 8656 §18
CHANNEL_NUMBER = _u16(0x000C, "CHANNEL-NUMBER")
LIFETIME = _u32(0x000D, "LIFETIME")
XOR_PEER_ADDRESS = _xored(0x0012, "XOR-PEER-ADDRESS")
DATA = _raw(0x0013, "DATA")
XOR_RELAYED_ADDRESS = _xored(0x0016, "XOR-RELAYED-ADDRESS")
REQUESTED_ADDRESS_FAMILY = _u8(0x0017, "REQUESTED-ADDRESS-FAMILY")
EVEN_PORT: Attribute[bool] = Attribute(
    0x0018, "EVEN-PORT", values.encode_even_port, values.decode_even_port
)
REQUESTED_TRANSPORT = _u8(0x0019, "REQUESTED-TRANSPORT")
DONT_FRAGMENT = _flag(0x001A, "DONT-FRAGMENT")
RESERVATION_TOKEN: Attribute[bytes] = Attribute(
    0x0022, "RESERVATION-TOKEN", values.encode_token, values.decode_token
)
ADDITIONAL_ADDRESS_FAMILY = _u8(0x8000, "ADDITIONAL-ADDRESS-FAMILY")
ADDRESS_ERROR_CODE: Attribute[FamilyError] = Attribute(
    0x8001, "ADDRESS-ERROR-CODE", values.encode_family_error, values.decode_family_error
)
ICMP: Attribute[IcmpValue] = Attribute(0x8004, "ICMP", values.encode_icmp, values.decode_icmp)

# RFC 6062 §6.2, RFC 8016 §3.3, RFC 7635 §6
CONNECTION_ID = _u32(0x002A, "CONNECTION-ID")
MOBILITY_TICKET = _raw(0x8030, "MOBILITY-TICKET")
ACCESS_TOKEN = _raw(0x001B, "ACCESS-TOKEN")
THIRD_PARTY_AUTHORIZATION = _text(0x802E, "THIRD-PARTY-AUTHORIZATION")

# RFC 5780 §7
CHANGE_REQUEST: Attribute[ChangeRequest] = Attribute(
    0x0003, "CHANGE-REQUEST", values.encode_change, values.decode_change
)
PADDING = _raw(0x0026, "PADDING")
RESPONSE_PORT = _u16(0x0027, "RESPONSE-PORT")
CACHE_TIMEOUT = _u32(0x8027, "CACHE-TIMEOUT")
RESPONSE_ORIGIN = _plain(0x802B, "RESPONSE-ORIGIN")
OTHER_ADDRESS = _plain(0x802C, "OTHER-ADDRESS")
