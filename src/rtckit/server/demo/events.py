"""What the demo tells whoever runs it: who comes, connects and goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Arrived", "Connected", "Event", "Left"]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A WebSocket was opened.

    :ivar number: counts the visits from 1.
    :ivar address: where from.
    :ivar agent: with what, e.g. ``"Firefox 153"``; empty if it does not say.
    """

    number: int
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The peer connection of a visit stands (again).

    :ivar number: the visit.
    :ivar seconds: how long that took since the first description.
    :ivar pair: the selected candidate pair in one line; empty if not known.
    """

    number: int
    seconds: float
    pair: str


@dataclass(frozen=True, slots=True)
class Left:
    """A visit ended.

    :ivar number: the visit.
    :ivar seconds: how long it lasted.
    :ivar sent: bytes of messages that the server sent.
    :ivar received: bytes of messages that the server received.
    :ivar reason: why, in plain words.
    """

    number: int
    seconds: float
    sent: int
    received: int
    reason: str


Event: TypeAlias = Arrived | Connected | Left
