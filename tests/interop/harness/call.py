"""Two peers introduced to each other: the signaling between them, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

from tests.interop.harness.wire import Channel, Connection, Event, Peer

__all__ = ["NEAR", "Call", "Side", "Traits", "meet"]

#: ``near`` is the library under test; ``far`` is another implementation.
Side = Literal["near", "far"]
NEAR: Side = "near"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a remote implementation can and cannot, so that tests ask no more of it."""

    #: It keeps checking while it knows no candidate of ours yet. Otherwise our description waits
    #: until it has them all.
    waits_for_candidates: bool = True
    restarts_ice: bool = True
    #: Bytes in the largest message it takes.
    largest_message: int = 262_144
    #: It tells a channel's ordering and reliability to its application.
    shows_reliability: bool = True
    #: Its announcements of labels beyond ASCII are right.
    measures_labels_in_bytes: bool = True


@dataclass
class Call:
    """A connection between two peers, with its signaling."""

    near: Connection
    far: Connection
    offering: Side
    traits: Traits
    #: Sides whose candidates reach the other side.
    introduced: frozenset[Side]

    def __post_init__(self) -> None:
        self.near.other, self.far.other = self.far, self.near
        self._queues: dict[str, asyncio.Queue[Event]] = {}
        self._described: dict[str, asyncio.Event] = {}
        self._trickling: list[asyncio.Task[None]] = []
        #: The latest offer and answer.
        self.descriptions: tuple[Event, Event] | None = None
        for connection in (self.near, self.far):
            queue: asyncio.Queue[Event] = asyncio.Queue()
            self._queues[connection.pc] = queue
            self._described[connection.pc] = asyncio.Event()

            def on_event(event: Event, queue: asyncio.Queue[Event] = queue) -> None:
                if event.get("event") == "candidate":
                    queue.put_nowait(event)

            connection.listeners.append(on_event)

    @property
    def offerer(self) -> Connection:
        return self.near if self.offering == NEAR else self.far

    @property
    def answerer(self) -> Connection:
        return self.far if self.offering == NEAR else self.near

    def side(self, side: Side) -> Connection:
        return self.near if side == NEAR else self.far

    async def negotiate(self) -> tuple[Event, Event]:
        """One round of offer and answer, candidates trickling; both descriptions."""
        for described in self._described.values():
            described.clear()
        offer = await self._presentable(self.offerer, await self.offerer.command("offer"))
        await self.answerer.command("remote", type="offer", sdp=offer["sdp"])
        self._trickle(self.offerer, self.answerer)
        answer = await self._presentable(self.answerer, await self.answerer.command("answer"))
        await self.offerer.command("remote", type="answer", sdp=answer["sdp"])
        self._trickle(self.answerer, self.offerer)
        self.descriptions = offer, answer
        return offer, answer

    async def _presentable(self, owner: Connection, description: Event) -> Event:
        """The description as the other side should get it."""
        side: Side = "near" if owner is self.near else "far"
        if side not in self.introduced:
            sdp = re.sub(r"a=(candidate|end-of-candidates)[^\r\n]*\r?\n", "", description["sdp"])
            return {**description, "sdp": sdp}
        if owner is self.near and not self.traits.waits_for_candidates:
            lines = []
            while (event := await owner.wait("candidate"))["candidate"] is not None:
                lines.append("a=" + event["candidate"]["candidate"] + "\r\n")
            present = [line for line in lines if line not in description["sdp"]]
            return {**description, "sdp": description["sdp"] + "".join(present)}
        return description

    def _trickle(self, owner: Connection, other: Connection) -> None:
        """``other`` has the description that ``owner``'s candidates belong to: carry them."""
        side: Side = "near" if owner is self.near else "far"
        if side not in self.introduced:
            return
        self._described[owner.pc].set()
        if any(task.get_name() == owner.pc for task in self._trickling):
            return

        async def carry() -> None:
            while True:
                event = await self._queues[owner.pc].get()
                await self._described[owner.pc].wait()
                await other.command("candidate", candidate=event["candidate"])

        self._trickling.append(asyncio.create_task(carry(), name=owner.pc))

    async def connected(self) -> None:
        """Both sides say that they are connected."""
        await asyncio.gather(
            self.near.wait("connectionState", state="connected"),
            self.far.wait("connectionState", state="connected"),
        )

    async def open_channel(
        self, label: str, by: Side | None = None, **options: Any
    ) -> tuple[Channel, Channel]:
        """A channel created by one side (the offerer), open at both: near's end and far's."""
        creator = self.side(by) if by else self.offerer
        receiver = self.far if creator is self.near else self.near
        made = await creator.create_channel(label, **options)
        if self.descriptions is None:
            await self.negotiate()
        announced, _ = await receiver.announced_channel(label)
        await asyncio.gather(made.opened(), announced.opened())
        return (made, announced) if creator is self.near else (announced, made)

    async def end(self) -> None:
        """Close both sides; what the candidates' carriers failed with is raised."""
        for task in self._trickling:
            task.cancel()
        ended = await asyncio.gather(*self._trickling, return_exceptions=True)
        for connection in (self.near, self.far):
            if connection.pc in connection.peer._connections:
                with contextlib.suppress(AssertionError):
                    await connection.close()
                connection.peer._connections.pop(connection.pc, None)
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome


@contextlib.asynccontextmanager
async def meet(
    near: Peer,
    far: Peer,
    traits: Traits,
    offering: Side,
    introduced: frozenset[Side] = frozenset({"near", "far"}),
) -> AsyncIterator[Call]:
    """A call between fresh connections, closed at the end.

    :param introduced: the sides whose candidates the signaling carries; the other side's are
        withheld, so that its peer learns of them from its checks alone.
    """
    call = Call(near.connection(), far.connection(), offering, traits, introduced)
    try:
        await call.near.command("create")
        await call.far.command("create")
        yield call
    finally:
        await call.end()
