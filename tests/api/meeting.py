"""Peer connections that meet in one process, and a witness of what happens to them.

Everything goes over real sockets on the loopback address. Nothing sleeps: a test waits for what
it expects, and says what that was if it does not come.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

from rtckit import (
    Event,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceCandidate,
    RTCPeerConnection,
    TransportOptions,
)
from rtckit.peerconnection import EventTarget

#: How long anything is waited for, in seconds.
PATIENCE = 15.0

PEER_EVENTS = (
    "negotiationneeded",
    "signalingstatechange",
    "icegatheringstatechange",
    "iceconnectionstatechange",
    "connectionstatechange",
    "datachannel",
)
CHANNEL_EVENTS = ("open", "closing", "close", "error", "bufferedamountlow")


def loopback(**options: Any) -> RTCConfiguration:
    """A configuration that gathers on 127.0.0.1 alone."""
    options.setdefault("addresses", ["127.0.0.1"])
    return RTCConfiguration(transport=TransportOptions(**options))


class Witness:
    """What is noted, in order, and waiting for more of it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._noted = anyio.Event()

    def note(self, what: str) -> None:
        """Add a note."""
        self.heard.append(what)
        noted, self._noted = self._noted, anyio.Event()
        noted.set()

    def watch(
        self,
        target: EventTarget,
        *types: str,
        name: str = "",
        tell: Callable[[Any], str] = lambda event: event.type,
    ) -> None:
        """Note every event of these types, as ``name:what tell gives``."""
        prefix = f"{name}:" if name else ""

        def listener(event: Event) -> None:
            self.note(prefix + tell(event))

        for each in types:
            target.addEventListener(each, listener)

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until the condition holds; it is asked after every note."""
        with anyio.move_on_after(PATIENCE):
            while not condition():
                await self._noted.wait()
        assert condition(), f"waited {PATIENCE} s for {what or 'it'}; heard {self.heard}"

    async def hear(self, *what: str) -> None:
        """Wait until all of it was noted."""
        await self.until(lambda: set(what) <= set(self.heard), f"{what}")


class Box:
    """Messages of a channel, and waiting for them."""

    def __init__(self, channel: RTCDataChannel) -> None:
        self.messages: list[str | bytes] = []
        self._witness = Witness()
        channel.on("message", self._take)

    def _take(self, message: str | bytes) -> None:
        self.messages.append(message)
        self._witness.note(f"message {len(self.messages)}")

    async def hold(self, count: int) -> list[str | bytes]:
        """Wait for that many messages in all."""
        await self._witness.until(
            lambda: len(self.messages) >= count, f"{count} messages, have {len(self.messages)}"
        )
        return self.messages


@asynccontextmanager
async def two(
    first: RTCConfiguration | None = None, second: RTCConfiguration | None = None
) -> AsyncIterator[tuple[RTCPeerConnection, RTCPeerConnection]]:
    """Two peer connections, closed at the end."""
    async with (
        RTCPeerConnection(first or loopback()) as a,
        RTCPeerConnection(second or loopback()) as b,
    ):
        yield a, b


async def negotiate(a: RTCPeerConnection, b: RTCPeerConnection) -> None:
    """Offer from ``a``, answer from ``b``, with the candidates in the descriptions."""
    await a.setLocalDescription()
    assert a.localDescription is not None
    await b.setRemoteDescription(a.localDescription)
    await b.setLocalDescription()
    assert b.localDescription is not None
    await a.setRemoteDescription(b.localDescription)


def trickle(a: RTCPeerConnection, b: RTCPeerConnection, witness: Witness) -> None:
    """Carry the candidates of ``a`` to ``b``, and back, by events alone.

    They wait until their description is there, as a signaling channel would keep them in order.
    """
    for source, sink in ((a, b), (b, a)):

        def carry(event: Any, sink: RTCPeerConnection = sink) -> Any:
            candidate: RTCIceCandidate | None = event.candidate

            async def deliver() -> None:
                await witness.until(lambda: sink.remoteDescription is not None, "a description")
                await sink.addIceCandidate(candidate.toJSON() if candidate else None)

            return deliver()

        source.addEventListener("icecandidate", carry)


async def opened(*channels: RTCDataChannel) -> None:
    """Wait until the channels are open."""
    witness = Witness()
    for channel in channels:
        witness.watch(channel, "open", "close")
    await witness.until(
        lambda: all(each.readyState == "open" for each in channels),
        f"channels to open: {channels}",
    )


async def closed(*channels: RTCDataChannel) -> None:
    """Wait until the channels are closed."""
    witness = Witness()
    for channel in channels:
        witness.watch(channel, "close")
    await witness.until(
        lambda: all(each.readyState == "closed" for each in channels),
        f"channels to close: {channels}",
    )


async def next_channel(pc: RTCPeerConnection) -> RTCDataChannel:
    """The next channel that the other side opens."""
    found: list[RTCDataChannel] = []
    witness = Witness()

    def listener(event: Any) -> None:
        found.append(event.channel)
        witness.note(f"datachannel {event.channel.label}")

    pc.addEventListener("datachannel", listener, once=True)
    await witness.until(lambda: found, f"a channel at {pc}")
    return found[0]


class Pair:
    """Two peers with one open channel; ``left`` and ``right`` are its ends."""

    def __init__(
        self,
        a: RTCPeerConnection,
        b: RTCPeerConnection,
        left: RTCDataChannel,
        right: RTCDataChannel,
    ) -> None:
        self.a, self.b, self.left, self.right = a, b, left, right

    async def channel(self, label: str = "", **init: Any) -> tuple[RTCDataChannel, RTCDataChannel]:
        """One more channel, opened by ``a``."""
        found: list[RTCDataChannel] = []
        async with anyio.create_task_group() as tasks:

            async def find() -> None:
                found.append(await next_channel(self.b))

            tasks.start_soon(find)
            # Two turns: trio runs the tasks of one in any order.
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            left = self.a.createDataChannel(label, **init)
        await opened(left, found[0])
        return left, found[0]


@asynccontextmanager
async def connected(
    first: RTCConfiguration | None = None,
    second: RTCConfiguration | None = None,
    label: str = "chat",
    **init: Any,
) -> AsyncIterator[Pair]:
    """Two connected peers with an open channel, negotiated by DCEP from the first."""
    async with two(first, second) as (a, b):
        found: list[RTCDataChannel] = []
        b.on("datachannel", found.append)
        left = a.createDataChannel(label, **init)
        await negotiate(a, b)
        await opened(left)
        if not found:
            found.append(await next_channel(b))
        b.remove_listener("datachannel", found.append)
        await opened(found[0])
        yield Pair(a, b, left, found[0])
