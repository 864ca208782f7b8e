"""Two honest ends of a DTLS connection, and what passes between them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from rtckit.dtls import (
    Certificate,
    Config,
    Connection,
    Event,
    Role,
)
from rtckit.dtls.handshake_messages import HandshakeType, parse_fragments
from rtckit.dtls.record import Record, RecordWriter, parse_records
from rtckit.seam import Entropy


def seeded(seed: str) -> Entropy:
    counter = 0

    def entropy(length: int) -> bytes:
        nonlocal counter
        counter += 1
        return hashlib.shake_256(f"{seed} {counter}".encode()).digest(length)

    return entropy


NOW = datetime(2030, 1, 1, tzinfo=UTC)
CLIENT = Certificate.generate(NOW, entropy=seeded("client"))
SERVER = Certificate.generate(NOW, entropy=seeded("server"))


def client(config: Config | None = None) -> Connection:
    return Connection(
        Role.CLIENT,
        CLIENT,
        entropy=seeded("client handshake"),
        config=config,
        remote_fingerprints=[SERVER.fingerprint()],
    )


def server(config: Config | None = None, address: bytes = b"") -> Connection:
    return Connection(
        Role.SERVER,
        SERVER,
        entropy=seeded("server handshake"),
        config=config,
        remote_fingerprints=[CLIENT.fingerprint()],
        client_address=address,
    )


def sent(connection: Connection, now: float = 0.0) -> list[bytes]:
    """All datagrams that wait to be sent."""
    datagrams: list[bytes] = []
    while (train := connection.poll_transmit(now)) is not None:
        datagrams += train
    return datagrams


def events(connection: Connection) -> list[Event]:
    found: list[Event] = []
    while (event := connection.next_event()) is not None:
        found.append(event)
    return found


def state_of(connection: Connection) -> str:
    return connection.state


def exchange(one: Connection, other: Connection, now: float = 0.0) -> None:
    """Carry datagrams until none moves; no time passes."""
    moved = True
    while moved:
        moved = False
        for sender, receiver in ((one, other), (other, one)):
            datagrams = sent(sender, now)
            if datagrams:
                receiver.receive(datagrams, now)
                moved = True


def connected(config: Config | None = None) -> tuple[Connection, Connection]:
    one, other = client(config), server(config)
    one.start(0.0)
    other.start(0.0)
    exchange(one, other)
    assert (one.state, other.state) == ("connected", "connected")
    events(one)
    events(other)
    return one, other


def flight_five(config: Config | None = None) -> tuple[Connection, Connection, list[bytes]]:
    """A client that has sent its last flight, a server that waits for it, and the flight."""
    one, other = client(config), server(config)
    one.start(0.0)
    other.start(0.0)
    other.receive(sent(one), 0.0)
    one.receive(sent(other), 0.0)
    return one, other, sent(one)


def records(datagrams: Iterable[bytes]) -> list[Record]:
    found: list[Record] = []
    for datagram in datagrams:
        parsed, error = parse_records(datagram)
        assert error is None
        found += parsed
    return found


def types(datagrams: Iterable[bytes]) -> list[str]:
    """What is in plain sight: handshake types, other content types, ``sealed``."""
    names: list[str] = []
    for record in records(datagrams):
        if record.epoch:
            names.append("sealed")
        elif record.content_type == 22:
            fragments = parse_fragments(record.payload)
            names += [HandshakeType(each.message_type).name.lower() for each in fragments]
        else:
            names.append({20: "ccs", 21: "alert"}[record.content_type])
    return names


def plaintext(content_type: int, payload: bytes) -> bytes:
    return RecordWriter(0).seal(content_type, payload)
