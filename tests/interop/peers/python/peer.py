"""aiortc as a remote peer: commands on standard input, events on standard output.

Run as ``python -m tests.interop.peers.python.peer aiortc`` from the checkout's root.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from tests.interop.harness.executor import Executor


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def _serve(library: str) -> None:
    executor = Executor(library, _write)
    reader = asyncio.StreamReader(limit=1 << 22)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running: set[asyncio.Task[None]] = set()

    async def answer(command: dict[str, Any]) -> None:
        _write(await executor.run(command))

    while line := await reader.readline():
        task = asyncio.create_task(answer(json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)
    await executor.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
