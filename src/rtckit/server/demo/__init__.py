"""The demo: a page that connects to a peer written in Python, and that peer.

:func:`app` is an ASGI app that may be mounted anywhere::

    from rtckit.server import demo

    application = Starlette(routes=[Mount("/demo", demo.app())])

The page (or :func:`~rtckit.server.demo.client.visit`, from a terminal) opens a WebSocket at
``ws`` beside the page, negotiates, and finds three channels: ``echo`` gives back what it gets,
``rtt`` too but loses what cannot go at once, and ``bulk`` moves content both ways
(:mod:`~rtckit.server.demo.bulk`).
"""

from __future__ import annotations

from .asgi import app
from .events import Arrived, Connected, Event, Left
from .limits import Limits

__all__ = ["Arrived", "Connected", "Event", "Left", "Limits", "app"]
