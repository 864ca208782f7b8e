"""The retransmission timeout (RFC 9260 §6.3.1)."""

from __future__ import annotations

from typing import Final

__all__ = ["RetransmissionTimeout"]

_ALPHA: Final = 1 / 8
_BETA: Final = 1 / 4
#: The granularity below which the variance is not believed.
_GRANULARITY: Final = 0.001


class RetransmissionTimeout:
    """Smoothed round-trip time and the timeout that follows from it.

    :ivar srtt: smoothed round-trip time in seconds, ``None`` before the first sample.
    :ivar value: the timeout in seconds, backed off if timers expired.
    """

    __slots__ = ("_maximum", "_minimum", "_variance", "min_rtt", "srtt", "value")

    def __init__(self, initial: float, minimum: float, maximum: float) -> None:
        self._minimum = minimum
        self._maximum = maximum
        self._variance = 0.0
        self.srtt: float | None = None
        self.min_rtt: float | None = None
        self.value = initial

    def sample(self, rtt: float) -> None:
        """A round trip was measured on a chunk sent once (Karn's rule, RFC 9260 §6.3.1 C5)."""
        if self.srtt is None:
            self.srtt = self.min_rtt = rtt
            self._variance = rtt / 2
        else:
            self._variance += _BETA * (abs(self.srtt - rtt) - self._variance)
            self.srtt += _ALPHA * (rtt - self.srtt)
            if self.min_rtt is None or rtt < self.min_rtt:
                self.min_rtt = rtt
        timeout = self.srtt + max(4 * self._variance, _GRANULARITY)
        self.value = min(max(timeout, self._minimum), self._maximum)

    def back_off(self) -> None:
        """A timer expired (RFC 9260 §6.3.3 E2)."""
        self.value = min(self.value * 2, self._maximum)
