"""Messages on their way from a script's threads to the event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque

from rtckit import RTCDataChannel
from rtckit.device.limits import Limits

__all__ = ["Outbox"]

_log = logging.getLogger("rtckit.device")


class Outbox:
    """Takes messages from any thread and hands them, many at a time, to the open channel.

    A sender that is faster than the network waits, so that memory stays bounded.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self._loop = loop
        self._limits = limits
        self._changed = threading.Condition()
        self._queue: deque[bytes | str] = deque()
        self._queued = 0
        self._buffered = 0
        self._waking = False
        self._channel: RTCDataChannel | None = None
        self._largest = 0

    def is_open(self) -> bool:
        """Whether there is a channel to send on."""
        return self._channel is not None

    def use(self, channel: RTCDataChannel | None, largest: int = 0) -> None:
        """Send on ``channel`` from now on (on the loop).

        :param largest: bytes of the largest message that the remote side takes; 0 for any.
        """
        if channel is not None and channel is not self._channel:
            channel.bufferedAmountLowThreshold = self._limits.outbox_bytes // 2
            channel.on("bufferedamountlow", self._recount)
        with self._changed:
            self._channel = channel
            self._largest = largest
            if channel is None:
                self._queue.clear()
                self._queued = self._buffered = 0
            self._changed.notify_all()

    def put(self, data: bytes | str, size: int) -> None:
        """Send a message of ``size`` bytes (on any thread but the loop's).

        :raises RuntimeError: no channel is open, or none had room in time, or the remote side
            takes no message of this size.
        """
        with self._changed:
            if self._channel is None:
                raise RuntimeError("Data channel not open yet")
            if self._largest and size > self._largest:
                raise RuntimeError("Failed to send data")
            if not self._changed.wait_for(self._has_room, self._limits.outbox_wait):
                raise RuntimeError("Failed to send data")
            if self._channel is None:
                raise RuntimeError("Failed to send data")
            self._queue.append(data)
            self._queued += size
            wake = not self._waking
            self._waking = True
        if wake:
            self._loop.call_soon_threadsafe(self._drain)

    async def drained(self) -> None:
        """Wait until all that was put has left for the network (on the loop)."""
        self._drain()
        channel = self._channel
        if channel is None or not channel.bufferedAmount:
            return
        ended = asyncio.Event()
        channel.bufferedAmountLowThreshold = 0
        channel.on("bufferedamountlow", ended.set)
        channel.on("close", ended.set)
        await ended.wait()

    def _has_room(self) -> bool:
        return self._channel is None or self._queued + self._buffered < self._limits.outbox_bytes

    def _drain(self) -> None:
        with self._changed:
            self._waking = False
            messages = list(self._queue)
            self._queue.clear()
            channel = self._channel
        for message in messages:
            if channel is None or channel.readyState != "open":
                _log.warning("the channel closed before %d messages were sent", len(messages))
                break
            channel.send(message)
        with self._changed:
            self._queued = sum(_size(message) for message in self._queue)
            self._buffered = channel.bufferedAmount if channel is not None else 0
            self._changed.notify_all()

    def _recount(self) -> None:
        with self._changed:
            self._buffered = self._channel.bufferedAmount if self._channel is not None else 0
            self._changed.notify_all()


def _size(message: bytes | str) -> int:
    return len(message) if isinstance(message, bytes) else len(message.encode())
