"""The command ``rtckit``: one file a command.

The commands need the extra ``server``; without it, ``rtckit`` says what to install.
"""

from __future__ import annotations

import sys

from rtckit import __version__

__all__ = ["main"]

_EXTRA = frozenset({"anyio", "click", "rich", "starlette", "typer", "uvicorn", "websockets"})


def main() -> None:
    """Run the command line; the entry point ``rtckit``."""
    if sys.argv[1:] == ["--version"]:
        print(f"rtckit {__version__}")
        return
    try:
        from .application import application
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        sys.exit(
            f"rtckit: the command line needs the package {package!r}, which is not installed.\n"
            "Install it with:  pip install 'rtckit[server]'"
        )
    application()
