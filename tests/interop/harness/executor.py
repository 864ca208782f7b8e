"""Carries out the harness's commands on a Python library that has the W3C's objects.

The same class runs inside a test, on the library under test, and in a program of its own, on
a library that plays the remote peer. It takes the commands and emits the events described in
:mod:`tests.interop.harness.wire`.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.interop.harness import pattern

__all__ = ["Executor"]

#: A sender waits when a channel holds this much, until no more than a quarter of it is left.
_HIGH_WATER = 1 << 20

Emit = Callable[[dict[str, Any]], None]


@dataclass
class _Verification:
    """The series a channel is to receive, and how far it has come."""

    kind: str
    seed: int
    size: int
    count: int
    any_order: bool
    seen: set[int] = field(default_factory=set)
    octets: int = 0

    def take(self, data: str | bytes) -> str | None:
        """Accept one message; what is wrong with it, or ``None``."""
        index = pattern.index_of(data) if self.any_order else len(self.seen)
        if index in self.seen or index >= self.count:
            return f"message {index} of {self.count} is one too many"
        if data != pattern.message(self.kind, self.seed, index, self.size):
            return f"message {index} differs: {type(data).__name__} of {len(data)}"
        self.seen.add(index)
        self.octets += len(data)
        return None


@dataclass
class _Channel:
    channel: Any
    opened: bool = False
    echo: bool = False
    verification: _Verification | None = None


@dataclass
class _Connection:
    pc: Any
    channels: dict[str, _Channel] = field(default_factory=dict)
    announced: int = 0


class Executor:
    """Peer connections of one library, driven by commands.

    :param library: the module's name: ``"rtckit"`` or ``"aiortc"``.
    :param emit: where events go.
    """

    def __init__(self, library: str, emit: Emit) -> None:
        self._library = importlib.import_module(library)
        # aiortc's candidates are in its descriptions and nowhere else.
        self._trickles = library != "aiortc"
        self._emit = emit
        self._connections: dict[str, _Connection] = {}

    async def run(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command; its reply, with ``error`` in it if it failed."""
        arguments = {k: v for k, v in command.items() if k not in ("id", "cmd")}
        handler: Callable[..., Awaitable[dict[str, Any] | None]] = getattr(
            self, f"_do_{command['cmd']}"
        )
        try:
            result = await handler(**arguments)
        except Exception as error:  # noqa: BLE001  # told to the test, which fails with it
            where = "".join(traceback.format_exception(error))
            return {"id": command.get("id"), "error": f"{error!r}\n{where}"}
        return {"id": command.get("id"), "ok": True, **(result or {})}

    async def close(self) -> None:
        """Close every connection."""
        for connection in list(self._connections.values()):
            await connection.pc.close()
        self._connections.clear()

    # Connections

    async def _do_create(self, pc: str) -> None:
        lib = self._library
        connection = _Connection(lib.RTCPeerConnection(lib.RTCConfiguration(iceServers=[])))
        self._connections[pc] = connection
        peer = connection.pc

        for name in ("connection", "iceConnection", "iceGathering", "signaling"):
            event = f"{name.lower()}statechange"

            def on_state(*_: object, name: str = name) -> None:
                state = getattr(peer, f"{name}State")
                self._emit({"event": f"{name}State", "pc": pc, "state": state})
                if (name, state) == ("iceGathering", "complete") and not self._trickles:
                    self._emit({"event": "candidate", "pc": pc, "candidate": None})

            peer.on(event, on_state)

        def on_datachannel(channel: Any) -> None:
            connection.announced += 1
            key = f"remote-{connection.announced}"
            options = {
                "label": channel.label,
                "protocol": channel.protocol,
                "ordered": channel.ordered,
                "maxRetransmits": channel.maxRetransmits,
                "maxPacketLifeTime": channel.maxPacketLifeTime,
                "id": channel.id,
            }
            self._emit({"event": "datachannel", "pc": pc, "channel": key, **options})
            self._adopt(pc, key, channel)

        def on_candidate(event: Any) -> None:
            candidate = event.candidate
            if candidate is not None and not candidate.candidate:
                # An empty line ends one generation's candidates, null ends gathering: one end
                # is enough.
                return
            self._emit({"event": "candidate", "pc": pc, "candidate": _candidate_json(candidate)})

        peer.on("datachannel", on_datachannel)
        peer.on("icecandidate", on_candidate)

    async def _do_offer(self, pc: str) -> dict[str, Any]:
        peer = self._connections[pc].pc
        await peer.setLocalDescription(await peer.createOffer())
        return _description_json(peer.localDescription)

    async def _do_answer(self, pc: str) -> dict[str, Any]:
        peer = self._connections[pc].pc
        await peer.setLocalDescription(await peer.createAnswer())
        return _description_json(peer.localDescription)

    async def _do_remote(self, pc: str, type: str, sdp: str) -> None:
        description = self._library.RTCSessionDescription(sdp=sdp, type=type)
        await self._connections[pc].pc.setRemoteDescription(description)

    async def _do_candidate(self, pc: str, candidate: dict[str, Any] | None) -> None:
        peer = self._connections[pc].pc
        if candidate is None:
            await peer.addIceCandidate(None)
        elif not self._trickles:
            from aiortc.sdp import candidate_from_sdp

            parsed = candidate_from_sdp(candidate["candidate"].partition(":")[2])
            parsed.sdpMid = candidate["sdpMid"]
            parsed.sdpMLineIndex = candidate["sdpMLineIndex"]
            await peer.addIceCandidate(parsed)
        else:
            await peer.addIceCandidate(self._library.RTCIceCandidate(**candidate))

    async def _do_restartIce(self, pc: str) -> None:
        self._connections[pc].pc.restartIce()

    async def _do_stats(self, pc: str) -> dict[str, Any]:
        report = await self._connections[pc].pc.getStats()
        return {"types": sorted({_stat_type(entry) for entry in report.values()})}

    async def _do_close(self, pc: str) -> None:
        await self._connections.pop(pc).pc.close()

    # Channels

    async def _do_createDataChannel(
        self, pc: str, channel: str, label: str, options: dict[str, Any]
    ) -> None:
        self._adopt(pc, channel, self._connections[pc].pc.createDataChannel(label, **options))

    def _adopt(self, pc: str, key: str, channel: Any) -> None:
        held = self._connections[pc].channels[key] = _Channel(channel)

        def tell(event: str, **more: object) -> None:
            self._emit({"event": event, "pc": pc, "channel": key, **more})

        def on_open(*_: object) -> None:
            if not held.opened:
                held.opened = True
                tell("open", id=channel.id)

        def on_message(data: str | bytes) -> None:
            if held.echo:
                channel.send(data)
            elif held.verification is not None:
                self._verify(held, data, tell)
            else:
                tell("message", **_message_json(data))

        channel.on("open", on_open)
        channel.on("message", on_message)
        channel.on("close", lambda *_: tell("closed"))
        # An announced channel is open already in aiortc, which then fires no event.
        if channel.readyState == "open":
            on_open()

    @staticmethod
    def _verify(held: _Channel, data: str | bytes, tell: Callable[..., None]) -> None:
        verification = held.verification
        assert verification is not None
        wrong = verification.take(data)
        if wrong is not None:
            tell("mismatch", reason=wrong)
        elif len(verification.seen) == verification.count:
            held.verification = None
            tell("verified", count=verification.count, bytes=verification.octets)

    async def _do_send(
        self,
        pc: str,
        channel: str,
        kind: str = "binary",
        seed: int = 0,
        size: int = 0,
        count: int = 1,
        text: str | None = None,
    ) -> None:
        target = self._connections[pc].channels[channel].channel
        if text is not None:
            target.send(text)
            return
        for index in range(count):
            target.send(pattern.message(kind, seed, index, size))
            if target.bufferedAmount > _HIGH_WATER:
                await _drained(target)

    async def _do_echo(self, pc: str, channel: str, on: bool) -> None:
        self._connections[pc].channels[channel].echo = on

    async def _do_verify(
        self,
        pc: str,
        channel: str,
        kind: str,
        seed: int,
        size: int,
        count: int,
        anyOrder: bool = False,
    ) -> None:
        verification = _Verification(kind, seed, size, count, anyOrder)
        self._connections[pc].channels[channel].verification = verification

    async def _do_closeChannel(self, pc: str, channel: str) -> None:
        self._connections[pc].channels[channel].channel.close()


