"""The record layer of DTLS 1.2: headers, sealing, opening, replay. RFC 6347 §4.1.

::

    +-------------+-------------------+-------------------+
    | type (1)    | version (2)       | epoch (2)         |
    +-------------+-------------------+-------------------+
    | sequence_number (6)             | length (2)        |
    +---------------------------------+-------------------+
    | explicit nonce (0 or 8) | ciphertext | tag (16)     |
    +-----------------------------------------------------+

Epoch and sequence number are handled as the one 64-bit number that they are on the wire, in the
nonce and in the additional data.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidTag

from rtckit.seam import ParseError, Train

from .cipher_suite import CipherSuite, suite_parameters
from .key_schedule import TrafficKeys

__all__ = [
    "DTLS_1_0",
    "DTLS_1_2",
    "MAX_PLAINTEXT",
    "MAX_SEQUENCE",
    "RECORD_HEADER_LENGTH",
    "ContentType",
    "Record",
    "RecordReader",
    "RecordWriter",
    "parse_records",
]

DTLS_1_0 = 0xFEFF
DTLS_1_2 = 0xFEFD

RECORD_HEADER_LENGTH = 13
#: RFC 5246 §6.2.1.
MAX_PLAINTEXT = 1 << 14
#: RFC 6347 §4.1: a sequence number must not wrap.
MAX_SEQUENCE = (1 << 48) - 1
_TAG_LENGTH = 16
_MAJOR_VERSION = 0xFE

#: RFC 6347 §4.1.2.6 wants 32 at least; trains make for more reordering than single packets.
_REPLAY_WINDOW = 256
_REPLAY_MASK = (1 << _REPLAY_WINDOW) - 1

_HEADER = struct.Struct(">BHQH")
_HEADER_AND_NONCE = struct.Struct(">BHQHQ")
#: Type and version; epoch and sequence number; length; explicit nonce, or what is in its place.
_SEALED_HEADER = struct.Struct(">3s8s2s8s")
# RFC 5246 §6.2.3.3: seq_num, type, version, length of the plaintext.
_ADDITIONAL_DATA = struct.Struct(">QBHH")


class ContentType(IntEnum):
    """RFC 5246 §6.2.1."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    APPLICATION_DATA = 23


