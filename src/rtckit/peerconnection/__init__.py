"""The W3C objects: RTCPeerConnection and what it hands out, under asyncio or trio."""

from __future__ import annotations

from .certificate import RTCCertificate, RTCDtlsFingerprint
from .configuration import RTCConfiguration, TransportOptions
from .data_channel import RTCDataChannel
from .event_target import EventTarget
from .events import (
    Event,
    MessageEvent,
    RTCDataChannelEvent,
    RTCErrorEvent,
    RTCPeerConnectionIceErrorEvent,
    RTCPeerConnectionIceEvent,
)
from .ice_candidate import RTCIceCandidate
from .ice_server import RTCIceServer
from .peer_connection import RTCPeerConnection
from .session_description import RTCSessionDescription
from .stats import RTCStats, RTCStatsReport
from .transports import (
    RTCDtlsTransport,
    RTCIceCandidatePair,
    RTCIceParameters,
    RTCIceTransport,
    RTCSctpTransport,
)

__all__ = [
    "Event",
    "EventTarget",
    "MessageEvent",
    "RTCCertificate",
    "RTCConfiguration",
    "RTCDataChannel",
    "RTCDataChannelEvent",
    "RTCDtlsFingerprint",
    "RTCDtlsTransport",
    "RTCErrorEvent",
    "RTCIceCandidate",
    "RTCIceCandidatePair",
    "RTCIceParameters",
    "RTCIceServer",
    "RTCIceTransport",
    "RTCPeerConnection",
    "RTCPeerConnectionIceErrorEvent",
    "RTCPeerConnectionIceEvent",
    "RTCSctpTransport",
    "RTCSessionDescription",
    "RTCStats",
    "RTCStatsReport",
    "TransportOptions",
]
