"""One protocol of JSON lines between a test and every implementation it drives.

A command is ``{"id": 1, "cmd": "offer", "pc": "c1", ...}``; its reply has the same ``id`` and
either ``ok`` with results or ``error`` with a text. What happens unasked is an event:
``{"event": "open", "pc": "c1", "channel": "chat", "id": 0}``.

=====================  =====================================================================
command                arguments beside ``pc``; result
=====================  =====================================================================
``create``             nothing
``createDataChannel``  ``channel`` (the test's name for it), ``label``, ``options`` (W3C's)
``offer``, ``answer``  creates it and sets it as local; ``type`` and ``sdp``
``remote``             ``type``, ``sdp``
``candidate``          ``candidate``: an RTCIceCandidateInit, or null at the end
``restartIce``         nothing; the next offer restarts
``send``               ``channel`` and ``text``, or ``kind``, ``seed``, ``size``, ``count``;
                       answered when all was taken over by the channel
``verify``             ``channel``, ``kind``, ``seed``, ``size``, ``count``, ``anyOrder``:
                       compare what comes with the series, and say ``verified`` at its end
``echo``               ``channel``, ``on``
``closeChannel``       ``channel``
``stats``              ``types`` that its report has
``close``              nothing
=====================  =====================================================================

Events: ``candidate``; ``connectionState``, ``iceConnectionState``, ``iceGatheringState``,
``signalingState`` with ``state``; ``datachannel`` with ``channel``, ``label``, ``protocol`` and
the options its library shows; ``open`` with ``id``; ``closed``; ``message`` with ``kind``,
``size``, ``sha256`` and a short ``text``; ``verified`` with ``bytes``; ``mismatch`` with
``reason``; ``log`` with ``text``.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.interop.harness.executor import Executor

__all__ = ["Channel", "Connection", "LocalPeer", "Overdue", "Peer", "ProcessPeer"]

Event = dict[str, Any]

#: Seconds a command or an event may take on a busy machine with two cores.
PATIENCE = 15.0

_SHOWN = 30
_LINE = 220


class Overdue(AssertionError):
    """Something did not happen in time, or the peer said that it cannot."""


class Peer:
    """An implementation under command. Subclasses carry the lines to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._ids = itertools.count(1)
        self._replies: dict[int, asyncio.Future[Event]] = {}
        self._connections: dict[str, Connection] = {}
        self._general: deque[str] = deque(maxlen=_SHOWN)
        self.gone: str | None = None

    def _write(self, command: Event) -> None:
        raise NotImplementedError

    async def stop(self) -> None:
        """End the peer; it must not outlive the test run."""

    def connection(self) -> Connection:
        """A handle on a connection that the peer has yet to create."""
        return Connection(self)

    def take(self, line: Event) -> None:
        """A reply or an event has come from the peer."""
        if (number := line.get("id")) is not None and "event" not in line:
            future = self._replies.pop(number, None)
            if future is not None and not future.done():
                future.set_result(line)
            return
        connection = self._connections.get(line.get("pc", ""))
        if connection is None:
            self._general.append(_short(line))
        else:
            connection.take(line)

    def lost(self, reason: str) -> None:
        """The peer is gone: nobody waits for it any longer."""
        self.gone = reason
        for future in self._replies.values():
            if not future.done():
                future.set_result({"error": reason})
        self._replies.clear()
        for connection in list(self._connections.values()):
            connection.take({"event": "log", "text": f"peer is gone: {reason}"})

    async def command(self, cmd: str, timeout: float, **arguments: Any) -> Event:
        """Send one command and await its reply."""
        if self.gone:
            return {"error": self.gone}
        number = next(self._ids)
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._replies[number] = future
        self._write({"id": number, "cmd": cmd, **arguments})
        try:
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            return {"error": f"no reply in {timeout} s"}
        finally:
            self._replies.pop(number, None)

    def general(self) -> list[str]:
        """Recent lines that belong to no connection."""
        return list(self._general)


class LocalPeer(Peer):
    """The library under test, in this very process and event loop."""

    def __init__(self, library: str) -> None:
        super().__init__(library)
        self._executor = Executor(library, self.take)
        self._running: set[asyncio.Task[None]] = set()

    def _write(self, command: Event) -> None:
        async def answer() -> None:
            self.take(await self._executor.run(command))

        task = asyncio.create_task(answer())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await self._executor.close()


