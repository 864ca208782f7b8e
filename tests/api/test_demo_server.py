"""The demo's server, visited over real loopback sockets."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rtckit import RTCConfiguration, RTCPeerConnection, TransportOptions
from rtckit.server import demo
from rtckit.server.demo import Arrived, Connected, Event, Left, Limits
from rtckit.server.demo.bulk import End, Get, Put, Stop, decode, encode
from rtckit.server.demo.client import DemoClient, NotADemoError
from rtckit.server.serving import listen
from rtckit.signaling import Hello, Negotiation, SignalingError, WebSocketSignaling

LOOPBACK = RTCConfiguration(transport=TransportOptions(loopback=True, addresses=["127.0.0.1"]))
PATIENCE = 20.0

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """Serve ``app`` on a free port; gives its address."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, lifespan="off", log_level="error", timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        async with asyncio.timeout(PATIENCE):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


@asynccontextmanager
async def demo_server(
    limits: Limits | None = None, report: Callable[[Event], None] = lambda event: None
) -> AsyncIterator[str]:
    app = demo.app(
        limits=limits, configuration=LOOPBACK, allowed_hosts=["127.0.0.1"], report=report
    )
    async with serving(app) as url:
        yield url


def socket_url(url: str) -> str:
    return url.replace("http", "ws") + "/ws"


def visitor(url: str, **options: object) -> DemoClient:
    return DemoClient(url, configuration=LOOPBACK, **options)  # type: ignore[arg-type]


async def refusal(socket: ClientConnection) -> tuple[str, int]:
    """The reason that the server gives, and the code with which it closes."""
    reason = ""
    try:
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "error":
                reason = message["reason"]
    except ConnectionClosed:
        pass
    assert socket.close_code is not None
    return reason, socket.close_code


# --- the page


async def test_the_page_and_all_it_imports_are_served() -> None:
    async with demo_server() as url, httpx.AsyncClient(base_url=url) as http:
        page = await http.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        wanted = re.findall(r'(?:href|src)="([^"]+)"', page.text)
        assert len(wanted) == 3
        seen = set()
        while wanted:
            name = wanted.pop()
            response = await http.get(f"/{name}")
            assert response.status_code == 200, name
            seen.add(name)
            imports = re.findall(r'from "\./([^"]+)"', response.text)
            wanted += [each for each in imports if each not in seen]
        assert {"main.js", "plot.js", "style.css", "icon.svg"} <= seen


async def test_the_page_may_run_only_its_own_scripts() -> None:
    async with demo_server() as url, httpx.AsyncClient(base_url=url) as http:
        page = await http.get("/")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        # What the policy forbids must not be needed.
        assert "<style" not in page.text
        assert "https:" not in page.text
        assert not re.search(r"<script(?![^>]*src=)", page.text)


async def test_a_page_that_is_known_is_not_sent_again() -> None:
    async with demo_server() as url, httpx.AsyncClient(base_url=url) as http:
        tag = (await http.get("/main.js")).headers["etag"]
        again = await http.get("/main.js", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.js",
        "/..%2f..%2f__init__.py",
        "/%2e%2e/%2e%2e/__init__.py",
        "/../../../../etc/passwd",
        "/..%5c..%5cpyproject.toml",
        "/main.js%00.html",
        "/demo/main.js",
        "/ws",
    ],
)
async def test_no_other_file_is_served(path: str) -> None:
    async with demo_server() as url:
        # A client of our own, as others tidy the path before they send it.
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
        assert status.split()[1] == b"404"
        writer.close()


async def test_the_demo_can_be_mounted_in_another_app() -> None:
    app = Starlette(routes=[Mount("/try", demo.app(configuration=LOOPBACK))])
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as http:
        assert (await http.get("/try/main.js")).status_code == 200
        text, _ = await visitor(f"{url}/try/").run(lambda client: client.echo("hello"))
        assert text == "hello"


# --- who may come in


async def test_a_strange_host_is_turned_away() -> None:
    async with demo_server() as url, httpx.AsyncClient(base_url=url) as http:
        page = await http.get("/", headers={"Host": "rebound.example:8080"})
        assert page.status_code == 400


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://["]
)
async def test_a_page_of_another_origin_is_turned_away(origin: str) -> None:
    async with demo_server() as url:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(socket_url(url), origin=origin):  # type: ignore[arg-type]
                pass
        assert refused.value.response.status_code == 403


