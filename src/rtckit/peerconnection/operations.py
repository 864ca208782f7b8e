"""The operations chain (WebRTC 1.0 §4.4.1.2): asynchronous calls run one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rtckit.errors import InvalidStateError
from rtckit.runtime import Event

from .task_queue import TaskQueue

__all__ = ["Operations"]

T = TypeVar("T")


class Operations:
    """Chains operations and says when the chain has run empty.

    :ivar on_empty: called in a task when the last operation is done.
    :ivar closed: the connection is closed: no operation begins or succeeds any more.
    """

    def __init__(self, tasks: TaskQueue) -> None:
        self.on_empty: Callable[[], None] | None = None
        self.closed = False
        self._tasks = tasks
        self._waiting: deque[Event] = deque()
        self._running = False

    @property
    def empty(self) -> bool:
        """Whether no operation runs or waits."""
        return not self._running

    async def chain(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Run ``operation`` when all before it are done, and give its result.

        :raises InvalidStateError: the connection is closed. If it closes while the operation
            runs or waits, the promise of the W3C's model is never settled; who waits for it here
            gets this error instead.
        """
        runtime = self._tasks.runtime()
        self.check_open()
        await self._enter()
        try:
            # The promise resolves in a later task than the call, never in the same.
            await runtime.checkpoint()
            self.check_open()
            result = await operation()
            self.check_open()
            return result
        finally:
            self._leave()

    def check_open(self) -> None:
        """Check that the connection is not closed.

        :raises InvalidStateError: it is.
        """
        if self.closed:
            raise InvalidStateError("the connection is closed")

    async def _enter(self) -> None:
        if not self._running:
            self._running = True
            return
        turn = self._tasks.runtime().event()
        self._waiting.append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self._leave()
            else:
                self._waiting.remove(turn)
            raise

    def _leave(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()
            return
        self._running = False
        self._tasks.post(self._emptied)

    def _emptied(self) -> None:
        if not self._running and not self.closed and self.on_empty is not None:
            self.on_empty()
