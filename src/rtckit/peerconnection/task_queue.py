"""The task queue of one peer connection: events and handlers run from it, in order.

A peer connection may be made before any event loop runs. It belongs to the loop in which it is
first used; what was queued until then runs there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine

from rtckit.runtime import Runtime, current_runtime

__all__ = ["TaskQueue"]

logger = logging.getLogger("rtckit")


class TaskQueue:
    """First in, first out, on the event loop that the connection belongs to."""

    def __init__(self) -> None:
        self._runtime: Runtime | None = None
        self._backlog: list[Callable[[], None]] = []

    @property
    def bound(self) -> bool:
        """Whether the connection belongs to an event loop yet."""
        return self._runtime is not None

    def runtime(self) -> Runtime:
        """The runtime, bound now if it was not.

        :raises RuntimeError: neither asyncio nor trio is running.
        """
        if self._runtime is None:
            self._runtime = runtime = current_runtime()
            backlog, self._backlog = self._backlog, []
            for task in backlog:
                runtime.call_soon(task)
        return self._runtime

    def post(self, task: Callable[[], None]) -> None:
        """Queue a task."""
        if self._runtime is None:
            try:
                self.runtime()
            except RuntimeError:
                self._backlog.append(task)
                return
        assert self._runtime is not None
        self._runtime.call_soon(task)

    def post_after_turn(self, task: Callable[[], None]) -> None:
        """Queue a task behind everything that is ready to run by now, woken coroutines too."""
        # trio runs what is ready in any order: only the turn after this one is surely later.
        self.post(lambda: self.post(task))

    def spawn(self, coroutine: Coroutine[object, object, object], name: str) -> None:
        """Run a handler's coroutine in the background."""

        async def run() -> None:
            try:
                await coroutine
            except Exception:
                logger.exception("%s raised", name)

        self.runtime().spawn(run, name=name)
