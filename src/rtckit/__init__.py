"""RTCKit: all of WebRTC for Python in one install.

The names of the W3C's WebRTC API, under asyncio or trio::

    from rtckit import RTCPeerConnection
"""

from __future__ import annotations

from rtckit.errors import (
    DOMException,
    InvalidAccessError,
    InvalidModificationError,
    InvalidStateError,
    NetworkError,
    NotFoundError,
    NotSupportedError,
    OperationError,
    RTCError,
)
from rtckit.ice import Credentials
from rtckit.peerconnection import (
    Event,
    MessageEvent,
    RTCCertificate,
    RTCConfiguration,
    RTCDataChannel,
    RTCDataChannelEvent,
    RTCDtlsFingerprint,
    RTCDtlsTransport,
    RTCErrorEvent,
    RTCIceCandidate,
    RTCIceCandidatePair,
    RTCIceParameters,
    RTCIceServer,
    RTCIceTransport,
    RTCPeerConnection,
    RTCPeerConnectionIceErrorEvent,
    RTCPeerConnectionIceEvent,
    RTCSctpTransport,
    RTCSessionDescription,
    RTCStatsReport,
    TransportOptions,
)
from rtckit.runtime import UdpEndpoint

__version__ = "0.1.0"

__all__ = [
    "Credentials",
    "DOMException",
    "Event",
    "InvalidAccessError",
    "InvalidModificationError",
    "InvalidStateError",
    "MessageEvent",
    "NetworkError",
    "NotFoundError",
    "NotSupportedError",
    "OperationError",
    "RTCCertificate",
    "RTCConfiguration",
    "RTCDataChannel",
    "RTCDataChannelEvent",
    "RTCDtlsFingerprint",
    "RTCDtlsTransport",
    "RTCError",
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
    "RTCStatsReport",
    "TransportOptions",
    "UdpEndpoint",
]