async def _drained(channel: Any) -> None:
    """Until a quarter of the high water mark is left, or the channel is no longer open."""
    low = asyncio.get_running_loop().create_future()

    def on_low(*_: object) -> None:
        if not low.done():
            low.set_result(None)

    channel.bufferedAmountLowThreshold = _HIGH_WATER // 4
    channel.on("bufferedamountlow", on_low)
    channel.on("close", on_low)
    await low
    channel.remove_listener("bufferedamountlow", on_low)
    channel.remove_listener("close", on_low)


def _candidate_json(candidate: Any) -> dict[str, Any] | None:
    if candidate is None:
        return None
    return {
        "candidate": candidate.candidate,
        "sdpMid": candidate.sdpMid,
        "sdpMLineIndex": candidate.sdpMLineIndex,
    }


def _description_json(description: Any) -> dict[str, Any]:
    return {"type": description.type, "sdp": description.sdp}


def _message_json(data: str | bytes) -> dict[str, Any]:
    octets = data.encode() if isinstance(data, str) else bytes(data)
    shown = data if isinstance(data, str) and len(data) <= 200 else None
    return {
        "kind": "text" if isinstance(data, str) else "binary",
        "size": len(octets),
        "sha256": hashlib.sha256(octets).hexdigest(),
        "text": shown,
    }


def _stat_type(entry: Any) -> str:
    return str(entry["type"] if isinstance(entry, dict) else entry.type)
