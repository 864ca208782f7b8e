"""One end of a measurement, in a process of its own: ``python -m bench.endpoint LIB ROLE SIZE``.

Descriptions go over standard output and input, one JSON object a line; so does the result.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import threading
import time
from typing import Any

MESSAGE = 65535  # the largest that every peer takes
HIGH_WATER = 4 << 20
LOW_WATER = 1 << 20


class Lines:
    """Standard input, line by line, without blocking the loop."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, line)

    async def json(self) -> Any:
        return json.loads(await self._queue.get())


def say(message: object) -> None:
    """One line to the parent."""
    print(json.dumps(message), flush=True)


async def send(library: Any, megabytes: int, rounds: int) -> None:
    """Offer, send in bulk, then ping-pong."""
    lines = Lines()
    pc = library.RTCPeerConnection()
    bulk = pc.createDataChannel("bulk")
    ping = pc.createDataChannel("ping")
    low, finished = asyncio.Event(), asyncio.Event()
    opened = [asyncio.Event(), asyncio.Event()]
    received: dict[str, Any] = {}
    bulk.bufferedAmountLowThreshold = LOW_WATER
    bulk.on("open", lambda: opened[0].set())
    ping.on("open", lambda: opened[1].set())
    bulk.on("bufferedamountlow", lambda: low.set())

    def on_report(message: str) -> None:
        received.update(json.loads(message))
        finished.set()

    bulk.on("message", on_report)
    started = time.perf_counter()
    await pc.setLocalDescription(await pc.createOffer())
    say({"type": "offer", "sdp": pc.localDescription.sdp})
    await pc.setRemoteDescription(library.RTCSessionDescription(**await lines.json()))
    for event in opened:
        await event.wait()
    setup = time.perf_counter() - started

    data = os.urandom(MESSAGE)
    total = 0
    cpu, began = time.process_time(), time.perf_counter()
    while total < megabytes * 1_000_000:
        bulk.send(data)
        total += len(data)
        if bulk.bufferedAmount > HIGH_WATER:
            low.clear()
            await low.wait()
    bulk.send("end")
    await finished.wait()
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert received["bytes"] == total, "not every byte was delivered"

    trips = await ping_pong(ping, rounds)
    say(
        {
            "setup": setup,
            "bulk": total / elapsed / 1e6,
            "sender": cpu / total * 1e9,
            "receiver": received["cpu"] / total * 1e9,
            "p50": trips[len(trips) // 2] * 1e6,
            "p99": trips[len(trips) * 99 // 100] * 1e6,
        }
    )
    await lines.json()
    await pc.close()


async def ping_pong(channel: Any, rounds: int) -> list[float]:
    """Round-trip times of 100-byte messages, sorted."""
    answered = asyncio.Event()
    channel.on("message", lambda message: answered.set())
    trips = []
    for _ in range(rounds):
        began = time.perf_counter()
        channel.send(b"x" * 100)
        await answered.wait()
        answered.clear()
        trips.append(time.perf_counter() - began)
    return sorted(trips)


async def receive(library: Any) -> None:
    """Answer, count what comes in bulk, and echo pings."""
    lines = Lines()
    pc = library.RTCPeerConnection()
    count = {"bytes": 0, "cpu": 0.0}

    def on_datachannel(channel: Any) -> None:
        def on_bulk(message: str | bytes) -> None:
            if message == "end":
                spent = time.process_time() - count["cpu"]
                channel.send(json.dumps({"bytes": count["bytes"], "cpu": spent}))
            else:
                if not count["bytes"]:
                    count["cpu"] = time.process_time()
                count["bytes"] += len(message)

        def on_ping(message: str | bytes) -> None:
            channel.send(message)

        channel.on("message", on_bulk if channel.label == "bulk" else on_ping)

    pc.on("datachannel", on_datachannel)
    await pc.setRemoteDescription(library.RTCSessionDescription(**await lines.json()))
    await pc.setLocalDescription(await pc.createAnswer())
    say({"type": "answer", "sdp": pc.localDescription.sdp})
    await lines.json()
    await pc.close()


def main() -> None:
    """Run one end as the command line says."""
    name, role, megabytes, rounds = sys.argv[1:5]
    library = importlib.import_module(name)
    if role == "send":
        asyncio.run(send(library, int(megabytes), int(rounds)))
    else:
        asyncio.run(receive(library))


if __name__ == "__main__":
    main()
