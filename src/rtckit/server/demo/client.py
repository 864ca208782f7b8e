"""The other end of the demo, for terminals: connect, measure, transfer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Literal, TypeVar
from urllib.parse import urlsplit, urlunsplit

from rtckit import RTCConfiguration, RTCDataChannel, RTCPeerConnection
from rtckit.errors import DOMException, InvalidStateError
from rtckit.signaling import (
    Candidate,
    Description,
    EndOfCandidates,
    Failure,
    Hello,
    Message,
    MessageError,
    Negotiation,
    OfferRequest,
    SignalingError,
    WebSocketSignaling,
)

from .bulk import Control, ControlError, End, Get, Got, Progress, Put, Receiver, decode, encode
from .candidate_pair import CandidatePair, selected_pair
from .channels import LABELS, PROTOCOL, SERVICE, open_channels
from .measurements import RoundTrips, Transfer
from .transfer import send_content

__all__ = [
    "DemoClient",
    "NotADemoError",
    "PeerError",
    "signaling_url",
]

_Result = TypeVar("_Result")

_HELLO_TIMEOUT = 5.0
_PING_INTERVAL = 0.01
_PING_TIMEOUT = 2.0
_STALL_TIMEOUT = 15.0


class NotADemoError(ConnectionError):
    """Something else answers there, or another version of the demo."""


class PeerError(ConnectionError):
    """The peer connection could not be made, or broke."""


def signaling_url(url: str) -> str:
    """The WebSocket of the demo whose page is at ``url``; ``ws:`` addresses stay as they are.

    :raises ValueError: if it is no such address.
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme in ("ws", "wss"):
        return url
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address like http://127.0.0.1:8080")
    if parts.port == 0:
        raise ValueError("port 0 cannot be connected to")
    scheme = "wss" if parts.scheme == "https" else "ws"
    folder = parts.path.removesuffix("index.html").rstrip("/")
    return urlunsplit((scheme, parts.netloc, f"{folder}/ws", "", ""))


