"""A DTLS connection in both roles, at every step of its handshake, and after it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from rtckit.dtls import Certificate, Config, Connection, Role
from rtckit.dtls.handshake_messages import Fragment
from rtckit.dtls.record import Record, RecordWriter, parse_records
from rtckit.seam import Entropy, Train

from .target import Script, Target

__all__ = ["CERTIFICATES", "HONEST", "TARGETS"]


def seeded(seed: str) -> Entropy:
    counter = 0

    def entropy(length: int) -> bytes:
        nonlocal counter
        counter += 1
        return hashlib.shake_256(f"{seed} {counter}".encode()).digest(length)

    return entropy


_NOW = datetime(2030, 1, 1, tzinfo=UTC)
CERTIFICATES = {
    role: Certificate.generate(_NOW, entropy=seeded(f"certificate {role.value}")) for role in Role
}
_OTHER = {Role.CLIENT: Role.SERVER, Role.SERVER: Role.CLIENT}


def make(role: Role, *, known: bool = True, cookies: bool = False) -> Connection:
    fingerprints = [CERTIFICATES[_OTHER[role]].fingerprint()] if known else None
    made = Connection(
        role,
        CERTIFICATES[role],
        entropy=seeded(role.value),
        config=Config(mtu=600, cookies=cookies),
        remote_fingerprints=fingerprints,
    )
    made.start(0.0)
    return made


def sent(made: Connection, now: float = 0.0) -> list[bytes]:
    datagrams: list[bytes] = []
    for _ in range(1000):
        train = made.poll_transmit(now)
        if train is None:
            return datagrams
        datagrams += train
    raise AssertionError("the connection sends without end")


@dataclass(frozen=True, slots=True)
class Transcript:
    """An honest handshake and a little data.

    :ivar datagrams: with who receives them.
    :ivar records: the same, taken apart.
    """

    datagrams: tuple[tuple[Role, bytes], ...]
    records: tuple[tuple[Role, Record], ...]

    @classmethod
    def make(cls) -> Transcript:
        ends = {role: make(role) for role in Role}
        datagrams: list[tuple[Role, bytes]] = []
        for step in range(5):
            for role in (Role.SERVER, Role.CLIENT):
                sender = ends[_OTHER[role]]
                if step == 3 and sender.state == "connected":
                    sender.send([b"data", b"more"])
                for datagram in sent(sender):
                    datagrams.append((role, datagram))
                    ends[role].receive([datagram], 0.0)
        assert all(end.state == "connected" for end in ends.values())
        records = [
            (role, record) for role, datagram in datagrams for record in parse_records(datagram)[0]
        ]
        return cls(tuple(datagrams), tuple(records))


HONEST = Transcript.make()


class _Conversation:
    """Two ends that talk honestly for some datagrams; then one of them is told anything."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.now = 0.0
        role = (Role.CLIENT, Role.SERVER)[script.below(2)]
        flags = script.below(8)
        self.victim = make(role, known=bool(flags & 3), cookies=bool(flags & 4))
        self.peer = make(_OTHER[role])
        self.pending: list[bytes] = []
        self.plain = RecordWriter(0)
        for _ in range(script.below(8)):
            self.honest()

    def honest(self) -> None:
        """Each hears one datagram of the other's."""
        self.peer.receive(sent(self.victim, self.now), self.now)
        self.pending += sent(self.peer, self.now)
        if self.pending:
            self.receive(self.pending.pop(0))

    def receive(self, datagram: bytes) -> None:
        self.victim.receive([datagram], self.now)

    def run(self) -> None:
        steps = (
            self.honest,
            self.raw,
            self.damaged,
            self.record,
            self.fragment,
            self.sealed,
            self.wait,
            self.train,
        )
        for _ in range(24):
            if not self.script:
                break
            steps[self.script.below(len(steps))]()
            self.settle()

    def raw(self) -> None:
        self.receive(self.script.blob())

    def damaged(self) -> None:
        """The next honest datagram, changed in one byte, or cut."""
        self.honest()
        if not self.pending:
            return
        datagram = bytearray(self.pending[0])
        at = self.script.number(2) % len(datagram)
        change = self.script.below(256)
        if change:
            datagram[at] ^= change
        else:
            del datagram[at:]
        self.receive(bytes(datagram))

    def record(self) -> None:
        """A record of any type and number."""
        kind = 19 + self.script.below(8)
        number = self.script.below(4) << 48 | self.script.number(1)
        payload = self.script.blob()
        head = bytes((kind,)) + b"\xfe\xfd" + number.to_bytes(8, "big")
        self.receive(head + len(payload).to_bytes(2, "big") + payload)

    def _fragment(self) -> bytes:
        kind = (0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20)[self.script.below(12)]
        body = self.script.blob()
        length = len(body) if self.script.below(4) else self.script.number(3)
        offset = 0 if self.script.below(4) else self.script.number(2)
        return bytes(Fragment(kind, length, self.script.below(12), offset, body))

    def fragment(self) -> None:
        self.receive(self.plain.seal(22, self._fragment()))

    def sealed(self) -> None:
        """Anything, under the peer's keys, if it has them already."""
        writer = self.peer._writers.get(1)
        if writer is not None:
            kind = 19 + self.script.below(8)
            payload = self._fragment() if self.script.below(2) else self.script.blob()
            self.receive(writer.seal(kind, payload))

    def wait(self) -> None:
        self.now += self.script.below(256) / 64

    def train(self) -> None:
        segment = 1 + self.script.below(200)
        self.victim.receive(Train(self.script.blob(), segment), self.now)

    def settle(self) -> None:
        victim = self.victim
        due = victim.next_timeout()
        if due is not None and due <= self.now:
            victim.handle_timeout(self.now)
        due = victim.next_timeout()
        assert due is None or due > self.now
        while victim.next_event() is not None:
            pass
        limits = victim._config.limits
        assert len(victim._early) <= limits.early_records
        assert len(victim._held) <= limits.held_packets
        assert len(victim._reassembly._messages) <= limits.messages_ahead
        assert len(victim.drops) < 60


def run(data: bytes) -> None:
    _Conversation(Script(data)).run()


TARGETS: list[Target] = [
    Target(
        "dtls-connection",
        run,
        (
            b"\0\1\2" + b"\0" * 12 + b"\5\4\1\1\0\4data",
            b"\1\1\3" + b"\0" * 12 + b"\5\3\0\0\0\1\1\1\0",
            b"\1\4\0" + b"\4\1\0\x20" + bytes(32) + b"\1\1\0" + b"\0" * 8,
            b"\0\0\7" + b"\2\0\x30\x01" * 3 + b"\6\x20" * 4,
        ),
        is_machine=True,
    )
]
