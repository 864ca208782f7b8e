"""``rtckit connect``: visit a running demo from a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

import typer
from rich.console import Console

from rtckit import RTCConfiguration, TransportOptions, __version__
from rtckit.server.demo import Limits
from rtckit.server.demo.client import DemoClient, NotADemoError, PeerError
from rtckit.signaling import MessageError, SignalingError

from .conversation import converse
from .screen import JsonScreen, Screen
from .units import parse_size, printable

__all__ = ["connect"]

_PINGS = 100

_EXIT_CORRUPT = 1
_EXIT_UNREACHABLE = 3
_EXIT_NO_CONNECTION = 4
_EXIT_INTERRUPTED = 130


def connect(
    url: Annotated[str, typer.Argument(help="Where the demo is, e.g. http://127.0.0.1:8080")],
    size: Annotated[
        str,
        typer.Option(metavar="SIZE", help="How much to transfer each way: 16MB, 512KiB ..."),
    ] = "16MB",
    echo: Annotated[
        bool, typer.Option("--echo", help="Type lines and see them come back instead.")
    ] = False,
    offerer: Annotated[
        Literal["client", "server"], typer.Option(help="Who makes the first offer.")
    ] = "client",
    timeout: Annotated[
        float, typer.Option(help="Seconds to wait for the connection.", min=0.1, max=600)
    ] = 15.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object only.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print plain text.")] = False,
) -> None:
    """Connect to a running demo: states, candidate pair, round-trip times, a transfer each way.

    Exit codes:

    0  all well

    1  what arrived is not what was sent

    2  wrong usage

    3  no demo could be reached there, or it hung up

    4  no peer connection, or it broke

    130  interrupted
    """
    if echo and as_json:
        raise typer.BadParameter("--echo and --json exclude each other")
    amount = _amount(size)
    console = Console(no_color=no_color, highlight=False)
    screen = JsonScreen() if as_json else Screen(console)

    async def work(client: DemoClient) -> bool:
        if echo:
            return await converse(client, console)
        return await _measure(client, amount, screen)

    try:
        client = DemoClient(
            url,
            offerer=offerer,
            timeout=timeout,
            configuration=RTCConfiguration(transport=TransportOptions(loopback=True)),
            on_state=screen.state,
            agent=f"rtckit/{__version__}",
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from error
    raise typer.Exit(_run(client, url, work, screen))


def _amount(size: str) -> int:
    try:
        amount = parse_size(size)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--size") from error
    if not 1 <= amount <= Limits().transfer_bytes:
        raise typer.BadParameter("must be 1 B to 1 GiB", param_hint="--size")
    return amount


def _run(
    client: DemoClient,
    url: str,
    work: Callable[[DemoClient], Awaitable[bool]],
    screen: Screen | JsonScreen,
) -> int:
    try:
        intact = asyncio.run(client.run(work))
    except KeyboardInterrupt:
        screen.fail("interrupted")
        return _EXIT_INTERRUPTED
    except (SignalingError, NotADemoError) as error:
        screen.fail(printable(f"{url}: {error}"))
        return _EXIT_UNREACHABLE
    except (PeerError, MessageError) as error:
        screen.fail(printable(str(error)))
        return _EXIT_NO_CONNECTION
    return 0 if intact else _EXIT_CORRUPT


async def _measure(client: DemoClient, size: int, screen: Screen | JsonScreen) -> bool:
    screen.pair(client.pair)
    round_trips = await client.round_trips(_PINGS)
    screen.round_trips(round_trips)
    with screen.transfer("download", size) as progress:
        down = await client.download(size, progress)
    with screen.transfer("upload", size) as progress:
        up = await client.upload(size, progress)
    intact = down.verified and up.verified and down.bytes == up.bytes == size
    screen.summary(round_trips, down, up)
    return intact
