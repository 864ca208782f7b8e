"""What a visitor can make the demo do, bounded."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what visitors may use; whoever passes one is told so and let go.

    :ivar visitors: how many may be there at once.
    :ivar signaling_messages: how many one visit may send over the WebSocket.
    :ivar channels: how many data channels one visit may open.
    :ivar setup_seconds: how long a visit may be without a connection, at first or later.
    :ivar idle_seconds: how long a connection may carry no message.
    :ivar transfer_bytes: the most that one requested transfer sends.
    :ivar transfer_seconds: the longest that one requested transfer sends.
    """

    visitors: int = 16
    signaling_messages: int = 2000
    channels: int = 8
    setup_seconds: float = 30.0
    idle_seconds: float = 300.0
    transfer_bytes: int = 1 << 30
    transfer_seconds: float = 60.0
