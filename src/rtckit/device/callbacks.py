"""What a script wants to be told, and what is kept until it says so."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Literal, TypeAlias

from rtckit.device.dispatcher import Dispatcher
from rtckit.device.limits import Limits

__all__ = ["Callback", "Callbacks", "Kind"]

_log = logging.getLogger("rtckit.device")

Kind: TypeAlias = Literal["offer", "answer", "ice", "data", "state"]

#: Called with the SDP, the candidate, the data or the state's number.
Callback: TypeAlias = Callable[..., object]


class Callbacks:
    """The five callbacks of one peer, called on the dispatcher's thread.

    What comes while its callback is not set is kept, within the limits, and told to the first one
    that is set; only states are not, for they would be stale by then. ``drops`` counts what went
    beyond the limits.
    """

    def __init__(self, dispatcher: Dispatcher, limits: Limits) -> None:
        self._dispatcher = dispatcher
        self._limits = limits
        self._set: dict[Kind, Callback | None] = {}
        self._unheard: dict[Kind, deque[object]] = {}
        self._unheard_bytes = 0
        self._lock = threading.Lock()
        self._delivered = 0
        self._waiting_bytes = 0
        self._on_room: Callable[[], None] | None = None
        self._muted = False
        self.drops: Counter[str] = Counter()

    def set(self, kind: Kind, callback: Callback | None) -> None:
        """Have ``callback`` told from now on; ``None`` for nobody.

        :raises TypeError: it cannot be called.
        """
        if callback is not None and not callable(callback):
            raise TypeError(f"callback must be callable, not {type(callback).__name__}")
        self._set[kind] = callback
        if callback is not None:
            self._dispatcher.post(lambda: self._replay(kind))

    def wants(self, kind: Kind) -> bool:
        """Whether a callback of that kind is set."""
        return self._set.get(kind) is not None

    def tell(self, kind: Kind, value: object) -> None:
        """Have the callback called with ``value``, after all that was told before."""
        if isinstance(value, bytes):
            with self._lock:
                self._waiting_bytes += len(value)
        self._dispatcher.post(lambda: self._deliver(kind, value))

    def forget(self, *kinds: Kind) -> None:
        """Drop what of these kinds is kept: it belongs to a connection that is over."""

        def clear() -> None:
            for kind in kinds:
                self._unheard.pop(kind, None)

        self._dispatcher.post(clear)

    def mute(self) -> None:
        """Tell nothing after what is already under way."""

        def silence() -> None:
            self._muted = True
            self._unheard.clear()

        self._dispatcher.post(silence)

    def full(self) -> bool:
        """Whether as many bytes wait for ``on_data`` as may."""
        return self._waiting_bytes > self._limits.inbox_bytes

    def when_room(self, call: Callable[[], None]) -> None:
        """Have ``call`` called, on the dispatcher's thread, once :meth:`full` is no longer so."""
        with self._lock:
            if self._waiting_bytes > self._limits.inbox_bytes // 2:
                self._on_room = call
                return
        call()

    def take_count(self) -> int:
        """How many events were delivered since this was last asked."""
        with self._lock:
            count, self._delivered = self._delivered, 0
        return count

    def _deliver(self, kind: Kind, value: object) -> None:
        try:
            callback = self._set.get(kind)
            if self._muted:
                return
            if callback is None:
                self._keep(kind, value)
                return
            with self._lock:
                self._delivered += 1
            callback(value)
        finally:
            if isinstance(value, bytes):
                self._make_room(len(value))

    def _make_room(self, size: int) -> None:
        with self._lock:
            self._waiting_bytes -= size
            call = None
            if self._on_room and self._waiting_bytes <= self._limits.inbox_bytes // 2:
                call, self._on_room = self._on_room, None
        if call is not None:
            call()

    def _keep(self, kind: Kind, value: object) -> None:
        if kind == "state":
            return
        kept = self._unheard.setdefault(kind, deque())
        size = len(value) if isinstance(value, bytes) else 0
        if (
            len(kept) >= self._limits.unheard_events
            or self._unheard_bytes + size > self._limits.unheard_bytes
        ):
            if not self.drops[kind]:
                _log.warning("on_%s is not set and too much has come: dropping it", kind)
            self.drops[kind] += 1
            return
        kept.append(value)
        self._unheard_bytes += size

    def _replay(self, kind: Kind) -> None:
        for value in self._unheard.pop(kind, ()):
            if isinstance(value, bytes):
                self._unheard_bytes -= len(value)
            self.tell(kind, value)
