"""RTCKit: all of WebRTC for Python in one install.

The names of the W3C's WebRTC API, under asyncio or trio::

    from rtckit import RTCPeerConnection

Each name is imported when it is first used, so that a room of the lower floors (``rtckit.sctp``,
``rtckit.connection`` ...) can be had without the floors above it: no socket, no clock, no loop.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtckit.errors import (
        DataError,
        DOMException,
        InvalidAccessError,
        InvalidModificationError,
        InvalidStateError,
        NetworkError,
        NotAllowedError,
        NotFoundError,
        NotReadableError,
        NotSupportedError,
        OperationError,
        RTCError,
        SDPSyntaxError,
        SyntaxDOMException,
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
    "DataError",
    "Event",
    "InvalidAccessError",
    "InvalidModificationError",
    "InvalidStateError",
    "MessageEvent",
    "NetworkError",
    "NotAllowedError",
    "NotFoundError",
    "NotReadableError",
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
    "SDPSyntaxError",
    "SyntaxDOMException",
    "TransportOptions",
    "UdpEndpoint",
]

_HOMES = {
    "DataError": "rtckit.errors",
    "NotAllowedError": "rtckit.errors",
    "NotReadableError": "rtckit.errors",
    "SDPSyntaxError": "rtckit.errors",
    "SyntaxDOMException": "rtckit.errors",
    "DOMException": "rtckit.errors",
    "InvalidAccessError": "rtckit.errors",
    "InvalidModificationError": "rtckit.errors",
    "InvalidStateError": "rtckit.errors",
    "NetworkError": "rtckit.errors",
    "NotFoundError": "rtckit.errors",
    "NotSupportedError": "rtckit.errors",
    "OperationError": "rtckit.errors",
    "RTCError": "rtckit.errors",
    "Credentials": "rtckit.ice",
    "Event": "rtckit.peerconnection",
    "MessageEvent": "rtckit.peerconnection",
    "RTCCertificate": "rtckit.peerconnection",
    "RTCConfiguration": "rtckit.peerconnection",
    "RTCDataChannel": "rtckit.peerconnection",
    "RTCDataChannelEvent": "rtckit.peerconnection",
    "RTCDtlsFingerprint": "rtckit.peerconnection",
    "RTCDtlsTransport": "rtckit.peerconnection",
    "RTCErrorEvent": "rtckit.peerconnection",
    "RTCIceCandidate": "rtckit.peerconnection",
    "RTCIceCandidatePair": "rtckit.peerconnection",
    "RTCIceParameters": "rtckit.peerconnection",
    "RTCIceServer": "rtckit.peerconnection",
    "RTCIceTransport": "rtckit.peerconnection",
    "RTCPeerConnection": "rtckit.peerconnection",
    "RTCPeerConnectionIceErrorEvent": "rtckit.peerconnection",
    "RTCPeerConnectionIceEvent": "rtckit.peerconnection",
    "RTCSctpTransport": "rtckit.peerconnection",
    "RTCSessionDescription": "rtckit.peerconnection",
    "RTCStatsReport": "rtckit.peerconnection",
    "TransportOptions": "rtckit.peerconnection",
    "UdpEndpoint": "rtckit.runtime",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value: object = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
