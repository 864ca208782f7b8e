"""One direction of a simulated path, itself a small sans-IO machine."""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from typing import Generic, TypeVar

from .conditions import Conditions

__all__ = ["Link"]

T = TypeVar("T")


class Link(Generic[T]):
    """Carries datagrams one way under :class:`Conditions`; ``T`` is what travels with each.

    :ivar counters: ``sent``, ``delivered``, ``lost``, ``queue-full``, ``oversize``,
        ``duplicated``, ``corrupted``, ``reordered``.
    """

    def __init__(self, conditions: Conditions, rng: random.Random) -> None:
        self.conditions = conditions
        self.counters: Counter[str] = Counter()
        self._rng = rng
        self._flying: list[tuple[float, int, bytes, T]] = []
        self._serial = 0
        self._last_arrival = 0.0
        self._departures: deque[tuple[float, int]] = deque()
        self._queued = 0
        self._busy_until = 0.0

    def send(self, datagram: bytes, tag: T, now: float) -> None:
        """Put a datagram on the path."""
        conditions = self.conditions
        rng = self._rng
        self.counters["sent"] += 1
        if conditions.mtu is not None and len(datagram) > conditions.mtu:
            self.counters["oversize"] += 1
            return
        departure = self._depart(len(datagram), now)
        if departure is None:
            self.counters["queue-full"] += 1
            return
        if rng.random() < conditions.loss:
            self.counters["lost"] += 1
            return
        if datagram and rng.random() < conditions.corrupt:
            self.counters["corrupted"] += 1
            position = rng.randrange(len(datagram))
            changed = bytearray(datagram)
            changed[position] ^= rng.randrange(1, 256)
            datagram = bytes(changed)
        arrival = departure + conditions.delay + rng.random() * conditions.jitter
        if rng.random() < conditions.reorder:
            self.counters["reordered"] += 1
            self._push(arrival + conditions.reorder_delay, datagram, tag)
        else:
            arrival = max(arrival, self._last_arrival)
            self._last_arrival = arrival
            self._push(arrival, datagram, tag)
        if rng.random() < conditions.duplicate:
            self.counters["duplicated"] += 1
            self._push(arrival + rng.random() * conditions.reorder_delay, datagram, tag)

    def next_arrival(self) -> float | None:
        """When the next datagram arrives, or ``None``."""
        return self._flying[0][0] if self._flying else None

    def receive(self, now: float) -> list[tuple[bytes, T]]:
        """The datagrams that have arrived by ``now``, in order of arrival."""
        arrived: list[tuple[bytes, T]] = []
        while self._flying and self._flying[0][0] <= now:
            _, _, datagram, tag = heapq.heappop(self._flying)
            arrived.append((datagram, tag))
        self.counters["delivered"] += len(arrived)
        return arrived

    def _push(self, arrival: float, datagram: bytes, tag: T) -> None:
        self._serial += 1
        heapq.heappush(self._flying, (arrival, self._serial, datagram, tag))

    def _depart(self, size: int, now: float) -> float | None:
        """When the bottleneck has sent it, or ``None`` if its queue is full."""
        rate = self.conditions.rate
        if rate is None:
            return now
        while self._departures and self._departures[0][0] <= now:
            self._queued -= self._departures.popleft()[1]
        if self._queued + size > self.conditions.queue:
            return None
        self._busy_until = max(self._busy_until, now) + size / rate
        self._departures.append((self._busy_until, size))
        self._queued += size
        return self._busy_until
