"""How attribute values lie on the wire (RFC 8489 §14, RFC 8656 §18).

Every pair of functions here turns one shape of value into bytes and back. Decoders are given
the value without its padding and the transaction id, and fail with ``ParseError`` only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from rtckit.seam import Address, ParseError
from rtckit.stun.error_code import ErrorValue

__all__ = ["ChangeRequest", "FamilyError", "IcmpValue", "PasswordAlgorithmValue"]

MAGIC_COOKIE = 0x2112A442
_COOKIE = MAGIC_COOKIE.to_bytes(4, "big")
_PORT = struct.Struct("!xBH")
_U16 = struct.Struct("!H")
_U32 = struct.Struct("!I")
_U64 = struct.Struct("!Q")
_FAMILIES = (0x01, 0x02)
#: RFC 8489 §14.9: "as long as 763 bytes when decoding".
_MAX_TEXT = 763


@dataclass(frozen=True, slots=True)
class PasswordAlgorithmValue:
    """One entry of PASSWORD-ALGORITHMS, or the value of PASSWORD-ALGORITHM (RFC 8489 §14.12).

    :ivar algorithm: 1 for MD5, 2 for SHA-256.
    :ivar parameters: empty for both.
    """

    algorithm: int
    parameters: bytes = b""


@dataclass(frozen=True, slots=True)
class FamilyError:
    """ADDRESS-ERROR-CODE (RFC 8656 §18.13): why one address family got no relay.

    :ivar family: 1 for IPv4, 2 for IPv6.
    """

    family: int
    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IcmpValue:
    """ICMP (RFC 8656 §18.14): what came back instead of the peer's data."""

    icmp_type: int
    icmp_code: int
    data: int = 0


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """CHANGE-REQUEST (RFC 5780 §7.2): answer from another address or port."""

    change_ip: bool
    change_port: bool


def _host_bytes(host: str) -> bytes:
    return ip_address(host.partition("%")[0]).packed


def _host_text(raw: bytes) -> str:
    return str(IPv4Address(raw)) if len(raw) == 4 else str(IPv6Address(raw))


def _split_address(raw: bytes) -> tuple[int, bytes]:
    if len(raw) < 4:
        raise ParseError("address attribute too short")
    family, port = _PORT.unpack_from(raw)
    if len(raw) != (8 if family == 0x01 else 20) or family not in _FAMILIES:
        raise ParseError("address attribute of wrong family or length")
    return port, raw[4:]


def encode_address(value: Address, transaction_id: bytes) -> bytes:
    host = _host_bytes(value[0])
    return _PORT.pack(0x01 if len(host) == 4 else 0x02, value[1]) + host


def decode_address(raw: bytes, transaction_id: bytes) -> Address:
    port, host = _split_address(raw)
    return _host_text(host), port


