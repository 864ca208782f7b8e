"""The channels of one association, by stream identifier."""

from __future__ import annotations

from collections.abc import Iterator

from .channel import Channel

__all__ = ["ChannelTable", "TableError"]


class TableError(Exception):
    """An identifier is in use, out of range, or none is left."""


class ChannelTable:
    """Allocates identifiers and finds channels.

    :param limit: channels at a time; the peer's beyond it are refused.
    :ivar streams: identifiers below this may be used; the association's number of streams once
        it is known.
    """

    #: 65535 is illegal (RFC 8832 §6).
    MAX_STREAMS = 65535

    def __init__(self, limit: int = 65535) -> None:
        self.limit = limit
        self.streams = self.MAX_STREAMS
        self._channels: dict[int, Channel] = {}
        self._next = {0: 0, 1: 1}

    def __len__(self) -> int:
        return len(self._channels)

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._channels.values()))

    def get(self, id: int) -> Channel | None:
        """The channel on stream ``id``."""
        return self._channels.get(id)

    def add(self, channel: Channel) -> None:
        """Enter a channel that has its identifier.

        :raises TableError: it is in use or out of range, or the table is full.
        """
        assert channel.id is not None
        if not 0 <= channel.id < self.streams:
            raise TableError(f"stream {channel.id} is not below {self.streams}")
        if channel.id in self._channels:
            raise TableError(f"stream {channel.id} is in use")
        if len(self._channels) >= self.limit:
            raise TableError(f"there are {self.limit} channels already")
        self._channels[channel.id] = channel

    def allocate(self, channel: Channel, *, client: bool) -> None:
        """Give a channel the lowest free identifier of our parity, and enter it.

        The DTLS client takes even, the server odd identifiers (RFC 8832 §6).

        :raises TableError: none is free.
        """
        parity = 0 if client else 1
        id = self._next[parity]
        while id in self._channels:
            id += 2
        if id >= self.streams:
            raise TableError("no stream identifier is free")
        channel.id = id
        self._next[parity] = id
        self.add(channel)

    def remove(self, channel: Channel) -> None:
        """Free a channel's identifier."""
        if channel.id is not None and self._channels.get(channel.id) is channel:
            del self._channels[channel.id]
            parity = channel.id % 2
            self._next[parity] = min(self._next[parity], channel.id)
