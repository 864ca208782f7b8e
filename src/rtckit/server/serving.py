"""Serving an ASGI app on a port of this machine until it is told to stop."""

from __future__ import annotations

import errno
import socket

import uvicorn
from starlette.types import ASGIApp

__all__ = ["listen", "serve"]

_BACKLOG = 128


def listen(host: str, port: int, *, attempts: int = 20) -> socket.socket:
    """A listening socket on ``host`` and the first free port from ``port`` on.

    :param port: 0 for any.
    :param attempts: how many ports to try.
    :raises OSError: if ``host`` is no address of this machine, or no port is free.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    last = min(port + attempts, 65536) - 1
    while True:
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address[0], port, *address[2:]))
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE or port >= last:
                raise
            port += 1
        else:
            return listener


async def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve ``app`` on ``listener`` until SIGINT or SIGTERM, then hang up on everyone.

    The signal is raised again once all is closed, so that the caller ends as it would have.
    """
    config = uvicorn.Config(
        app,
        access_log=False,
        lifespan="off",
        limit_concurrency=256,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,
        ws_max_size=64 * 1024,
        # Signaling is small; inflating what a stranger deflated is not worth the risk.
        ws_per_message_deflate=False,
    )
    await uvicorn.Server(config).serve([listener])