class DemoClient:
    """A visit to a demo server.

    :param url: of the page or its WebSocket.
    :param offerer: who makes the first offer.
    :param timeout: seconds to wait for the connection.
    :param on_state: told of every change, e.g. ``("ice", "checking")``.
    :param agent: what to call ourselves, as a User-Agent.
    :raises ValueError: if ``url`` is no address of a page.
    """

    def __init__(
        self,
        url: str,
        *,
        offerer: Literal["client", "server"] = "client",
        timeout: float = 15.0,
        configuration: RTCConfiguration | None = None,
        on_state: Callable[[str, str], None] = lambda kind, state: None,
        agent: str = "",
    ) -> None:
        self._url = signaling_url(url)
        self._offerer = offerer
        self._timeout = timeout
        self._configuration = configuration
        self._on_state = on_state
        self._agent = agent
        self._channels: dict[str, RTCDataChannel] = {}
        self._dtls_watched = False
        self._ready: asyncio.Future[None]
        self._broken: asyncio.Future[None]
        self._signaling: WebSocketSignaling
        self._connection: RTCPeerConnection

    async def run(self, work: Callable[[DemoClient], Awaitable[_Result]]) -> _Result:
        """Connect, do ``work``, and hang up.

        :raises SignalingError: if the server cannot be reached.
        :raises NotADemoError: if it is something else.
        :raises PeerError: if no peer connection comes about, or it breaks.
        """
        self._ready = asyncio.get_running_loop().create_future()
        self._broken = asyncio.get_running_loop().create_future()
        async with WebSocketSignaling(self._url, agent=self._agent) as signaling:
            self._signaling = signaling
            async with RTCPeerConnection(self._configuration) as connection:
                self._connection = connection
                await self._greet()
                listening = asyncio.create_task(self._listen())
                working = asyncio.create_task(self._work(work))
                waiting: set[asyncio.Future[None] | asyncio.Task[_Result]] = {
                    listening,
                    self._broken,
                    working,
                }
                try:
                    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    # What the server said last explains better than what then broke.
                    for ended in (listening, self._broken):
                        if ended.done():
                            ended.result()
                    return await working
                finally:
                    for future in waiting:
                        future.cancel()
                    await asyncio.gather(*waiting, return_exceptions=True)

    @property
    def pair(self) -> CandidatePair | None:
        """The selected candidate pair."""
        return selected_pair(self._connection)

    async def round_trips(self, count: int) -> RoundTrips:
        """Send ``count`` small messages, one after the other, and time their return."""
        channel = self._channels["rtt"]
        sent: dict[bytes, float] = {}
        times: list[float] = []

        async def collect() -> None:
            async for message in channel:
                began = sent.pop(message, None) if isinstance(message, bytes) else None
                if began is not None:
                    times.append(time.perf_counter() - began)
                if len(times) == count:
                    return

        collecting = asyncio.create_task(collect())
        try:
            for number in range(count):
                ping = number.to_bytes(8)
                sent[ping] = time.perf_counter()
                channel.send(ping)
                await asyncio.sleep(_PING_INTERVAL)
            await asyncio.wait({collecting}, timeout=_PING_TIMEOUT)
        finally:
            collecting.cancel()
            await asyncio.gather(collecting, return_exceptions=True)
        return RoundTrips(tuple(sorted(times)), count - len(times))

    async def echo(self, text: str) -> tuple[str, float]:
        """Send ``text``; gives what came back, and after how many seconds."""
        channel = self._channels["echo"]
        began = time.perf_counter()
        channel.send(text)
        async for message in channel:
            seconds = time.perf_counter() - began
            return message if isinstance(message, str) else message.decode(), seconds
        raise PeerError("the echo channel closed")

    async def download(self, size: int, on_progress: Callable[[int], None]) -> Transfer:
        """Receive ``size`` bytes; ``on_progress`` is told how many are here."""
        self._channels["bulk"].send(encode(Get(bytes=size)))
        receiver = Receiver()
        async with aclosing(self._bulk_messages()) as messages:
            async for message in messages:
                if isinstance(message, bytes):
                    receiver.receive(message, time.perf_counter())
                    on_progress(receiver.size)
                    continue
                control = _control(message)
                if isinstance(control, Put):
                    receiver = Receiver()
                elif isinstance(control, End):
                    got = receiver.finish()
                    verified = got.bytes == control.bytes and got.sha256 == control.sha256
                    return Transfer(got.bytes, got.seconds, verified)
        raise PeerError("the bulk channel closed during the transfer")

    async def upload(self, size: int, on_progress: Callable[[int], None]) -> Transfer:
        """Send ``size`` bytes; ``on_progress`` is told how many have arrived."""
        channel = self._channels["bulk"]
        sending = asyncio.create_task(send_content(channel, size, lambda sent: True))
        try:
            async with aclosing(self._bulk_messages()) as messages:
                async for message in messages:
                    control = _control(message) if isinstance(message, str) else None
                    if isinstance(control, Progress):
                        on_progress(control.bytes)
                    elif isinstance(control, Got):
                        on_progress(control.bytes)
                        end = await sending
                        verified = control.bytes == end.bytes and control.sha256 == end.sha256
                        return Transfer(control.bytes, control.seconds, verified)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        raise PeerError("the bulk channel closed during the transfer")

    async def _bulk_messages(self) -> AsyncGenerator[str | bytes, None]:
        """What arrives on the channel ``bulk``, as long as something does."""
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(_STALL_TIMEOUT) as stall:
                async for message in self._channels["bulk"]:
                    yield message
                    stall.reschedule(now() + _STALL_TIMEOUT)
        except TimeoutError as error:
            raise PeerError(f"the transfer stalled for {_STALL_TIMEOUT:g} s") from error

    async def _work(self, work: Callable[[DemoClient], Awaitable[_Result]]) -> _Result:
        try:
            async with asyncio.timeout(self._timeout):
                await self._ready
        except TimeoutError as error:
            state = self._connection.iceConnectionState
            raise PeerError(f"no connection within {self._timeout:g} s (ICE is {state})") from error
        try:
            result = await work(self)
            # That it closes now is no news.
            self._connection.remove_all_listeners()
            return result
        except InvalidStateError as error:
            raise PeerError(f"the connection broke: {error}") from error

    async def _greet(self) -> None:
        try:
            async with asyncio.timeout(_HELLO_TIMEOUT):
                hello = await self._signaling.receive()
        except TimeoutError as error:
            raise NotADemoError("a WebSocket is there, but it does not say hello") from error
        except MessageError as error:
            raise NotADemoError("a WebSocket is there, but it speaks another language") from error
        if isinstance(hello, Failure):
            raise SignalingError(hello.reason)
        if not isinstance(hello, Hello) or hello.service != SERVICE:
            raise NotADemoError("a signaling server is there, but not of a demo")
        if hello.protocol != PROTOCOL:
            raise NotADemoError(
                f"the demo there (RTCKit {hello.version}) speaks protocol {hello.protocol}, "
                f"this one {PROTOCOL}"
            )

    async def _listen(self) -> None:
        connection = self._connection
        negotiation = Negotiation(connection, self._signaling.send, polite=False)
        for kind, name in (
            ("signaling", "signalingState"),
            ("ice", "iceConnectionState"),
            ("connection", "connectionState"),
        ):
            connection.on(f"{name.lower()}change", self._watch(kind, name))
        connection.on("datachannel", self._add)
        if self._offerer == "client":
            for channel in open_channels(connection).values():
                self._add(channel)
            await negotiation.offer()
        else:
            self._signaling.send(OfferRequest())
        async for message in self._signaling:
            await self._obey(negotiation, message)
        raise SignalingError("the server hung up")

    async def _obey(self, negotiation: Negotiation, message: Message) -> None:
        if isinstance(message, Failure):
            raise SignalingError(message.reason)
        if isinstance(message, Description | Candidate | EndOfCandidates):
            try:
                await negotiation.receive(message)
            except (DOMException, ValueError, TypeError) as error:
                raise PeerError(f"the server's description was refused: {error}") from error

    def _watch(self, kind: str, name: str) -> Callable[[], None]:
        def changed() -> None:
            state: str = getattr(self._connection, name)
            self._on_state(kind, state)
            self._watch_dtls()
            if kind == "connection" and state == "failed" and not self._broken.done():
                ice = self._connection.iceConnectionState
                self._broken.set_exception(PeerError(f"the connection failed (ICE is {ice})"))

        return changed

    def _watch_dtls(self) -> None:
        sctp = self._connection.sctp
        if sctp is None or self._dtls_watched:
            return
        self._dtls_watched = True
        dtls = sctp.transport
        dtls.on("statechange", lambda: self._on_state("dtls", dtls.state))

    def _add(self, channel: RTCDataChannel) -> None:
        self._channels[channel.label] = channel
        channel.on("open", self._check_ready)
        self._check_ready()

    def _check_ready(self) -> None:
        opened = {
            label for label, channel in self._channels.items() if channel.readyState == "open"
        }
        if opened.issuperset(LABELS) and not self._ready.done():
            self._ready.set_result(None)


def _control(message: str) -> Control:
    try:
        return decode(message)
    except ControlError as error:
        raise PeerError(f"the server does not speak the demo's protocol: {error}") from error
