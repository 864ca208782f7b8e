"""``rtckit connect --echo``: lines typed here, and what comes back."""

from __future__ import annotations

import asyncio
import sys
import threading

from rich.console import Console
from rich.text import Text

from rtckit.server.demo.client import DemoClient

from .units import format_milliseconds, printable

__all__ = ["converse"]

_PROMPT = "> "


async def converse(client: DemoClient, console: Console) -> bool:
    """Echo every line of the standard input until it ends; false if one came back changed."""
    intact = True
    if console.is_terminal:
        console.print("Type a line and press Enter; Ctrl-D ends.", style="dim")
    lines = _read_lines()
    while True:
        if console.is_terminal:
            console.print(_PROMPT, end="")
        line = await lines.get()
        if line is None:
            return intact
        answer, seconds = await client.echo(line)
        intact = intact and answer == line
        console.print(
            Text.assemble(
                ("← ", "green"), printable(answer), (f"  {format_milliseconds(seconds)}", "dim")
            )
        )


def _read_lines() -> asyncio.Queue[str | None]:
    """The lines of the standard input, then ``None``."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        # Unbuffered, and in a daemon thread: a read that never returns must not keep the
        # process, nor hold a lock of sys.stdin that its exit needs.
        with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as stream:
            while line := stream.readline():
                text = line.decode(errors="replace").rstrip("\r\n")
                loop.call_soon_threadsafe(lines.put_nowait, text)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    return lines
