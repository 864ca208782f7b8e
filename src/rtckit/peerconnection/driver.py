"""Binds a sans-IO connection to sockets and timers of the running event loop."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from rtckit.connection import Connection, ConnectionEvent
from rtckit.runtime import Attachment, Batch, TimerHandle, UdpEndpoint, interface_addresses
from rtckit.seam import Address, Train, Transmit

from .configuration import TransportOptions
from .ice_server import IceServerURL
from .name_resolver import NameResolver
from .task_queue import TaskQueue

__all__ = ["Driver"]

logger = logging.getLogger("rtckit")


class Sender(Protocol):
    """A socket, or the endpoint that connections share."""

    @property
    def local_address(self) -> Address:
        """Where it is bound."""

    def send(self, train: Train, destination: Address) -> None:
        """Send a train; never blocks."""


class Driver:
    """Feeds the connection what arrives, sends what it gives, wakes it in time.

    Events are dispatched, and trains sent, from :meth:`flush` alone: from a socket's or timer's
    callback, or soon after :meth:`wake`. A handler that calls back into the connection finds
    itself inside a flush, which goes on until there is nothing left to do.

    :param dispatch: takes the events of the connection, in order.
    """

    def __init__(
        self,
        connection: Connection,
        tasks: TaskQueue,
        options: TransportOptions,
        dispatch: Callable[[list[ConnectionEvent]], None],
    ) -> None:
        self._connection = connection
        self._tasks = tasks
        self._options = options
        self._dispatch = dispatch
        self._sockets: dict[Address, Sender] = {}
        self._opened: list[Callable[[], None]] = []
        self._attachment: Attachment | None = None
        self._attached_ufrags: list[str] = []
        self._names = NameResolver(tasks, self._name_resolved)
        self._timer: TimerHandle | None = None
        self._timer_at = 0.0
        self._flushing = False
        self._scheduled = False
        self._changed = False
        self._closed = False
        self.drops: Counter[str] = Counter()

    def now(self) -> float:
        """The event loop's time."""
        return self._tasks.runtime().now()

    async def turn(self) -> None:
        """Let a task end and another begin."""
        await self._tasks.runtime().checkpoint()

    async def open_sockets(self) -> None:
        """Open a socket on every address that may be a host candidate, and report it.

        An address that cannot be bound costs its own candidate only.
        """
        if not self._sockets:
            if self._options.endpoint is not None:
                self._attach(self._options.endpoint)
            else:
                for address in self._addresses():
                    await self._open(address)
        if self._closed:
            return
        self._follow_restart()
        for local in self._sockets:
            self._connection.add_local_address(local, self.now())

    async def gather_from(self, servers: list[IceServerURL]) -> None:
        """Ask STUN servers for our address as they see it; a dead one delays nobody."""
        runtime = self._tasks.runtime()
        for server in servers:
            try:
                addresses = await runtime.resolve(server.host, server.port)
            except OSError as error:
                logger.warning("STUN server %s: %s", server.host, error)
                self.drops["stun-server-unresolved"] += 1
                continue
            if self._closed:
                return
            for address in addresses:
                self._connection.ice.add_stun_server(address, self.now())
            self.wake()

    def resolve_name(self, name: str) -> None:
        """Look a ``.local`` name up in the background."""
        if self._options.hostname_resolution:
            self._names.resolve(name)

    def wake(self) -> None:
        """Flush soon: the connection has been changed."""
        self._changed = True
        if not self._scheduled and not self._flushing:
            self._scheduled = True
            self._tasks.post(self._flush_scheduled)

    def flush(self) -> None:
        """Dispatch all events, send all trains, set the timer."""
        if self._flushing:
            return
        self._flushing = True
        connection = self._connection
        try:
            while events := self._events():
                self._dispatch(events)
            self._changed = True
            while self._changed:
                self._changed = False
                now = self.now()
                while (transmit := connection.poll_transmit(now)) is not None:
                    self._send(transmit)
                # What was sent may be news; only a handler that acts on it gives more to send.
                while events := self._events():
                    self._dispatch(events)
        finally:
            self._flushing = False
        self._arm()

    def close(self) -> None:
        """Send what is left and release everything."""
        if self._closed:
            return
        if self._tasks.bound:
            now = self.now()
            self._connection.close(now)
            while (transmit := self._connection.poll_transmit(now)) is not None:
                self._send(transmit)
        self._closed = True
        self._names.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for close in self._opened:
            close()
        self._opened.clear()
        self._sockets.clear()

    def _events(self) -> list[ConnectionEvent]:
        events: list[ConnectionEvent] = []
        while (event := self._connection.next_event()) is not None:
            events.append(event)
        return events

    def _flush_scheduled(self) -> None:
        self._scheduled = False
        if not self._closed:
            self.flush()

    def _addresses(self) -> list[str]:
        if self._options.addresses is not None:
            return list(self._options.addresses)
        found = interface_addresses(include_loopback=self._options.loopback)
        return [interface.address for interface in found]

    async def _open(self, host: str) -> None:
        local: Address = (host, 0)

        def receive(batch: Batch, now: float) -> None:
            self._receive(local, batch, now)

        try:
            socket = await self._tasks.runtime().open_udp(host, 0, receive=receive)
        except OSError as error:
            logger.info("no candidate on %s: %s", host, error)
            self.drops["address-not-usable"] += 1
            return
        if self._closed:
            socket.close()
            return
        local = socket.local_address
        self._sockets[local] = socket
        self._opened.append(socket.close)

    def _attach(self, endpoint: UdpEndpoint) -> None:
        local = endpoint.local_address

        def receive(batch: Batch, now: float) -> None:
            self._receive(local, batch, now)

        def authenticated(remote: Address) -> bool:
            return self._connection.ice.authenticated(remote, local)

        ufrag = self._connection.ice.local_credentials.ufrag
        self._attached_ufrags.append(ufrag)
        self._attachment = endpoint.attach(ufrag, receive, authenticated=authenticated)
        self._sockets[local] = self._attachment
        self._opened.append(self._attachment.close)

    def _follow_restart(self) -> None:
        """Let the shared endpoint know the credentials of an ICE restart; the former ones are
        still answered."""
        ufrag = self._connection.ice.local_credentials.ufrag
        if self._attachment is not None and ufrag not in self._attached_ufrags:
            self._attachment.add_ufrag(ufrag)
            self._attached_ufrags.append(ufrag)
            if len(self._attached_ufrags) > 2:
                self._attachment.remove_ufrag(self._attached_ufrags.pop(0))

    def _receive(self, local: Address, batch: Batch, now: float) -> None:
        if self._closed:
            return
        receive = self._connection.receive
        for train, remote in batch:
            receive(train, local, remote, now)
        self.flush()

    def _send(self, transmit: Transmit) -> None:
        socket = self._sockets.get(transmit.source)
        if socket is None:
            self.drops["no-socket-at-source"] += len(transmit.train)
            return
        socket.send(transmit.train, transmit.destination)

    def _arm(self) -> None:
        """Set the timer; one that fires too early is cheaper than one moved at every packet."""
        deadline = self._connection.next_timeout()
        if deadline is None or self._closed:
            return
        if self._timer is not None:
            if self._timer_at <= deadline:
                return
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._tasks.runtime().call_at(deadline, self._expired)

    def _expired(self) -> None:
        self._timer = None
        if self._closed:
            return
        deadline = self._connection.next_timeout()
        now = self.now()
        if deadline is not None and deadline <= now:
            self._connection.handle_timeout(now)
            self.flush()
        else:
            self._arm()

    def _name_resolved(self, name: str, addresses: list[str]) -> None:
        if not self._closed:
            self._connection.name_resolved(name, addresses, self.now())
            self.flush()
