"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from rtckit import __version__

from .connect import connect
from .demo import demo

__all__ = ["application"]

application = typer.Typer(
    name="rtckit",
    help="All of WebRTC for Python, in Python from the wire up.",
    epilog="Start with:  rtckit demo",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
application.command()(demo)
application.command()(connect)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"rtckit {__version__}")
        raise typer.Exit


@application.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and exit.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """All of WebRTC for Python, in Python from the wire up."""
