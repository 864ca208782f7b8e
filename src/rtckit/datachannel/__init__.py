"""Data channels (RFC 8831) and their establishment protocol (RFC 8832), without SCTP.

:class:`ChannelTable` turns channels into messages on numbered streams and back;
:class:`Channel` is one of them; :class:`Open` is what its opener says of it.
"""

from __future__ import annotations

from rtckit.datachannel.channel import Channel, ChannelState, Outgoing
from rtckit.datachannel.dcep import ACK, Open, parse_dcep
from rtckit.datachannel.events import (
    ChannelAnnounced,
    ChannelClosed,
    ChannelClosing,
    ChannelEvent,
    ChannelMessages,
    ChannelOpened,
)
from rtckit.datachannel.ppid import Ppid
from rtckit.datachannel.table import ChannelLimits, ChannelTable

__all__ = [
    "ACK",
    "Channel",
    "ChannelAnnounced",
    "ChannelClosed",
    "ChannelClosing",
    "ChannelEvent",
    "ChannelLimits",
    "ChannelMessages",
    "ChannelOpened",
    "ChannelState",
    "ChannelTable",
    "Open",
    "Outgoing",
    "Ppid",
    "parse_dcep",
]
