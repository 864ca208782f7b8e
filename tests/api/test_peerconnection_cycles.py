"""Two hundred connections, one after another, in one process: nothing grows."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from pathlib import Path

from tests.api.meeting import connected

CYCLES = 200
WARM = 50

#: What the allocator may keep more after the warm-up, in KiB.
ALLOWANCE = 3 * 1024


def resident() -> int:
    """Resident memory in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def cycle() -> None:
    async with connected() as pair:
        echoed = asyncio.Event()
        pair.right.on("message", pair.right.send)
        pair.left.on("message", lambda message: echoed.set())
        pair.left.send(bytes(20_000))
        async with asyncio.timeout(15):
            await echoed.wait()


async def main() -> None:
    """Run the cycles and check what is left; in a process of its own."""
    for number in range(CYCLES):
        if number == WARM:
            gc.collect()
            before = descriptors(), len(asyncio.all_tasks()), resident(), len(gc.get_objects())
        await cycle()
    gc.collect()
    after = descriptors(), len(asyncio.all_tasks()), resident(), len(gc.get_objects())
    print("descriptors, tasks, KiB, objects:", before, "then", after)
    assert after[0] == before[0], "file descriptors grew"
    assert after[1] == before[1] == 1, "tasks grew"
    assert after[2] - before[2] < ALLOWANCE, "memory grew"
    assert after[3] - before[3] < 500, "objects grew"


def test_nothing_grows() -> None:
    root = Path(__file__).parent.parent.parent
    run = subprocess.run(
        [sys.executable, "-c", f"import asyncio; from {__name__} import main; asyncio.run(main())"],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=root,
    )
    assert run.returncode == 0, run.stdout + run.stderr
