"""RTCDataChannel (WebRTC 1.0 §6.2)."""

from __future__ import annotations

import logging
from typing import Protocol, Self

from rtckit.datachannel import Channel
from rtckit.errors import (
    InvalidStateError,
    NotSupportedError,
    RTCError,
    SyntaxDOMException,
)
from rtckit.runtime import Event as RuntimeEvent

from .event_target import EventHandler, EventTarget
from .events import Event, MessageEvent, RTCErrorEvent
from .message_inbox import MessageInbox
from .task_queue import TaskQueue
from .usv_string import usv_string

__all__ = ["ChannelOwner", "RTCDataChannel"]

logger = logging.getLogger("rtckit")


class ChannelOwner(Protocol):
    """What a channel asks of the peer connection."""

    def send_message(self, channel: Channel, data: bytes, text: bool) -> None:
        """Hand a message to the SCTP association."""

    def close_channel(self, channel: Channel) -> None:
        """Start the closing procedure."""

    def consume(self, size: int) -> None:
        """The application has read that many bytes: the peer may send as many more."""

    def max_message_size(self) -> int:
        """The largest message that the peer takes, in bytes; 0 for no limit."""


class RTCDataChannel(EventTarget):
    """A bidirectional channel of messages.

    Events: ``open``, ``message``, ``bufferedamountlow``, ``error``, ``closing``, ``close``.

    Messages can be awaited as well as listened to::

        async for message in channel:      # ends when the channel closes
            channel.send(message)
            await channel.drain()

    Whoever iterates holds the peer back by not reading: unread messages fill the receive
    window. Messages that arrive before anyone listens or iterates are kept, up to 1 MiB
    (``MessageInbox.HELD_BYTES``), and handed to the first who does.

    :ivar number: its place among the channels of its connection, from 1, for statistics.
    :ivar messagesDropped: messages that came when nobody listened and that were too much to keep.
    """

    #: :meth:`drain` waits when more than this many bytes are buffered ...
    HIGH_WATER = 1024 * 1024
    #: ... until no more than this many are.
    LOW_WATER = 256 * 1024

    def __init__(
        self, owner: ChannelOwner, tasks: TaskQueue, channel: Channel, number: int
    ) -> None:
        super().__init__(tasks)
        self.number = number
        self.onopen: EventHandler | None = None
        self.onbufferedamountlow: EventHandler | None = None
        self.onerror: EventHandler | None = None
        self.onclosing: EventHandler | None = None
        self.onclose: EventHandler | None = None
        self._onmessage: EventHandler | None = None
        self._owner = owner
        self._channel = channel
        self._ready_state = "connecting"
        self._announced = False
        self._buffered = 0
        self._low_threshold = 0
        self._closed_here = False
        self._inbox = MessageInbox(owner.consume)
        self._arrived: RuntimeEvent | None = None
        self._drained: RuntimeEvent | None = None
        self.messagesDropped = 0

    @property
    def label(self) -> str:
        """The label it was created with; need not be unique."""
        return self._channel.label

    @property
    def ordered(self) -> bool:
        """Whether messages arrive in the order in which they were sent."""
        return self._channel.ordered

    @property
    def maxPacketLifeTime(self) -> int | None:
        """Milliseconds for which a message may be (re)transmitted, or ``None``."""
        return self._channel.max_packet_life_time

    @property
    def maxRetransmits(self) -> int | None:
        """How often a message may be retransmitted, or ``None``."""
        return self._channel.max_retransmits

    @property
    def protocol(self) -> str:
        """The subprotocol's name; empty for none."""
        return self._channel.protocol

    @property
    def negotiated(self) -> bool:
        """Whether the application agreed on the channel itself, without DCEP."""
        return self._channel.negotiated

    @property
    def id(self) -> int | None:
        """The SCTP stream, or ``None`` until the DTLS role is known."""
        return self._channel.id

    @property
    def priority(self) -> str:
        """``"very-low"``, ``"low"``, ``"medium"`` or ``"high"`` (RFC 8831 §6.4)."""
        return self._channel.priority_name

    @property
    def totals(self) -> Channel:
        """What it has carried, for statistics."""
        return self._channel

    @property
    def readyState(self) -> str:
        """``"connecting"``, ``"open"``, ``"closing"`` or ``"closed"``."""
        return self._ready_state

    @property
    def bufferedAmount(self) -> int:
        """Bytes handed to :meth:`send` that have not left for the network yet."""
        return self._buffered

    @property
    def bufferedAmountLowThreshold(self) -> int:
        """``bufferedamountlow`` fires when :attr:`bufferedAmount` falls to this or lower."""
        return self._low_threshold

    @bufferedAmountLowThreshold.setter
    def bufferedAmountLowThreshold(self, value: int) -> None:
        if not isinstance(value, int) or not 0 <= value <= 0xFFFFFFFF:
            raise TypeError(f"bufferedAmountLowThreshold must be 0 to 4294967295, not {value!r}")
        self._low_threshold = value

    @property
    def binaryType(self) -> str:
        """``"arraybuffer"``: binary messages arrive as ``bytes``."""
        return "arraybuffer"

    @binaryType.setter
    def binaryType(self, value: str) -> None:
        if value == "blob":
            raise NotSupportedError("there are no blobs here: binary messages arrive as bytes")
        if value != "arraybuffer":
            raise SyntaxDOMException(f"binaryType must be 'arraybuffer', not {value!r}")

    @property
    def onmessage(self) -> EventHandler | None:
        """Handler of ``message`` events."""
        return self._onmessage

    @onmessage.setter
    def onmessage(self, handler: EventHandler | None) -> None:
        self._onmessage = handler
        if handler is not None:
            self._listener_added("message")

    def send(self, data: str | bytes | bytearray | memoryview) -> None:
        """Send a message: ``str`` as text, anything else as binary.

        :raises InvalidStateError: the channel is not open.
        :raises TypeError: the message is larger than the peer takes, or no such type.
        :raises OperationError: too much is buffered already.
        """
        text = isinstance(data, str)
        if isinstance(data, str):
            payload = usv_string(data).encode()
        elif isinstance(data, bytes | bytearray | memoryview):
            payload = bytes(data)
        else:
            raise TypeError(f"send takes str or bytes, not {type(data).__name__}")
        if self._ready_state != "open":
            raise InvalidStateError(f"data channel {self.label!r} is {self._ready_state}, not open")
        limit = self._owner.max_message_size()
        if limit and len(payload) > limit:
            raise TypeError(f"message of {len(payload)} bytes; the peer takes at most {limit}")
        self._owner.send_message(self._channel, payload, text)
        self._buffered += len(payload)

    def close(self) -> None:
        """Close the channel: what was sent before still arrives; then both ends close.

        Returns at once. When the ``close`` event fires, the connection may be closed too without
        losing anything.
        """
        if self._ready_state in ("closing", "closed"):
            return
        self._ready_state = "closing"
        self._closed_here = True
        self._owner.close_channel(self._channel)

    async def drain(self) -> None:
        """Wait, when much is buffered, until little is.

        :raises InvalidStateError: the channel closes meanwhile.
        """
        if self._buffered <= self.HIGH_WATER:
            return
        while self._buffered > self.LOW_WATER:
            if self._ready_state == "closed":
                raise InvalidStateError(f"data channel {self.label!r} closed before it drained")
            if self._drained is None or self._drained.is_set():
                self._drained = self._tasks.runtime().event()
            await self._drained.wait()

    def __aiter__(self) -> Self:
        self._inbox.reading = True
        return self

    async def __anext__(self) -> str | bytes:
        inbox = self._inbox
        inbox.reading = True
        while not inbox:
            if self._ready_state == "closed":
                raise StopAsyncIteration
            if self._arrived is None or self._arrived.is_set():
                self._arrived = self._tasks.runtime().event()
            await self._arrived.wait()
        return inbox.take()

    def __repr__(self) -> str:
        return f"<RTCDataChannel {self.label!r} id={self.id} {self._ready_state}>"

    def deliver(self, message: str | bytes, size: int) -> None:
        """A message has arrived that takes ``size`` bytes of the receive window (§6.2, receiving
        messages; called by the peer connection)."""
        if self._ready_state != "open":
            self._owner.consume(size)
            return
        inbox = self._inbox
        listened = self._announced and self.has_listeners("message")
        if inbox.reading:
            inbox.put(message, size)
            if self._arrived is not None:
                self._arrived.set()
        elif listened:
            self._owner.consume(size)
        elif not inbox.hold(message, size):
            if not self.messagesDropped:
                logger.warning("%r: nobody reads it; messages are being dropped", self)
            self.messagesDropped += 1
        if listened:
            self.dispatchEvent(MessageEvent("message", message))

    def announce_open(self) -> bool:
        """The underlying transport is there (§6.2, announcing as open); false if it is too late."""
        if self._ready_state in ("closing", "closed"):
            return False
        self._ready_state = "open"
        self.dispatchEvent(Event("open"))
        self._announced = True
        self._hand_over_held()
        return True

    def mark_open(self) -> None:
        """Let a ``datachannel`` handler send before ``open`` fires (§6.2, remote channel)."""
        self._ready_state = "open"

    def announce_closing(self) -> None:
        """The peer has started to close it."""
        if self._ready_state in ("closing", "closed"):
            return
        self._ready_state = "closing"
        self.dispatchEvent(Event("closing"))

    def announce_closed(self, error: RTCError | None) -> None:
        """It is closed, by ``error`` if there is one (§6.2, announce as closed)."""
        if not self.mark_closed():
            return
        if error is not None:
            self.dispatchEvent(RTCErrorEvent("error", error))
        self.dispatchEvent(Event("close"))

    def mark_closed(self) -> bool:
        """Close without an event, waking whoever waits; false if it was closed already."""
        if self._ready_state == "closed":
            return False
        self._ready_state = "closed"
        self._inbox.release()
        for waiting in (self._arrived, self._drained):
            if waiting is not None:
                waiting.set()
        return True

    def transmitted(self, size: int) -> None:
        """That many bytes of messages have left for the network, or were given up."""
        before = self._buffered
        self._buffered = after = max(0, before - size)
        if self._drained is not None and after <= self.LOW_WATER:
            self._drained.set()
        if before > self._low_threshold >= after:
            self.dispatchEvent(Event("bufferedamountlow"))

    def _listener_added(self, type: str) -> None:
        if type == "message" and self._announced and self._inbox:
            self._tasks.post(self._hand_over_held)

    def _hand_over_held(self) -> None:
        inbox = self._inbox
        # Who closes has heard enough; what came before the peer closed may still be asked for.
        while (
            inbox and not inbox.reading and not self._closed_here and self.has_listeners("message")
        ):
            self.dispatchEvent(MessageEvent("message", inbox.take()))
