"""Against usrsctp, the SCTP of Firefox and of older Chromium, in this process by way of AF_CONN.

Needs the shared library (Debian: ``libusrsctp2``). Without it the tests are skipped, and fail if
``CI`` is set.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

import pytest

from rtckit.sctp import (
    Association,
    Closed,
    Config,
    Connected,
    Event,
    IncomingStreamsReset,
    MessagesReceived,
    OutgoingStreamsReset,
    State,
)
from rtckit.testing import seeded_entropy

AF_CONN = 123
IPPROTO_SCTP = 132
SCTP_INITMSG = 0x03
SCTP_NODELAY = 0x04
SCTP_EVENT = 0x1E
SCTP_RECVRCVINFO = 0x1F
SCTP_ENABLE_STREAM_RESET = 0x900
SCTP_RESET_STREAMS = 0x901
STREAM_RESET_OUTGOING = 2
STREAM_RESET_EVENT = 0x0009
MSG_NOTIFICATION = 0x2000
SENDV_SPA = 4
UNORDERED = 0x0400
PR_TTL = 1
PR_RTX = 3

OUTPUT = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_uint8,
    ctypes.c_uint8,
)


class SockaddrConn(ctypes.Structure):
    _fields_ = (
        ("family", ctypes.c_uint16),
        ("port", ctypes.c_uint16),
        ("address", ctypes.c_void_p),
    )


class Usrsctp:
    """The library, once for all tests: it cannot be initialised twice."""

    def __init__(self, path: str) -> None:
        self.lib = ctypes.CDLL(path)
        lib = self.lib
        lib.usrsctp_socket.restype = ctypes.c_void_p
        lib.usrsctp_accept.restype = ctypes.c_void_p
        lib.usrsctp_sendv.restype = ctypes.c_ssize_t
        lib.usrsctp_recvv.restype = ctypes.c_ssize_t
        self.peers: dict[int, Peer] = {}
        self._output = OUTPUT(self._send)
        lib.usrsctp_init(ctypes.c_uint16(0), self._output, None)
        lib.usrsctp_sysctl_set_sctp_ecn_enable(ctypes.c_uint32(0))

    def _send(self, address: int, data: int, size: int, tos: int, df: int) -> int:
        peer = self.peers.get(address)
        if peer is not None:
            peer.sent.append(ctypes.string_at(data, size))
            peer.wake.set()
        return 0


class Peer:
    """One usrsctp socket."""

    def __init__(self, library: Usrsctp, key: int) -> None:
        self.library = library
        self.lib = library.lib
        self.key = key
        self.sent: deque[bytes] = deque()
        self.wake = threading.Event()
        self.messages: list[tuple[int, int, bytes]] = []
        self.notifications: list[bytes] = []
        self.ended = False
        self._partial = b""
        library.peers[key] = self
        self.lib.usrsctp_register_address(ctypes.c_void_p(key))
        self.socket = self.lib.usrsctp_socket(
            AF_CONN, socket.SOCK_STREAM, IPPROTO_SCTP, None, None, 0, None
        )
        assert self.socket
        self._handle = ctypes.c_void_p(self.socket)
        self.lib.usrsctp_set_non_blocking(self._handle, 1)
        self.option(SCTP_INITMSG, struct.pack("=HHHH", 1024, 65535, 0, 0))
        self._prepare()
        self._call("bind", self._address())

    def _prepare(self) -> None:
        self.option(SCTP_NODELAY, struct.pack("=i", 1))
        self.option(SCTP_RECVRCVINFO, struct.pack("=i", 1))
        self.option(SCTP_ENABLE_STREAM_RESET, struct.pack("=II", 0, 7))
        self.option(SCTP_EVENT, struct.pack("=IHBB", 0, STREAM_RESET_EVENT, 1, 0))

    def option(self, name: int, value: bytes) -> None:
        result = self.lib.usrsctp_setsockopt(
            self._handle, IPPROTO_SCTP, name, value, ctypes.c_uint32(len(value))
        )
        assert result == 0, name

    def _address(self) -> SockaddrConn:
        return SockaddrConn(AF_CONN, socket.htons(5000), self.key)

    def _call(self, name: str, address: SockaddrConn) -> int:
        function = getattr(self.lib, f"usrsctp_{name}")
        return int(function(self._handle, ctypes.byref(address), ctypes.c_uint32(16)))

    def connect(self) -> None:
        self._call("connect", self._address())

    def listen(self) -> None:
        assert self.lib.usrsctp_listen(self._handle, 1) == 0

    def accept(self) -> bool:
        accepted = self.lib.usrsctp_accept(self._handle, None, None)
        if not accepted:
            return False
        self.lib.usrsctp_close(self._handle)
        self._handle = ctypes.c_void_p(accepted)
        self.lib.usrsctp_set_non_blocking(self._handle, 1)
        self._prepare()
        return True

    def input(self, packet: bytes) -> None:
        self.lib.usrsctp_conninput(
            ctypes.c_void_p(self.key), packet, ctypes.c_size_t(len(packet)), ctypes.c_uint8(0)
        )

    def send(
        self,
        stream: int,
        ppid: int,
        data: bytes,
        *,
        unordered: bool = False,
        pr: int = 0,
        value: int = 0,
    ) -> bool:
        flags = UNORDERED if unordered else 0
        spa = struct.pack(
            "=IHHIIIHHIHxx",
            3 if pr else 1,
            stream,
            flags,
            socket.htonl(ppid),
            0,
            0,
            pr,
            0,
            value,
            0,
        )
        sent = self.lib.usrsctp_sendv(
            self._handle,
            data,
            ctypes.c_size_t(len(data)),
            None,
            0,
            spa,
            ctypes.c_uint32(len(spa)),
            ctypes.c_uint(SENDV_SPA),
            0,
        )
        return bool(sent == len(data))

    def read(self) -> None:
        buffer = ctypes.create_string_buffer(300_000)
        info = ctypes.create_string_buffer(64)
        while not self.ended:
            length = ctypes.c_uint32(64)
            kind = ctypes.c_uint(0)
            flags = ctypes.c_int(0)
            from_length = ctypes.c_uint32(0)
            size = self.lib.usrsctp_recvv(
                self._handle,
                buffer,
                ctypes.c_size_t(len(buffer)),
                None,
                ctypes.byref(from_length),
                info,
                ctypes.byref(length),
                ctypes.byref(kind),
                ctypes.byref(flags),
            )
            if size < 0:
                return
            if size == 0:
                self.ended = True
                return
            data = buffer.raw[:size]
            if flags.value & MSG_NOTIFICATION:
                self.notifications.append(data)
                continue
            self._partial += data
            if flags.value & socket.MSG_EOR:
                stream, _, _, ppid = struct.unpack_from("=HHHxxI", info.raw)
                self.messages.append((stream, socket.ntohl(ppid), self._partial))
                self._partial = b""

    def reset(self, streams: list[int]) -> None:
        value = struct.pack(
            f"=IHH{len(streams)}H", 0, STREAM_RESET_OUTGOING, len(streams), *streams
        )
        self.option(SCTP_RESET_STREAMS, value)

    def shutdown(self) -> None:
        self.lib.usrsctp_shutdown(self._handle, socket.SHUT_RDWR)

    def close(self) -> None:
        self.lib.usrsctp_close(self._handle)
        self.lib.usrsctp_deregister_address(ctypes.c_void_p(self.key))
        self.library.peers.pop(self.key, None)


class Session:
    """Our association and a usrsctp peer, and the packets between them."""

    def __init__(self, library: Usrsctp, key: int) -> None:
        self.peer = Peer(library, key)
        self.ours = Association(Config(), entropy=seeded_entropy(key))
        self.events: list[Event] = []
        self.messages: list[tuple[int, int, bytes]] = []
        self.lose: Callable[[bytes], bool] = lambda packet: False
        self.accepting = False

    def has(self, kind: type) -> bool:
        return any(isinstance(event, kind) for event in self.events)

    def step(self) -> None:
        now = time.monotonic()
        arrived = []
        self.peer.wake.clear()
        while self.peer.sent:
            arrived.append(self.peer.sent.popleft())
        if arrived:
            self.ours.receive(arrived, now)
        deadline = self.ours.next_timeout()
        if deadline is not None and deadline <= now:
            self.ours.handle_timeout(now)
        while (packets := self.ours.poll_transmit(now)) is not None:
            for packet in packets:
                if not self.lose(packet):
                    self.peer.input(packet)
        while (event := self.ours.next_event()) is not None:
            if isinstance(event, MessagesReceived):
                self.messages += event.messages
                self.ours.consume(event.size, now, messages=len(event.messages))
            else:
                self.events.append(event)
        if self.accepting and self.peer.accept():
            self.accepting = False
        if not self.accepting:
            self.peer.read()

    def run_until(self, done: Callable[[], bool], seconds: float = 15) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, (self.ours.state, self.ours.drops, self.events)
            self.step()
            if not self.peer.sent:
                self.peer.wake.wait(0.002)

    def wait_for(self, kind: type, count: int) -> None:
        self.run_until(lambda: sum(isinstance(e, kind) for e in self.events) == count)

    def connect(self, how: str) -> None:
        now = time.monotonic()
        if how in ("we", "both"):
            self.ours.connect(now)
        if how == "we":
            self.peer.listen()
            self.accepting = True
        else:
            self.peer.connect()
        self.run_until(lambda: self.has(Connected) and not self.accepting)


@pytest.fixture(scope="module")
def library() -> Usrsctp:
    path = ctypes.util.find_library("usrsctp")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("libusrsctp2 is not installed")
        pytest.skip("libusrsctp2 is not installed")
    return Usrsctp(path)


_keys = iter(range(0x1000, 0x9000, 16))


@pytest.fixture
def session(library: Usrsctp) -> Iterator[Session]:
    session = Session(library, next(_keys))
    yield session
    session.ours.abort(time.monotonic(), "the test is over")
    session.step()
    session.peer.close()


@pytest.mark.parametrize("how", ["we", "they", "both"])
def test_handshake(session: Session, how: str) -> None:
    session.connect(how)
    event = next(e for e in session.events if isinstance(e, Connected))
    assert event.partial_reliability and event.stream_reset
    assert event.inbound_streams == 1024
    session.ours.send(3, 51, b"to usrsctp", time.monotonic())
    assert session.peer.send(4, 53, b"from usrsctp")
    session.run_until(lambda: bool(session.messages and session.peer.messages))
    assert session.peer.messages == [(3, 51, b"to usrsctp")]
    assert session.messages == [(4, 53, b"from usrsctp")]


def test_bulk_both_ways_with_loss(session: Session) -> None:
    session.connect("both")
    dropped = iter(range(1 << 30))
    session.lose = lambda packet: len(packet) > 1000 and next(dropped) % 40 == 7
    data = [bytes([index]) * (1 + 1777 * index % 60_000) for index in range(100)]
    for index, message in enumerate(data):
        session.ours.send(1, 53, message, time.monotonic(), ordered=index % 2 == 0)
    queue = list(data)

    def feed() -> bool:
        while queue and session.peer.send(2, 53, queue[0]):
            queue.pop(0)
        return len(session.messages) == len(session.peer.messages) == len(data)

    session.run_until(feed, 40)
    assert sorted(m[2] for m in session.peer.messages) == sorted(data)
    ordered = [m[2] for m in session.peer.messages if m[2] in data[::2]]
    assert ordered == data[::2]
    assert [m[2] for m in session.messages] == data
    assert session.ours.stats.retransmissions > 0


@pytest.mark.parametrize("bound", ["retransmits", "lifetime"])
def test_partial_reliability(session: Session, bound: str) -> None:
    session.connect("both")
    now = time.monotonic()
    session.lose = lambda packet: b"forget" in packet
    for index in range(20):
        data = (b"forget %d" if index % 4 == 1 else b"keep %d") % index
        # As large as a packet, so that only that message is lost.
        if bound == "retransmits":
            session.ours.send(1, 51, data.ljust(1132), now, max_retransmits=0)
        elif index % 4 == 1:
            session.ours.send(1, 51, data.ljust(1132), now, lifetime=0.05)
        else:
            session.ours.send(1, 51, data.ljust(1132), now)
    session.ours.send(1, 51, b"end", now)
    session.run_until(lambda: session.peer.messages[-1:] == [(1, 51, b"end")])
    got = [m[2].rstrip() for m in session.peer.messages]
    assert got == [b"keep %d" % i for i in range(20) if i % 4 != 1] + [b"end"]
    assert session.ours.stats.messages_abandoned == 5


def test_partial_reliability_from_usrsctp(session: Session) -> None:
    session.connect("both")
    real = session.peer.sent

    class Lossy(deque[bytes]):
        def append(self, packet: bytes) -> None:
            if b"forget" not in packet:
                super().append(packet)

    session.peer.sent = Lossy(real)
    for index in range(12):
        data = (b"forget %d" if index % 4 == 1 else b"keep %d") % index
        assert session.peer.send(6, 51, data.ljust(1100), pr=PR_RTX, value=0)
        assert session.peer.send(7, 51, data.ljust(1100), pr=PR_TTL, value=50)
    assert session.peer.send(6, 51, b"end") and session.peer.send(7, 51, b"end")
    session.run_until(lambda: sum(m[2] == b"end" for m in session.messages) == 2)
    kept = [b"keep %d" % i for i in range(12) if i % 4 != 1] + [b"end"]
    assert [m[2].rstrip() for m in session.messages if m[0] == 6] == kept
    # What waits for its turn may grow too old as well.
    timed = [m[2].rstrip() for m in session.messages if m[0] == 7]
    assert timed == [message for message in kept if message in timed]
    assert session.ours.stats.receive_window == Config().receive_window


def test_streams_are_reset_both_ways_and_used_again(session: Session) -> None:
    session.connect("both")
    for life in range(3):
        session.ours.send(10, 51, b"ours %d" % life, time.monotonic())
        assert session.peer.send(10, 51, b"theirs %d" % life)
        session.ours.reset_streams([10], time.monotonic())
        session.wait_for(OutgoingStreamsReset, life + 1)
        session.peer.reset([10])
        session.wait_for(IncomingStreamsReset, life + 1)
    session.run_until(lambda: len(session.messages) == len(session.peer.messages) == 3)
    assert all(e.performed for e in session.events if isinstance(e, OutgoingStreamsReset))
    assert [m[2] for m in session.peer.messages] == [b"ours 0", b"ours 1", b"ours 2"]
    assert [m[2] for m in session.messages] == [b"theirs 0", b"theirs 1", b"theirs 2"]
    assert session.peer.notifications


@pytest.mark.parametrize("who", ["we", "they"])
def test_shutdown(session: Session, who: str) -> None:
    session.connect("both")
    for index in range(50):
        session.ours.send(0, 53, bytes([index]) * 5000, time.monotonic())
    if who == "we":
        session.ours.shutdown(time.monotonic())
    else:
        session.run_until(lambda: len(session.peer.messages) == 50)
        session.peer.shutdown()
    session.run_until(lambda: session.has(Closed))
    closed = next(e for e in session.events if isinstance(e, Closed))
    assert closed.cause is None
    assert session.ours.state is State.ENDED
    assert len(session.peer.messages) == 50


def test_abort_is_understood(session: Session) -> None:
    session.connect("both")
    session.ours.abort(time.monotonic(), "enough")
    session.step()
    assert session.ours.state is State.ENDED
    session.run_until(lambda: not session.peer.send(0, 53, b"x"))
