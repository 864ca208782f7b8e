"""The events of the W3C objects (DOM §2.2, WebRTC 1.0 §4.8, §5.7, §6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtckit.errors import DOMException

    from .data_channel import RTCDataChannel
    from .event_target import EventTarget
    from .ice_candidate import RTCIceCandidate

__all__ = [
    "Event",
    "MessageEvent",
    "RTCDataChannelEvent",
    "RTCErrorEvent",
    "RTCPeerConnectionIceErrorEvent",
    "RTCPeerConnectionIceEvent",
]


class Event:
    """Something happened: ``type`` says what, ``target`` to whom."""

    __slots__ = ("target", "type")

    def __init__(self, type: str) -> None:
        self.type = type
        self.target: EventTarget | None = None

    @property
    def arguments(self) -> tuple[object, ...]:
        """What a handler given to ``.on(type, handler)`` is called with."""
        return ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.type}>"


class MessageEvent(Event):
    """A message has arrived: ``data`` is ``str`` or ``bytes`` (HTML §9.1)."""

    __slots__ = ("data",)

    def __init__(self, type: str, data: str | bytes) -> None:
        super().__init__(type)
        self.data = data

    @property
    def arguments(self) -> tuple[object, ...]:
        return (self.data,)


class RTCDataChannelEvent(Event):
    """The remote peer has opened ``channel``."""

    __slots__ = ("channel",)

    def __init__(self, type: str, channel: RTCDataChannel) -> None:
        super().__init__(type)
        self.channel = channel

    @property
    def arguments(self) -> tuple[object, ...]:
        return (self.channel,)


class RTCPeerConnectionIceEvent(Event):
    """A local candidate has been found.

    :ivar candidate: the candidate; one with an empty ``candidate`` string says that a generation
        of candidates is complete, ``None`` that gathering is.
    :ivar url: the STUN or TURN server that it was learned from, or ``None``.
    """

    __slots__ = ("candidate", "url")

    def __init__(self, type: str, candidate: RTCIceCandidate | None, url: str | None) -> None:
        super().__init__(type)
        self.candidate = candidate
        self.url = url

    @property
    def arguments(self) -> tuple[object, ...]:
        return (self,)


class RTCPeerConnectionIceErrorEvent(Event):
    """A STUN or TURN server could not be used (WebRTC 1.0 §4.8.3)."""

    __slots__ = ("address", "errorCode", "errorText", "port", "url")

    def __init__(
        self,
        type: str,
        *,
        address: str | None,
        port: int | None,
        url: str,
        errorCode: int,
        errorText: str,
    ) -> None:
        super().__init__(type)
        self.address = address
        self.port = port
        self.url = url
        self.errorCode = errorCode
        self.errorText = errorText

    @property
    def arguments(self) -> tuple[object, ...]:
        return (self,)


class RTCErrorEvent(Event):
    """A transport or channel failed with ``error``."""

    __slots__ = ("error",)

    def __init__(self, type: str, error: DOMException) -> None:
        super().__init__(type)
        self.error = error

    @property
    def arguments(self) -> tuple[object, ...]:
        return (self.error,)
