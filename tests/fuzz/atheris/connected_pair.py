"""A whole connection after it has connected, and the peer and strangers around it."""

from __future__ import annotations

from tests.sim.hostile import STRANGER, Insider

from rtckit.sctp.chunk import encode_chunk
from rtckit.seam import Address, Train
from rtckit.stun import Message, MessageClass, Method, sign
from rtckit.stun.attributes import PRIORITY, USE_CANDIDATE, USERNAME

from .target import Script, Target

__all__ = ["TARGETS"]


class _Conversation:
    """Connecting costs too much to do it for every run: one pair serves until it has ended."""

    def __init__(self) -> None:
        self.insider = Insider("fuzz")
        self.now = self.insider.pair.simulation.now
        self.victim = self.insider.victim.connection
        self.here = self.insider.victim.bases[0]
        self.peer = self.insider.peer.bases[0]
        self.runs = 0

    @property
    def is_over(self) -> bool:
        state = self.victim.connection_state
        association = self.victim.transport.sctp
        return self.runs > 500 or state != "connected" or association is None

    def run(self, script: Script) -> None:
        self.runs += 1
        steps = (self.datagram, self.train, self.record, self.check, self.chunks, self.wait)
        for _ in range(16):
            if not script:
                break
            steps[script.below(len(steps))](script)
            self.settle()

    def source(self, script: Script) -> Address:
        sources: tuple[Address, ...] = (self.peer, (self.peer[0], 9), (STRANGER, 5000))
        return sources[script.below(3)]

    def datagram(self, script: Script) -> None:
        source = self.source(script)
        self.victim.receive(Train(script.blob()), self.here, source, self.now)

    def train(self, script: Script) -> None:
        segment = 1 + script.below(250)
        source = self.source(script)
        self.victim.receive(Train(script.blob(), segment), self.here, source, self.now)

    def record(self, script: Script) -> None:
        kind = 20 + script.below(5)
        number = script.below(3) << 48 | script.number(2)
        payload = script.blob()
        data = bytes((kind,)) + b"\xfe\xfd" + number.to_bytes(8, "big")
        data += len(payload).to_bytes(2, "big") + payload
        self.victim.receive(Train(data), self.here, self.source(script), self.now)

    def check(self, script: Script) -> None:
        """A check that the peer, or who knows its password, may send from anywhere."""
        ice = self.victim.ice
        theirs = ice.remote_credentials
        assert theirs is not None
        message = Message(Method.BINDING, MessageClass.REQUEST, script.take(12))
        message.add(USERNAME, f"{ice.local_credentials.ufrag}:{theirs.ufrag}")
        message.add(PRIORITY, script.number(4))
        if script.below(2):
            message.add(USE_CANDIDATE, True)
        data = sign(message, ice.local_credentials.pwd.encode())
        self.victim.receive(Train(data), self.here, self.source(script), self.now)

    def chunks(self, script: Script) -> None:
        """One SCTP packet under the right keys and the right tag."""
        body = b""
        for _ in range(1 + script.below(4)):
            kind = (0, 0, 3, 4, 9, 130, 192, 63, 255)[script.below(9)]
            if kind == 0:
                ppid = 50 + script.below(8)
                body += self.insider.data(script.below(8), script.blob(), ppid=ppid)
            else:
                body += encode_chunk(kind, script.below(4), script.blob())
        dtls = self.insider.peer.connection.transport.dtls
        assert dtls is not None
        if dtls.state != "connected":
            return
        dtls.send([self.insider.header.seal(body)])
        while (train := dtls.poll_transmit(self.now)) is not None:
            self.victim.receive(train, self.here, self.peer, self.now)

    def wait(self, script: Script) -> None:
        self.now += script.below(64) / 64

    def settle(self) -> None:
        victim = self.victim
        for _ in range(20):
            due = victim.next_timeout()
            if due is None or due > self.now:
                break
            victim.handle_timeout(self.now)
        else:
            raise AssertionError("the connection spins")
        for _ in range(3000):
            if victim.poll_transmit(self.now) is None:
                break
        else:
            raise AssertionError("the connection sends without end")
        while victim.next_event() is not None:
            pass


_current: list[_Conversation] = []


def run(data: bytes) -> None:
    if not _current or _current[0].is_over:
        _current[:] = [_Conversation()]
    conversation = _current[0]
    try:
        conversation.run(Script(data))
    except BaseException:
        _current.clear()
        raise


TARGETS: list[Target] = [
    Target(
        "connection",
        run,
        (
            b"\4\1\0\1\0\5hello\0\2\0\x01x",
            b"\3" + bytes(12) + b"\x6e\0\0\xff\1\2" + b"\0\0\x10" + bytes(20) + b"\2",
            b"\2\2\1\0\1\0\x10" + bytes(16) + b"\0" + b"\5\x20",
            b"\4\0\0\0\x0f\3\0\1\0\0\0\0\0\0\1\0\0x\0\0",
        ),
        is_machine=True,
    )
]
