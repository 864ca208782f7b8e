"""How long a process lives whose script has come to its end."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType
from typing import Protocol

__all__ = ["LIFETIME", "Closable", "Lifetime"]

_log = logging.getLogger("rtckit.device")


class Closable(Protocol):
    """What can keep a process alive: a peer, or an HTTP server."""

    def close(self) -> None:
        """Begin to end; :meth:`Lifetime.release` follows when it is done."""


class Lifetime:
    """Keeps the process alive while anything is held, and ends it on Ctrl-C.

    A device's script ends at its last line and the device goes on. So there is a thread, which
    Python waits for at its exit, for as long as a server or a peer runs.
    """

    def __init__(self) -> None:
        self._held: list[Closable] = []
        self._changed = threading.Condition()
        self._keeper: threading.Thread | None = None

    def hold(self, owner: Closable) -> None:
        """Keep the process alive until ``owner`` is released."""
        with self._changed:
            if owner not in self._held:
                self._held.append(owner)
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="rtckit-device")
                self._keeper.start()
        self._catch_interrupt()

    def release(self, owner: Closable) -> None:
        """``owner`` no longer needs the process."""
        with self._changed:
            if owner in self._held:
                self._held.remove(owner)
                self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is held; whether that came about in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, timeout)

    def close_all(self, timeout: float = 5.0) -> bool:
        """Close whatever is held and wait for it; whether all of it ended in time."""
        with self._changed:
            held = list(self._held)
        for owner in held:
            owner.close()
        ended = self.wait(timeout)
        if not ended:
            _log.warning("gave up waiting for %d to close", len(self._held))
            with self._changed:
                self._held.clear()
                self._changed.notify_all()
        return ended

    def _keep(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._held)
            self._keeper = None

    def _catch_interrupt(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupted)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        threading.Thread(target=self._close_after_script, daemon=True).start()
        # While the script still runs it gets its KeyboardInterrupt. Once it has ended, Python only
        # waits for the keeper, and an exception there would be a traceback that says nothing.
        if threading.main_thread().is_alive():
            signal.default_int_handler(number, frame)

    def _close_after_script(self) -> None:
        threading.main_thread().join()
        self.close_all()


#: The one of this process.
LIFETIME = Lifetime()
