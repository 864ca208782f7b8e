"""One connection of a peer: a peer connection, its channels, and what becomes of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Protocol

from rtckit import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceCandidate,
    RTCPeerConnection,
    RTCPeerConnectionIceErrorEvent,
    RTCSessionDescription,
)
from rtckit.device import states
from rtckit.device.description import session_of, ufrag_of
from rtckit.device.limits import Limits

__all__ = ["Connection", "ConnectionOwner"]

_log = logging.getLogger("rtckit.device")


class ConnectionOwner(Protocol):
    """What a connection tells, on the loop."""

    def on_connection_state(self, connection: Connection, state: int) -> None:
        """The connection came into one of the numbered states."""

    def on_sending_channel(self, connection: Connection, channel: RTCDataChannel | None) -> None:
        """Messages go out on ``channel`` from now on, or nowhere."""

    async def on_message(self, data: bytes) -> None:
        """A message came; no more are read from its channel until this returns."""

    def on_lost(self, connection: Connection) -> None:
        """It failed, or was ended by the remote side. Told once."""


class Connection:
    """A peer connection from its first description to its loss.

    Messages go out on the open channel with the lowest id and come in on all. A browser that was
    given our offer has its own channel and perhaps does not listen on ours, so ours alone counts
    as open only after a short wait for the browser's.
    """

    def __init__(
        self, configuration: RTCConfiguration, owner: ConnectionOwner, limits: Limits
    ) -> None:
        self._owner = owner
        self._limits = limits
        self._servers = bool(configuration.iceServers)
        self._pc = RTCPeerConnection(configuration)
        self._channels: list[RTCDataChannel] = []
        self._own: RTCDataChannel | None = None
        self._sending: RTCDataChannel | None = None
        self._remote_session: tuple[str, ...] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._grace: asyncio.TimerHandle | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._told: set[int] = set()
        self._over = False
        self._pc.on("datachannel", self._announced)
        self._pc.on("connectionstatechange", self._connection_changed)
        self._pc.on("iceconnectionstatechange", self._ice_changed)
        self._pc.addEventListener("icecandidateerror", _log_candidate_error)

    @property
    def offering(self) -> bool:
        """Whether our offer waits for its answer."""
        return self._pc.signalingState == "have-local-offer"

    @property
    def largest_message(self) -> int:
        """Bytes of the largest message that the remote side takes."""
        sctp = self._pc.sctp
        return int(sctp.maxMessageSize) if sctp is not None and sctp.maxMessageSize < 2**53 else 0

    def is_from(self, sdp: str) -> bool:
        """Whether ``sdp`` comes from the peer connection that this one is connected with."""
        return self._remote_session == session_of(sdp)

    async def offer(self) -> str:
        """An offer with all candidates in it."""
        if self._own is None:
            self._own = self._pc.createDataChannel("device")
            self._watch(self._own)
        await self._pc.setLocalDescription(await self._pc.createOffer())
        return await self._gathered()

    async def answer(self, sdp: str) -> str:
        """The answer to the remote side's offer, with all candidates in it."""
        # An offer of ours that is still open is rolled back by this (RFC 9429 §4.1.10.2).
        await self._set_remote("offer", sdp)
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        return await self._gathered()

    async def accept_answer(self, sdp: str) -> None:
        """Take the answer to our offer."""
        await self._set_remote("answer", sdp)

    async def add_candidate(self, candidate: str) -> bool:
        """Add a candidate of the remote side; whether it is time for one.

        One that belongs to a description that is no longer (or never was) in force is ignored.
        """
        remote = self._pc.remoteDescription
        if remote is None:
            return False
        ufrag = ufrag_of(candidate)
        if ufrag is None or ufrag == ufrag_of(remote.sdp):
            await self._pc.addIceCandidate(RTCIceCandidate(candidate, sdpMLineIndex=0))
        return True

    async def close(self) -> None:
        """End it; nothing is told any more."""
        self._end()
        await self._pc.close()
        for task in self._tasks:
            task.cancel()

    async def _set_remote(self, kind: str, sdp: str) -> None:
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type=kind))
        self._remote_session = session_of(sdp)

    async def _gathered(self) -> str:
        # Host candidates are there at once; only those of servers take their time.
        if self._servers and self._pc.iceGatheringState != "complete":
            complete = asyncio.Event()

            def check(*_: object) -> None:
                if self._pc.iceGatheringState == "complete":
                    complete.set()

            self._pc.on("icegatheringstatechange", check)
            with contextlib.suppress(TimeoutError):
                check()
                await asyncio.wait_for(complete.wait(), self._limits.gathering)
            self._pc.remove_listener("icegatheringstatechange", check)
        description = self._pc.localDescription
        assert description is not None
        return description.sdp

    # Channels

    def _announced(self, channel: RTCDataChannel) -> None:
        if self._over or len(self._channels) >= self._limits.channels:
            channel.close()
            return
        self._watch(channel)
        if channel.readyState == "open":
            self._opened()

    def _watch(self, channel: RTCDataChannel) -> None:
        self._channels.append(channel)
        channel.on("open", self._opened)
        channel.on("close", lambda *_: self._closed(channel))
        self._spawn(self._read(channel))

    async def _read(self, channel: RTCDataChannel) -> None:
        async for message in channel:
            if self._over:
                return
            if self._sending is None:
                # Whoever sends on a channel listens on it.
                self._choose()
            data = message.encode() if isinstance(message, str) else bytes(message)
            await self._owner.on_message(data)

    def _opened(self, *_: object) -> None:
        if self._over:
            return
        self._tell(states.STATE_CONNECTED)
        self._tell(states.STATE_DATA_CHANNEL_CONNECTED)
        opened = self._open_channels()
        if opened == [self._own] and self._sending is None:
            if self._grace is None:
                loop = asyncio.get_running_loop()
                self._grace = loop.call_later(self._limits.channel_grace, self._choose)
            return
        self._choose()

    def _open_channels(self) -> list[RTCDataChannel]:
        opened = [channel for channel in self._channels if channel.readyState == "open"]
        return sorted(opened, key=lambda channel: 65_536 if channel.id is None else channel.id)

    def _choose(self) -> None:
        if self._over:
            return
        if self._grace is not None:
            self._grace.cancel()
        opened = self._open_channels()
        chosen = opened[0] if opened else None
        if chosen is self._sending:
            return
        before, self._sending = self._sending, chosen
        self._owner.on_sending_channel(self, chosen)
        if chosen is None:
            self._told.discard(states.STATE_DATA_CHANNEL_OPENED)
            self._tell(states.STATE_DATA_CHANNEL_CLOSED)
        elif before is None:
            self._told.discard(states.STATE_DATA_CHANNEL_CLOSED)
            self._tell(states.STATE_DATA_CHANNEL_OPENED)

    def _closed(self, channel: RTCDataChannel) -> None:
        if channel in self._channels:
            self._channels.remove(channel)
        if self._over:
            return
        if self._sending is channel:
            self._choose()
        if not self._open_channels() and self._told & {states.STATE_DATA_CHANNEL_CONNECTED}:
            # A page that was reloaded ends its association and is never heard of again, so a
            # connection without any channel is over, unless a new one comes soon.
            self._expect_return(self._limits.channel_grace * 2)

    # States

    def _ice_changed(self, *_: object) -> None:
        state = self._pc.iceConnectionState
        if state == "checking":
            self._tell(states.STATE_PAIRING)
        elif state in ("connected", "completed"):
            self._tell(states.STATE_PAIRED)

    def _connection_changed(self, *_: object) -> None:
        state = self._pc.connectionState
        if state == "connected":
            self._tell(states.STATE_CONNECTED)
            if self._open_channels() or states.STATE_DATA_CHANNEL_CONNECTED not in self._told:
                self._forget_patience()
        elif state == "disconnected":
            self._expect_return(self._limits.disconnect_grace)
        elif state in ("failed", "closed"):
            self._lose()

    def _expect_return(self, seconds: float) -> None:
        self._forget_patience()
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(seconds, self._return_or_lose)

    def _return_or_lose(self) -> None:
        if self._pc.connectionState != "connected" or not self._open_channels():
            self._lose()

    def _forget_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose(self) -> None:
        if self._over:
            return
        worked = states.STATE_CONNECTED in self._told
        channels = states.STATE_DATA_CHANNEL_CONNECTED in self._told
        if self._sending is not None:
            self._sending = None
            self._owner.on_sending_channel(self, None)
            self._tell(states.STATE_DATA_CHANNEL_CLOSED)
        if channels:
            self._tell(states.STATE_DATA_CHANNEL_DISCONNECTED)
        self._tell(states.STATE_DISCONNECTED if worked else states.STATE_CONNECT_FAILED)
        self._end()
        self._owner.on_lost(self)

    def _tell(self, state: int) -> None:
        if not self._over and state not in self._told:
            self._told.add(state)
            self._owner.on_connection_state(self, state)

    def _end(self) -> None:
        self._over = True
        self._forget_patience()
        if self._grace is not None:
            self._grace.cancel()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _log_candidate_error(event: RTCPeerConnectionIceErrorEvent) -> None:
    _log.warning("%s gives no candidate: %s", event.url, event.errorText)
