"""The event loop under the synchronous API: one thread per process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from rtckit.device.dispatcher import Dispatcher

__all__ = ["Background", "background"]

T = TypeVar("T")
P = ParamSpec("P")


class _LateExecutor(ThreadPoolExecutor):
    """Runs blocking calls of the loop (name lookups) also after the script's last line, when
    Python's own executors take no more work."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - belongs to whoever awaits the future
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=run, name="rtckit-device-call", daemon=True).start()
        return future


class Background:
    """An asyncio event loop on a thread of its own, and the thread of callbacks beside it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(_LateExecutor())
        self.dispatcher = Dispatcher()
        self._thread = threading.Thread(
            target=self.loop.run_forever, name="rtckit-device-network", daemon=True
        )
        self._thread.start()

    def run(self, work: Coroutine[object, object, T], timeout: float | None = None) -> T:
        """The result of ``work``, done on the loop while the calling thread waits.

        :raises TimeoutError: it took longer than ``timeout`` seconds; it is cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(timeout)
        except TimeoutError:
            future.cancel()
            raise

    def start(self, work: Coroutine[object, object, T]) -> Future[T]:
        """Begin ``work`` on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)


_started: list[Background] = []
_starting = threading.Lock()


def background() -> Background:
    """The one of this process, started at first use."""
    with _starting:
        if not _started:
            _started.append(Background())
        return _started[0]
