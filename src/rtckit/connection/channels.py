"""Data channels over the association: opening, messages, closing (RFC 8831, RFC 8832)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from rtckit import sctp
from rtckit.datachannel import (
    PRIORITIES,
    Channel,
    ChannelState,
    ChannelTable,
    DataChannelAck,
    DataChannelOpen,
    Ppid,
    TableError,
    decode_payload,
    encode_payload,
    parse_dcep,
)
from rtckit.errors import OperationError
from rtckit.seam import ParseError
from rtckit.transport import Transport

from .events import (
    ChannelAnnounced,
    ChannelClosed,
    ChannelClosing,
    ChannelOpened,
    ChannelTransmitted,
    ConnectionEvent,
    Message,
    MessagesReceived,
)

__all__ = ["Channels"]

#: RFC 8841 §6.1: what a peer takes that does not say.
DEFAULT_MAX_MESSAGE_SIZE = 65536

#: The SCTP cause with which a peer that closes its connection aborts (RFC 9260 §3.3.10.12).
USER_INITIATED_ABORT = 12


class Channels:
    """All channels of one connection.

    :ivar max_message_size: the largest message that the peer takes; 0 for no limit.
    :ivar drops: messages of the peer's that were dropped, by reason.
    """

    #: Bytes of labels and protocols of the channels that the peer has opened; one that would
    #: take more is refused. Each may have 65,535 of either, and there may be 65,535 channels.
    MAX_ANNOUNCED_TEXT = 4 * 1024 * 1024

    def __init__(self, transport: Transport) -> None:
        self.max_message_size = DEFAULT_MAX_MESSAGE_SIZE
        self.drops: Counter[str] = Counter()
        self._transport = transport
        self._table = ChannelTable()
        self._waiting: list[Channel] = []
        self._client: bool | None = None
        self._connected = False
        # Bytes queued on a channel that are no user data: DCEP, and the byte of empty messages.
        self._overhead: Counter[Channel] = Counter()
        self._announced_text = 0
        # What has come on streams that the peer has begun anew and we are still to be told that
        # we may: not consumed, and so bounded by the receive window.
        self._held: dict[int, list[sctp.Message]] = {}
        self._events: deque[ConnectionEvent] = deque()

    @property
    def max_channels(self) -> int | None:
        """How many channels the association has streams for, once it is there."""
        return self._table.streams if self._connected else None

    def next_event(self) -> ConnectionEvent | None:
        """What the owner should know."""
        return self._events.popleft() if self._events else None

    def create(
        self,
        *,
        label: str,
        ordered: bool,
        max_packet_life_time: int | None,
        max_retransmits: int | None,
        protocol: str,
        negotiated: bool,
        id: int | None,
        priority: str,
        now: float,
    ) -> Channel:
        """Create a channel; it opens as soon as the association is there.

        :raises OperationError: the id is in use, or there are no more.
        """
        channel = Channel(
            label=label,
            protocol=protocol,
            ordered=ordered,
            max_retransmits=max_retransmits,
            max_packet_life_time=max_packet_life_time,
            priority=PRIORITIES[priority],
            negotiated=negotiated,
            id=id,
        )
        try:
            if id is not None:
                self._table.add(channel)
            elif self._client is not None:
                self._table.allocate(channel, client=self._client)
            else:
                self._waiting.append(channel)
        except TableError as error:
            raise OperationError(str(error)) from None
        if self._connected:
            self._open(channel, now)
        return channel

    def assign_ids(self, *, client: bool) -> None:
        """The DTLS role is known: give identifiers to the channels that wait for one."""
        self._client = client
        waiting, self._waiting = self._waiting, []
        for channel in waiting:
            try:
                self._table.allocate(channel, client=client)
            except TableError as error:
                self._finish(channel, str(error))

    def send(self, channel: Channel, data: bytes, text: bool, now: float) -> None:
        """Send a message on an open channel.

        On one that has closed, of which the owner has not heard yet, it is dropped and counted.

        :raises OperationError: the send buffer is full, or the stream is being reset.
        :raises ValueError: the message is larger than the peer takes.
        """
        limit = self.max_message_size
        if limit and len(data) > limit:
            raise ValueError(f"message of {len(data)} bytes; the peer takes {limit}")
        association = self._transport.sctp
        if channel.state is not ChannelState.OPEN or association is None:
            self.drops["message-on-closed-channel"] += 1
            return
        assert channel.id is not None
        ppid, payload = encode_payload(data, text)
        life_time = channel.max_packet_life_time
        retransmits = channel.max_retransmits
        if life_time == 0:
            # No time to wait, nor to retransmit: sent once.
            life_time, retransmits = None, 0
        try:
            association.send(
                channel.id,
                ppid,
                payload,
                now,
                ordered=channel.ordered or not channel.acknowledged,
                max_retransmits=retransmits,
                lifetime=None if life_time is None else life_time / 1000,
            )
        except sctp.SendBufferFull as error:
            raise OperationError(str(error)) from None
        except ValueError as error:
            # The peer had us reset the stream (RFC 6525 §5.2.3), though the channel is open.
            raise OperationError(str(error)) from None
        except RuntimeError:
            # The association is ending; what says so closes the channel.
            self.drops["message-on-closed-channel"] += 1
            return
        if not data:
            self._overhead[channel] += len(payload)
        channel.messages_sent += 1
        channel.bytes_sent += len(data)

    def close(self, channel: Channel, now: float) -> None:
        """Start the closing procedure (RFC 8831 §6.7)."""
        if channel.state in (ChannelState.CLOSING, ChannelState.CLOSED):
            return
        if channel.state is ChannelState.CONNECTING:
            self._finish(channel, "")
            return
        channel.state = ChannelState.CLOSING
        self._reset([channel], now)

    def consume(self, size: int, now: float) -> None:
        """The application has read a message of that many bytes."""
        if self._transport.sctp is not None:
            self._transport.sctp.consume(size, now)

    def fail(self, error: str, cause: int | None = None) -> None:
        """The association is gone: every channel is closed."""
        self._connected = False
        for channel in [*self._table, *self._waiting]:
            self._finish(channel, error, cause)
        self._waiting.clear()
        self._held.clear()

    def receive(self, event: sctp.Event, now: float) -> None:
        """Take an event of the association."""
        match event:
            case sctp.MessagesReceived(messages):
                self._receive_messages(messages, now)
            case sctp.BufferedAmountDecreased(amounts):
                self._transmitted(amounts)
            case sctp.IncomingStreamsReset(ids):
                self._incoming_reset(ids, now)
            case sctp.OutgoingStreamsReset(ids, performed):
                self._outgoing_reset(ids, performed, now)
            case sctp.Connected(inbound, outbound):
                self._connect(min(inbound, outbound), now)
            case sctp.Restarted():
                self.fail("the peer restarted the SCTP association")
            case sctp.Closed(reason, cause, _):
                ordinary = cause in (None, USER_INITIATED_ABORT) and event.remote
                self.fail("" if ordinary else reason, cause)

    def _connect(self, streams: int, now: float) -> None:
        self._connected = True
        self._table.streams = min(streams, ChannelTable.MAX_STREAMS)
        for channel in self._table:
            if channel.id is not None and channel.id >= streams:
                self._finish(channel, f"the peer has no stream {channel.id}")
            elif channel.state is ChannelState.CONNECTING:
                self._open(channel, now)

    def _open(self, channel: Channel, now: float) -> None:
        """RFC 8832 §6: user messages may follow DATA_CHANNEL_OPEN at once."""
        if not channel.negotiated and not self._send_dcep(channel, channel.open_message(), now):
            self._finish(channel, "the channel cannot be opened now")
            return
        channel.state = ChannelState.OPEN
        self._events.append(ChannelOpened(channel))

    def _send_dcep(
        self, channel: Channel, message: DataChannelOpen | DataChannelAck, now: float
    ) -> bool:
        """Whether it could be queued."""
        association = self._transport.sctp
        assert association is not None and channel.id is not None
        data = message.encode()
        try:
            # RFC 8832 §6: reliable and ordered, whatever the channel is.
            association.send(channel.id, Ppid.DCEP, data, now)
        except (sctp.SendBufferFull, ValueError):
            # There is no room, or the peer has had us reset the stream and does not answer.
            return False
        except RuntimeError:
            # The association is ending; what says so closes the channel.
            return True
        self._overhead[channel] += len(data)
        return True

    def _receive_messages(self, messages: Iterable[sctp.Message], now: float) -> None:
        association = self._transport.sctp
        assert association is not None
        get = self._table.get
        received: list[Message] = []
        for event in messages:
            stream_id, ppid, data = event
            channel = get(stream_id)
            if channel is not None and channel.incoming_reset:
                # Its next life: the answer to our reset was lost, or comes later.
                self._held.setdefault(stream_id, []).append(event)
                continue
            if ppid == Ppid.DCEP:
                if received:
                    self._events.append(MessagesReceived(received))
                    received = []
                association.consume(len(data), now)
                self._receive_dcep(stream_id, channel, data, now)
                continue
            message = decode_payload(ppid, data)
            if channel is None or message is None or channel.state is not ChannelState.OPEN:
                reason = "message-for-no-channel" if message is not None else "unknown-ppid"
                self.drops[reason] += 1
                association.consume(len(data), now)
                continue
            channel.acknowledged = True
            channel.messages_received += 1
            channel.bytes_received += len(message) and len(data)
            received.append((channel, message, len(data)))
        if received:
            self._events.append(MessagesReceived(received))

    def _receive_dcep(
        self, stream_id: int, channel: Channel | None, data: bytes, now: float
    ) -> None:
        try:
            message = parse_dcep(data)
        except ParseError:
            if channel is None:
                # RFC 8832 §6: the peer learns by a reset that its channel did not open.
                self._refuse(stream_id, "malformed-dcep", now)
            else:
                self.drops["malformed-dcep"] += 1
            return
        if isinstance(message, DataChannelAck):
            if channel is None:
                self.drops["ack-for-no-channel"] += 1
            else:
                channel.acknowledged = True
            return
        if channel is not None:
            self.drops["open-on-stream-in-use"] += 1
            return
        # An id of our parity (RFC 8832 §6) does no harm on a free stream, and browsers take it.
        opened = Channel.from_open(message, stream_id)
        if self._announced_text + _text_size(opened) > self.MAX_ANNOUNCED_TEXT:
            self._refuse(stream_id, "too-long-labels", now)
            return
        try:
            self._table.add(opened)
        except TableError:
            self._refuse(stream_id, "too-many-channels", now)
            return
        self._announced_text += _text_size(opened)
        if not self._send_dcep(opened, DataChannelAck(), now):
            # The channel works without it: the peer goes on to send in order (RFC 8832 §6).
            self.drops["no-room-for-ack"] += 1
        self._events.append(ChannelAnnounced(opened))

    def _transmitted(self, amounts: dict[int, int]) -> None:
        for stream_id, size in amounts.items():
            channel = self._table.get(stream_id)
            if channel is None:
                continue
            overhead = self._overhead[channel]
            if overhead:
                counted = min(overhead, size)
                self._overhead[channel] -= counted
                size -= counted
            if size:
                self._events.append(ChannelTransmitted(channel, size))

    def _incoming_reset(self, ids: tuple[int, ...], now: float) -> None:
        """RFC 8831 §6.7: the peer closes; so do we."""
        answered: list[Channel] = []
        for channel in self._named(ids):
            channel.incoming_reset = True
            if channel.state is ChannelState.OPEN:
                channel.state = ChannelState.CLOSING
                self._events.append(ChannelClosing(channel))
                answered.append(channel)
            elif channel.outgoing_reset:
                self._finish(channel, "")
        if answered:
            self._reset(answered, now)

    def _outgoing_reset(self, ids: tuple[int, ...], performed: bool, now: float) -> None:
        for channel in self._named(ids):
            channel.outgoing_reset = True
            if channel.incoming_reset or not performed:
                self._finish(channel, "" if performed else "the peer refused to close the channel")
                if channel.id in self._held:
                    self._receive_messages(self._held.pop(channel.id), now)

    def _named(self, ids: tuple[int, ...]) -> list[Channel]:
        if not ids:
            return list(self._table)
        return [channel for id in ids if (channel := self._table.get(id)) is not None]

    def _refuse(self, stream_id: int, reason: str, now: float) -> None:
        """Close what the peer opens and we do not take."""
        self.drops[reason] += 1
        association = self._transport.sctp
        assert association is not None
        try:
            association.reset_streams([stream_id], now)
        except (ValueError, RuntimeError):
            # It is being reset already, or there is nothing of ours to reset.
            self.drops["stream-not-reset"] += 1

    def _reset(self, channels: list[Channel], now: float) -> None:
        association = self._transport.sctp
        assert association is not None
        for channel in channels:
            if channel.id is None:
                continue
            try:
                association.reset_streams([channel.id], now)
            except ValueError:
                # It is being reset already, which ends with an event.
                self.drops["stream-not-reset"] += 1
            except RuntimeError:
                # The peer cannot reset streams, or the association is ending.
                self._finish(channel, "")

    def _finish(self, channel: Channel, error: str, cause: int | None = None) -> None:
        if channel.state is ChannelState.CLOSED:
            return
        channel.state = ChannelState.CLOSED
        self._table.remove(channel)
        if channel.announced:
            self._announced_text -= _text_size(channel)
        self._overhead.pop(channel, None)
        if channel in self._waiting:
            self._waiting.remove(channel)
        self._events.append(ChannelClosed(channel, error, cause))


def _text_size(channel: Channel) -> int:
    return len(channel.label.encode()) + len(channel.protocol.encode())
