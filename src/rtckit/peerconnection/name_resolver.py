"""Looks up ``.local`` candidate names by multicast DNS (RFC 6762; RFC 8828's mDNS candidates)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from rtckit.ice import mdns
from rtckit.runtime import Batch, MulticastSocket, TimerHandle
from rtckit.seam import ParseError

from .task_queue import TaskQueue

__all__ = ["NameResolver"]

logger = logging.getLogger("rtckit")


class NameResolver:
    """Asks until a name is answered or three seconds have passed; answers once a name.

    :param resolved: called with the name and its addresses, none if nobody answered.
    """

    #: Seconds after the first question at which it is repeated (RFC 6762 §5.2), and given up.
    SCHEDULE = (0.0, 0.25, 1.0, 3.0)
    #: Names in question at once; more are taken for unanswered.
    MAX_NAMES = 32

    def __init__(self, tasks: TaskQueue, resolved: Callable[[str, list[str]], None]) -> None:
        self._tasks = tasks
        self._resolved = resolved
        self._pending: dict[str, int] = {}
        self._timers: dict[str, TimerHandle] = {}
        self._socket: MulticastSocket | None = None
        self._opening = False
        self._closed = False
        self.drops: Counter[str] = Counter()

    def resolve(self, name: str) -> None:
        """Ask for a name in the background."""
        name = name.lower()
        if self._closed or name in self._pending:
            return
        if len(self._pending) >= self.MAX_NAMES:
            self._resolved(name, [])
            return
        self._pending[name] = 0
        if self._socket is not None:
            self._ask(name)
        elif not self._opening:
            self._opening = True
            self._tasks.runtime().spawn(self._open, name="mDNS")

    def close(self) -> None:
        """Stop asking."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._pending.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _open(self) -> None:
        try:
            socket = await self._tasks.runtime().open_mdns(receive=self._receive)
        except OSError as error:
            logger.info("no multicast DNS here: %s", error)
            for name in list(self._pending):
                self._finish(name, [])
            self._opening = False
            return
        self._opening = False
        if self._closed:
            socket.close()
            return
        self._socket = socket
        for name in list(self._pending):
            self._ask(name)

    def _ask(self, name: str) -> None:
        attempt = self._pending[name]
        if attempt + 1 == len(self.SCHEDULE) or self._socket is None:
            self._finish(name, [])
            return
        try:
            self._socket.send(mdns.encode_query(name))
        except ValueError:
            self._finish(name, [])
            return
        self._pending[name] = attempt + 1
        wait = self.SCHEDULE[attempt + 1] - self.SCHEDULE[attempt]
        runtime = self._tasks.runtime()
        self._timers[name] = runtime.call_at(runtime.now() + wait, self._ask, name)

    def _receive(self, batch: Batch, now: float) -> None:
        for train, _ in batch:
            for datagram in train:
                try:
                    message = mdns.parse_mdns(datagram)
                except ParseError:
                    self.drops["malformed"] += 1
                    continue
                found: dict[str, list[str]] = {}
                for answer in message.answers:
                    found.setdefault(answer.name.lower(), []).append(answer.address)
                for name, addresses in found.items():
                    if name in self._pending:
                        self._finish(name, addresses)

    def _finish(self, name: str, addresses: list[str]) -> None:
        self._pending.pop(name, None)
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        self._resolved(name, addresses)
