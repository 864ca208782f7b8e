"""What a simulated path does to datagrams."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Conditions"]


@dataclass(frozen=True, slots=True)
class Conditions:
    """One direction of a path.

    :ivar delay: one-way delay in seconds.
    :ivar jitter: up to so many seconds more, drawn evenly; order is kept.
    :ivar loss: share of datagrams lost, 0 to 1.
    :ivar reorder: share of datagrams that are held back by ``reorder_delay`` seconds more, so
        that later ones overtake them.
    :ivar reorder_delay: see ``reorder``.
    :ivar duplicate: share of datagrams that arrive twice.
    :ivar corrupt: share of datagrams in which one random byte is changed.
    :ivar rate: bytes per second of the bottleneck, or ``None`` for no limit.
    :ivar queue: bytes that the bottleneck's drop-tail queue holds.
    :ivar mtu: datagrams of more bytes than this vanish; ``None`` for no limit.
    """

    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0
    reorder_delay: float = 0.005
    duplicate: float = 0.0
    corrupt: float = 0.0
    rate: float | None = None
    queue: int = 256 * 1024
    mtu: int | None = None
