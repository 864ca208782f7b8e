"""All channels of one association: ids, DCEP, opening and closing."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rtckit.datachannel.channel import Channel, ChannelState, Outgoing
from rtckit.datachannel.dcep import ACK, Open, parse_dcep
from rtckit.datachannel.events import (
    ChannelAnnounced,
    ChannelClosed,
    ChannelClosing,
    ChannelEvent,
    ChannelMessages,
    ChannelOpened,
)
from rtckit.datachannel.ppid import Ppid
from rtckit.seam import ParseError

__all__ = ["ChannelLimits", "ChannelTable"]

#: RFC 8832 §6: 65,535 is no stream identifier, for INIT cannot negotiate that many.
_HIGHEST_ID: Final = 65_534


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """Bounds.

    :ivar channels: channels at a time, the peer's included; more of the peer's are refused by
        a stream reset.
    :ivar message_size: bytes of a message that comes in deprecated partial pieces.
    """

    channels: int = 65_535
    message_size: int = 262_144


class ChannelTable:
    """Gives and takes plain ``(stream_id, ppid, data)``; knows no SCTP.

    One mutation, then drain: :meth:`next_outgoing`, :meth:`take_resets` and :meth:`next_event`.

    :ivar drops: what was dropped, counted by reason.
    """

    __slots__ = (
        "_channels",
        "_closed",
        "_connected",
        "_events",
        "_is_client",
        "_limits",
        "_messages",
        "_next_id",
        "_outgoing",
        "_resets",
        "_streams",
        "_unnumbered",
        "drops",
    )

    def __init__(self, limits: ChannelLimits | None = None) -> None:
        self._limits = limits or ChannelLimits()
        self._channels: dict[int, Channel] = {}
        self._unnumbered: list[Channel] = []
        self._is_client: bool | None = None
        self._connected = False
        self._closed = False
        self._next_id = 0
        self._streams = _HIGHEST_ID + 1
        self._events: deque[ChannelEvent] = deque()
        self._messages: list[tuple[Channel, str | bytes]] = []
        self._outgoing: deque[Outgoing] = deque()
        self._resets: list[int] = []
        self.drops: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._channels) + len(self._unnumbered)

    def get(self, channel_id: int) -> Channel | None:
        """The channel with that id, if there is one that is not closed."""
        return self._channels.get(channel_id)

    # -- what the application asks for -----------------------------------------------------

    def create(
        self, parameters: Open, *, negotiated: bool = False, channel_id: int | None = None
    ) -> Channel:
        """A new channel. It opens once the association is connected; a channel without an id
        gets one as soon as the DTLS role is known (RFC 8832 §6).

        :raises ValueError: if the id is out of range, in use, or missing though ``negotiated``;
            or a parameter is out of range.
        :raises RuntimeError: if there are too many channels or the association is over.
        """
        if self._closed:
            raise RuntimeError("the association is closed")
        if len(self) >= self._limits.channels:
            raise RuntimeError("too many data channels")
        parameters.encode()
        if negotiated and channel_id is None:
            raise ValueError("a negotiated channel needs an id")
        if channel_id is not None:
            if not 0 <= channel_id < self._streams:
                raise ValueError(
                    f"channel id {channel_id} is not between 0 and {self._streams - 1}"
                )
            if channel_id in self._channels:
                raise ValueError(f"channel id {channel_id} is in use")
        channel = Channel(parameters, channel_id, negotiated)
        if channel_id is not None:
            self._channels[channel_id] = channel
        else:
            self._unnumbered.append(channel)
            self._number_channels()
        self._open_channels((channel,))
        return channel

    def close(self, channel: Channel) -> None:
        """Close a channel: what is queued is sent first, then its stream is reset
        (RFC 8831 §6.7). Harmless if it is closing or closed."""
        if channel.state in (ChannelState.CLOSING, ChannelState.CLOSED):
            return
        if channel.id is None or not self._connected:
            self._remove(channel, None)
        else:
            channel.state = ChannelState.CLOSING
            self._resets.append(channel.id)

    # -- what happens below ----------------------------------------------------------------

    def set_role(self, *, is_client: bool) -> None:
        """The DTLS role is known: the client takes even ids, the server odd ones
        (RFC 8832 §6)."""
        self._is_client = is_client
        self._next_id = 0 if is_client else 1
        self._number_channels()

    def connected(self, outbound_streams: int, inbound_streams: int) -> None:
        """The association is up; the role must be known.

        :raises RuntimeError: if it is not.
        """
        if self._is_client is None:
            raise RuntimeError("set_role() comes before connected()")
        self._connected = True
        self._streams = min(outbound_streams, inbound_streams, _HIGHEST_ID + 1)
        self._number_channels()
        channels = [*self._channels.values(), *self._unnumbered]
        for channel in channels:
            if channel.id is None or channel.id >= self._streams:
                self._remove(channel, "no stream identifier left")
        self._open_channels(channels)

    def disconnected(self, error: str | None) -> None:
        """The association is over: every channel is closed."""
        self._closed = True
        self._outgoing.clear()
        self._resets.clear()
        for channel in [*self._channels.values(), *self._unnumbered]:
            self._remove(channel, error)

    def receive(self, messages: Iterable[tuple[int, int, bytes]]) -> None:
        """Messages from the peer as ``(stream_id, ppid, data)``."""
        channels = self._channels
        delivered = self._messages
        for stream_id, ppid, data in messages:
            if ppid == Ppid.DCEP:
                self._receive_dcep(stream_id, data)
                delivered = self._messages
                continue
            channel = channels.get(stream_id)
            if channel is None or channel.state is ChannelState.CONNECTING:
                self.drops["message without a channel"] += 1
                continue
            # RFC 8832 §6: data from the peer shows that it has seen the OPEN, but only the ACK
            # says so; nothing changes here.
            if ppid == Ppid.BINARY and not channel.partial:
                delivered.append((channel, data))
            elif ppid == Ppid.STRING and not channel.partial:
                delivered.append((channel, data.decode("utf-8", "replace")))
            else:
                self._receive_rare(channel, ppid, data)

    def incoming_reset(self, stream_ids: Iterable[int]) -> None:
        """The peer reset its side of these streams; none named means all."""
        for stream_id in tuple(stream_ids) or tuple(self._channels):
            channel = self._channels.get(stream_id)
            if channel is None:
                continue
            channel.incoming_reset = True
            if channel.state is not ChannelState.CLOSING:
                # RFC 8831 §6.7: answered by a reset of our side.
                self._push(ChannelClosing(channel))
                channel.state = ChannelState.CLOSING
                self._resets.append(stream_id)
            elif channel.outgoing_reset:
                self._remove(channel, None)

    def outgoing_reset(self, stream_ids: Iterable[int], *, performed: bool) -> None:
        """Our reset is decided. A peer that refuses it leaves us nothing to wait for."""
        for stream_id in stream_ids:
            channel = self._channels.get(stream_id)
            if channel is None:
                continue
            channel.outgoing_reset = True
            if channel.incoming_reset or not performed:
                self._remove(channel, None if performed else "the peer refused to close")

    # -- draining --------------------------------------------------------------------------

    def next_outgoing(self) -> Outgoing | None:
        """The next DCEP message to hand to SCTP, or ``None``."""
        return self._outgoing.popleft() if self._outgoing else None

    def take_resets(self) -> list[int]:
        """Streams to reset now, once all :meth:`next_outgoing` are handed over."""
        resets = self._resets
        self._resets = []
        return resets

    def next_event(self) -> ChannelEvent | None:
        """What happened, in order, or ``None``."""
        if self._events:
            return self._events.popleft()
        if self._messages:
            messages = self._messages
            self._messages = []
            return ChannelMessages(messages)
        return None

    # -- inside ----------------------------------------------------------------------------

    def _push(self, event: ChannelEvent) -> None:
        if self._messages:
            self._events.append(ChannelMessages(self._messages))
            self._messages = []
        self._events.append(event)

    def _number_channels(self) -> None:
        if self._is_client is None:
            return
        waiting = self._unnumbered
        self._unnumbered = []
        for channel in waiting:
            channel_id = self._free_id()
            if channel_id is None:
                self._unnumbered.append(channel)
                if self._connected:
                    self._remove(channel, "no stream identifier left")
                continue
            channel.id = channel_id
            self._channels[channel_id] = channel

    def _free_id(self) -> int | None:
        """An id of our parity; the search goes round, so that ids rest before they return."""
        parity = 0 if self._is_client else 1
        candidate = self._next_id
        for _ in range((self._streams + 1) // 2):
            if candidate >= self._streams:
                candidate = parity
            if candidate not in self._channels and candidate < self._streams:
                self._next_id = candidate + 2
                return candidate
            candidate += 2
        return None

    def _open_channels(self, channels: Iterable[Channel]) -> None:
        if not self._connected:
            return
        for channel in channels:
            if channel.state is not ChannelState.CONNECTING or channel.id is None:
                continue
            if not channel.negotiated:
                channel.awaits_ack = True
                # RFC 8832 §6: reliable and ordered, whatever the channel is.
                self._dcep(channel.id, channel.parameters.encode())
            channel.state = ChannelState.OPEN
            self._push(ChannelOpened(channel))

    def _dcep(self, stream_id: int, data: bytes) -> None:
        self._outgoing.append(Outgoing(stream_id, Ppid.DCEP, data, True, None, None))

    def _receive_dcep(self, stream_id: int, data: bytes) -> None:
        channel = self._channels.get(stream_id)
        try:
            parameters = parse_dcep(data)
        except ParseError as error:
            self.drops[error.reason] += 1
            return
        if parameters is None:
            if channel is None:
                self.drops["ACK without a channel"] += 1
            else:
                channel.awaits_ack = False
            return
        if channel is not None:
            self.drops["OPEN on a channel in use"] += 1
            return
        ours = 0 if self._is_client else 1
        if stream_id & 1 == ours or stream_id >= self._streams:
            # RFC 8832 §6: an OPEN that breaks the rules has its stream closed.
            self.drops["OPEN with a wrong id"] += 1
            self._resets.append(stream_id)
            return
        if len(self) >= self._limits.channels:
            self.drops["too many data channels"] += 1
            self._resets.append(stream_id)
            return
        channel = Channel(parameters, stream_id, False)
        channel.state = ChannelState.OPEN
        self._channels[stream_id] = channel
        self._dcep(stream_id, ACK)
        self._push(ChannelAnnounced(channel))

    def _receive_rare(self, channel: Channel, ppid: int, data: bytes) -> None:
        """Empty messages, and the pieces of RFC 8831 §6.6's deprecated fragmentation."""
        if ppid in (Ppid.BINARY_PARTIAL, Ppid.STRING_PARTIAL):
            channel.partial_size += len(data)
            if channel.partial_size > self._limits.message_size:
                self.drops["partial message too large"] += 1
                channel.partial.clear()
                channel.partial_size = 0
                self.close(channel)
                return
            channel.partial.append(data)
            return
        if ppid in (Ppid.BINARY, Ppid.STRING):
            data = b"".join((*channel.partial, data))
            channel.partial.clear()
            channel.partial_size = 0
        elif ppid in (Ppid.BINARY_EMPTY, Ppid.STRING_EMPTY):
            # RFC 8831 §6.6: the one byte that carries it is ignored.
            data = b""
        else:
            self.drops["unknown payload protocol"] += 1
            return
        is_text = ppid in (Ppid.STRING, Ppid.STRING_EMPTY)
        self._messages.append((channel, data.decode("utf-8", "replace") if is_text else data))

    def _remove(self, channel: Channel, error: str | None) -> None:
        if channel.id is not None and self._channels.get(channel.id) is channel:
            del self._channels[channel.id]
        elif channel in self._unnumbered:
            self._unnumbered.remove(channel)
        channel.state = ChannelState.CLOSED
        self._push(ChannelClosed(channel, error))
