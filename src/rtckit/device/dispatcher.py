"""One thread on which all callbacks of a process come, in order."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

__all__ = ["Dispatcher"]

_log = logging.getLogger("rtckit.device")


class Dispatcher:
    """Calls what is posted, one after another, on its own thread.

    A script's callbacks thereby never run beside each other, and one that takes its time does not
    hold up the network. One that raises is logged, and the next is called.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name="rtckit-device-callbacks", daemon=True
        )
        self._thread.start()

    def post(self, job: Callable[[], None]) -> None:
        """Have ``job`` called after all that was posted before it."""
        self._jobs.put(job)

    def on_thread(self) -> bool:
        """Whether the caller is a callback."""
        return threading.current_thread() is self._thread

    def flush(self, timeout: float) -> bool:
        """Wait until all that was posted so far has been called.

        From within a callback there is nothing to wait for: what was posted comes after it.
        """
        if self.on_thread():
            return False
        reached = threading.Event()
        self._jobs.put(reached.set)
        return reached.wait(timeout)

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except (Exception, SystemExit):  # noqa: BLE001 - a script's callback may raise anything
                _log.exception("a callback raised; the peer goes on")
