"""The demo's name and its channels, the same for both ends."""

from __future__ import annotations

from rtckit import RTCDataChannel, RTCPeerConnection

__all__ = ["LABELS", "PROTOCOL", "SERVICE", "open_channels"]

#: What the server calls itself in its ``hello``.
SERVICE = "rtckit-demo"

#: The version of what is spoken over the channels.
PROTOCOL = 1

#: The channels; whoever makes the first offer opens them.
LABELS = ("echo", "rtt", "bulk")


def open_channels(connection: RTCPeerConnection) -> dict[str, RTCDataChannel]:
    """Open the channels of the demo from this side."""
    return {
        "echo": connection.createDataChannel("echo"),
        "rtt": connection.createDataChannel("rtt", ordered=False, maxRetransmits=0),
        "bulk": connection.createDataChannel("bulk"),
    }
