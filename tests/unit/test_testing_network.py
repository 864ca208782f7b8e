"""The simulated network does what its conditions say, and the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from rtckit.seam import Address, Timers, Train
from rtckit.testing import Conditions, Link, Network, Simulation, SimulationTimeout

A: Address = ("10.0.0.1", 1)
B: Address = ("10.0.0.2", 2)


def carry(conditions: Conditions, count: int, seed: int = 1, gap: float = 0.001) -> list[int]:
    link: Link[int] = Link(conditions, random.Random(seed))
    for number in range(count):
        link.send(number.to_bytes(4, "big") + bytes(96), number, number * gap)
    return [tag for _, tag in link.receive(1e9)]


def test_a_clean_link_delivers_in_order() -> None:
    assert carry(Conditions(delay=0.05, jitter=0.02), 100) == list(range(100))


def test_the_same_seed_gives_the_same_run() -> None:
    rough = Conditions(delay=0.01, loss=0.2, reorder=0.1, duplicate=0.1)
    assert carry(rough, 500, seed=3) == carry(rough, 500, seed=3)
    assert carry(rough, 500, seed=3) != carry(rough, 500, seed=4)


def test_loss_reordering_and_duplication_happen_at_about_their_rates() -> None:
    assert 700 < len(carry(Conditions(loss=0.2), 1000)) < 900
    reordered = carry(Conditions(reorder=0.2), 1000)
    assert sorted(reordered) == list(range(1000)) != reordered
    assert 1050 < len(carry(Conditions(duplicate=0.1), 1000)) < 1150


def test_corruption_changes_one_byte() -> None:
    link: Link[None] = Link(Conditions(corrupt=1.0), random.Random(1))
    link.send(bytes(100), None, 0.0)
    [(datagram, _)] = link.receive(1.0)
    assert sum(byte != 0 for byte in datagram) == 1


def test_the_rate_spaces_datagrams_and_the_queue_drops_the_tail() -> None:
    link: Link[int] = Link(Conditions(rate=1000.0, queue=500), random.Random(1))
    for number in range(10):
        link.send(bytes(100), number, 0.0)
    assert link.counters["queue-full"] == 5
    assert link.receive(0.15) == [(bytes(100), 0)]
    assert [tag for _, tag in link.receive(0.5)] == [1, 2, 3, 4]


class Echo:
    """Sends a number of pings, answers those of others."""

    def __init__(self, address: Address, peer: Address, pings: int) -> None:
        self.address, self.peer = address, peer
        self.outbox: list[bytes] = []
        self.pongs: list[float] = []
        self.timers = Timers()
        self.pings = pings
        if pings:
            self.timers.set("ping", 0.0)

    def receive(self, datagrams: list[tuple[bytes, Address, Address]], now: float) -> None:
        for datagram, _, _ in datagrams:
            if datagram == b"ping":
                self.outbox.append(b"pong")
            else:
                self.pongs.append(now)

    def transmit(self, now: float) -> Iterable[tuple[bytes, Address, Address]]:
        outbox, self.outbox = self.outbox, []
        return [(datagram, self.address, self.peer) for datagram in outbox]

    def next_timeout(self) -> float | None:
        return self.timers.next()

    def handle_timeout(self, now: float) -> None:
        for _ in self.timers.expire(now):
            self.outbox.append(b"ping")
            self.pings -= 1
            if self.pings:
                self.timers.set("ping", now + 1.0)


def test_a_simulation_moves_virtual_time_and_names_the_seed_that_fails() -> None:
    simulation = Simulation(Network(seed=42, conditions=Conditions(delay=0.1)), now=0.0)
    one, two = Echo(A, B, 3), Echo(B, A, 0)
    simulation.attach(one, A[0])
    simulation.attach(two, B[0])
    took = simulation.run_until(lambda: len(one.pongs) == 3)
    assert took == pytest.approx(2.2)
    with pytest.raises(SimulationTimeout, match="seed 42"):
        simulation.run_until(lambda: len(one.pongs) == 4, limit=10)


def test_trains_join_equal_datagrams_and_split_back() -> None:
    datagrams = [bytes([n]) * 10 for n in range(5)] + [b"short", b"longer datagram", b"x" * 15]
    trains = Train.join(datagrams)
    assert [len(train) for train in trains] == [6, 2]
    assert [datagram for train in trains for datagram in train] == datagrams


def test_timers_name_what_is_due_in_order() -> None:
    timers = Timers()
    timers.set("late", 3.0)
    timers.set("early", 1.0)
    timers.set_earlier("late", 2.0)
    timers.set_earlier("late", 9.0)
    assert timers.next() == 1.0
    assert timers.expire(2.5) == ["early", "late"]
    assert timers.next() is None
