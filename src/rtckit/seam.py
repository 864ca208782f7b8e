"""The words every sans-IO machine shares: trains, transmits, timers, parse errors.

Every protocol machine in RTCKit has the same five doors::

    receive(train | packets, ..., now)   bytes in
    poll_transmit(now)                   bytes out: the next train, or None
    next_timeout()                       when to call again, or None
    handle_timeout(now)                  it is that time
    next_event()                         what the owner should know, or None

``now`` is monotonic seconds as a float, always handed in. So is randomness, as an
:data:`Entropy`. One mutation, then drain: after every call that changes a machine its owner
polls transmits and events until both say ``None``.

This module is the basement under the ground floor: it holds vocabulary and no protocol, and
imports nothing of RTCKit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Address", "Entropy", "ParseError", "Timers", "Train", "Transmit"]

#: An IP address in text and a port, e.g. ``("192.0.2.1", 5000)`` or ``("fe80::1%eth0", 5000)``.
Address: TypeAlias = tuple[str, int]

#: Gives that many random bytes; ``os.urandom`` in production, a seeded generator in tests.
Entropy: TypeAlias = Callable[[int], bytes]


class ParseError(ValueError):
    """The one way in which a parser fails: what was wrong, and at which byte (or line)."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(f"{reason} (at {offset})")
        self.reason = reason
        self.offset = offset


class Train:
    """Datagrams to or from one address, back to back in one buffer.

    Every datagram is ``segment`` bytes long but the last, which may be shorter: the shape that
    UDP segmentation offload takes and gives, so that a train needs no copy between the kernel
    and the cipher. A single datagram is a train of one.
    """

    __slots__ = ("data", "segment")

    def __init__(self, data: bytes, segment: int = 0) -> None:
        self.data = data
        self.segment = segment or len(data) or 1

    @classmethod
    def join(cls, datagrams: Sequence[bytes]) -> list[Train]:
        """The fewest trains that carry ``datagrams`` in order."""
        trains: list[Train] = []
        start = 0
        count = len(datagrams)
        while start < count:
            segment = len(datagrams[start])
            end = start + 1
            while end < count and len(datagrams[end]) == segment:
                end += 1
            if end < count and 0 < len(datagrams[end]) < segment:
                end += 1
            data = datagrams[start] if end - start == 1 else b"".join(datagrams[start:end])
            trains.append(cls(data, segment))
            start = end
        return trains

    def __iter__(self) -> Iterator[bytes]:
        data = self.data
        segment = self.segment
        if len(data) <= segment:
            yield data
            return
        for offset in range(0, len(data), segment):
            yield data[offset : offset + segment]

    def __len__(self) -> int:
        """How many datagrams the train has."""
        return max(1, -(-len(self.data) // self.segment))

    def __repr__(self) -> str:
        return f"Train({len(self)} datagrams, {len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class Transmit:
    """A train that the owner must send.

    :ivar train: the datagrams.
    :ivar source: the local address (a candidate's base) to send from.
    :ivar destination: the remote address to send to.
    """

    train: Train
    source: Address
    destination: Address


class Timers:
    """A small table of named deadlines."""

    __slots__ = ("_deadlines",)

    def __init__(self) -> None:
        self._deadlines: dict[str, float] = {}

    def set(self, name: str, deadline: float) -> None:
        """Arm the timer, or move it."""
        self._deadlines[name] = deadline

    def set_earlier(self, name: str, deadline: float) -> None:
        """Arm the timer, or move it forward; never put it off."""
        current = self._deadlines.get(name)
        if current is None or deadline < current:
            self._deadlines[name] = deadline

    def stop(self, name: str) -> None:
        """Disarm the timer if it is armed."""
        self._deadlines.pop(name, None)

    def clear(self) -> None:
        """Disarm every timer."""
        self._deadlines.clear()

    def get(self, name: str) -> float | None:
        """When the timer expires, or ``None`` if it is not armed."""
        return self._deadlines.get(name)

    def next(self) -> float | None:
        """The earliest deadline, or ``None``."""
        return min(self._deadlines.values()) if self._deadlines else None

    def expire(self, now: float) -> list[str]:
        """Disarm and name the timers whose time has come, earliest first."""
        due = [(when, name) for name, when in self._deadlines.items() if when <= now]
        due.sort()
        for _, name in due:
            del self._deadlines[name]
        return [name for _, name in due]
