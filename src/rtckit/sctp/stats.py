"""What an association tells about itself."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Stats"]


@dataclass(frozen=True, slots=True)
class Stats:
    """A snapshot. Sizes are bytes, times are seconds.

    :ivar srtt: smoothed round-trip time, ``None`` before the first sample.
    :ivar receive_window: what we would advertise now.
    """

    congestion_window: int
    bytes_in_flight: int
    peer_receive_window: int
    receive_window: int
    srtt: float | None
    rto: float
    retransmissions: int
    loss_events: int
    messages_abandoned: int
    packets_sent: int
    packets_received: int
    bytes_sent: int
    bytes_received: int