async def test_the_own_page_and_listed_origins_come_in() -> None:
    app = demo.app(allowed_origins=["https://friend.example"])
    async with serving(app) as url:
        for origin in (url, "https://friend.example", None):
            async with connect(socket_url(url), origin=origin) as socket:  # type: ignore[arg-type]
                assert json.loads(await socket.recv())["service"] == "rtckit-demo"


async def test_a_full_house_says_so_and_a_freed_place_is_given_again() -> None:
    gone = asyncio.Event()

    def report(event: Event) -> None:
        if isinstance(event, Left):
            gone.set()

    async with demo_server(Limits(visitors=1), report) as url:
        async with connect(socket_url(url)) as first:
            await first.recv()
            async with connect(socket_url(url)) as second:
                assert await refusal(second) == (
                    "the server is full (1 visitors); try again later",
                    1013,
                )
        await gone.wait()
        async with connect(socket_url(url)) as third:
            assert json.loads(await third.recv())["type"] == "hello"


# --- what a visit is


@pytest.mark.parametrize("offerer", ["client", "server"])
async def test_a_visit_measures_and_transfers(offerer: str) -> None:
    progress: list[int] = []

    async def work(client: DemoClient) -> None:
        assert client.pair is not None
        assert client.pair.local.address == client.pair.remote.address == "127.0.0.1"
        round_trips = await client.round_trips(10)
        assert len(round_trips.times) == 10
        assert 0 < round_trips.percentile(50) <= round_trips.percentile(99)
        text, seconds = await client.echo("grüße")
        assert text == "grüße"
        assert seconds > 0
        down = await client.download(3_000_001, progress.append)
        up = await client.upload(3_000_001, progress.append)
        assert (down.bytes, down.verified) == (3_000_001, True)
        assert (up.bytes, up.verified) == (3_000_001, True)
        assert progress[-1] == 3_000_001

    async with demo_server() as url:
        await visitor(url, offerer=offerer).run(work)


async def test_whoever_runs_it_learns_who_comes_and_goes() -> None:
    events: list[Event] = []
    async with demo_server(report=events.append) as url:
        client = visitor(url, agent="rtckit/0.1.0")
        await client.run(lambda client: client.download(100_000, lambda done: None))
    arrived, connected, left = events
    assert arrived == Arrived(1, "127.0.0.1", "rtckit 0.1.0")
    assert isinstance(connected, Connected)
    assert re.fullmatch(r"host udp 127\.0\.0\.1:\d+ ↔ \w+ udp 127\.0\.0\.1:\d+", connected.pair)
    assert isinstance(left, Left)
    assert (left.number, left.sent, left.reason) == (1, 100_000, "hung up")


async def test_a_client_learns_that_something_else_is_there() -> None:
    async def other(scope: dict[str, object], receive: object, send: object) -> None:
        await receive()  # type: ignore[operator]
        await send({"type": "websocket.accept"})  # type: ignore[operator]
        hello = '{"type":"hello","service":"chess","protocol":1,"version":"1"}'
        await send({"type": "websocket.send", "text": hello})  # type: ignore[operator]
        await receive()  # type: ignore[operator]

    async with serving(other) as url:  # type: ignore[arg-type]
        with pytest.raises(NotADemoError, match="not of a demo"):
            await visitor(url).run(lambda client: client.echo(""))


async def test_a_visitor_is_told_when_the_server_stops() -> None:
    connected = asyncio.Event()

    async def linger(client: DemoClient) -> None:
        connected.set()
        await asyncio.Event().wait()

    async with demo_server() as url:
        visit = asyncio.create_task(visitor(url).run(linger))
        await connected.wait()
    with pytest.raises(SignalingError, match="the server stopped"):
        await visit


# --- what a visitor may not do


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        (b"\x00\x01", "not JSON"),
        ('{"type":"bye"}', "unknown message type"),
        ('{"type":"offer","sdp":"v=1"}', "bad signaling message"),
        ('{"type":"answer","sdp":"v=0\\r\\n"}', "bad signaling message"),
        ('{"type":"candidate","candidate":"x","sdpMid":"0"}', "bad signaling message"),
    ],
)
async def test_nonsense_is_answered_with_a_reason_and_the_door(
    text: str | bytes, words: str
) -> None:
    async with demo_server() as url, connect(socket_url(url)) as socket:
        await socket.send(text)
        reason, code = await refusal(socket)
        assert words in reason
        assert code == 1008


