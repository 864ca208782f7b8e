"""The runtime on asyncio."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVarTuple, Unpack

from rtckit.runtime.multicast import MulticastSocket, bind_mdns
from rtckit.runtime.resolver import FAMILIES, numeric, unique
from rtckit.runtime.sockaddr import address_of
from rtckit.runtime.udp import DEFAULT_OPTIONS, Receive, UdpOptions, UdpSocket, bind_udp
from rtckit.seam import Address, Train

__all__ = ["AsyncioRuntime", "running"]

Ts = TypeVarTuple("Ts")

_logger = logging.getLogger("rtckit")

# A loop that cannot tell when a socket is writable is asked again after so long, in seconds.
_WRITE_RETRY = 0.001


class AsyncioTask:
    """See :class:`rtckit.runtime.TaskHandle`."""

    __slots__ = ("_task",)

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def cancel(self) -> None:
        self._task.cancel()

    @property
    def done(self) -> bool:
        return self._task.done()

    async def wait(self) -> None:
        await asyncio.wait([self._task])


class AsyncioRuntime:
    """See :class:`rtckit.runtime.Runtime`."""

    __slots__ = ("_loop", "_tasks")

    name = "asyncio"

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds them but weakly

    def now(self) -> float:
        return self._loop.time()

    def call_soon(self, fn: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        self._loop.call_soon(self._call, fn, *args)

    def call_at(
        self, when: float, fn: Callable[[Unpack[Ts]], object], *args: *Ts
    ) -> asyncio.TimerHandle:
        return self._loop.call_at(when, self._call, fn, *args)

    def spawn(
        self,
        async_fn: Callable[[Unpack[Ts]], Awaitable[object]],
        *args: *Ts,
        name: str | None = None,
    ) -> AsyncioTask:
        task = self._loop.create_task(self._run(async_fn, *args), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return AsyncioTask(task)

    def report(self, what: str, error: BaseException) -> None:
        _logger.error("%s", what, exc_info=error)
        # asyncio's default handler would only log the same traceback again.
        if self._loop.get_exception_handler() is not None:
            self._loop.call_exception_handler({"message": what, "exception": error})

    def event(self) -> asyncio.Event:
        return asyncio.Event()

    async def checkpoint(self) -> None:
        await asyncio.sleep(0)

    async def resolve(self, host: str, port: int, family: int = 0) -> list[Address]:
        found = numeric(host, port, family)
        if found is not None:
            return found
        return unique(
            await self._loop.getaddrinfo(
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
        return await self._adopt(bind_udp(host, port, options), receive, options)

    async def open_mdns(self, *, receive: Receive) -> MulticastSocket:
        options = UdpOptions(gso=False, gro=False)
        multicast = MulticastSocket()
        try:
            for member in bind_mdns():
                multicast.add(member, await self._adopt(member.sock, receive, options))
        except BaseException:
            multicast.close()
            raise
        return multicast

    async def _adopt(self, sock: socket.socket, receive: Receive, options: UdpOptions) -> UdpSocket:
        try:
            readiness: SelectorReadiness | TransportReadiness
            if _watches_sockets(self._loop, sock):
                readiness = SelectorReadiness(self._loop)
            else:
                readiness = TransportReadiness(self._loop)
                options = replace(options, gro=False)  # a transport does not tell the segment
            udp = UdpSocket(
                sock,
                readiness,
                receive=receive,
                now=self._loop.time,
                report=self.report,
                options=options,
            )
            if isinstance(readiness, TransportReadiness):
                await readiness.start(udp)
        except BaseException:
            sock.close()
            raise
        return udp

    def _call(self, fn: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        try:
            fn(*args)
        except Exception as error:  # noqa: BLE001 - reported
            self.report("a callback failed", error)

    async def _run(self, async_fn: Callable[[Unpack[Ts]], Awaitable[object]], *args: *Ts) -> None:
        try:
            await async_fn(*args)
        except Exception as error:  # noqa: BLE001 - reported
            self.report("a task failed", error)


def _watches_sockets(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> bool:
    """Whether the loop has ``add_reader``: Windows' proactor has not."""
    try:
        loop.remove_reader(sock.fileno())
    except NotImplementedError:
        return False
    return True


class SelectorReadiness:
    """Readiness by ``add_reader`` and ``add_writer``."""

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def watch(self, udp: UdpSocket) -> None:
        self._loop.add_reader(udp.sock.fileno(), udp.on_readable)

    def want_write(self, udp: UdpSocket) -> None:
        self._loop.add_writer(udp.sock.fileno(), self._write, udp)

    def release(self, udp: UdpSocket) -> None:
        if not self._loop.is_closed():
            self._loop.remove_reader(udp.sock.fileno())
            self._loop.remove_writer(udp.sock.fileno())

    def _write(self, udp: UdpSocket) -> None:
        if udp.on_writable():
            self._loop.remove_writer(udp.sock.fileno())


class TransportReadiness(asyncio.DatagramProtocol):
    """Reading by a datagram transport, for loops without ``add_reader``.

    The transport calls once per datagram; what comes in one step of the loop is handed up as one
    batch. Sending needs no transport.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._udp: UdpSocket | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._pending: list[tuple[bytes, Address]] = []

    def watch(self, udp: UdpSocket) -> None:
        self._udp = udp

    async def start(self, udp: UdpSocket) -> None:
        """Begin to read."""
        self._transport, _ = await self._loop.create_datagram_endpoint(lambda: self, sock=udp.sock)

    def want_write(self, udp: UdpSocket) -> None:
        self._loop.call_later(_WRITE_RETRY, self._write, udp)

    def release(self, udp: UdpSocket) -> None:
        self._udp = None
        if self._transport is not None and not self._loop.is_closed():
            self._transport.abort()

    def datagram_received(self, data: bytes, addr: Sequence[str | int]) -> None:
        if not self._pending:
            self._loop.call_soon(self._flush)
        self._pending.append((data, address_of(addr)))

    def error_received(self, exc: Exception) -> None:
        if self._udp is not None and isinstance(exc, OSError):
            self._udp.count_error(exc)

    def _flush(self) -> None:
        pending = self._pending
        self._pending = []
        if self._udp is not None:
            self._udp.deliver([(Train(data), source) for data, source in pending if data])

    def _write(self, udp: UdpSocket) -> None:
        if not udp.closed and not udp.on_writable():
            self.want_write(udp)


_runtimes: dict[asyncio.AbstractEventLoop, AsyncioRuntime] = {}


def running() -> AsyncioRuntime | None:
    """The runtime of this thread's running loop, or ``None``."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    runtime = _runtimes.get(loop)
    if runtime is None:
        for old in list(_runtimes):
            if old.is_closed():
                _runtimes.pop(old, None)
        runtime = _runtimes[loop] = AsyncioRuntime(loop)
    return runtime
