"""``rtckit demo``: the page and the peer behind it."""

from __future__ import annotations

import asyncio
import shutil
import sys
import threading
import time
import webbrowser
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from rtckit import RTCConfiguration, TransportOptions
from rtckit.server import demo as demo_app
from rtckit.server.demo import Arrived, Connected, Event, Left
from rtckit.server.serving import listen, serve

from .units import format_bytes, printable

__all__ = ["demo"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ANY = ("0.0.0.0", "::")


def demo(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(help="Port to listen on; the next free one if taken.", min=0, max=65535),
    ] = 8080,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page at once.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print plain text.")] = False,
) -> None:
    """Serve a page that talks to Python over WebRTC data channels."""
    console = Console(no_color=no_color, highlight=False, soft_wrap=True)
    try:
        _serve(console, host, port, open_browser)
    except KeyboardInterrupt:
        # Ctrl-C is how a demo is meant to end.
        console.print("Stopped.")


def _serve(console: Console, host: str, port: int, open_browser: bool) -> None:
    try:
        listener = listen(host, port)
    except OSError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            Text(f"rtckit demo: cannot listen on {host} port {port}: {error.strerror or error}")
        )
        raise typer.Exit(1) from error
    taken: int = listener.getsockname()[1]
    if port not in (0, taken):
        console.print(f"Port {port} is taken; using {taken}.", style="yellow")
    url = _url(host, taken)
    _say_hello(console, url, host)
    app = demo_app.app(
        # A browser on this machine may have no other address to meet at.
        configuration=RTCConfiguration(transport=TransportOptions(loopback=host in _LOOPBACK)),
        allowed_hosts=(*_LOOPBACK, host) if host in _LOOPBACK else None,
        report=lambda event: _print_event(console, event),
    )
    if open_browser:
        # Some browsers return only when they are closed.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    with listener:
        asyncio.run(serve(app, listener))


def _url(host: str, port: int) -> str:
    name = "127.0.0.1" if host in _ANY else host
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def _say_hello(console: Console, url: str, host: str) -> None:
    console.print(
        Text.assemble("RTCKit demo at ", (url, "bold cyan"), " — open it in a browser, or run:")
    )
    # Out of a virtual environment that is not active, only its interpreter finds the command.
    command = "rtckit" if shutil.which("rtckit") else f"{sys.executable} -m rtckit"
    console.print(Text.assemble("  ", (f"{command} connect {url}", "bold")), soft_wrap=True)
    if host in _ANY:
        console.print("Every machine that reaches this one can open it.", style="yellow")
    console.print("Press Ctrl-C to stop.\n")


def _print_event(console: Console, event: Event) -> None:
    match event:
        case Arrived(_, address, agent):
            words, style = f"{agent or 'a visitor'} from {address}", ""
        case Connected(_, seconds, pair):
            words, style = f"connected in {seconds:.2f} s" + (f": {pair}" if pair else ""), "green"
        case Left(_, seconds, sent, received, reason):
            style = "dim"
            words = (
                f"left after {seconds:.0f} s: {reason}; "
                f"{format_bytes(sent)} sent, {format_bytes(received)} received"
            )
    console.print(
        Text.assemble(
            (time.strftime("%H:%M:%S"), "dim"),
            (f"  #{event.number}  ", "bold"),
            (printable(words), style),
        )
    )
