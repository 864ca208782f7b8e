"""Two of ours over a link that loses, reorders, doubles and damages, in virtual time."""

from __future__ import annotations

import hashlib
import heapq
import random
from datetime import UTC, datetime

import pytest

from rtckit.dtls import (
    ApplicationData,
    Certificate,
    Config,
    Connection,
    HandshakeCompleted,
    Role,
)
from rtckit.seam import Entropy


def seeded(seed: str) -> Entropy:
    counter = 0

    def entropy(length: int) -> bytes:
        nonlocal counter
        counter += 1
        return hashlib.shake_256(f"{seed} {counter}".encode()).digest(length)

    return entropy


NOW = datetime(2030, 1, 1, tzinfo=UTC)
CERTIFICATES = {
    Role.CLIENT: Certificate.generate(NOW, entropy=seeded("client")),
    Role.SERVER: Certificate.generate(NOW, entropy=seeded("server")),
}


class Link:
    """A client, a server, and the bad link between them."""

    def __init__(
        self,
        seed: int,
        *,
        loss: float = 0.0,
        doubled: float = 0.0,
        damaged: float = 0.0,
        delay: float = 0.02,
        jitter: float = 0.0,
        config: Config | None = None,
    ) -> None:
        self.chance = random.Random(seed)
        self.loss = loss
        self.doubled = doubled
        self.damaged = damaged
        self.delay = delay
        self.jitter = jitter
        self.now = 0.0
        self.sent = 0
        self.received: dict[Role, list[bytes]] = {Role.CLIENT: [], Role.SERVER: []}
        self.completed: dict[Role, float] = {}
        self.flying: list[tuple[float, int, Role, bytes]] = []
        self.peers = {
            role: Connection(
                role,
                CERTIFICATES[role],
                entropy=seeded(f"{role} {seed}"),
                config=config,
                remote_fingerprints=[CERTIFICATES[other].fingerprint()],
            )
            for role, other in ((Role.CLIENT, Role.SERVER), (Role.SERVER, Role.CLIENT))
        }
        for peer in self.peers.values():
            peer.start(0.0)

    def drain(self) -> None:
        for role, peer in self.peers.items():
            other = Role.SERVER if role is Role.CLIENT else Role.CLIENT
            while (train := peer.poll_transmit(self.now)) is not None:
                for datagram in train:
                    self.carry(other, datagram)
            while (event := peer.next_event()) is not None:
                if isinstance(event, HandshakeCompleted):
                    self.completed[role] = self.now
                elif isinstance(event, ApplicationData):
                    self.received[role] += event.packets

    def carry(self, to: Role, datagram: bytes) -> None:
        chance = self.chance
        self.sent += 1
        if chance.random() < self.loss:
            return
        for _ in range(2 if chance.random() < self.doubled else 1):
            carried = bytearray(datagram)
            if chance.random() < self.damaged:
                carried[chance.randrange(len(carried))] ^= 1 << chance.randrange(8)
            at = self.now + self.delay + chance.random() * self.jitter
            heapq.heappush(self.flying, (at, self.sent, to, bytes(carried)))

    def run(self, until: float) -> None:
        self.drain()
        while True:
            times = [self.flying[0][0]] if self.flying else []
            times += [
                deadline
                for peer in self.peers.values()
                if (deadline := peer.next_timeout()) is not None
            ]
            if not times or min(times) > until:
                self.now = until
                return
            assert min(times) >= self.now
            self.now = min(times)
            while self.flying and self.flying[0][0] <= self.now:
                _, _, to, datagram = heapq.heappop(self.flying)
                self.peers[to].receive([datagram], self.now)
            for peer in self.peers.values():
                peer.handle_timeout(self.now)
            self.drain()

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(peer.state for peer in self.peers.values())


@pytest.mark.parametrize("block", range(10))
def test_every_handshake_completes_at_30_percent_loss(block: int) -> None:
    for seed in range(block * 40, block * 40 + 40):
        link = Link(seed, loss=0.3, doubled=0.1, jitter=0.05, config=Config(mtu=400))
        link.run(30.0)
        assert link.states == ("connected", "connected"), seed


@pytest.mark.parametrize("block", range(4))
def test_cookies_and_small_datagrams_at_30_percent_loss(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        config = Config(mtu=250, cookies=True)
        link = Link(seed, loss=0.3, jitter=0.2, config=config)
        link.run(30.0)
        assert link.states == ("connected", "connected"), seed


def test_a_clean_link_takes_two_round_trips_and_no_more_datagrams_than_flights() -> None:
    link = Link(1, delay=0.01)
    link.run(30.0)
    assert link.completed[Role.SERVER] == pytest.approx(0.03)
    assert link.completed[Role.CLIENT] == pytest.approx(0.04)
    assert link.sent == 4


def test_a_slow_link_costs_retransmissions_but_no_storm() -> None:
    """A round trip of 1.2 s: the timers of both sides fire in vain several times."""
    link = Link(1, delay=0.6)
    link.run(30.0)
    assert link.states == ("connected", "connected")
    assert link.completed[Role.CLIENT] < 2.5
    assert link.sent < 50


def test_after_a_handshake_the_link_is_silent() -> None:
    for seed in range(20):
        link = Link(seed, loss=0.3, doubled=0.2, jitter=0.1)
        link.run(31.0)
        sent = link.sent
        link.run(100.0)
        assert link.sent == sent
        assert all(peer.next_timeout() is None for peer in link.peers.values())


def test_a_dead_link_fails_after_two_minutes() -> None:
    link = Link(1, loss=1.0)
    link.run(119.99)
    assert link.states == ("connecting", "connecting")
    link.run(120.01)
    assert link.states == ("failed", "failed")


def test_data_over_a_bad_link_comes_once_and_unharmed() -> None:
    link = Link(5, loss=0.1, doubled=0.3, jitter=0.05)
    link.run(30.0)
    link.damaged = 0.2
    packets = [b"%04d" % i * 50 for i in range(1000)]
    for start in range(0, 1000, 50):
        link.peers[Role.CLIENT].send(packets[start : start + 50])
        link.run(link.now + 0.1)
    received = link.received[Role.SERVER]
    assert len(received) == len(set(received)) > 600
    assert set(received) <= set(packets)
    drops = link.peers[Role.SERVER].drops
    assert drops["bad record mac"] > 50
    assert drops["replayed record"] > 50


def test_the_same_seed_gives_the_same_story() -> None:
    one, other = (Link(9, loss=0.3, jitter=0.1) for _ in range(2))
    one.run(30.0)
    other.run(30.0)
    assert (one.sent, one.completed) == (other.sent, other.completed)
