"""The record layer: what is on the wire, trains, replay, and what is refused."""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from rtckit.dtls.cipher_suite import CipherSuite
from rtckit.dtls.key_schedule import TrafficKeys
from rtckit.dtls.record import (
    MAX_SEQUENCE,
    ContentType,
    RecordReader,
    RecordWriter,
    parse_records,
)
from rtckit.seam import Train

GCM = CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
CHACHA = CipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
GCM_KEYS = TrafficKeys(bytes(range(16)), b"salt")
CHACHA_KEYS = TrafficKeys(bytes(range(32)), b"twelve bytes")
BOTH = pytest.mark.parametrize(
    ("suite", "keys"), [(GCM, GCM_KEYS), (CHACHA, CHACHA_KEYS)], ids=["gcm", "chacha"]
)


def reader_of(suite: CipherSuite, keys: TrafficKeys) -> tuple[RecordReader, Counter[str]]:
    drops: Counter[str] = Counter()
    return RecordReader(1, suite, keys, drops), drops


def open_all(reader: RecordReader, trains: list[Train]) -> tuple[list[bytes], list[bytes]]:
    packets: list[bytes] = []
    rest: list[bytes] = []
    for train in trains:
        rest += reader.open_train(train, packets)
    return packets, rest


def test_aes_gcm_on_the_wire() -> None:
    """RFC 5288 §3: salt and explicit nonce; the latter is epoch and sequence number."""
    writer = RecordWriter(1, GCM, GCM_KEYS)
    writer.seal(ContentType.ALERT, b"\x01\x00")
    [train] = writer.seal_packets([b"hello"])
    number = bytes.fromhex("0001000000000001")
    assert train.data[:21] == b"\x17\xfe\xfd" + number + b"\x00\x1d" + number
    additional_data = number + b"\x17\xfe\xfd\x00\x05"
    plaintext = AESGCM(GCM_KEYS.key).decrypt(b"salt" + number, train.data[21:], additional_data)
    assert plaintext == b"hello"


def test_chacha20_on_the_wire() -> None:
    """RFC 7905 §2: the nonce is the IV XOR the padded number, and not on the wire."""
    writer = RecordWriter(1, CHACHA, CHACHA_KEYS)
    record = writer.seal(ContentType.APPLICATION_DATA, b"hello")
    number = bytes.fromhex("0001000000000000")
    assert record[:13] == b"\x17\xfe\xfd" + number + b"\x00\x15"
    nonce = bytes(a ^ b for a, b in zip(b"twelve bytes", bytes(4) + number, strict=True))
    additional_data = number + b"\x17\xfe\xfd\x00\x05"
    assert ChaCha20Poly1305(CHACHA_KEYS.key).decrypt(nonce, record[13:], additional_data) == (
        b"hello"
    )


def test_an_explicit_nonce_of_the_peers_own_making_is_taken_from_the_wire() -> None:
    number = bytes.fromhex("0001000000000000")
    explicit = b"anything"
    sealed = AESGCM(GCM_KEYS.key).encrypt(
        GCM_KEYS.iv + explicit, b"hello", number + b"\x17\xfe\xfd\x00\x05"
    )
    datagram = b"\x17\xfe\xfd" + number + b"\x00\x1d" + explicit + sealed
    reader, _ = reader_of(GCM, GCM_KEYS)
    assert open_all(reader, [Train(datagram)]) == ([b"hello"], [])


@BOTH
def test_trains_of_equal_records_are_joined_once(suite: CipherSuite, keys: TrafficKeys) -> None:
    packets = [b"a" * 100] * 5 + [b"b" * 30] + [b"c" * 30] * 2 + [b"d" * 60, b"e" * 60, b"", b"f"]
    writer = RecordWriter(1, suite, keys)
    trains = writer.seal_packets(packets)
    assert [len(train) for train in trains] == [6, 2, 3, 1]
    reader, drops = reader_of(suite, keys)
    assert open_all(reader, trains) == (packets, [])
    assert not drops