async def test_signaling_without_end_is_ended() -> None:
    limits = Limits(signaling_messages=5)
    async with demo_server(limits) as url, connect(socket_url(url)) as socket:
        for _ in range(5):
            await socket.send('{"type":"hello","service":"x","protocol":1,"version":"1"}')
        assert await refusal(socket) == ("more than 5 signaling messages", 1008)


async def test_whoever_never_connects_has_to_go() -> None:
    limits = Limits(setup_seconds=0.2)
    async with demo_server(limits) as url, connect(socket_url(url)) as socket:
        assert await refusal(socket) == ("no connection within 0.2 s", 1001)


async def test_whoever_says_nothing_has_to_go() -> None:
    async def be_silent(client: DemoClient) -> None:
        await asyncio.Event().wait()

    async with demo_server(Limits(idle_seconds=0.5)) as url:
        with pytest.raises(SignalingError, match=r"idle for 0\.5 s"):
            await visitor(url).run(be_silent)


Channels = Callable[[RTCPeerConnection], Awaitable[None]]


async def with_peer(url: str, work: Channels) -> None:
    """Connect with channels of our own choice, and do ``work`` on the connection."""
    async with WebSocketSignaling(socket_url(url)) as signaling:
        assert isinstance(await signaling.receive(), Hello)
        async with RTCPeerConnection(LOOPBACK) as connection:
            negotiation = Negotiation(connection, signaling.send, polite=False)

            async def listen() -> None:
                async for message in signaling:
                    await negotiation.receive(message)  # type: ignore[arg-type]

            connection.createDataChannel("nothing")
            listening = asyncio.create_task(listen())
            await negotiation.offer()
            await work(connection)
            listening.cancel()


async def opened(channel: object) -> None:
    event = asyncio.Event()
    channel.on("open", event.set)  # type: ignore[attr-defined]
    if channel.readyState != "open":  # type: ignore[attr-defined]
        await event.wait()


async def test_an_unknown_channel_is_closed() -> None:
    async def work(connection: RTCPeerConnection) -> None:
        channel = connection.createDataChannel("shell")
        assert [message async for message in channel] == []

    async with demo_server() as url:
        await with_peer(url, work)


async def test_channels_beyond_the_limit_are_closed() -> None:
    async def work(connection: RTCPeerConnection) -> None:
        kept = connection.createDataChannel("echo")
        await opened(kept)
        extra = connection.createDataChannel("echo")
        assert [message async for message in extra] == []
        kept.send("still here")
        async for message in kept:
            assert message == "still here"
            break

    # One is taken by the channel that every peer of these tests opens first.
    async with demo_server(Limits(channels=2)) as url:
        await with_peer(url, work)


async def test_nonsense_on_the_bulk_channel_closes_it() -> None:
    async def work(connection: RTCPeerConnection) -> None:
        channel = connection.createDataChannel("bulk")
        await opened(channel)
        channel.send("make me a sandwich")
        assert [message async for message in channel] == []

    async with demo_server() as url:
        await with_peer(url, work)


async def test_a_request_without_measure_is_cut_to_the_limits() -> None:
    async def work(connection: RTCPeerConnection) -> None:
        channel = connection.createDataChannel("bulk")
        await opened(channel)
        channel.send(encode(Get(bytes=1 << 40)))
        received = 0
        async for message in channel:
            if isinstance(message, bytes):
                received += len(message)
            elif isinstance(control := decode(message), End):
                assert control.bytes == received == 200_000
                return

    async with demo_server(Limits(transfer_bytes=200_000)) as url:
        await with_peer(url, work)


async def test_a_transfer_stops_on_request() -> None:
    async def work(connection: RTCPeerConnection) -> None:
        channel = connection.createDataChannel("bulk")
        await opened(channel)
        channel.send(encode(Get()))
        controls = []
        received = 0
        async for message in channel:
            if isinstance(message, bytes):
                if not received:
                    channel.send(encode(Stop()))
                received += len(message)
                continue
            controls.append(decode(message))
            if isinstance(controls[-1], End):
                break
        assert controls[0] == Put()
        assert isinstance(controls[-1], End)
        assert controls[-1].bytes == received < Limits().transfer_bytes

    async with demo_server() as url:
        await with_peer(url, work)
