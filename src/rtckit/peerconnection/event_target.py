"""EventTarget (DOM §2.7) with two more ways to listen: ``on…`` attributes and pyee's ``.on``.

===============================  ==============================================================
way                              the handler gets
===============================  ==============================================================
``target.onmessage = handler``   the event object, as in the W3C's JavaScript
``target.addEventListener(…)``   the event object
``@target.on("message")``        the message, the channel or the error; the event, for
                                 ``icecandidate`` and ``icecandidateerror``; else nothing
===============================  ==============================================================

At one event they are called in that order. A handler may be a function or a coroutine function;
coroutines run in the background. A handler that raises is logged, and the others still run.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import TypeAlias

from pyee.base import EventEmitter

from .events import Event
from .task_queue import TaskQueue

__all__ = ["EventHandler", "EventTarget"]

logger = logging.getLogger("rtckit")

#: A function or coroutine function of one event.
EventHandler: TypeAlias = Callable[..., object]


class EventTarget(EventEmitter):
    """Base of the W3C objects that fire events."""

    def __init__(self, tasks: TaskQueue) -> None:
        super().__init__()
        self._tasks = tasks
        self._listeners: dict[str, list[tuple[EventHandler, bool]]] = {}

    def addEventListener(self, type: str, listener: EventHandler, *, once: bool = False) -> None:
        """Call ``listener(event)`` at every event of that type; adding it twice does nothing."""
        listeners = self._listeners.setdefault(type, [])
        if all(known != listener for known, _ in listeners):
            listeners.append((listener, once))
            self._listener_added(type)

    def removeEventListener(self, type: str, listener: EventHandler) -> None:
        """Undo :meth:`addEventListener`; does nothing if it is not there."""
        listeners = self._listeners.get(type, [])
        listeners[:] = [entry for entry in listeners if entry[0] != listener]

    def dispatchEvent(self, event: Event) -> None:
        """Call every handler of ``event.type`` now."""
        event.target = self
        kind = event.type
        handler: EventHandler | None = getattr(self, "on" + kind, None)
        if handler is not None:
            self._run(handler, (event,))
        listeners = self._listeners.get(kind)
        if listeners:
            for entry in list(listeners):
                # DOM §2.10: one that a listener before it has removed is not called.
                if entry in listeners:
                    if entry[1]:
                        listeners.remove(entry)
                    self._run(entry[0], (event,))
        if kind in self._events:
            self._call_handlers(kind, event.arguments, {})

    def has_listeners(self, type: str) -> bool:
        """Whether anyone listens to events of that type."""
        return bool(
            getattr(self, "on" + type, None) or self._listeners.get(type) or self._events.get(type)
        )

    def _listener_added(self, type: str) -> None:
        """A listener for events of that type has been added."""

    def _add_event_handler(self, event: str, k: Callable[..., object], v: EventHandler) -> None:
        super()._add_event_handler(event, k, v)
        self._listener_added(event)

    def _emit_run(
        self, f: EventHandler, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        self._run(f, args)

    def _run(self, handler: EventHandler, arguments: tuple[object, ...]) -> None:
        try:
            result = handler(*arguments)
        except Exception:
            logger.exception("handler %r of %r raised", handler, self)
            return
        if inspect.iscoroutine(result):
            self._tasks.spawn(result, name=f"handler {handler!r}")
