"""What everything above asks of an event loop, and which one is running.

The W3C objects are written once against :class:`Runtime`; the asyncio and the trio one are
imported only when that loop is found running, so that neither drags in the other.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeVarTuple, Unpack

from rtckit.runtime.udp import DEFAULT_OPTIONS, Receive, UdpOptions, UdpSocket
from rtckit.seam import Address

if TYPE_CHECKING:
    from rtckit.runtime.multicast import MulticastSocket

__all__ = ["Event", "Runtime", "TaskHandle", "TimerHandle", "current_runtime"]

Ts = TypeVarTuple("Ts")


class TimerHandle(Protocol):
    """A callback that waits for its time."""

    def cancel(self) -> object:
        """Do not call it. Harmless when it was called or cancelled already."""


class TaskHandle(Protocol):
    """A coroutine that runs on its own."""

    def cancel(self) -> None:
        """Ask it to end at its next ``await``; it does not begin if it has not."""

    @property
    def done(self) -> bool:
        """Whether it has ended, however it did."""

    async def wait(self) -> None:
        """Wait until it has ended. Its exception was logged and is not raised here; cancelling
        the wait leaves the task alone."""


class Event(Protocol):
    """A flag that tasks wait for; set once, stays set."""

    def set(self) -> None:
        """Wake all who wait, now and later."""

    def is_set(self) -> bool:
        """Whether :meth:`set` was called."""

    async def wait(self) -> object:
        """Wait until it is set."""


class Runtime(Protocol):
    """Time, tasks and sockets of one running event loop. To be used from its thread only.

    Exceptions of callbacks and tasks are logged to ``rtckit`` with their traceback, and given to
    asyncio's exception handler if the program has set one; they never end the loop.
    """

    @property
    def name(self) -> str:
        """``"asyncio"`` or ``"trio"``."""

    def now(self) -> float:
        """The loop's monotonic time in seconds."""

    def call_soon(self, fn: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        """Call ``fn(*args)`` after the current step, in order of the requests."""

    def call_at(self, when: float, fn: Callable[[Unpack[Ts]], object], *args: *Ts) -> TimerHandle:
        """Call ``fn(*args)`` when :meth:`now` has reached ``when``."""

    def spawn(
        self,
        async_fn: Callable[[Unpack[Ts]], Awaitable[object]],
        *args: *Ts,
        name: str | None = None,
    ) -> TaskHandle:
        """Run ``async_fn(*args)`` on its own until it ends, is cancelled or the loop ends."""

    def report(self, what: str, error: BaseException) -> None:
        """Log an exception that has nobody else to go to, as those of callbacks are."""

    def event(self) -> Event:
        """A new event."""

    async def checkpoint(self) -> None:
        """Let others run; a point where a cancellation arrives."""

    async def resolve(self, host: str, port: int, family: int = 0) -> list[Address]:
        """The addresses of a host name, best first, without duplicates.

        A literal address is answered at once; a name costs a thread of the loop's own pool, as
        the system's resolver blocks.

        :param family: 4 or 6 for one IP version alone, 0 for both.
        :raises OSError: the name has no such address (``socket.gaierror``).
        """

    async def open_udp(
        self,
        host: str,
        port: int = 0,
        *,
        receive: Receive,
        options: UdpOptions = DEFAULT_OPTIONS,
    ) -> UdpSocket:
        """Open a UDP socket on a literal local address; port 0 takes a free one.

        :param receive: called once per wake-up with all that arrived.
        :raises ValueError: ``host`` is not a literal address.
        :raises OSError: it cannot be bound.
        """

    async def open_mdns(self, *, receive: Receive) -> MulticastSocket:
        """Open the multicast DNS sockets (RFC 6762 §3, §5) on every usable interface.

        :raises OSError: no interface takes part in multicast.
        """


def current_runtime() -> Runtime:
    """The runtime of the event loop that is running here: one per loop, made at first use.

    :raises RuntimeError: neither asyncio nor trio is running in this thread.
    """
    # A loop cannot be running if its library was never imported. Trio first: as a guest it runs
    # inside another loop, and then its tasks are trio's.
    if "trio" in sys.modules:
        from rtckit.runtime import trio_runtime

        found = trio_runtime.running()
        if found is not None:
            return found
    if "asyncio" in sys.modules:
        from rtckit.runtime import asyncio_runtime

        running = asyncio_runtime.running()
        if running is not None:
            return running
    raise RuntimeError(
        "no event loop is running: call this from a coroutine under asyncio.run() or trio.run()"
    )
