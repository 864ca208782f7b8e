"""Run the targets under atheris: ``python -m tests.fuzz.atheris [--seconds N] [name ...]``.

Each target runs in a process of its own, from the input that earlier runs have found worth
keeping in ``.cache/fuzz``. Input that makes one fail is left there, and ends with its bytes in
hexadecimal on the terminal.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import subprocess
import sys
from pathlib import Path

_CACHE = Path(".cache/fuzz")
_MAX_LENGTH = 8192
#: Seconds that one input may take.
_PATIENCE = 20


def _fuzz(module: str, name: str, seconds: int) -> None:
    """Fuzz one target in this process, which ends with it.

    Only what the target imports is instrumented, which takes its time.
    """
    # Not everybody can install it, so that neither mypy nor the suite must need it.
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["rtckit"]):
        targets = importlib.import_module(module).TARGETS
    [target] = [each for each in targets if each.name == name]
    corpus = _CACHE / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    arguments = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-max_len={_MAX_LENGTH}",
        f"-timeout={_PATIENCE}",
        f"-artifact_prefix={_CACHE}/{name}-",
        "-print_final_stats=1",
        str(corpus),
    ]
    atheris.Setup(arguments, target.run)
    atheris.Fuzz()


def _fuzz_all(modules: dict[str, str], seconds: int) -> int:
    """Fuzz targets one after another, each in a process of its own; how many failed."""
    failed = 0
    for name, module in modules.items():
        command = [
            sys.executable,
            "-m",
            __package__,
            f"--seconds={seconds}",
            f"--in={module}",
            name,
        ]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        runs = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line]
        count = runs[-1].split()[-1] if runs else "?"
        print(f"{name:28} {count:>10} runs  {'failed' if done.returncode else 'ok'}", flush=True)
        if done.returncode:
            failed += 1
            print((done.stdout + done.stderr)[-4000:], flush=True)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}")
    parser.add_argument("names", nargs="*", help="targets; all if none is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--list", action="store_true", help="name the targets")
    parser.add_argument("--in", dest="module", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.module:
        _fuzz(options.module, options.names[0], options.seconds)
        return 0
    modules: dict[str, str] = importlib.import_module(f"{__package__}.table").MODULES
    if options.list:
        print("\n".join(modules))
        return 0
    unknown = [name for name in options.names if name not in modules]
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}")
    chosen = {name: modules[name] for name in options.names} or modules
    return 1 if _fuzz_all(chosen, options.seconds) else 0


if __name__ == "__main__":
    sys.exit(main())
