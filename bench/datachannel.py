"""Bulk and ping-pong over data channels, RTCKit beside aiortc: ``python -m bench.datachannel``.

Two processes a run on one machine, the libraries in turn; medians, the range, and the ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from importlib.metadata import version

#: Column, unit, whether more is better.
MEASURES = {
    "bulk": ("bulk 64 KiB", "MB/s", True),
    "sender": ("CPU, sender", "s/GB", False),
    "receiver": ("CPU, receiver", "s/GB", False),
    "p50": ("ping-pong p50", "µs", False),
    "p99": ("ping-pong p99", "µs", False),
    "setup": ("set-up", "s", False),
}


def start(library: str, role: str, megabytes: int, rounds: int) -> subprocess.Popen[str]:
    """One end."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench.endpoint", library, role, str(megabytes), str(rounds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def pass_line(source: subprocess.Popen[str], destination: subprocess.Popen[str]) -> None:
    """Carry one description over."""
    assert source.stdout is not None and destination.stdin is not None
    destination.stdin.write(source.stdout.readline())
    destination.stdin.flush()


def measure(library: str, megabytes: int, rounds: int) -> dict[str, float]:
    """One run of one library."""
    sender = start(library, "send", megabytes, rounds)
    receiver = start(library, "receive", megabytes, rounds)
    try:
        pass_line(sender, receiver)
        pass_line(receiver, sender)
        assert sender.stdout is not None
        result: dict[str, float] = json.loads(sender.stdout.readline())
        for process in (sender, receiver):
            process.communicate("null\n", timeout=10)
    finally:
        for process in (sender, receiver):
            process.kill()
            process.wait()
    return result


def positive(text: str) -> int:
    """A count from the command line."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def figure(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.datachannel",
        description="Bulk and ping-pong over data channels, RTCKit beside aiortc, in one run.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--runs", type=positive, default=3, help="runs of each library")
    parser.add_argument("--megabytes", type=positive, default=200, help="bulk, for RTCKit")
    parser.add_argument("--rounds", type=positive, default=2000, help="ping-pong round trips")
    parser.add_argument("--only", choices=["rtckit", "aiortc"], help="one library alone")
    arguments = parser.parse_args()
    libraries = [arguments.only] if arguments.only else ["rtckit", "aiortc"]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in libraries}
    for run in range(arguments.runs):
        for name in libraries:
            print(f"run {run + 1} of {arguments.runs}: {name} ...", file=sys.stderr)
            # aiortc moves about 5 MB/s: fewer bytes measure it as well.
            size = arguments.megabytes if name == "rtckit" else max(1, arguments.megabytes // 10)
            runs[name].append(measure(name, size, arguments.rounds))
    print(", ".join(f"{name} {version(name)}" for name in libraries))
    print(f"{'median (range)':16}" + "".join(f"{name:>30}" for name in libraries) + "    ratio")
    for key, (title, unit, more) in MEASURES.items():
        line = f"{title:16}"
        medians = []
        for name in libraries:
            values = [each[key] for each in runs[name]]
            medians.append(statistics.median(values))
            spread = f"{figure(min(values))}–{figure(max(values))}"
            line += f"{figure(medians[-1])} ({spread}) {unit}".rjust(30)
        if len(medians) == 2:
            ratio = medians[0] / medians[1] if more else medians[1] / medians[0]
            line += f"{ratio:8.1f}×"
        print(line)


if __name__ == "__main__":
    main()
