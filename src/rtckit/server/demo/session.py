"""One visit: a WebSocket, the peer connection it negotiates, and the channels that serve it."""

from __future__ import annotations

import math
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from starlette.websockets import WebSocket, WebSocketDisconnect

from rtckit import RTCConfiguration, RTCDataChannel, RTCPeerConnection, __version__
from rtckit.errors import DOMException
from rtckit.signaling import (
    Candidate,
    Description,
    EndOfCandidates,
    Failure,
    Hello,
    Message,
    MessageError,
    Negotiation,
    OfferRequest,
    decode,
    encode,
)

from .candidate_pair import selected_pair
from .channels import PROTOCOL, SERVICE, open_channels
from .events import Connected, Event
from .limits import Limits
from .services import Account, serve

__all__ = ["Session"]

_OUTBOX = 256
_POLICY_VIOLATION = 1008  # RFC 6455 §7.4.1
_GOING_AWAY = 1001


class Session:
    """Serves one visitor until either side has had enough.

    :param socket: the WebSocket, accepted.
    :param number: of the visit.
    :param report: told when the visitor is connected.
    """

    def __init__(
        self,
        socket: WebSocket,
        number: int,
        limits: Limits,
        configuration: RTCConfiguration | None,
        report: Callable[[Event], None],
    ) -> None:
        self._socket = socket
        self._number = number
        self._limits = limits
        self._configuration = configuration
        self._report = report
        self._outbox: MemoryObjectSendStream[Message]
        self._queue: MemoryObjectReceiveStream[Message]
        self._outbox, self._queue = anyio.create_memory_object_stream[Message](_OUTBOX)
        # The peer connection calls its handlers from the event loop, not from a task, where
        # little may be done: what they learn is left here for a task.
        self._news: MemoryObjectSendStream[RTCDataChannel | str]
        self._unread: MemoryObjectReceiveStream[RTCDataChannel | str]
        self._news, self._unread = anyio.create_memory_object_stream[RTCDataChannel | str](math.inf)
        now = anyio.current_time()
        self.account = Account(active=now)
        self._began = now
        self._negotiating_since = now
        self._disconnected_since = now
        self._channels = 0
        self._reason = ""
        self._tasks: TaskGroup

    async def run(self) -> str:
        """Serve; gives the reason of the end in plain words."""
        async with RTCPeerConnection(self._configuration) as connection:
            self._negotiation = Negotiation(connection, self._send, polite=True)
            async with anyio.create_task_group() as self._tasks:
                connection.on("datachannel", self._on_channel)
                connection.on("connectionstatechange", self._on_state)
                self._connection = connection
                self._tasks.start_soon(self._write)
                self._tasks.start_soon(self._read_news)
                self._tasks.start_soon(self._watch)
                self._send(Hello(SERVICE, PROTOCOL, __version__))
                await self._converse()
                self._tasks.cancel_scope.cancel()
        for stream in (self._outbox, self._queue, self._news, self._unread):
            stream.close()
        return self._reason

    def _leave(self, reason: str) -> None:
        """End the visit; the first reason given stands."""
        self._reason = self._reason or reason
        self._tasks.cancel_scope.cancel()

    def _send(self, message: Message) -> None:
        try:
            self._outbox.send_nowait(message)
        except anyio.WouldBlock:
            self._leave("did not read its messages")

    async def _write(self) -> None:
        async for message in self._queue:
            try:
                await self._socket.send_text(encode(message))
            except WebSocketDisconnect:
                return

    async def _converse(self) -> None:
        for _ in range(self._limits.signaling_messages):
            packet = await self._socket.receive()
            if packet["type"] == "websocket.disconnect":
                self._reason = self._reason or "hung up"
                return
            try:
                await self._obey(decode(packet.get("text") or ""))
            except (MessageError, DOMException, ValueError, TypeError) as error:
                await self._refuse(f"bad signaling message: {error}")
                return
        await self._refuse(f"more than {self._limits.signaling_messages} signaling messages")

    async def _obey(self, message: Message) -> None:
        if isinstance(message, Description | Candidate | EndOfCandidates):
            if isinstance(message, Description):
                self._negotiating_since = anyio.current_time()
            await self._negotiation.receive(message)
        elif isinstance(message, OfferRequest):
            self._negotiating_since = anyio.current_time()
            if not self._channels:
                for channel in open_channels(self._connection).values():
                    self._serve(channel)
            await self._negotiation.offer()
        elif isinstance(message, Failure):
            self._reason = message.reason

    async def _refuse(self, reason: str, code: int = _POLICY_VIOLATION) -> None:
        """Say why, and hang up."""
        self._reason = self._reason or reason
        with anyio.CancelScope(shield=True), anyio.move_on_after(1):
            try:
                await self._socket.send_text(encode(Failure(reason[:1000])))
                await self._socket.close(code, reason[:100])
            except (WebSocketDisconnect, RuntimeError):
                # It hung up first.
                pass

    def _on_channel(self, channel: RTCDataChannel) -> None:
        self._news.send_nowait(channel)

    def _on_state(self) -> None:
        self._news.send_nowait(self._connection.connectionState)

    async def _read_news(self) -> None:
        async for news in self._unread:
            if isinstance(news, str):
                self._note_state(news)
            else:
                self._serve(news)

    def _serve(self, channel: RTCDataChannel) -> None:
        self._channels += 1
        if self._channels > self._limits.channels:
            channel.close()
        else:
            self._tasks.start_soon(serve, channel, self.account, self._limits)

    def _note_state(self, state: str) -> None:
        now = anyio.current_time()
        if state == "connected":
            self._disconnected_since = math.inf
            self.account.active = now
            pair = selected_pair(self._connection)
            self._report(Connected(self._number, now - self._negotiating_since, str(pair or "")))
        elif self._disconnected_since == math.inf:
            self._disconnected_since = now

    async def _watch(self) -> None:
        """End a visit that never connects, stays disconnected, or says nothing."""
        limits = self._limits
        while True:
            now = anyio.current_time()
            setup_deadline = self._disconnected_since + limits.setup_seconds
            idle_deadline = self.account.active + limits.idle_seconds
            if now >= setup_deadline:
                reason = f"no connection within {limits.setup_seconds:g} s"
                break
            if now >= idle_deadline:
                reason = f"idle for {limits.idle_seconds:g} s"
                break
            # A deadline may also come nearer, by a disconnection, but never nearer than this.
            await anyio.sleep(min(setup_deadline, idle_deadline, now + limits.setup_seconds) - now)
        await self._refuse(reason, _GOING_AWAY)
        self._leave(reason)
