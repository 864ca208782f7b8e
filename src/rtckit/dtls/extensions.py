"""Hello extensions: the block and the bodies that are understood. RFC 5246 §7.4.1.4."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TypeAlias

from rtckit.seam import ParseError

from .wire import Reader, vector8, vector16

__all__ = [
    "ExtensionType",
    "Extensions",
    "pack_extensions",
    "pack_uint16_list",
    "pack_use_srtp",
    "parse_ec_point_formats",
    "parse_extensions",
    "parse_renegotiation_info",
    "parse_uint16_list",
    "parse_use_srtp",
    "parse_versions",
]

#: Bodies by extension type, in the order of the wire.
Extensions: TypeAlias = dict[int, bytes]


class ExtensionType(IntEnum):
    """The extensions that are sent or read; all others are passed over."""

    SUPPORTED_GROUPS = 10
    EC_POINT_FORMATS = 11
    SIGNATURE_ALGORITHMS = 13
    USE_SRTP = 14
    EXTENDED_MASTER_SECRET = 23
    SUPPORTED_VERSIONS = 43
    RENEGOTIATION_INFO = 0xFF01


def parse_extensions(reader: Reader) -> Extensions:
    """The extension block at the end of a hello; an absent block is an empty one.

    Unknown types, GREASE among them, are kept and left alone. A type that comes twice is a
    :class:`ParseError` (RFC 5246 §7.4.1.4).
    """
    extensions: Extensions = {}
    if not reader.left:
        return extensions
    start = reader.offset
    block = Reader(reader.pull_vector(2))
    while block.left:
        extension_type = block.pull_uint(2)
        if extension_type in extensions:
            raise ParseError("duplicate extension", start + block.offset)
        extensions[extension_type] = block.pull_vector(2)
    return extensions


def pack_extensions(extensions: Extensions) -> bytes:
    """An extension block; nothing at all if there are none."""
    if not extensions:
        return b""
    return vector16(
        b"".join(kind.to_bytes(2, "big") + vector16(body) for kind, body in extensions.items())
    )


def pack_uint16_list(values: Sequence[int]) -> bytes:
    """The body of ``supported_groups`` and ``signature_algorithms``."""
    return vector16(b"".join(value.to_bytes(2, "big") for value in values))


def parse_uint16_list(body: bytes) -> tuple[int, ...]:
    """Read what :func:`pack_uint16_list` writes."""
    reader = Reader(body)
    values = reader.pull_uint16_vector(2)
    reader.finish()
    return values


def parse_versions(body: bytes) -> tuple[int, ...]:
    """The versions of a client's ``supported_versions`` (RFC 8446 §4.2.1)."""
    reader = Reader(body)
    versions = reader.pull_uint16_vector(1)
    reader.finish()
    return versions


def parse_ec_point_formats(body: bytes) -> bytes:
    """The formats of ``ec_point_formats`` (RFC 8422 §5.1.2), a byte each."""
    reader = Reader(body)
    formats = reader.pull_vector(1, minimum=1)
    reader.finish()
    return formats


def parse_renegotiation_info(body: bytes) -> bytes:
    """The ``renegotiated_connection`` of RFC 5746 §3.2."""
    reader = Reader(body)
    value = reader.pull_vector(1)
    reader.finish()
    return value


def pack_use_srtp(profiles: Sequence[int]) -> bytes:
    """The body of ``use_srtp`` with an empty MKI (RFC 5764 §4.1.1)."""
    return pack_uint16_list(profiles) + vector8(b"")


def parse_use_srtp(body: bytes) -> tuple[tuple[int, ...], bytes]:
    """The profiles and the MKI of ``use_srtp``."""
    reader = Reader(body)
    profiles = reader.pull_uint16_vector(2)
    mki = reader.pull_vector(1)
    reader.finish()
    return profiles, mki
