"""The small-device API: WebRTC for scripts without an event loop.

Two modules with the names that such scripts import, :mod:`~rtckit.device.webrtc` (``Peer`` and the
``STATE_`` numbers) and :mod:`~rtckit.device.httpserver` (signaling and pages), and a runner for
scripts that say ``import webrtc, httpserver``: ``python -m rtckit.device script.py``.
"""

from __future__ import annotations

from rtckit.device import httpserver, webrtc
from rtckit.device.engine import OfferNotReady
from rtckit.device.limits import Limits
from rtckit.device.peer import Peer

__all__ = ["Limits", "OfferNotReady", "Peer", "httpserver", "webrtc"]
