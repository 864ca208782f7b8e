"""Signaling over a WebSocket, as a client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode

from .messages import MAX_MESSAGE_SIZE, Message, decode, encode

__all__ = ["SignalingError", "WebSocketSignaling"]


class SignalingError(ConnectionError):
    """The signaling server cannot be reached, refuses, or is gone; the text is fit to be shown."""


class WebSocketSignaling:
    """One conversation with a signaling server::

        async with WebSocketSignaling("ws://127.0.0.1:8080/ws") as signaling:
            signaling.send(message)
            async for message in signaling:
                ...

    Iteration ends when the server closes the conversation in good order.

    :param url: ``ws://`` or ``wss://``.
    :param timeout: seconds to wait for the server to answer.
    :param agent: the User-Agent header.
    """

    def __init__(self, url: str, *, timeout: float = 10.0, agent: str = "") -> None:
        self._url = url
        self._agent = agent or None
        self._timeout = timeout
        self._socket: ClientConnection | None = None
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> WebSocketSignaling:
        try:
            self._socket = await connect(
                self._url,
                open_timeout=self._timeout,
                max_size=MAX_MESSAGE_SIZE,
                proxy=None,
                user_agent_header=self._agent,
            )
        except InvalidStatus as error:
            raise SignalingError(
                f"the server answered HTTP {error.response.status_code} instead of a WebSocket"
            ) from error
        except TimeoutError as error:
            raise SignalingError(f"no answer within {self._timeout:g} s") from error
        except WebSocketException as error:
            raise SignalingError(f"no WebSocket there ({error})") from error
        except OSError as error:
            raise SignalingError(_reason(error)) from error
        self._writer = asyncio.create_task(self._write(self._socket))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._socket is not None and self._writer is not None
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        await self._socket.close()

    def send(self, message: Message) -> None:
        """Queue ``message``; messages leave in order."""
        self._outbox.put_nowait(message)

    async def receive(self) -> Message:
        """The next message.

        :raises SignalingError: if the server is gone.
        :raises MessageError: if it said something that cannot be understood.
        """
        assert self._socket is not None, "enter the conversation with 'async with' first"
        try:
            text = await self._socket.recv(decode=True)
        except ConnectionClosed as error:
            raise SignalingError(_farewell(error)) from error
        return decode(text)

    async def __aiter__(self) -> AsyncIterator[Message]:
        while True:
            try:
                yield await self.receive()
            except SignalingError as error:
                cause = error.__cause__
                if isinstance(cause, ConnectionClosed) and cause.rcvd and cause.rcvd.code == 1000:
                    return
                raise

    async def _write(self, socket: ClientConnection) -> None:
        try:
            while True:
                await socket.send(encode(await self._outbox.get()))
        except ConnectionClosed:
            # The reader learns of it too, and says so.
            return


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there (connection refused)"
    return error.strerror or str(error)


def _farewell(error: ConnectionClosed) -> str:
    close = error.rcvd
    if close is None:
        return "the signaling server is gone"
    if close.code in (CloseCode.GOING_AWAY, CloseCode.SERVICE_RESTART):
        return "the server stopped"
    return f"the signaling server closed the conversation ({close.reason or close.code})"