def _xor_host(host: bytes, transaction_id: bytes) -> bytes:
    size = len(host)
    mask = (_COOKIE + transaction_id)[:size]
    return (int.from_bytes(host, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")


def encode_xor_address(value: Address, transaction_id: bytes) -> bytes:
    # RFC 8489 §14.2: port XOR the cookie's upper half, host XOR cookie and transaction id.
    host = _host_bytes(value[0])
    family = 0x01 if len(host) == 4 else 0x02
    return _PORT.pack(family, value[1] ^ (MAGIC_COOKIE >> 16)) + _xor_host(host, transaction_id)


def decode_xor_address(raw: bytes, transaction_id: bytes) -> Address:
    port, host = _split_address(raw)
    return _host_text(_xor_host(host, transaction_id)), port ^ (MAGIC_COOKIE >> 16)


def encode_text(value: str, transaction_id: bytes) -> bytes:
    raw = value.encode()
    if len(raw) > _MAX_TEXT:
        raise ValueError(f"text attribute of {len(raw)} bytes; at most {_MAX_TEXT} are allowed")
    return raw


def decode_text(raw: bytes, transaction_id: bytes) -> str:
    if len(raw) > _MAX_TEXT:
        raise ParseError("text attribute too long")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ParseError("text attribute is not UTF-8", error.start) from None


def encode_raw(value: bytes, transaction_id: bytes) -> bytes:
    return value


def decode_raw(raw: bytes, transaction_id: bytes) -> bytes:
    return raw


def _fixed(raw: bytes, size: int) -> None:
    if len(raw) != size:
        raise ParseError(f"attribute of {len(raw)} bytes where {size} belong")


def encode_flag(value: bool, transaction_id: bytes) -> bytes:
    return b""


def decode_flag(raw: bytes, transaction_id: bytes) -> bool:
    _fixed(raw, 0)
    return True


def encode_u32(value: int, transaction_id: bytes) -> bytes:
    return _U32.pack(value)


def decode_u32(raw: bytes, transaction_id: bytes) -> int:
    _fixed(raw, 4)
    number: int = _U32.unpack(raw)[0]
    return number


def encode_u64(value: int, transaction_id: bytes) -> bytes:
    return _U64.pack(value)


def decode_u64(raw: bytes, transaction_id: bytes) -> int:
    _fixed(raw, 8)
    number: int = _U64.unpack(raw)[0]
    return number


def encode_u16(value: int, transaction_id: bytes) -> bytes:
    # Channel numbers and RESPONSE-PORT: 16 bits and 16 reserved for future use.
    return _U16.pack(value) + b"\0\0"


def decode_u16(raw: bytes, transaction_id: bytes) -> int:
    _fixed(raw, 4)
    number: int = _U16.unpack_from(raw)[0]
    return number


def encode_u8(value: int, transaction_id: bytes) -> bytes:
    # Protocol numbers and address families: 8 bits and 24 reserved for future use.
    return bytes((value, 0, 0, 0))


def decode_u8(raw: bytes, transaction_id: bytes) -> int:
    _fixed(raw, 4)
    return raw[0]


def encode_even_port(value: bool, transaction_id: bytes) -> bytes:
    # RFC 8656 §18.7: the R bit asks that the next-higher port is reserved too.
    return b"\x80" if value else b"\0"


def decode_even_port(raw: bytes, transaction_id: bytes) -> bool:
    _fixed(raw, 1)
    return bool(raw[0] & 0x80)


def encode_sized(size: int, value: bytes) -> bytes:
    if len(value) != size:
        raise ValueError(f"value of {len(value)} bytes where {size} belong")
    return value


def encode_token(value: bytes, transaction_id: bytes) -> bytes:
    return encode_sized(8, value)


def decode_token(raw: bytes, transaction_id: bytes) -> bytes:
    _fixed(raw, 8)
    return raw


def encode_hash(value: bytes, transaction_id: bytes) -> bytes:
    return encode_sized(32, value)


def decode_hash(raw: bytes, transaction_id: bytes) -> bytes:
    _fixed(raw, 32)
    return raw


def encode_sha1(value: bytes, transaction_id: bytes) -> bytes:
    return encode_sized(20, value)


def decode_sha1(raw: bytes, transaction_id: bytes) -> bytes:
    _fixed(raw, 20)
    return raw


def encode_sha256(value: bytes, transaction_id: bytes) -> bytes:
    if not 16 <= len(value) <= 32 or len(value) % 4:
        raise ValueError("MESSAGE-INTEGRITY-SHA256 has 16 to 32 bytes, a multiple of four")
    return value


def decode_sha256(raw: bytes, transaction_id: bytes) -> bytes:
    # RFC 8489 §14.6: truncation is allowed, not below 16 bytes.
    if not 16 <= len(raw) <= 32 or len(raw) % 4:
        raise ParseError("MESSAGE-INTEGRITY-SHA256 of wrong length")
    return raw


def _decode_code(raw: bytes) -> tuple[int, str]:
    if len(raw) < 4:
        raise ParseError("error code too short")
    hundreds = raw[2] & 0x07
    if not 3 <= hundreds <= 6 or raw[3] > 99:
        raise ParseError("error code out of range", 2)
    return hundreds * 100 + raw[3], decode_text(raw[4:], b"")


def _encode_code(family: int, code: int, reason: str) -> bytes:
    if not 300 <= code <= 699:
        raise ValueError(f"error code {code} is not between 300 and 699")
    return bytes((family, 0, code // 100, code % 100)) + encode_text(reason, b"")


def encode_error(value: ErrorValue, transaction_id: bytes) -> bytes:
    return _encode_code(0, value.code, value.reason)


def decode_error(raw: bytes, transaction_id: bytes) -> ErrorValue:
    code, reason = _decode_code(raw)
    return ErrorValue(code, reason)


def encode_family_error(value: FamilyError, transaction_id: bytes) -> bytes:
    return _encode_code(value.family, value.code, value.reason)


def decode_family_error(raw: bytes, transaction_id: bytes) -> FamilyError:
    code, reason = _decode_code(raw)
    return FamilyError(raw[0], code, reason)


def encode_type_list(value: tuple[int, ...], transaction_id: bytes) -> bytes:
    return b"".join(_U16.pack(number) for number in value)


def decode_type_list(raw: bytes, transaction_id: bytes) -> tuple[int, ...]:
    if len(raw) % 2:
        raise ParseError("UNKNOWN-ATTRIBUTES of odd length")
    return tuple(number for (number,) in _U16.iter_unpack(raw))


def encode_algorithm(value: PasswordAlgorithmValue, transaction_id: bytes) -> bytes:
    size = len(value.parameters)
    head = _U16.pack(value.algorithm) + _U16.pack(size)
    return head + value.parameters + bytes(-size % 4)


def encode_algorithms(value: tuple[PasswordAlgorithmValue, ...], transaction_id: bytes) -> bytes:
    return b"".join(encode_algorithm(entry, transaction_id) for entry in value)


def decode_algorithms(raw: bytes, transaction_id: bytes) -> tuple[PasswordAlgorithmValue, ...]:
    entries: list[PasswordAlgorithmValue] = []
    offset = 0
    while offset < len(raw):
        if offset + 4 > len(raw):
            raise ParseError("password algorithm cut short", offset)
        (algorithm,) = _U16.unpack_from(raw, offset)
        (size,) = _U16.unpack_from(raw, offset + 2)
        start = offset + 4
        if start + size > len(raw):
            raise ParseError("password algorithm parameters cut short", offset)
        entries.append(PasswordAlgorithmValue(algorithm, raw[start : start + size]))
        offset = start + size + (-size % 4)
    return tuple(entries)


def decode_algorithm(raw: bytes, transaction_id: bytes) -> PasswordAlgorithmValue:
    entries = decode_algorithms(raw, transaction_id)
    if len(entries) != 1:
        raise ParseError("PASSWORD-ALGORITHM has not exactly one entry")
    return entries[0]


def encode_icmp(value: IcmpValue, transaction_id: bytes) -> bytes:
    return bytes((0, 0, value.icmp_type, value.icmp_code)) + _U32.pack(value.data)


def decode_icmp(raw: bytes, transaction_id: bytes) -> IcmpValue:
    _fixed(raw, 8)
    return IcmpValue(raw[2], raw[3], _U32.unpack_from(raw, 4)[0])


def encode_change(value: ChangeRequest, transaction_id: bytes) -> bytes:
    return _U32.pack((value.change_ip << 2) | (value.change_port << 1))


def decode_change(raw: bytes, transaction_id: bytes) -> ChangeRequest:
    flags = decode_u32(raw, transaction_id)
    return ChangeRequest(bool(flags & 4), bool(flags & 2))
