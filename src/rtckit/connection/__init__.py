"""The whole peer connection, still without a socket: what the W3C objects stand on."""

from __future__ import annotations

from .connection import Connection
from .events import (
    ChannelAnnounced,
    ChannelClosed,
    ChannelClosing,
    ChannelOpened,
    ChannelTransmitted,
    ConnectionEvent,
    ConnectionStateChanged,
    DtlsStateChanged,
    IceConnectionStateChanged,
    IceGatheringStateChanged,
    LocalCandidate,
    Message,
    MessagesReceived,
    NameToResolve,
    SctpStateChanged,
    SelectedPairChanged,
)
from .settings import Settings

__all__ = [
    "ChannelAnnounced",
    "ChannelClosed",
    "ChannelClosing",
    "ChannelOpened",
    "ChannelTransmitted",
    "Connection",
    "ConnectionEvent",
    "ConnectionStateChanged",
    "DtlsStateChanged",
    "IceConnectionStateChanged",
    "IceGatheringStateChanged",
    "LocalCandidate",
    "Message",
    "MessagesReceived",
    "NameToResolve",
    "SctpStateChanged",
    "SelectedPairChanged",
    "Settings",
]