#: How every record of application data begins: its type and version.
_APPLICATION_DATA_1_2 = b"\x17\xfe\xfd"


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it came, still sealed if its epoch is not 0.

    :ivar content_type: one of :class:`ContentType`, or a number that none of them has.
    :ivar version: of the record layer.
    :ivar number: epoch (16 bits) and sequence number (48 bits).
    :ivar payload: what follows the header.
    """

    content_type: int
    version: int
    number: int
    payload: bytes

    @property
    def epoch(self) -> int:
        """The upper 16 bits of :attr:`number`."""
        return self.number >> 48


def parse_records(datagram: bytes) -> tuple[list[Record], ParseError | None]:
    """The records of a datagram up to the first that is broken, and what broke it.

    RFC 6347 §4.1.1: a datagram holds whole records; §4.1.2.7: what is not one is discarded.
    """
    records: list[Record] = []
    offset = 0
    end = len(datagram)
    while offset < end:
        start = offset + RECORD_HEADER_LENGTH
        if start > end:
            return records, ParseError("truncated record header", offset)
        content_type, version, number, length = _HEADER.unpack_from(datagram, offset)
        if version >> 8 != _MAJOR_VERSION:
            return records, ParseError("not a DTLS record", offset)
        offset = start + length
        if offset > end:
            return records, ParseError("truncated record", start)
        records.append(Record(content_type, version, number, datagram[start:offset]))
    return records, None


class RecordWriter:
    """Numbers and seals the records of one epoch.

    :param epoch: 0 for plaintext.
    :param suite: ``None`` for plaintext, as are the keys.
    """

    __slots__ = ("_encrypt", "_explicit", "_iv", "_last", "_number", "_salt", "overhead")

    def __init__(
        self, epoch: int, suite: CipherSuite | None = None, keys: TrafficKeys | None = None
    ) -> None:
        self._number = epoch << 48
        self._last = self._number | MAX_SEQUENCE
        self._encrypt = None
        self._explicit = 0
        self._salt = b""
        self._iv = 0
        #: How many bytes longer a record is than what it carries, its header included.
        self.overhead = RECORD_HEADER_LENGTH
        if suite is not None and keys is not None:
            parameters = suite_parameters(suite)
            self._encrypt = parameters.aead(keys.key).encrypt
            self._explicit = parameters.explicit_nonce
            self._salt = keys.iv
            # The nonce of both AEADs is this number XOR the record's: for AES-GCM the implicit
            # salt above the explicit part, which is the record's number (RFC 5288 §3 with
            # RFC 6347 §4.1.2.1: so a nonce never comes twice); for ChaCha20 RFC 7905 §2 itself.
            self._iv = int.from_bytes(keys.iv, "big") << 8 * self._explicit
            self.overhead += self._explicit + _TAG_LENGTH

    @property
    def remaining(self) -> int:
        """How many more records can be numbered."""
        return self._last - self._number + 1

    def seal(self, content_type: int, payload: bytes) -> bytes:
        """One record. The owner has seen to it that :attr:`remaining` is not 0."""
        number = self._number
        assert number <= self._last
        self._number = number + 1
        length = len(payload)
        if self._encrypt is None:
            return _HEADER.pack(content_type, DTLS_1_2, number, length) + payload
        sealed = self._encrypt(
            (self._iv ^ number).to_bytes(12, "big"),
            payload,
            _ADDITIONAL_DATA.pack(number, content_type, DTLS_1_2, length),
        )
        if self._explicit:
            return (
                _HEADER_AND_NONCE.pack(content_type, DTLS_1_2, number, len(sealed) + 8, number)
                + sealed
            )
        return _HEADER.pack(content_type, DTLS_1_2, number, len(sealed)) + sealed

    def seal_packets(self, packets: Sequence[bytes]) -> list[Train]:
        """Application data: every packet one record, every record one datagram.

        Runs of equal size become one train each by a single join. The owner has seen to it
        that :attr:`remaining` suffices.
        """
        encrypt = self._encrypt
        assert encrypt is not None
        assert len(packets) <= self.remaining
        explicit = self._explicit
        salt = self._salt
        iv = self._iv
        number = self._number
        join = b"".join
        trains: list[Train] = []
        parts: list[bytes] = []
        append = parts.append
        size = length_on_wire = -1
        wire_length = additional_data = b""
        for packet in packets:
            length = len(packet)
            if length != length_on_wire:
                length_on_wire = length
                wire_length = (length + explicit + _TAG_LENGTH).to_bytes(2, "big")
                additional_data = _APPLICATION_DATA_1_2 + length.to_bytes(2, "big")
                if length > size:
                    if parts:
                        trains.append(Train(join(parts), size + self.overhead))
                        parts.clear()
                    size = length
            numbered = number.to_bytes(8, "big")
            if explicit:
                append(join((_APPLICATION_DATA_1_2, numbered, wire_length, numbered)))
                append(encrypt(salt + numbered, packet, numbered + additional_data))
            else:
                append(join((_APPLICATION_DATA_1_2, numbered, wire_length)))
                nonce = (iv ^ number).to_bytes(12, "big")
                append(encrypt(nonce, packet, numbered + additional_data))
            number += 1
            if length < size:
                # A shorter datagram can only be the last of its train.
                trains.append(Train(join(parts), size + self.overhead))
                parts.clear()
                size = length_on_wire = -1
        if parts:
            trains.append(Train(join(parts), size + self.overhead))
        self._number = number
        return trains


class RecordReader:
    """Opens the records of one sealed epoch, each once.

    :param drops: where refused records are counted by reason.
    """

    __slots__ = ("_decrypt", "_drops", "_epoch", "_explicit", "_highest", "_iv", "_salt", "_seen")

    def __init__(
        self, epoch: int, suite: CipherSuite, keys: TrafficKeys, drops: Counter[str]
    ) -> None:
        parameters = suite_parameters(suite)
        self._decrypt = parameters.aead(keys.key).decrypt
        self._explicit = parameters.explicit_nonce
        self._salt = keys.iv
        self._iv = int.from_bytes(keys.iv, "big")
        self._epoch = epoch
        self._drops = drops
        # Bit n of `_seen` stands for the record n before `_highest`.
        self._highest = (epoch << 48) - 1
        self._seen = 0

    def open(self, record: Record) -> bytes | None:
        """The plaintext of a record of this epoch, or ``None`` if it is refused."""
        number = record.number
        payload = record.payload
        length = len(payload) - self._explicit - _TAG_LENGTH
        if record.version != DTLS_1_2 or not 0 <= length <= MAX_PLAINTEXT:
            self._drops["malformed record"] += 1
            return None
        if self._is_replayed(number - self._highest):
            return None
        additional_data = _ADDITIONAL_DATA.pack(number, record.content_type, DTLS_1_2, length)
        if self._explicit:
            nonce = self._salt + payload[:8]
            payload = payload[8:]
        else:
            nonce = (self._iv ^ number).to_bytes(12, "big")
        try:
            plaintext = self._decrypt(nonce, payload, additional_data)
        except InvalidTag:
            # RFC 6347 §4.1.2.7: a bad MAC is dropped and the connection lives on.
            self._drops["bad record mac"] += 1
            return None
        self._note(number)
        return plaintext

    def open_train(self, train: Train, packets: list[bytes]) -> list[bytes]:
        """Open all datagrams that are one record of application data of this epoch.

        The same as :meth:`open` for each, in one loop, because most of what a connection ever
        receives goes through it.

        :param packets: the plaintexts are appended here.
        :returns: the datagrams that are anything else.
        """
        data = train.data
        segment = train.segment
        end = len(data)
        unpack = _SEALED_HEADER.unpack_from
        decrypt = self._decrypt
        explicit = self._explicit
        salt = self._salt
        iv = self._iv
        append = packets.append
        expansion = explicit + _TAG_LENGTH
        highest = self._highest
        in_order = 0
        size = -1
        fits = False
        wire_length = additional_data = b""
        rest: list[bytes] = []
        for offset in range(0, end, segment):
            stop = offset + segment
            if stop > end:
                stop = end
            if stop - offset != size:
                size = stop - offset
                length = size - RECORD_HEADER_LENGTH - expansion
                fits = 0 <= length <= MAX_PLAINTEXT
                if fits:
                    wire_length = (length + expansion).to_bytes(2, "big")
                    additional_data = _APPLICATION_DATA_1_2 + length.to_bytes(2, "big")
            if not fits:
                rest.append(data[offset:stop])
                continue
            head, numbered, record_length, nonce = unpack(data, offset)
            number = int.from_bytes(numbered, "big")
            ahead = number - highest
            if head != _APPLICATION_DATA_1_2 or record_length != wire_length:
                rest.append(data[offset:stop])
                continue
            if ahead != 1:
                if number >> 48 != self._epoch:
                    rest.append(data[offset:stop])
                    continue
                self._note_in_order(highest, in_order)
                in_order = 0
                if self._is_replayed(ahead):
                    continue
            if explicit:
                nonce = salt + nonce
                start = offset + 21
            else:
                nonce = (iv ^ number).to_bytes(12, "big")
                start = offset + 13
            try:
                plaintext = decrypt(nonce, data[start:stop], numbered + additional_data)
            except InvalidTag:
                self._drops["bad record mac"] += 1
                continue
            if ahead == 1:
                in_order += 1
                highest = number
            else:
                self._note(number)
                highest = self._highest
            append(plaintext)
        self._note_in_order(highest, in_order)
        return rest

    def _is_replayed(self, ahead: int) -> bool:
        if ahead > 0 or (ahead > -_REPLAY_WINDOW and not self._seen >> -ahead & 1):
            return False
        self._drops["replayed record"] += 1
        return True

    def _note(self, number: int) -> None:
        """RFC 6347 §4.1.2.6: the window moves only for records that are authentic."""
        ahead = number - self._highest
        if ahead <= 0:
            self._seen |= 1 << -ahead
            return
        self._seen = (self._seen << ahead | 1) & _REPLAY_MASK if ahead < _REPLAY_WINDOW else 1
        self._highest = number

    def _note_in_order(self, highest: int, count: int) -> None:
        """The same for ``count`` records in order up to ``highest``."""
        count = min(count, _REPLAY_WINDOW)
        self._seen = (self._seen << count | (1 << count) - 1) & _REPLAY_MASK
        self._highest = highest
