"""A simulated network of hosts: one :class:`Link` for each ordered pair of host addresses."""

from __future__ import annotations

import random
from collections import Counter

from rtckit.seam import Address

from .conditions import Conditions
from .link import Link

__all__ = ["Network"]

Datagram = tuple[bytes, Address, Address]


class Network:
    """Routes datagrams between IP addresses under per-path :class:`Conditions`.

    >>> network = Network(seed=7, conditions=Conditions(delay=0.05, loss=0.1))
    >>> network.set_conditions("10.0.0.1", "10.0.0.2", Conditions(loss=1.0))  # one way only
    """

    def __init__(self, seed: int | str = 0, conditions: Conditions | None = None) -> None:
        self.seed = seed
        self._rng = random.Random(f"network {seed}")
        self._default = conditions or Conditions()
        self._conditions: dict[tuple[str, str], Conditions] = {}
        self._links: dict[tuple[str, str], Link[tuple[Address, Address]]] = {}

    @property
    def counters(self) -> Counter[str]:
        """The counters of all links, added up."""
        total: Counter[str] = Counter()
        for link in self._links.values():
            total.update(link.counters)
        return total

    def set_conditions(self, source: str, destination: str, conditions: Conditions) -> None:
        """Change what happens from one host address to another from now on."""
        self._conditions[source, destination] = conditions
        if link := self._links.get((source, destination)):
            link.conditions = conditions

    def set_all(self, conditions: Conditions) -> None:
        """Change what happens on every path from now on."""
        self._default = conditions
        self._conditions.clear()
        for link in self._links.values():
            link.conditions = conditions

    def send(self, datagram: bytes, source: Address, destination: Address, now: float) -> None:
        """Put a datagram on the way."""
        key = (source[0], destination[0])
        link = self._links.get(key)
        if link is None:
            conditions = self._conditions.get(key, self._default)
            link = self._links[key] = Link(conditions, self._rng)
        link.send(datagram, (source, destination), now)

    def next_arrival(self) -> float | None:
        """When the next datagram arrives anywhere, or ``None``."""
        arrivals = [when for link in self._links.values() if (when := link.next_arrival())]
        return min(arrivals, default=None)

    def receive(self, now: float) -> list[Datagram]:
        """What has arrived by ``now``: (datagram, source, destination)."""
        arrived: list[Datagram] = []
        for link in self._links.values():
            for datagram, (source, destination) in link.receive(now):
                arrived.append((datagram, source, destination))
        return arrived
