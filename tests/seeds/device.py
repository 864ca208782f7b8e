"""Runs scripts of small devices as a user would, in a process of their own."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["QUICK_START", "QUICK_START_JS", "DeviceProcess", "device_process"]

_HERE = Path(__file__).resolve().parent

#: The device's side of the quick start, as published.
QUICK_START = _HERE / "device_quick_start.py.txt"
#: The browser's side of it.
QUICK_START_JS = _HERE / "device_quick_start.js"

PATIENCE = 20.0


class DeviceProcess:
    """A running script: its address, and what it prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.url = ""

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def until(self, pattern: str) -> re.Match[str]:
        """The next line in which ``pattern`` is found."""
        while True:
            try:
                line = self._queue.get(timeout=PATIENCE)
            except queue.Empty:
                line = None
            assert line is not None, f"no {pattern!r} in:\n" + "\n".join(self.lines)
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found

    def interrupt(self) -> int:
        """Press Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """The exit status, once it ends by itself."""
        return self.process.wait(PATIENCE)

    def rest(self) -> str:
        """All that it printed, once it has ended."""
        while (line := self._queue.get(timeout=PATIENCE)) is not None:
            self.lines.append(line)
        return "\n".join(self.lines)


@contextlib.contextmanager
def device_process(
    *arguments: str | Path, env: Mapping[str, str] | None = None, address: str | None = None
) -> Iterator[DeviceProcess]:
    """Run ``python *arguments``, and end it at the end.

    :param address: a pattern with the address as its first group; wait until it is printed.
    """
    process = subprocess.Popen(
        [sys.executable, "-u", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(env or {})},
        # A shell's background jobs ignore Ctrl-C, and so would what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    device = DeviceProcess(process)
    try:
        if address is not None:
            device.url = device.until(address)[1].rstrip("/")
        yield device
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
