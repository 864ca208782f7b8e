"""The header in front of every handshake message and fragment. RFC 6347 §4.2.2.

::

     0                   1                   2                   3
    +---------------+-----------------------------------------------+
    |   msg_type    |                    length                     |
    +---------------+---------------+-------------------------------+
    |          message_seq          |        fragment_offset        :
    +---------------+---------------+-------------------------------+
    :               |                fragment_length                |
    +---------------+-----------------------------------------------+
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from rtckit.dtls.wire import Reader
from rtckit.seam import ParseError

__all__ = ["HEADER_LENGTH", "Fragment", "HandshakeType", "pack_message", "parse_fragments"]

HEADER_LENGTH = 12


class HandshakeType(IntEnum):
    """RFC 5246 §7.4 and RFC 6347 §4.3.2."""

    HELLO_REQUEST = 0
    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    HELLO_VERIFY_REQUEST = 3
    CERTIFICATE = 11
    SERVER_KEY_EXCHANGE = 12
    CERTIFICATE_REQUEST = 13
    SERVER_HELLO_DONE = 14
    CERTIFICATE_VERIFY = 15
    CLIENT_KEY_EXCHANGE = 16
    FINISHED = 20


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a handshake message, often the whole.

    :ivar message_type: one of :class:`HandshakeType`, or a number that none of them has.
    :ivar message_length: of the whole message, in bytes.
    :ivar message_seq: the message's place in its sender's handshake.
    :ivar offset: where this part begins.
    :ivar data: the part itself.
    """

    message_type: int
    message_length: int
    message_seq: int
    offset: int
    data: bytes

    def __bytes__(self) -> bytes:
        return (
            self.message_type.to_bytes(1, "big")
            + self.message_length.to_bytes(3, "big")
            + self.message_seq.to_bytes(2, "big")
            + self.offset.to_bytes(3, "big")
            + len(self.data).to_bytes(3, "big")
            + self.data
        )


def pack_message(message_type: int, message_seq: int, body: bytes) -> bytes:
    """A whole message as the transcript has it: as if it had never been cut (RFC 6347 §4.2.6)."""
    return bytes(Fragment(message_type, len(body), message_seq, 0, body))


def parse_fragments(payload: bytes) -> list[Fragment]:
    """All fragments of one handshake record; raises :class:`ParseError`.

    A record carries one at least (RFC 5246 §6.2.1), and a fragment does not reach over the
    end of its message.
    """
    reader = Reader(payload)
    fragments: list[Fragment] = []
    while reader.left or not fragments:
        start = reader.offset
        message_type = reader.pull_uint(1)
        message_length = reader.pull_uint(3)
        message_seq = reader.pull_uint(2)
        offset = reader.pull_uint(3)
        length = reader.pull_uint(3)
        if offset + length > message_length:
            raise ParseError("fragment reaches over its message", start)
        fragments.append(
            Fragment(message_type, message_length, message_seq, offset, reader.pull(length))
        )
    return fragments
