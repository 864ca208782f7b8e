"""The common header and its checksum (RFC 9260 §3.1, §6.8).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |      Source Port Number       |    Destination Port Number    |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                       Verification Tag                        |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                           Checksum                            |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

The checksum is the CRC32c of the packet with zeros in the checksum's place. An association's
header does not change, so the CRC of the header is computed once and extended over each body:
nobody has to write zeros into a packet.
"""

from __future__ import annotations

import struct
from typing import Final

import google_crc32c

from rtckit.seam import ParseError

__all__ = ["HEADER_SIZE", "Header", "parse_header"]

HEADER_SIZE: Final = 12

_HEADER: Final = struct.Struct("!HHI")
_CHECKSUM: Final = struct.Struct("<I")
_ZEROS: Final = b"\0\0\0\0"
_extend = google_crc32c.extend


class Header:
    """A common header without its checksum: writes the checksum of bodies, and checks it."""

    __slots__ = ("_crc", "prefix", "verification_tag")

    def __init__(self, source_port: int, destination_port: int, verification_tag: int) -> None:
        self.verification_tag = verification_tag
        self.prefix = _HEADER.pack(source_port, destination_port, verification_tag)
        self._crc: int = google_crc32c.value(self.prefix + _ZEROS)

    def seal(self, body: bytes) -> bytes:
        """The packet: this header, the checksum, and the chunks in ``body``."""
        return self.prefix + _CHECKSUM.pack(_extend(self._crc, body)) + body

    def verify(self, packet: bytes) -> bool:
        """Whether the checksum is right, if ``packet`` starts with this header."""
        return _CHECKSUM.pack(_extend(self._crc, packet[HEADER_SIZE:])) == packet[8:HEADER_SIZE]


def parse_header(packet: bytes) -> tuple[int, int, int]:
    """Source port, destination port and verification tag; checks the checksum.

    :raises ParseError: if the packet is too short for a header and a chunk, or the checksum is
        wrong (RFC 9260 §6.8).
    """
    if len(packet) < HEADER_SIZE + 4:
        raise ParseError("packet too short", len(packet))
    source, destination, tag = _HEADER.unpack_from(packet)
    if not Header(source, destination, tag).verify(packet):
        raise ParseError("checksum", 8)
    return source, destination, tag
