"""What a channel table tells its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from rtckit.datachannel.channel import Channel

__all__ = [
    "ChannelAnnounced",
    "ChannelClosed",
    "ChannelClosing",
    "ChannelEvent",
    "ChannelMessages",
    "ChannelOpened",
]


@dataclass(frozen=True, slots=True)
class ChannelAnnounced:
    """The peer opened a channel; it is open."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelOpened:
    """A channel of ours can be sent on."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelMessages:
    """Messages in order of arrival.

    :ivar messages: the channel and the text or bytes of each.
    """

    messages: list[tuple[Channel, str | bytes]]


@dataclass(frozen=True, slots=True)
class ChannelClosing:
    """The peer closed the channel; what we queued on it is still sent."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelClosed:
    """Both directions are closed, and the id is free again.

    :ivar error: what went wrong, or ``None`` after a regular close.
    """

    channel: Channel
    error: str | None


ChannelEvent: TypeAlias = (
    ChannelAnnounced | ChannelOpened | ChannelMessages | ChannelClosing | ChannelClosed
)
