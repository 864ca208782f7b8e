"""What the demo's peer does with the channels ``echo``, ``rtt`` and ``bulk``."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup

from rtckit import RTCDataChannel
from rtckit.errors import InvalidStateError

from .bulk import ControlError, End, Get, Put, Receiver, Stop, decode, encode
from .limits import Limits
from .transfer import send_content

__all__ = ["Account", "serve"]

# A ping that would have to wait measures the queue, not the way: it is lost instead.
_PING_BACKLOG = 64 * 1024


@dataclass(slots=True)
class Account:
    """What a visit used.

    :ivar sent: bytes of messages sent.
    :ivar received: bytes of messages received.
    :ivar active: when a message last came, in the event loop's time.
    """

    active: float
    sent: int = 0
    received: int = 0

    def receive(self, message: str | bytes) -> None:
        """Count a message that has just come."""
        self.received += len(message)
        self.active = anyio.current_time()


async def serve(channel: RTCDataChannel, account: Account, limits: Limits) -> None:
    """Answer on ``channel``, by its label, until it closes; an unknown label is closed."""
    service = {"echo": _echo, "rtt": _pong, "bulk": _bulk}.get(channel.label)
    if service is None:
        channel.close()
        return
    try:
        await service(channel, account, limits)
    except InvalidStateError:
        # The channel closed between a message and its answer.
        return


async def _echo(channel: RTCDataChannel, account: Account, limits: Limits) -> None:
    async for message in channel:
        account.receive(message)
        channel.send(message)
        account.sent += len(message)
        # Whoever does not read its echoes is not read either.
        await channel.drain()


async def _pong(channel: RTCDataChannel, account: Account, limits: Limits) -> None:
    async for message in channel:
        account.receive(message)
        if channel.bufferedAmount < _PING_BACKLOG:
            channel.send(message)
            account.sent += len(message)


async def _bulk(channel: RTCDataChannel, account: Account, limits: Limits) -> None:
    async with anyio.create_task_group() as tasks:
        await _Bulk(channel, account, limits, tasks).run()
        tasks.cancel_scope.cancel()


class _Bulk:
    """One channel ``bulk``: a transfer each way."""

    def __init__(
        self, channel: RTCDataChannel, account: Account, limits: Limits, tasks: TaskGroup
    ) -> None:
        self._channel = channel
        self._account = account
        self._limits = limits
        self._tasks = tasks
        self._receiver = Receiver()
        self._sending = False
        self._stopped = False
        self._ends_at = 0.0
        self._counted = 0

    async def run(self) -> None:
        channel = self._channel
        account = self._account
        async for message in channel:
            account.receive(message)
            if isinstance(message, bytes):
                progress = self._receiver.receive(message, account.active)
                if progress is not None:
                    channel.send(encode(progress))
                continue
            try:
                self._obey(message)
            except ControlError:
                # Whoever does not speak the protocol gets no further answer.
                channel.close()
                return

    def _obey(self, message: str) -> None:
        control = decode(message)
        if isinstance(control, Put):
            self._receiver = Receiver()
        elif isinstance(control, End):
            self._channel.send(encode(self._receiver.finish()))
        elif isinstance(control, Stop):
            self._stopped = True
        elif isinstance(control, Get) and not self._sending:
            self._sending = True
            self._stopped = False
            self._counted = 0
            limits = self._limits
            size = limits.transfer_bytes if control.bytes is None else control.bytes
            seconds = limits.transfer_seconds if control.seconds is None else control.seconds
            self._ends_at = anyio.current_time() + min(seconds, limits.transfer_seconds)
            self._tasks.start_soon(self._send, min(size, limits.transfer_bytes))

    async def _send(self, size: int) -> None:
        try:
            end = await send_content(self._channel, size, self._going_on)
            self._account.sent += end.bytes - self._counted
        except InvalidStateError:
            # The channel closed under the transfer; the reader ends by itself.
            return
        finally:
            self._sending = False

    def _going_on(self, sent: int) -> bool:
        now = anyio.current_time()
        self._account.sent += sent - self._counted
        self._counted = sent
        if self._stopped or now >= self._ends_at:
            return False
        # A visitor who only receives is not idle.
        self._account.active = now
        return True
