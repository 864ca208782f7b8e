"""The ``webrtc`` module of small devices: ``import webrtc`` in a script run by
``python -m rtckit.device``, or ``from rtckit.device import webrtc``.

Example::

    peer = webrtc.Peer(role="controlling")
    peer.on_offer(publish)          # hand the SDP to the browser, somehow
    peer.on_data(lambda data: peer.send(b"echo: " + data))
    peer.create_offer()
    ...
    peer.set_remote_sdp(answer)     # what the browser made of it
"""

from __future__ import annotations

from rtckit.device.engine import OfferNotReady
from rtckit.device.peer import Peer, pre_generate_cert
from rtckit.device.states import (
    STATE_CLOSED,
    STATE_CONNECT_FAILED,
    STATE_CONNECTED,
    STATE_CONNECTING,
    STATE_DATA_CHANNEL_CLOSED,
    STATE_DATA_CHANNEL_CONNECTED,
    STATE_DATA_CHANNEL_DISCONNECTED,
    STATE_DATA_CHANNEL_OPENED,
    STATE_DISCONNECTED,
    STATE_NEW_CONNECTION,
    STATE_NONE,
    STATE_PAIRED,
    STATE_PAIRING,
)

__all__ = [
    "STATE_CLOSED",
    "STATE_CONNECTED",
    "STATE_CONNECTING",
    "STATE_CONNECT_FAILED",
    "STATE_DATA_CHANNEL_CLOSED",
    "STATE_DATA_CHANNEL_CONNECTED",
    "STATE_DATA_CHANNEL_DISCONNECTED",
    "STATE_DATA_CHANNEL_OPENED",
    "STATE_DISCONNECTED",
    "STATE_NEW_CONNECTION",
    "STATE_NONE",
    "STATE_PAIRED",
    "STATE_PAIRING",
    "OfferNotReady",
    "Peer",
    "pre_generate_cert",
]
