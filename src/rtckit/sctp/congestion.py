"""Congestion control behind one small interface, and NewReno (RFC 9260 §7.2)."""

from __future__ import annotations

from typing import Final, Protocol

__all__ = ["CongestionController", "NewReno"]


class CongestionController(Protocol):
    """How much may be in flight. Sizes are bytes of DATA chunks, headers included."""

    @property
    def window(self) -> int:
        """The congestion window."""

    @property
    def in_slow_start(self) -> bool:
        """Whether the window is still being probed for."""

    def on_acknowledged(self, size: int, in_flight: int, rtt: float | None, now: float) -> None:
        """``size`` bytes left the network; ``in_flight`` were out before. ``rtt`` is a new
        sample, if the acknowledgement gave one."""

    def on_loss(self, now: float) -> None:
        """Packets were lost, for the first time since the last response took effect."""

    def on_timeout(self, now: float) -> None:
        """T3 expired: all that was in flight is taken for lost."""

    def on_idle(self, now: float) -> None:
        """Nothing was sent for a retransmission timeout."""


_INITIAL_PACKETS: Final = 10
_MINIMUM_PACKETS: Final = 4
#: Delay-based exit from slow start: this many samples of a round are compared with the best of
#: the round before (RFC 9406 §4.2).
_HYSTART_SAMPLES: Final = 8
_HYSTART_MIN: Final = 0.004
_HYSTART_MAX: Final = 0.016


class NewReno:
    """Slow start by bytes acknowledged, additive increase, halving on loss.

    RFC 9260 §7.2.1 lets a SACK grow the window by one packet at most. Here one SACK answers a
    whole train, so growth counts bytes (appropriate byte counting, RFC 3465, without its limit L,
    as QUIC does, RFC 9002 §7.3.1), and the pacer keeps the bursts apart. Slow start ends early
    when the round-trip time grows by an eighth (RFC 9406), before the queue overflows.
    """

    __slots__ = (
        "_acknowledged",
        "_best_last",
        "_best_now",
        "_packet",
        "_round_end",
        "_samples",
        "_threshold",
        "_window",
    )

    def __init__(self, packet_size: int) -> None:
        self._packet = packet_size
        # RFC 6928 by way of RFC 8261: ten packets.
        self._window = _INITIAL_PACKETS * packet_size
        self._threshold: float = float("inf")
        self._acknowledged = 0
        self._samples = 0
        self._best_last: float | None = None
        self._best_now: float | None = None
        self._round_end = 0.0

    @property
    def window(self) -> int:
        return self._window

    @property
    def in_slow_start(self) -> bool:
        return self._window < self._threshold

    def on_acknowledged(self, size: int, in_flight: int, rtt: float | None, now: float) -> None:
        slow_start = self._window < self._threshold
        if slow_start and rtt is not None:
            self._watch_delay(rtt, now)
        # RFC 9260 §7.2.1, §7.2.2: the window grows only while it is what limits the sender.
        if in_flight + self._packet * 2 < (self._window // 2 if slow_start else self._window):
            return
        if slow_start:
            self._window += size
            if self._window > self._threshold:
                self._window = int(self._threshold)
            return
        self._acknowledged += size
        if self._acknowledged >= self._window:
            self._acknowledged -= self._window
            self._window += self._packet

    def _watch_delay(self, rtt: float, now: float) -> None:
        best = self._best_now
        self._best_now = rtt if best is None or rtt < best else best
        self._samples += 1
        if (
            self._best_last is not None
            and self._samples >= _HYSTART_SAMPLES
            and self._window > 4 * _INITIAL_PACKETS * self._packet
        ):
            allowance = min(max(self._best_last / 8, _HYSTART_MIN), _HYSTART_MAX)
            if self._best_now >= self._best_last + allowance:
                self._threshold = self._window
        if now >= self._round_end:
            self._best_last = self._best_now
            self._best_now = None
            self._samples = 0
            self._round_end = now + rtt

    def on_loss(self, now: float) -> None:
        # RFC 9260 §7.2.3.
        self._threshold = max(self._window // 2, _MINIMUM_PACKETS * self._packet)
        self._window = int(self._threshold)
        self._acknowledged = 0

    def on_timeout(self, now: float) -> None:
        # RFC 9260 §7.2.3.
        self._threshold = max(self._window // 2, _MINIMUM_PACKETS * self._packet)
        self._window = self._packet
        self._acknowledged = 0

    def on_idle(self, now: float) -> None:
        # RFC 9260 §7.2.1: an idle path has forgotten the window; the threshold remembers it.
        initial = _INITIAL_PACKETS * self._packet
        if self._window > initial:
            self._threshold = max(
                self._threshold if self._threshold != float("inf") else 0, self._window * 3 // 4
            )
            self._window = initial
