"""Virtual time: hosts, a network, and the loop that moves both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from .network import Datagram, Network

__all__ = ["Host", "Simulation", "SimulationTimeout"]


class SimulationTimeout(AssertionError):
    """The condition did not come true in the virtual time allowed."""


class Host(Protocol):
    """What a simulation drives; wrap any machine with the five doors in one."""

    def receive(self, datagrams: list[Datagram], now: float) -> None:
        """Datagrams have arrived: (datagram, source, destination)."""

    def transmit(self, now: float) -> Iterable[Datagram]:
        """All that the host wants to send now: (datagram, source, destination)."""

    def next_timeout(self) -> float | None:
        """When the host wants to be called again."""

    def handle_timeout(self, now: float) -> None:
        """It is that time."""


class Simulation:
    """Runs hosts over a network in virtual time.

    :ivar now: the virtual time in seconds.
    """

    #: Rounds without time moving after which a host is said to spin.
    SPIN_LIMIT = 100_000

    def __init__(self, network: Network, now: float = 1000.0) -> None:
        self.network = network
        self.now = now
        self._hosts: dict[str, Host] = {}
        self._unique: list[Host] = []

    def attach(self, host: Host, *addresses: str) -> None:
        """Give a host its IP addresses."""
        for address in addresses:
            self._hosts[address] = host
        if not any(host is other for other in self._unique):
            self._unique.append(host)

    def detach(self, *addresses: str) -> None:
        """Take addresses away; what is on its way to them is lost."""
        for address in addresses:
            self._hosts.pop(address, None)
        attached = list(self._hosts.values())
        self._unique = [host for host in self._unique if any(host is a for a in attached)]

    def run_until(self, condition: Callable[[], bool], limit: float = 60.0) -> float:
        """Run until ``condition()``; returns the virtual seconds it took.

        :raises SimulationTimeout: it did not come true within ``limit`` virtual seconds.
        """
        start = self.now
        spins = 0
        while not condition():
            before = self.now
            if not self._step(start + limit):
                raise SimulationTimeout(
                    f"seed {self.network.seed!r}: not reached within {limit} virtual seconds; "
                    f"network: {dict(self.network.counters)}"
                )
            spins = spins + 1 if self.now == before else 0
            assert spins < self.SPIN_LIMIT, f"a host spins at {self.now}"
        return self.now - start

    def run_for(self, duration: float) -> None:
        """Run for so many virtual seconds."""
        end = self.now + duration
        spins = 0
        while True:
            before = self.now
            if not self._step(end):
                break
            spins = spins + 1 if self.now == before else 0
            assert spins < self.SPIN_LIMIT, f"a host spins at {self.now}"
        self.now = end

    def _step(self, end: float) -> bool:
        """One round; false if nothing is due before ``end``."""
        self._flush()
        due = [self.network.next_arrival(), *(host.next_timeout() for host in self._unique)]
        upcoming = min((when for when in due if when is not None), default=None)
        if upcoming is None or upcoming > end:
            return False
        self.now = max(self.now, upcoming)
        arrived: dict[int, tuple[Host, list[Datagram]]] = {}
        for datagram in self.network.receive(self.now):
            host = self._hosts.get(datagram[2][0])
            if host is not None:
                arrived.setdefault(id(host), (host, []))[1].append(datagram)
        for host, datagrams in arrived.values():
            host.receive(datagrams, self.now)
        for host in self._unique:
            deadline = host.next_timeout()
            if deadline is not None and deadline <= self.now:
                host.handle_timeout(self.now)
        self._flush()
        return True

    def _flush(self) -> None:
        for host in self._unique:
            for datagram, source, destination in host.transmit(self.now):
                self.network.send(datagram, source, destination, self.now)
