"""What a visit measured."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RoundTrips", "Transfer"]


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """Round-trip times of small unreliable messages.

    :ivar times: seconds, sorted.
    :ivar lost: how many never came back.
    """

    times: tuple[float, ...]
    lost: int

    def percentile(self, percent: float) -> float:
        """The time in seconds within which that share came back; infinite if none did."""
        if not self.times:
            return float("inf")
        return self.times[min(len(self.times) - 1, int(len(self.times) * percent / 100))]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer, measured where it arrived.

    :ivar bytes: received.
    :ivar seconds: from the first message received to the last.
    :ivar verified: whether what was received hashes to what was sent.
    """

    bytes: int
    seconds: float
    verified: bool

    @property
    def megabits_per_second(self) -> float:
        """10⁶ bits a second; 0 if it was too short to time."""
        return self.bytes * 8e-6 / self.seconds if self.seconds > 0 else 0.0
