"""Floods from strangers, under their own address or the peer's: dropped, counted, forgotten.

Nobody unauthenticated gets a reply, whoever spoofs the peer's address makes us send no more than
was spent on it, memory stays where it was, and afterwards the connection still works.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from tests.sim.hostile import STRANGER, A, Pair, footprint
from tests.sim.peer import Peer

from rtckit.dtls.handshake_messages import ClientHello, Fragment
from rtckit.dtls.record import RecordWriter
from rtckit.seam import Address
from rtckit.stun import (
    Message,
    MessageClass,
    Method,
    append_fingerprint,
    append_integrity_sha256,
    sign,
)
from rtckit.stun.attributes import (
    ICE_CONTROLLING,
    PRIORITY,
    USE_CANDIDATE,
    USERNAME,
    XOR_MAPPED_ADDRESS,
)

Flood = Callable[[Pair, random.Random], Iterator[bytes]]

ELSEWHERE: Address = (STRANGER, 5000)
PEER: Address = (A, 5000)


def rubbish(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    for _ in range(300):
        yield rng.randbytes(rng.randrange(1400))


def every_first_byte(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    for first in range(256):
        yield bytes((first,))
        yield bytes((first,)) + rng.randbytes(40)


def a_check(pair: Pair, rng: random.Random) -> Message:
    ours = pair.answerer.connection.ice.local_credentials
    theirs = pair.answerer.connection.ice.remote_credentials
    assert theirs is not None
    message = Message(Method.BINDING, MessageClass.REQUEST, rng.randbytes(12))
    message.add(USERNAME, f"{ours.ufrag}:{theirs.ufrag}").add(PRIORITY, 1 << 30)
    return message.add(ICE_CONTROLLING, 1).add(USE_CANDIDATE, True)


def checks_with_a_wrong_password(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    for _ in range(150):
        yield sign(a_check(pair, rng), rng.randbytes(22))
        yield append_fingerprint(a_check(pair, rng).encode())


def requests_without_end_of_attributes(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    for number in (0x25, 0x24, 0x7000, 0x8022):
        body = (number.to_bytes(2, "big") + b"\0\0") * 300
        head = b"\0\1" + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42"
        for _ in range(10):
            yield head + rng.randbytes(12) + body


def checks_with_the_other_integrity(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    """MESSAGE-INTEGRITY-SHA256 alone is not what ICE signs with (RFC 8445 §7.1)."""
    password = pair.answerer.connection.ice.local_credentials.pwd.encode()
    for _ in range(100):
        yield append_fingerprint(append_integrity_sha256(a_check(pair, rng).encode(), password))


def other_methods_and_indications(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    password = pair.answerer.connection.ice.local_credentials.pwd.encode()
    for method in (Method.ALLOCATE, Method.REFRESH, Method.SEND, Method.CHANNEL_BIND):
        for message_class in MessageClass:
            for _ in range(10):
                yield sign(Message(method, message_class, rng.randbytes(12)), password)
    for _ in range(50):
        yield sign(Message(Method.BINDING, MessageClass.INDICATION, rng.randbytes(12)), password)


def answers_to_nothing(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    theirs = pair.answerer.connection.ice.remote_credentials
    assert theirs is not None
    for _ in range(100):
        message = Message(Method.BINDING, MessageClass.SUCCESS, rng.randbytes(12))
        yield sign(message.add(XOR_MAPPED_ADDRESS, ELSEWHERE), theirs.pwd.encode())


def client_hello(*suites: int) -> bytes:
    hello = ClientHello(
        version=0xFEFD,
        random=bytes(32),
        session_id=b"",
        cookie=b"",
        cipher_suites=suites,
        compression_methods=b"\0",
        extensions={23: b""},
    )
    body = bytes(hello)
    fragment = Fragment(1, len(body), 0, 0, body)
    return RecordWriter(0).seal(22, bytes(fragment))


def client_hellos(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    """CVE-2023-51443: whoever sends a ClientHello first must not have the handshake."""
    for _ in range(100):
        yield client_hello(0xC02B, 0xCCA9)


def client_hellos_without_cipher(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    for _ in range(100):
        # TLS_NULL_WITH_NULL_NULL, TLS_RSA_WITH_NULL_SHA256, TLS_ECDHE_ECDSA_WITH_NULL_SHA.
        yield client_hello(0x0000, 0x003B, 0xC006)


def handshake_fragments(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    """Huge lengths, overlaps, contradictions, numbers far ahead."""
    writer = RecordWriter(0)
    for _ in range(400):
        data = rng.randbytes(rng.randrange(60))
        fragment = Fragment(
            rng.choice([0, 1, 2, 3, 11, 12, 13, 14, 15, 16, 20, 99]),
            rng.choice([0, len(data), 16_384, 16_385, 0xFFFFFF]),
            rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xFFFF]),
            rng.choice([0, 1, 100, 0xFFFF00]),
            data,
        )
        yield writer.seal(22, bytes(fragment))


def epochs(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    """Records of every type in epochs that were, that are, and that will never be."""
    for epoch in (0, 1, 2, 3, 0x7FFF, 0xFFFF):
        for kind in range(19, 28):
            for number in (0, 1, 5, 1 << 20, (1 << 48) - 1):
                payload = rng.randbytes(rng.choice([0, 1, 2, 24, 60]))
                head = bytes((kind,)) + b"\xfe\xfd" + (epoch << 48 | number).to_bytes(8, "big")
                yield head + len(payload).to_bytes(2, "big") + payload


def alerts_in_plaintext(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    writer = RecordWriter(0)
    for level in (1, 2):
        for description in (0, 10, 20, 40, 42, 47, 90, 255):
            yield writer.seal(21, bytes((level, description)))


def replayed_records(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    """What the peer itself has said, all over again."""
    recorded = [data for data, source, _ in pair.carried if source == PEER and 19 < data[0] < 64]
    assert len(recorded) > 4
    for _ in range(20):
        rng.shuffle(recorded)
        yield from recorded


def damaged_records(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    recorded = [data for data, source, _ in pair.carried if source == PEER and 19 < data[0] < 64]
    for _ in range(300):
        data = bytearray(rng.choice(recorded))
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        yield bytes(data[: rng.choice([len(data), len(data) - 1, 14])])


def bare_sctp(pair: Pair, rng: random.Random) -> Iterator[bytes]:
    """SCTP without DTLS around it."""
    for kind in range(16):
        yield b"\x13\x88\x13\x88" + bytes(8) + bytes((kind, 0, 0, 4))


FLOODS: list[Flood] = [
    rubbish,
    every_first_byte,
    checks_with_a_wrong_password,
    requests_without_end_of_attributes,
    checks_with_the_other_integrity,
    other_methods_and_indications,
    answers_to_nothing,
    client_hellos,
    client_hellos_without_cipher,
    handshake_fragments,
    epochs,
    alerts_in_plaintext,
    replayed_records,
    damaged_records,
    bare_sctp,
]


def quiet_bytes(pair: Pair, victim: Peer, seconds: float) -> int:
    """What a victim sends anyway in so much time."""
    before = pair.sent_by(victim)
    pair.simulation.run_for(seconds)
    return pair.sent_by(victim) - before


@pytest.mark.parametrize("flood", FLOODS)
def test_a_stranger_gets_no_reply(flood: Flood) -> None:
    pair = Pair(f"stranger {flood.__name__}")
    pair.connect()
    victim = pair.answerer
    rng = random.Random(flood.__name__)
    pair.attack(flood(pair, rng), ELSEWHERE, victim)
    before = footprint(victim.connection)
    pair.attack(flood(pair, rng), ELSEWHERE, victim)
    assert pair.stranger.heard == []
    assert footprint(victim.connection) < before + 20_000
    assert len(victim.connection.ice.pairs) == 1
    pair.still_talk()


@pytest.mark.parametrize("flood", FLOODS)
def test_a_stranger_with_the_peers_address_changes_nothing(flood: Flood) -> None:
    pair = Pair(f"spoofed {flood.__name__}")
    pair.connect()
    victim = pair.answerer
    rng = random.Random(flood.__name__)
    pair.attack(flood(pair, rng), PEER, victim)
    before = footprint(victim.connection)
    start, began = pair.sent_by(victim), pair.simulation.now
    spent = pair.attack(flood(pair, rng), PEER, victim)
    sent = pair.sent_by(victim) - start
    usual = quiet_bytes(pair, victim, max(30.0, pair.simulation.now - began))
    assert sent <= spent + usual, (spent, sent, usual)
    if flood is replayed_records:
        machine = victim.connection.transport.dtls
        assert machine is not None and machine.drops["replayed record"] > 20
    assert footprint(victim.connection) < before + 20_000
    assert victim.connection.connection_state == "connected"
    pair.still_talk()


#: What in the peer's name ends a handshake or gives it another partner: before there are keys the
#: path itself must be trusted, and all an attacker gains is that the attempt fails.
IN_THE_PEERS_NAME = (
    alerts_in_plaintext,
    client_hellos,
    client_hellos_without_cipher,
    damaged_records,
    handshake_fragments,
)
SETUP_FLOODS = [(flood, ELSEWHERE) for flood in FLOODS]
SETUP_FLOODS += [(flood, PEER) for flood in FLOODS if flood not in IN_THE_PEERS_NAME]


@pytest.mark.parametrize(("flood", "source"), SETUP_FLOODS)
@pytest.mark.parametrize("role", ["offerer", "answerer"])
def test_a_flood_during_setup_does_not_prevent_it(flood: Flood, source: Address, role: str) -> None:
    pair = Pair(f"setup {flood.__name__} {source[0]} {role}")
    pair.begin()
    victim = pair.answerer if role == "answerer" else pair.offerer
    other = pair.offerer if victim is pair.answerer else pair.answerer
    spoofed = source if source == ELSEWHERE else other.bases[0]
    rng = random.Random(flood.__name__)
    if flood in (replayed_records, damaged_records):
        # There is something to replay only once there was something.
        pair.simulation.run_for(0.08)
        recorded = [data for data, sender, _ in pair.carried if 19 < data[0] < 64]
        datagrams = iter(recorded * 10)
    else:
        datagrams = flood(pair, rng)
    pair.attack(datagrams, spoofed, victim, pace=0.0001)
    if source == ELSEWHERE:
        assert pair.stranger.heard == []
    pair.connect()
    pair.still_talk()


def test_a_replayed_check_gets_the_stranger_neither_data_nor_the_pair() -> None:
    """Who has overheard a check can repeat it: ICE answers (RFC 8445 §19.2), within limits."""
    pair = Pair("replayed checks")
    pair.connect()
    victim = pair.answerer
    selected = victim.connection.ice.selected_pair
    assert selected is not None
    checks = [
        data
        for data, source, _ in pair.carried
        if source == PEER and data[:2] == b"\0\1" and 0x25.to_bytes(2, "big") in data
    ]
    assert checks
    for port in range(200):
        pair.attack(checks[:1], (STRANGER, 1000 + port), victim)
    pair.simulation.run_for(30.0)
    limits = victim.connection.ice.limits
    assert len(victim.connection.ice.pairs) <= limits.peer_reflexive + 1
    assert victim.connection.ice.selected_pair is selected
    # Answers, and the checks that RFC 8445 §7.3.1.4 wants, of a limited number of addresses.
    timing = victim.connection.ice.timing
    assert len(pair.stranger.heard) <= 200 + limits.peer_reflexive * timing.sends
    assert all(data[0] < 4 for data in pair.stranger.heard)
    pair.still_talk()


def test_a_stranger_that_repeats_a_check_still_has_no_handshake() -> None:
    """Its address is known after that, but the connection is not up for a second handshake."""
    pair = Pair("replay, then hello")
    pair.connect()
    victim = pair.answerer
    check = next(data for data, source, _ in pair.carried if source == PEER and data[0] == 0)
    pair.attack([check], ELSEWHERE, victim)
    pair.simulation.run_for(20.0)
    pair.stranger.heard.clear()
    rng = random.Random(1)
    for flood in (client_hellos, client_hellos_without_cipher, handshake_fragments, epochs):
        pair.attack(flood(pair, rng), ELSEWHERE, victim)
    assert pair.stranger.heard == []
    pair.still_talk()


def test_a_path_that_is_gone_is_let_go_of() -> None:
    """Consent lost for 30 s: nothing is sent any more, and nothing is due (RFC 7675 §5.1)."""
    pair = Pair("consent")
    pair.connect()
    victim = pair.answerer
    pair.simulation.detach(A)
    pair.simulation.run_for(40.0)
    assert victim.connection.ice_connection_state == "failed"
    assert victim.connection.ice.next_timeout() is None
    sent = pair.sent_by(victim)
    rng = random.Random(1)
    for flood in FLOODS:
        if flood not in (replayed_records, damaged_records):
            pair.attack(flood(pair, rng), PEER, victim)
    pair.simulation.run_for(60.0)
    assert pair.sent_by(victim) == sent
