"""Which library is under test."""

from __future__ import annotations

import os

__all__ = ["LIBRARY"]

#: RTCKit. With ``RTCKIT_NEAR=aiortc`` aiortc takes its place: whether a failure is ours or the
#: remote peer's is then soon known.
LIBRARY = os.environ.get("RTCKIT_NEAR", "rtckit")
