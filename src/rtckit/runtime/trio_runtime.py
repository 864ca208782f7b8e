"""The runtime on trio. Nothing here starts a thread but the resolving of a name."""

from __future__ import annotations

import contextvars
import heapq
import logging
import math
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVarTuple, Unpack

import trio

from rtckit.runtime.multicast import MulticastSocket, bind_mdns
from rtckit.runtime.resolver import FAMILIES, numeric, unique
from rtckit.runtime.udp import DEFAULT_OPTIONS, Receive, UdpOptions, UdpSocket, bind_udp
from rtckit.seam import Address

__all__ = ["TrioRuntime", "running"]

Ts = TypeVarTuple("Ts")

_logger = logging.getLogger("rtckit")

# Cancelled timers stay in the heap until their time; with more than so many of them, and more
# than half of the heap, it is rebuilt.
_CANCELLED_TIMERS = 64


def _report(what: str, error: BaseException) -> None:
    _logger.error("%s", what, exc_info=error)


def _report_all_but_cancellation(error: BaseException) -> BaseException | None:
    """Log what went wrong in a task; return what trio must see, a cancellation, if any."""
    if isinstance(error, trio.Cancelled):
        return error
    if isinstance(error, BaseExceptionGroup):
        cancelled, failed = error.split(trio.Cancelled)
        if failed is not None:
            _report("a task failed", failed)
        return cancelled
    _report("a task failed", error)
    return None


class TrioTimer:
    """See :class:`rtckit.runtime.TimerHandle`."""

    __slots__ = ("_schedule", "call", "number", "waiting", "when")

    def __init__(
        self, schedule: Schedule, when: float, number: int, call: Callable[[], object]
    ) -> None:
        self._schedule = schedule
        self.when = when
        self.number = number
        self.call: Callable[[], object] | None = call
        self.waiting = True

    def cancel(self) -> None:
        if self.call is not None:
            self.call = None
            if self.waiting:
                self._schedule.cancelled()

    def fire(self) -> None:
        """Its turn has come; an earlier callback of the same pass may have cancelled it."""
        call = self.call
        if call is not None:
            self.call = None
            call()

    def __lt__(self, other: TrioTimer) -> bool:
        return (self.when, self.number) < (other.when, other.number)


class Schedule:
    """The callbacks of one run, and the one system task that calls them."""

    __slots__ = ("_cancelled", "_count", "_parked", "_ready", "_scope", "_timers")

    def __init__(self) -> None:
        self._ready: deque[Callable[[], object]] = deque()
        self._timers: list[TrioTimer] = []
        self._count = 0
        self._cancelled = 0
        self._scope = trio.CancelScope()
        self._parked: trio.lowlevel.Task | None = None

    def soon(self, call: Callable[[], object]) -> None:
        """Call it in the next pass."""
        self._ready.append(call)
        if self._parked is not None:
            task = self._parked
            self._parked = None
            trio.lowlevel.reschedule(task)

    def at(self, when: float, call: Callable[[], object]) -> TrioTimer:
        """Call it at that time."""
        self._count += 1
        timer = TrioTimer(self, when, self._count, call)
        heapq.heappush(self._timers, timer)
        if self._parked is not None and when < self._scope.deadline:
            self._scope.deadline = when
        return timer

    def cancelled(self) -> None:
        """A timer in the heap was cancelled."""
        self._cancelled += 1
        if self._cancelled > _CANCELLED_TIMERS and self._cancelled * 2 > len(self._timers):
            self._timers = [timer for timer in self._timers if timer.call is not None]
            heapq.heapify(self._timers)
            self._cancelled = 0

    async def run(self) -> None:
        """Call callbacks and timers until the run ends."""
        while True:
            self._take_due()
            # What these callbacks ask for comes in the next pass, after others had their turn.
            for _ in range(len(self._ready)):
                call = self._ready.popleft()
                try:
                    call()
                except BaseException as error:  # noqa: BLE001 - reported; else the run would end
                    _report("a callback failed", error)
            if self._ready:
                await trio.lowlevel.checkpoint()
            else:
                await self._park()

    def _take_due(self) -> None:
        timers = self._timers
        now = trio.current_time()
        while timers and (timers[0].call is None or timers[0].when <= now):
            timer = heapq.heappop(timers)
            timer.waiting = False
            if timer.call is None:
                self._cancelled -= 1
            else:
                self._ready.append(timer.fire)

    async def _park(self) -> None:
        deadline = self._timers[0].when if self._timers else math.inf
        with trio.CancelScope(deadline=deadline) as self._scope:
            self._parked = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._abort)

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self._parked = None
        return trio.lowlevel.Abort.SUCCEEDED


