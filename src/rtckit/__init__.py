"""RTCKit: all of WebRTC for Python in one install."""

__version__ = "0.1.0"
