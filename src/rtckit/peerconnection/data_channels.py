"""The data channels of one peer connection (WebRTC 1.0 §6.1, §6.2)."""

from __future__ import annotations

from itertools import count

from rtckit import connection as core
from rtckit.connection import Connection
from rtckit.datachannel import Channel
from rtckit.errors import RTCError

from .data_channel import RTCDataChannel
from .data_channel_init import DataChannelInit
from .driver import Driver
from .event_target import EventTarget
from .events import RTCDataChannelEvent
from .task_queue import TaskQueue

__all__ = ["DataChannels"]


class DataChannels:
    """Makes the channel objects and carries between them and the connection.

    :param target: where ``datachannel`` fires.
    """

    def __init__(
        self, connection: Connection, driver: Driver, tasks: TaskQueue, target: EventTarget
    ) -> None:
        self._connection = connection
        self._driver = driver
        self._tasks = tasks
        self._target = target
        self._channels: dict[Channel, RTCDataChannel] = {}
        # Channels between their "datachannel" and "open" events, and what came for them meanwhile.
        self._announcing: dict[Channel, list[core.ConnectionEvent]] = {}
        self._numbers = count(1)
        self._opened = 0
        self._closed = False

    @property
    def all(self) -> list[RTCDataChannel]:
        """Those that are not closed."""
        return list(self._channels.values())

    @property
    def opened(self) -> int:
        """How many have ever been open."""
        return self._opened

    @property
    def closed(self) -> int:
        """How many have been open and are no more."""
        return self._opened - sum(each.readyState == "open" for each in self._channels.values())

    def create(self, init: DataChannelInit) -> RTCDataChannel:
        """A channel of ours.

        :raises OperationError: the id is in use, or there are no more.
        """
        core_channel = self._connection.create_channel(
            label=init.label,
            ordered=init.ordered,
            max_packet_life_time=init.max_packet_life_time,
            max_retransmits=init.max_retransmits,
            protocol=init.protocol,
            negotiated=init.negotiated,
            id=init.id if init.negotiated else None,
            priority=init.priority,
            now=self._now(),
        )
        channel = self._adopt(core_channel)
        self._wake()
        return channel

    def receive(self, event: core.ConnectionEvent) -> None:
        """An event of the connection that is about channels."""
        match event:
            case core.MessagesReceived(messages):
                channels = self._channels
                for core_channel, message, size in messages:
                    channels[core_channel].deliver(message, size)
            case core.ChannelTransmitted(core_channel, size):
                if (channel := self._channels.get(core_channel)) is not None:
                    channel.transmitted(size)
            case core.ChannelAnnounced(core_channel):
                self._announce(core_channel)
            case core.ChannelOpened(core_channel):
                self._opened += self._channels[core_channel].announce_open()
            case core.ChannelClosing(channel) | core.ChannelClosed(channel, _, _) if (
                channel in self._announcing
            ):
                self._announcing[channel].append(event)
            case core.ChannelClosing(core_channel):
                self._channels[core_channel].announce_closing()
            case core.ChannelClosed(core_channel, error, cause):
                failure = None
                if error:
                    detail = "sctp-failure" if cause is not None else "data-channel-failure"
                    failure = RTCError(error, errorDetail=detail, sctpCauseCode=cause)
                self._channels.pop(core_channel).announce_closed(failure)

    def close(self) -> None:
        """The connection is closed: so are they, without an event (§4.4.2)."""
        self._closed = True
        for channel in self._channels.values():
            channel.mark_closed()

    def send_message(self, channel: Channel, data: bytes, text: bool) -> None:
        """Hand a message to the SCTP association (called by channels)."""
        self._connection.send(channel, data, text, self._driver.now())
        self._driver.wake()

    def close_channel(self, channel: Channel) -> None:
        """Start the closing procedure (called by channels)."""
        if not self._closed:
            self._connection.close_channel(channel, self._now())
            self._wake()

    def consume(self, size: int) -> None:
        """The application has read that many bytes (called by channels)."""
        if not self._closed:
            self._connection.consume(size, self._driver.now())
            self._driver.wake()

    def max_message_size(self) -> int:
        """The largest message that the peer takes; 0 for no limit (called by channels)."""
        return self._connection.max_message_size

    def _announce(self, core_channel: Channel) -> None:
        """§6.2, announcing a data channel instance."""
        channel = self._adopt(core_channel)
        self._opened += 1
        channel.mark_open()
        self._target.dispatchEvent(RTCDataChannelEvent("datachannel", channel))

        meanwhile: list[core.ConnectionEvent] = []
        self._announcing[core_channel] = meanwhile

        def announce_open() -> None:
            del self._announcing[core_channel]
            if self._closed:
                return
            channel.announce_open()
            for event in meanwhile:
                self.receive(event)

        # Whoever the event has woken may still listen for "open" and for the first message.
        self._tasks.post_after_turn(announce_open)

    def _adopt(self, core_channel: Channel) -> RTCDataChannel:
        channel = RTCDataChannel(self, self._tasks, core_channel, next(self._numbers))
        self._channels[core_channel] = channel
        return channel

    def _now(self) -> float:
        # Before an event loop runs there is no time, nor anything that could depend on it.
        return self._driver.now() if self._tasks.bound else 0.0

    def _wake(self) -> None:
        if self._tasks.bound:
            self._driver.wake()