class TrioTask:
    """See :class:`rtckit.runtime.TaskHandle`."""

    __slots__ = ("_done", "_scope")

    def __init__(self) -> None:
        self._scope = trio.CancelScope()
        self._done = trio.Event()

    def cancel(self) -> None:
        self._scope.cancel()

    @property
    def done(self) -> bool:
        return self._done.is_set()

    async def wait(self) -> None:
        await self._done.wait()

    async def run(self, async_fn: Callable[[Unpack[Ts]], Awaitable[object]], *args: *Ts) -> None:
        """Be the task."""
        try:
            if self._scope.cancel_called:
                return
            with self._scope:
                try:
                    await async_fn(*args)
                except BaseException as error:
                    # Any other exception in a system task would end the whole run.
                    cancellation = _report_all_but_cancellation(error)
                    if cancellation is error:
                        raise
                    if cancellation is not None:
                        raise cancellation from None
        finally:
            self._done.set()


class TrioReadiness:
    """Readiness by system tasks: one that reads, and one that writes while anything waits."""

    __slots__ = ()

    def watch(self, udp: UdpSocket) -> None:
        trio.lowlevel.spawn_system_task(self._read, udp, name="rtckit UDP reader")

    def want_write(self, udp: UdpSocket) -> None:
        trio.lowlevel.spawn_system_task(self._write, udp, name="rtckit UDP writer")

    def release(self, udp: UdpSocket) -> None:
        if trio.lowlevel.in_trio_run():
            trio.lowlevel.notify_closing(udp.sock)

    async def _read(self, udp: UdpSocket) -> None:
        try:
            while not udp.closed:
                await trio.lowlevel.wait_readable(udp.sock)
                try:
                    udp.on_readable()
                except BaseException as error:  # noqa: BLE001 - reported; else the run would end
                    _report("a UDP receive callback failed", error)
        except trio.ClosedResourceError:
            return
        finally:
            udp.close()  # a socket does not outlive its run

    async def _write(self, udp: UdpSocket) -> None:
        try:
            while not udp.closed and not udp.on_writable():
                await trio.lowlevel.wait_writable(udp.sock)
        except trio.ClosedResourceError:
            return


class TrioRuntime:
    """See :class:`rtckit.runtime.Runtime`."""

    __slots__ = ("_schedule",)

    name = "trio"

    def __init__(self) -> None:
        self._schedule = Schedule()
        trio.lowlevel.spawn_system_task(self._schedule.run, name="rtckit schedule")

    def now(self) -> float:
        return trio.current_time()

    def call_soon(self, fn: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        self._schedule.soon(partial(fn, *args) if args else fn)

    def call_at(self, when: float, fn: Callable[[Unpack[Ts]], object], *args: *Ts) -> TrioTimer:
        return self._schedule.at(when, partial(fn, *args) if args else fn)

    def spawn(
        self,
        async_fn: Callable[[Unpack[Ts]], Awaitable[object]],
        *args: *Ts,
        name: str | None = None,
    ) -> TrioTask:
        task = TrioTask()
        trio.lowlevel.spawn_system_task(
            partial(task.run, async_fn, *args),
            name=name or getattr(async_fn, "__qualname__", "rtckit task"),
            context=contextvars.copy_context(),
        )
        return task

    def report(self, what: str, error: BaseException) -> None:
        _report(what, error)

    def event(self) -> trio.Event:
        return trio.Event()

    async def checkpoint(self) -> None:
        await trio.lowlevel.checkpoint()

    async def resolve(self, host: str, port: int, family: int = 0) -> list[Address]:
        found = numeric(host, port, family)
        if found is not None:
            return found
        return unique(
            await trio.socket.getaddrinfo(
                host, port, family=FAMILIES[family], type=socket.SOCK_DGRAM
            )
        )

    async def open_udp(
        self,
        host: str,
        port: int = 0,
        *,
        receive: Receive,
        options: UdpOptions = DEFAULT_OPTIONS,
    ) -> UdpSocket:
        return self._adopt(bind_udp(host, port, options), receive, options)

    async def open_mdns(self, *, receive: Receive) -> MulticastSocket:
        options = UdpOptions(gso=False, gro=False)
        multicast = MulticastSocket()
        for member in bind_mdns():
            multicast.add(member, self._adopt(member.sock, receive, options))
        return multicast

    def _adopt(self, sock: socket.socket, receive: Receive, options: UdpOptions) -> UdpSocket:
        return UdpSocket(
            sock,
            TrioReadiness(),
            receive=receive,
            now=trio.current_time,
            report=_report,
            options=options,
        )


_runtime: trio.lowlevel.RunVar[TrioRuntime] = trio.lowlevel.RunVar("rtckit runtime")


def running() -> TrioRuntime | None:
    """The runtime of the trio run whose task is executing, or ``None``."""
    if not trio.lowlevel.in_trio_task():
        return None
    try:
        return _runtime.get()
    except LookupError:
        runtime = TrioRuntime()
        _runtime.set(runtime)
        return runtime
