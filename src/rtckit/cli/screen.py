"""What ``rtckit connect`` shows: for people, with colour and motion on a terminal; for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from rtckit.server.demo.candidate_pair import CandidatePair, End
from rtckit.server.demo.measurements import RoundTrips, Transfer

from .units import format_bytes, format_milliseconds

__all__ = ["JsonScreen", "Screen"]

_STYLES = {"connected": "green", "completed": "green", "failed": "red", "disconnected": "yellow"}


class Screen:
    """For people: what happens, as it happens, and a table in the end."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._errors = Console(stderr=True, no_color=console.no_color, highlight=False)
        self._began = time.perf_counter()

    def state(self, kind: str, state: str) -> None:
        """A state has changed."""
        self.console.print(
            Text.assemble(
                (f"{time.perf_counter() - self._began:7.3f} s  ", "dim"),
                f"{kind:<12}",
                (state, _STYLES.get(state, "cyan")),
            )
        )

    def pair(self, pair: CandidatePair | None) -> None:
        """The connection stands, over this pair."""
        if pair is not None:
            self.console.print()
            self._line("local", str(pair.local))
            self._line("remote", str(pair.remote))

    def round_trips(self, round_trips: RoundTrips) -> None:
        """The round-trip times have been measured."""
        self._line("round trip", _percentiles(round_trips))
        self.console.print()

    @contextmanager
    def transfer(self, direction: str, size: int) -> Iterator[Callable[[int], None]]:
        """Show a transfer of ``size`` bytes; gives what is to be told how many are here."""
        if not self.console.is_terminal:
            yield lambda done: None
            return
        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=None),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(direction, total=size)
            yield lambda done: progress.update(task, completed=done)

    def summary(self, round_trips: RoundTrips, down: Transfer, up: Transfer) -> None:
        """All that was measured."""
        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
        table.add_column("transfer")
        for heading in ("size", "time", "rate"):
            table.add_column(heading, justify="right")
        table.add_column("content")
        for name, transfer in (("download", down), ("upload", up)):
            table.add_row(
                name,
                format_bytes(transfer.bytes),
                f"{transfer.seconds:.2f} s",
                f"{transfer.megabits_per_second:.0f} Mbit/s",
                Text("verified", "green") if transfer.verified else Text("CORRUPT", "bold red"),
            )
        self.console.print(table)

    def fail(self, reason: str) -> None:
        """It did not work, and why."""
        self._errors.print(Text.assemble(("rtckit connect: ", "bold red"), reason), soft_wrap=True)

    def _line(self, name: str, words: str) -> None:
        self.console.print(Text.assemble((f"{name:<12}", "bold"), words))


class JsonScreen:
    """For programs: one JSON object on the standard output.

    Times are in seconds and rates in bits a second; ``error`` is there if it did not work.
    """

    def __init__(self) -> None:
        self._result: dict[str, object] = {}

    def state(self, kind: str, state: str) -> None:
        """Nothing: only the end counts."""

    def pair(self, pair: CandidatePair | None) -> None:
        """Keep the pair."""
        if pair is not None:
            self._result["pair"] = {"local": _end(pair.local), "remote": _end(pair.remote)}

    def round_trips(self, round_trips: RoundTrips) -> None:
        """Keep the round-trip times."""
        self._result["round_trip"] = {
            "p50": round_trips.percentile(50) if round_trips.times else None,
            "p99": round_trips.percentile(99) if round_trips.times else None,
            "received": len(round_trips.times),
            "lost": round_trips.lost,
        }

    @contextmanager
    def transfer(self, direction: str, size: int) -> Iterator[Callable[[int], None]]:
        """Show nothing."""
        yield lambda done: None

    def summary(self, round_trips: RoundTrips, down: Transfer, up: Transfer) -> None:
        """Print all."""
        for name, transfer in (("download", down), ("upload", up)):
            self._result[name] = {
                "bytes": transfer.bytes,
                "seconds": transfer.seconds,
                "bits_per_second": transfer.megabits_per_second * 1e6,
                "verified": transfer.verified,
            }
        print(json.dumps(self._result))

    def fail(self, reason: str) -> None:
        """Print the reason with what is known."""
        print(json.dumps({**self._result, "error": reason}))


def _end(end: End) -> dict[str, str | int]:
    return {
        "type": end.type,
        "protocol": end.protocol,
        "address": end.address,
        "port": end.port,
    }


def _percentiles(round_trips: RoundTrips) -> str:
    if not round_trips.times:
        return f"no answer to {round_trips.lost} pings"
    lost = f", {round_trips.lost} lost" if round_trips.lost else ""
    return (
        f"p50 {format_milliseconds(round_trips.percentile(50))}, "
        f"p99 {format_milliseconds(round_trips.percentile(99))} "
        f"({len(round_trips.times)} pings{lost})"
    )