class ProcessPeer(Peer):
    """A program that speaks the protocol on its standard input and output."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        super().__init__(name)
        self._process = process
        self._reading = [
            asyncio.create_task(self._read_lines()),
            asyncio.create_task(self._read_complaints()),
        ]

    @classmethod
    async def start(
        cls, name: str, *argv: str, cwd: Path, env: Mapping[str, str] | None = None
    ) -> ProcessPeer:
        """Start the program; ``env`` is its whole environment."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd, env=env, limit=1 << 22
        )
        return cls(name, process)

    def _write(self, command: Event) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")

    async def _read_lines(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            try:
                self.take(json.loads(line))
            except json.JSONDecodeError:
                self._general.append(line.decode(errors="replace").rstrip()[:_LINE])
        self.lost(f"{self.name} ended with status {await self._process.wait()}")

    async def _read_complaints(self) -> None:
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            self._general.append("stderr: " + line.decode(errors="replace").rstrip()[:_LINE])

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await asyncio.gather(*self._reading)
        # The pipe's transport would otherwise be closed by the collector, after the loop.
        assert self._process.stdin is not None
        self._process.stdin.close()


class Connection:
    """One peer connection at one peer."""

    _names = itertools.count(1)

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.pc = f"c{next(self._names)}"
        self.other: Connection | None = None
        #: Called with every event, before anybody waits for it.
        self.listeners: list[Callable[[Event], None]] = []
        self._channel_names = itertools.count(1)
        self._events: list[Event] = []
        self._waiting: list[tuple[Callable[[Event], bool], asyncio.Future[Event]]] = []
        self._history: deque[str] = deque(maxlen=_SHOWN)
        peer._connections[self.pc] = self

    def take(self, event: Event) -> None:
        self.note("<", event)
        for listener in self.listeners:
            listener(event)
        for entry in self._waiting:
            matches, future = entry
            if matches(event) and not future.done():
                self._waiting.remove(entry)
                future.set_result(event)
                return
        self._events.append(event)

    def note(self, mark: str, line: Event) -> None:
        """Keep a line for the message of a failure."""
        text = _short({k: v for k, v in line.items() if k != "pc"})
        self._history.append(f"{time.monotonic() % 1000:8.3f} {mark} {text}")

    async def command(self, cmd: str, timeout: float = PATIENCE, **arguments: Any) -> Event:
        """Have the peer do something with this connection; raises what it answers."""
        self.note(">", {"cmd": cmd, **arguments})
        reply = await self.peer.command(cmd, timeout, pc=self.pc, **arguments)
        if "error" in reply:
            raise Overdue(f"{self.peer.name}: {cmd} failed: {reply['error']}\n{self.story()}")
        return reply

    async def wait(self, event: str, timeout: float = PATIENCE, **match: Any) -> Event:
        """The first event of that name, and with those values, that nobody has waited for."""

        def matches(candidate: Event) -> bool:
            return candidate.get("event") == event and all(
                candidate.get(key) == value for key, value in match.items()
            )

        return await self.wait_for(matches, f"{event} {match or ''}", timeout)

    async def wait_for(
        self, matches: Callable[[Event], bool], what: str, timeout: float = PATIENCE
    ) -> Event:
        """The first unclaimed event that ``matches``."""
        for position, event in enumerate(self._events):
            if matches(event):
                return self._events.pop(position)
        if self.peer.gone:
            raise Overdue(f"{self.peer.name} is gone: {self.peer.gone}\n{self.story()}")
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._waiting.append((matches, future))
        try:
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            raise Overdue(
                f"{self.peer.name}: no {what} within {timeout} s\n{self.story()}"
            ) from None
        finally:
            self._waiting = [entry for entry in self._waiting if entry[1] is not future]

    def unclaimed(self, event: str) -> list[Event]:
        """The events of that name that nobody has waited for."""
        return [kept for kept in self._events if kept.get("event") == event]

    def story(self) -> str:
        """What both sides did lately."""
        parts = []
        for side in (self, self.other):
            if side is not None:
                lines = [*side.peer.general(), *side._history]
                parts.append(f"--- {side.peer.name} {side.pc}\n" + "\n".join(lines))
        return "\n".join(parts)

    async def create_channel(self, label: str, **options: Any) -> Channel:
        """Create a data channel; the options are the W3C's RTCDataChannelInit."""
        channel = Channel(self, f"local-{next(self._channel_names)}", label)
        await self.command("createDataChannel", channel=channel.name, label=label, options=options)
        return channel

    async def announced_channel(self, label: str) -> tuple[Channel, Event]:
        """The channel of that label which the other side has created, and how it came."""
        event = await self.wait("datachannel", label=label)
        return Channel(self, event["channel"], label), event

    async def close(self) -> None:
        await self.command("close")


class Channel:
    """One data channel at one peer."""

    def __init__(self, connection: Connection, name: str, label: str) -> None:
        self.connection = connection
        self.name = name
        self.label = label
        self.id: int | None = None

    async def opened(self) -> None:
        event = await self.connection.wait("open", channel=self.name)
        self.id = event.get("id")

    async def closed(self, timeout: float = PATIENCE) -> None:
        await self.connection.wait("closed", timeout, channel=self.name)

    async def close(self) -> None:
        await self.connection.command("closeChannel", channel=self.name)

    async def send_text(self, text: str) -> None:
        await self.connection.command("send", channel=self.name, text=text)

    async def send(
        self, kind: str, size: int, count: int = 1, *, seed: int = 1, timeout: float = PATIENCE
    ) -> None:
        """Send a series; returns when the channel has taken it over."""
        await self.connection.command(
            "send", timeout, channel=self.name, kind=kind, size=size, count=count, seed=seed
        )

    async def expect(
        self, kind: str, size: int, count: int = 1, *, seed: int = 1, any_order: bool = False
    ) -> None:
        """Have what comes next compared with a series."""
        await self.connection.command(
            "verify",
            channel=self.name,
            kind=kind,
            size=size,
            count=count,
            seed=seed,
            anyOrder=any_order,
        )

    async def verified(self, timeout: float = PATIENCE) -> int:
        """The series came whole and unchanged; its bytes."""
        event = await self.connection.wait_for(
            lambda e: e.get("event") in ("verified", "mismatch") and e["channel"] == self.name,
            f"verified series on {self.label!r}",
            timeout,
        )
        if event["event"] == "mismatch":
            raise Overdue(f"{self.label!r}: {event['reason']}\n{self.connection.story()}")
        return int(event["bytes"])

    async def message(self, timeout: float = PATIENCE) -> Event:
        return await self.connection.wait("message", timeout, channel=self.name)

    async def echo(self, on: bool = True) -> None:
        await self.connection.command("echo", channel=self.name, on=on)


def _short(line: Event) -> str:
    shown = {
        key: value if len(str(value)) <= _LINE else f"{str(value)[:_LINE]}..."
        for key, value in line.items()
    }
    return json.dumps(shown, ensure_ascii=False)
