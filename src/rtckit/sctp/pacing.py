"""Spreads a window over its round trip: a token bucket."""

from __future__ import annotations

from typing import Final

__all__ = ["Pacer"]

#: Trains this long are sent at once: segmentation offload and the event loop want them.
_BURST_PACKETS: Final = 16
#: The bucket also holds what the rate sends in this time, for timers are no finer.
_BURST_TIME: Final = 0.004
#: Below this round-trip time a window is no burst worth spreading.
_SHORT_PATH: Final = 0.002


class Pacer:
    """Gives out bytes at a rate somewhat above window per round trip (RFC 9002 §7.7)."""

    __slots__ = ("_last", "_packet", "_rate", "_tokens")

    def __init__(self, packet_size: int) -> None:
        self._packet = packet_size
        self._rate = 0.0
        self._tokens = float(_BURST_PACKETS * packet_size)
        self._last = 0.0

    def allowance(self, now: float, window: int, srtt: float | None, slow_start: bool) -> float:
        """Bytes that may be sent now; infinite if the path needs no pacing."""
        if srtt is None or srtt < _SHORT_PATH:
            self._rate = 0.0
            return float("inf")
        # Slow start doubles the window in a round trip, so it has to send at twice the rate.
        self._rate = rate = window / srtt * (2.0 if slow_start else 1.25)
        capacity = max(_BURST_PACKETS * self._packet, rate * _BURST_TIME)
        self._tokens = min(capacity, self._tokens + (now - self._last) * rate)
        self._last = now
        return self._tokens

    def spend(self, size: int) -> None:
        """``size`` bytes were sent."""
        self._tokens -= size

    def resume_at(self, now: float) -> float:
        """When a train, or half of one, may be sent again."""
        if not self._rate:
            return now
        wanted = max(self._packet * _BURST_PACKETS / 2, self._rate * _BURST_TIME / 4)
        return now + max(wanted - self._tokens, self._packet) / self._rate