@BOTH
def test_one_and_train_are_the_same_to_the_reader(suite: CipherSuite, keys: TrafficKeys) -> None:
    """Any mix of reordering, repetition and damage: `open` and `open_train` agree."""
    chance = random.Random(7)
    writer = RecordWriter(1, suite, keys)
    datagrams = [d for t in writer.seal_packets([os.urandom(40)] * 700) for d in t]
    mixed: list[bytes] = []
    for index in range(700):
        near = min(699, max(0, index + chance.randrange(-300, 5)))
        datagram = datagrams[near] if chance.random() < 0.5 else datagrams[index]
        if chance.random() < 0.1:
            datagram = datagram[:-1] + bytes((datagram[-1] ^ 1,))
        mixed.append(datagram)
    by_train, train_drops = reader_of(suite, keys)
    by_one, one_drops = reader_of(suite, keys)
    packets, rest = open_all(by_train, Train.join(mixed))
    singly = [by_one.open(parse_records(datagram)[0][0]) for datagram in mixed]
    assert packets == [each for each in singly if each is not None]
    assert not rest
    assert train_drops == one_drops
    assert train_drops["replayed record"] > 50
    assert train_drops["bad record mac"] > 20


@BOTH
def test_a_record_opens_once(suite: CipherSuite, keys: TrafficKeys) -> None:
    trains = RecordWriter(1, suite, keys).seal_packets([b"x"] * 3)
    reader, drops = reader_of(suite, keys)
    assert len(open_all(reader, trains)[0]) == 3
    assert open_all(reader, trains) == ([], [])
    assert drops == {"replayed record": 3}


@BOTH
def test_late_records_are_taken_within_the_window(suite: CipherSuite, keys: TrafficKeys) -> None:
    """RFC 6347 §4.1.2.6."""
    [train] = RecordWriter(1, suite, keys).seal_packets([b"%03d" % i for i in range(300)])
    datagrams = list(train)
    reader, drops = reader_of(suite, keys)
    assert open_all(reader, [Train(datagrams[299])])[0] == [b"299"]
    assert open_all(reader, [Train(datagrams[44])])[0] == [b"044"]
    assert open_all(reader, [Train(datagrams[43])])[0] == []
    assert open_all(reader, [Train(datagrams[44])])[0] == []
    assert drops == {"replayed record": 2}


@BOTH
def test_a_forged_number_does_not_move_the_window(suite: CipherSuite, keys: TrafficKeys) -> None:
    [train] = RecordWriter(1, suite, keys).seal_packets([b"first", b"again"])
    first, second = train
    forged = second[:5] + b"\x7f" * 6 + second[11:]
    reader, drops = reader_of(suite, keys)
    assert open_all(reader, [Train(first), Train(forged), Train(second)])[0] == [b"first", b"again"]
    assert drops == {"bad record mac": 1}


@BOTH
@pytest.mark.parametrize("position", [0, 1, 4, 10, 12, 13, 21, -1])
def test_a_record_that_was_tampered_with_is_dropped(
    suite: CipherSuite, keys: TrafficKeys, position: int
) -> None:
    [train] = RecordWriter(1, suite, keys).seal_packets([b"payload"])
    forged = bytearray(train.data)
    forged[position] ^= 1
    reader, _ = reader_of(suite, keys)
    packets, rest = open_all(reader, [Train(bytes(forged))])
    assert packets == []
    for datagram in rest:
        for record in parse_records(datagram)[0]:
            if record.epoch == 1:
                assert reader.open(record) is None
    assert open_all(reader, [train])[0] == [b"payload"]


def test_what_is_no_single_record_of_application_data_is_given_back() -> None:
    writer = RecordWriter(1, GCM, GCM_KEYS)
    alert = writer.seal(ContentType.ALERT, b"\x01\x00")
    pair = writer.seal(ContentType.APPLICATION_DATA, b"1") + writer.seal(
        ContentType.APPLICATION_DATA, b"2"
    )
    plain = RecordWriter(0).seal(ContentType.APPLICATION_DATA, b"x" * 30)
    later = RecordWriter(2, GCM, GCM_KEYS).seal(ContentType.APPLICATION_DATA, b"x")
    short = b"\x17\xfe\xfd"
    others = [alert, pair, plain, later, short, b""]
    reader, _ = reader_of(GCM, GCM_KEYS)
    assert open_all(reader, Train.join(others[:-1])) == ([], others[:-1])


def test_records_of_one_datagram_are_parted() -> None:
    writer = RecordWriter(0)
    datagram = writer.seal(22, b"one") + writer.seal(21, b"two")
    records, error = parse_records(datagram)
    assert [(each.content_type, each.payload) for each in records] == [(22, b"one"), (21, b"two")]
    assert error is None
    records, error = parse_records(datagram[:-1])
    assert len(records) == 1
    assert error is not None
    assert error.reason == "truncated record"


def test_a_writer_knows_how_many_numbers_are_left() -> None:
    writer = RecordWriter(1, GCM, GCM_KEYS)
    assert writer.remaining == MAX_SEQUENCE + 1
    writer.seal_packets([b"x"] * 10)
    assert writer.remaining == MAX_SEQUENCE - 9
