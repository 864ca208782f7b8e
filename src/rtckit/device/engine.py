"""What a peer does on the event loop: which connection it has, and who offers."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Literal

from rtckit import RTCConfiguration, RTCDataChannel
from rtckit.device import states
from rtckit.device.callbacks import Callbacks
from rtckit.device.connection import Connection
from rtckit.device.description import candidates_of, check_description, infer_type
from rtckit.device.limits import Limits
from rtckit.device.outbox import Outbox

__all__ = ["Engine", "OfferNotReady", "Role"]

_log = logging.getLogger("rtckit.device")

Role = Literal["controlling", "controlled"]


class OfferNotReady(RuntimeError):
    """A remote offer came, and our own, which is to be the answer to it, could not be had in time.

    An HTTP handler that lets it pass answers ``503 Service Unavailable``.
    """

    def __init__(self) -> None:
        super().__init__("Failed to set remote SDP")


class Engine:
    """One connection after another, for a peer in one of the two roles.

    *Controlling*: offers, and ignores the remote side's offer meanwhile (the impolite one of
    perfect negotiation, WebRTC 1.0 §10.7). One offer serves one remote side, so when its
    connection is lost, or another remote side shows up, the next offer is made.

    *Controlled*: answers offers, also when it has made one itself (the polite one).

    A new remote side takes over: a page that is reloaded shows up as one, long before the old
    one's silence is noticed.
    """

    def __init__(
        self,
        role: Role,
        configuration: Callable[[], RTCConfiguration],
        callbacks: Callbacks,
        limits: Limits,
    ) -> None:
        self._polite = role == "controlled"
        self._configuration = configuration
        self._callbacks = callbacks
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self.outbox = Outbox(self._loop, limits)
        self._connection: Connection | None = None
        self._negotiating = asyncio.Lock()
        self._offers = False
        self._offered = asyncio.Event()
        self._candidates: deque[str] = deque(maxlen=limits.remote_candidates)
        self._renewing: asyncio.Task[None] | None = None

    async def offer(self) -> None:
        """Begin a new connection and make our offer; one that is there ends."""
        async with self._negotiating:
            await self._offer()

    async def prepare(self) -> None:
        """Begin a new connection with whoever offers; one that is there ends."""
        async with self._negotiating:
            self._candidates.clear()
            await self._end_connection()
            self._callbacks.tell("state", states.STATE_NEW_CONNECTION)

    async def accept(self, sdp: str, kind: str | None) -> None:
        """Take the remote side's description.

        :raises OfferNotReady: ours would be due and is not there.
        :raises Exception: the description cannot be used.
        """
        kind = kind or infer_type(sdp, offering=self._connection_offers())
        check_description(sdp)
        if kind == "answer":
            async with self._negotiating:
                await self._take_answer(sdp)
            return
        if not self._polite and not self._offers and not self._callbacks.wants("answer"):
            await self._wait_for_offer()
        async with self._negotiating:
            connection = self._connection
            known = connection is not None and connection.is_from(sdp)
            if self._polite or known or not self._offers:
                await self._answer(sdp)
            elif not self._connection_offers():
                await self._offer()

    async def add_candidate(self, candidate: str) -> None:
        """Take a candidate of the remote side, now or when its description is there."""
        connection = self._connection
        if connection is None or not await connection.add_candidate(candidate):
            self._candidates.append(candidate)

    async def disconnect(self) -> None:
        """End the connection; the next begins only when asked for."""
        async with self._negotiating:
            self._offers = False
            self._offered.clear()
            if await self._end_connection():
                self._callbacks.tell("state", states.STATE_DISCONNECTED)

    async def close(self) -> None:
        """Send what is still to be sent, end, and tell nothing more."""
        try:
            async with asyncio.timeout(self._limits.close_wait):
                await self.outbox.drained()
        except TimeoutError:
            _log.info("closed with data unsent")
        async with self._negotiating:
            if self._renewing is not None:
                self._renewing.cancel()
            await self._end_connection()
            self._callbacks.tell("state", states.STATE_CLOSED)
            self._callbacks.mute()

    # What the connection tells

    def on_connection_state(self, connection: Connection, state: int) -> None:
        if connection is self._connection:
            self._callbacks.tell("state", state)

    def on_sending_channel(self, connection: Connection, channel: RTCDataChannel | None) -> None:
        if connection is self._connection:
            self.outbox.use(channel, connection.largest_message)

    async def on_message(self, data: bytes) -> None:
        self._callbacks.tell("data", data)
        if self._callbacks.full():
            room = asyncio.Event()

            def go_on() -> None:
                self._loop.call_soon_threadsafe(room.set)

            self._callbacks.when_room(go_on)
            await room.wait()

    def on_lost(self, connection: Connection) -> None:
        if connection is self._connection:
            self._renewing = self._loop.create_task(self._renew(connection))

    # Negotiation, with the lock held

    def _connection_offers(self) -> bool:
        return self._connection is not None and self._connection.offering

    async def _offer(self) -> None:
        self._candidates.clear()
        await self._end_connection()
        connection = self._begin_connection()
        self._offers = True
        self._announce("offer", await connection.offer())
        self._offered.set()

    async def _take_answer(self, sdp: str) -> None:
        connection = self._connection
        if connection is None or not connection.offering:
            raise ValueError("an answer, but no offer waits for one")
        await connection.accept_answer(sdp)
        self._callbacks.tell("state", states.STATE_CONNECTING)
        await self._add_waiting(connection)

    async def _answer(self, sdp: str) -> None:
        connection = self._connection
        if connection is not None and (connection.offering or connection.is_from(sdp)):
            answer = await connection.answer(sdp)
        else:
            # The connection there is ends only once it is known that the newcomer can be answered.
            newcomer = Connection(self._configuration(), self, self._limits)
            try:
                answer = await newcomer.answer(sdp)
            except BaseException:
                await newcomer.close()
                raise
            await self._end_connection()
            connection = self._begin_connection(newcomer)
        self._callbacks.tell("state", states.STATE_CONNECTING)
        await self._add_waiting(connection)
        self._announce("answer", answer)

    def _begin_connection(self, connection: Connection | None = None) -> Connection:
        self._callbacks.forget("offer", "answer", "ice")
        self._callbacks.tell("state", states.STATE_NEW_CONNECTION)
        self._connection = connection or Connection(self._configuration(), self, self._limits)
        return self._connection

    async def _end_connection(self) -> bool:
        connection, self._connection = self._connection, None
        self.outbox.use(None)
        if connection is None:
            return False
        await connection.close()
        return True

    async def _renew(self, lost: Connection) -> None:
        async with self._negotiating:
            if self._connection is not lost:
                return
            if not self._offers:
                await self._end_connection()
                return
            try:
                await self._offer()
            except Exception:  # noqa: BLE001 - a peer must outlive a network that is away
                _log.exception("the next offer failed; create_offer() makes another")

    def _announce(self, kind: Literal["offer", "answer"], sdp: str) -> None:
        self._callbacks.tell(kind, sdp)
        for candidate in candidates_of(sdp):
            self._callbacks.tell("ice", candidate)

    async def _add_waiting(self, connection: Connection) -> None:
        while self._candidates:
            candidate = self._candidates.popleft()
            try:
                await connection.add_candidate(candidate)
            except Exception as error:  # noqa: BLE001 - the others may still do
                _log.info("a remote candidate is of no use: %s", error)

    async def _wait_for_offer(self) -> None:
        try:
            async with asyncio.timeout(self._limits.offer_wait):
                await self._offered.wait()
        except TimeoutError:
            raise OfferNotReady from None
