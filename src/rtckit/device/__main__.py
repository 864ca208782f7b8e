"""``python -m rtckit.device [options] script.py [arguments]``."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rtckit.device import httpserver
from rtckit.device.script import run_script


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run the script; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m rtckit.device",
        description="Run a script written for a small device (import webrtc, httpserver).",
    )
    parser.add_argument("--host", help="address to listen on; 0.0.0.0 for all (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on; 0 for any (80 or 8080)")
    parser.add_argument(
        "--https", action="store_true", help="HTTPS with a certificate made for this user"
    )
    parser.add_argument("--origin", help="the web origin whose pages may use the device (any)")
    parser.add_argument("-v", "--verbose", action="store_true", help="log what happens")
    parser.add_argument("script", type=Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the script's own")
    options = parser.parse_args(arguments)
    if not options.script.is_file():
        parser.error(f"no such script: {options.script}")
    for name, value in {
        httpserver.HOST_VARIABLE: options.host,
        httpserver.PORT_VARIABLE: options.port,
        httpserver.HTTPS_VARIABLE: "1" if options.https else None,
        httpserver.ORIGIN_VARIABLE: options.origin,
    }.items():
        if value is not None:
            os.environ[name] = str(value)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )
    return run_script(options.script, options.arguments)


if __name__ == "__main__":
    sys.exit(main())
