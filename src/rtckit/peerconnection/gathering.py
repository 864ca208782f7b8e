"""Gathering beyond the host's own addresses: which servers are asked (WebRTC 1.0 §4.4.1.5)."""

from __future__ import annotations

from rtckit.connection import Connection

from .configuration import RTCConfiguration
from .driver import Driver
from .event_target import EventTarget
from .events import RTCPeerConnectionIceErrorEvent
from .ice_server import IceServerURL
from .task_queue import TaskQueue

__all__ = ["Gathering"]

#: WebRTC 1.0 §4.8.3: the server could not be reached.
_UNREACHABLE = 701


class Gathering:
    """Asks the configured servers, in the background.

    :param target: where ``icecandidateerror`` fires.
    """

    def __init__(
        self, connection: Connection, driver: Driver, tasks: TaskQueue, target: EventTarget
    ) -> None:
        self._connection = connection
        self._driver = driver
        self._tasks = tasks
        self._target = target

    def start(self, configuration: RTCConfiguration) -> None:
        """Begin a generation: ask the servers, and say which kinds are not spoken."""
        stun: list[IceServerURL] = []
        for server in configuration.iceServers or []:
            urls = [server.urls] if isinstance(server.urls, str) else server.urls
            for text, url in zip(urls, server.parsed(), strict=True):
                if url.scheme == "stun":
                    stun.append(url)
                else:
                    self._report_unusable(text, url.scheme)
        if not stun or configuration.iceTransportPolicy == "relay":
            self._connection.end_gathering(self._driver.now())
            return

        async def gather() -> None:
            await self._driver.gather_from(stun)
            self._connection.end_gathering(self._driver.now())
            self._driver.wake()

        self._tasks.runtime().spawn(gather, name="STUN gathering")

    def _report_unusable(self, url: str, scheme: str) -> None:
        event = RTCPeerConnectionIceErrorEvent(
            "icecandidateerror",
            address=None,
            port=None,
            url=url,
            errorCode=_UNREACHABLE,
            errorText=f"{scheme}: servers are not supported by this version",
        )
        self._tasks.post(lambda: self._target.dispatchEvent(event))
