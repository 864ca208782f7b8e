"""Signaling for small asyncio programs, with the names and the wire format of aiortc's module.

``create_signaling(args)`` gives an object with ``connect``, ``send``, ``receive`` and ``close``;
descriptions, candidates and :data:`BYE` travel as one JSON object a line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeAlias

from rtckit.peerconnection import RTCIceCandidate, RTCSessionDescription

__all__ = [
    "BYE",
    "CopyAndPasteSignaling",
    "TcpSocketSignaling",
    "UnixSocketSignaling",
    "add_signaling_arguments",
    "create_signaling",
    "object_from_string",
    "object_to_string",
]

logger = logging.getLogger("rtckit.signaling")


class _Bye:
    def __repr__(self) -> str:
        return "BYE"


#: The other side leaves.
BYE: Final = _Bye()

Signal: TypeAlias = RTCSessionDescription | RTCIceCandidate | _Bye

#: The longest line that is read, in bytes.
LINE_LIMIT = 256 * 1024


def object_to_string(obj: Signal) -> str:
    """One line of JSON for a description, a candidate or :data:`BYE`."""
    message: dict[str, object]
    if isinstance(obj, RTCSessionDescription):
        message = {"sdp": obj.sdp, "type": obj.type}
    elif isinstance(obj, RTCIceCandidate):
        message = {
            "candidate": obj.candidate,
            "id": obj.sdpMid,
            "label": obj.sdpMLineIndex,
            "type": "candidate",
        }
    else:
        message = {"type": "bye"}
    return json.dumps(message, sort_keys=True)


def object_from_string(message_str: str) -> Signal | None:
    """The inverse of :func:`object_to_string`; ``None`` for a message of another type.

    :raises ValueError: it is no JSON object, or a field is missing.
    """
    message = json.loads(message_str)
    if not isinstance(message, dict):
        raise ValueError("a signaling message is a JSON object")
    kind = message.get("type")
    try:
        if kind in ("offer", "answer"):
            return RTCSessionDescription(sdp=message["sdp"], type=kind)
        if kind == "candidate":
            return RTCIceCandidate(
                candidate=message["candidate"],
                sdpMid=message.get("id"),
                sdpMLineIndex=message.get("label"),
            )
    except (KeyError, TypeError) as error:
        raise ValueError(f"bad {kind} message: {error}") from error
    return BYE if kind == "bye" else None


class CopyAndPasteSignaling:
    """A person carries the messages: printed here, pasted there."""

    def __init__(self) -> None:
        self._reader: asyncio.StreamReader | None = None
        self._transport: asyncio.ReadTransport | None = None

    async def connect(self) -> dict[str, object]:
        """Start to read from standard input."""
        loop = asyncio.get_running_loop()
        self._reader = reader = asyncio.StreamReader(limit=LINE_LIMIT)
        self._transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        return {}

    async def close(self) -> None:
        """Print :data:`BYE` and stop reading."""
        if self._transport is not None:
            await self.send(BYE)
            self._transport.close()
            self._transport = None

    async def receive(self) -> Signal | None:
        """The next message that is pasted; ``None`` at the end of input."""
        print("-- Please enter a message from remote party --")
        assert self._reader is not None, "connect() first"
        line = await self._reader.readline()
        print()
        return object_from_string(line.decode()) if line.strip() else None

    async def send(self, descr: Signal) -> None:
        """Print the message."""
        print("-- Please send this message to the remote party --")
        print(object_to_string(descr))
        print()


class _StreamSignaling:
    """One connection: the side that sends first listens, the other connects to it."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._server: asyncio.Server | None = None
        self._accepted: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] | None
        self._accepted = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        """Nothing to do: the connection is made when it is first needed."""

    async def close(self) -> None:
        """Say :data:`BYE` and close."""
        if self._writer is not None:
            await self.send(BYE)
            self._writer.close()
            self._reader = self._writer = None
        if self._server is not None:
            self._server.close()
            self._server = None
            self._released()

    async def receive(self) -> Signal | None:
        """The next message; ``None`` when the other side has closed."""
        await self._connect(listen=False)
        assert self._reader is not None
        try:
            line = await self._reader.readline()
        except (OSError, ValueError) as error:
            logger.warning("signaling at %s: %s", self._where, error)
            return None
        return object_from_string(line.decode()) if line else None

    async def send(self, descr: Signal) -> None:
        """Send a message."""
        await self._connect(listen=True)
        assert self._writer is not None
        self._writer.write(object_to_string(descr).encode() + b"\n")

    async def _connect(self, listen: bool) -> None:
        if self._writer is not None:
            return
        if not listen and self._accepted is None:
            self._reader, self._writer = await self._dial()
            return
        if self._accepted is None:
            self._accepted = asyncio.get_running_loop().create_future()
            self._server = await self._listen(self._accept)
        # A wait that is cancelled must not cancel the listening.
        self._reader, self._writer = await asyncio.shield(self._accepted)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._accepted is not None
        if self._accepted.done():
            writer.close()
        else:
            self._accepted.set_result((reader, writer))

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        raise AssertionError("a subclass dials")

    async def _listen(self, accept: Acceptor) -> asyncio.Server:
        raise AssertionError("a subclass listens")

    def _released(self) -> None:
        """The server is closed."""


Acceptor: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class TcpSocketSignaling(_StreamSignaling):
    """Over TCP: the side that sends first listens."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port}")
        self._host, self._port = host, port

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._host, self._port, limit=LINE_LIMIT)

    async def _listen(self, accept: Acceptor) -> asyncio.Server:
        return await asyncio.start_server(accept, self._host, self._port, limit=LINE_LIMIT)


class UnixSocketSignaling(_StreamSignaling):
    """Over a UNIX socket: the side that sends first listens."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._path = path

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self._path, limit=LINE_LIMIT)

    async def _listen(self, accept: Acceptor) -> asyncio.Server:
        return await asyncio.start_unix_server(accept, self._path, limit=LINE_LIMIT)

    def _released(self) -> None:
        Path(self._path).unlink(missing_ok=True)


def add_signaling_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command-line options that :func:`create_signaling` reads."""
    parser.add_argument(
        "--signaling",
        "-s",
        choices=["copy-and-paste", "tcp-socket", "unix-socket"],
        default="copy-and-paste",
    )
    parser.add_argument("--signaling-host", default="127.0.0.1", help="Signaling host (tcp-socket)")
    parser.add_argument("--signaling-port", default=1234, type=int, help="Signaling port")
    parser.add_argument("--signaling-path", default="rtckit.socket", help="Signaling socket path")


def create_signaling(
    args: argparse.Namespace,
) -> CopyAndPasteSignaling | TcpSocketSignaling | UnixSocketSignaling:
    """The signaling that the command line asks for."""
    if args.signaling == "tcp-socket":
        return TcpSocketSignaling(args.signaling_host, args.signaling_port)
    if args.signaling == "unix-socket":
        return UnixSocketSignaling(args.signaling_path)
    return CopyAndPasteSignaling()
