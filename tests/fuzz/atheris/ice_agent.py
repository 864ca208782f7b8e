"""An ICE agent in any role, at any time, told anything by strangers and by its peer."""

from __future__ import annotations

from rtckit.ice import Agent, Candidate, Credentials
from rtckit.seam import ParseError
from rtckit.stun import (
    Message,
    MessageClass,
    Method,
    append_fingerprint,
    append_integrity,
)
from rtckit.stun.attributes import PRIORITY, USERNAME, XOR_MAPPED_ADDRESS
from rtckit.testing import seeded_entropy

from .target import Script, Target

__all__ = ["TARGETS"]

HERE = ("10.0.0.1", 5000)
OURS = Credentials("ours", "o" * 22)
THEIRS = Credentials("them", "t" * 22)


class _Conversation:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.now = 10.0
        flags = script.below(16)
        self.agent = Agent(
            controlling=bool(flags & 1),
            entropy=seeded_entropy(1),
            credentials=OURS,
            lite=bool(flags & 2),
        )
        self.agent.add_local_candidate(Candidate.host(HERE), self.now)
        if flags & 4:
            self.agent.set_remote_credentials(THEIRS, self.now)
        if flags & 8:
            self.agent.add_remote_candidate(Candidate.host(("10.0.0.2", 1)), self.now)
        self.asked: list[bytes] = []

    def run(self) -> None:
        steps = (
            self.raw,
            self.request,
            self.answer,
            self.candidate,
            self.wait,
            self.resolve,
            self.restart,
        )
        for _ in range(40):
            if not self.script:
                break
            steps[self.script.below(len(steps))]()
            self.drain()
        assert len(self.agent.pairs) <= 101 and len(self.agent.remote_candidates) <= 100
        self.agent.close()
        assert self.agent.next_timeout() is None

    def receive(self, data: bytes) -> None:
        self.agent.receive(data, HERE, ("10.0.0.2", 1 + self.script.below(4)), self.now)

    def raw(self) -> None:
        self.receive(self.script.blob())

    def sign(self, message: Message, key: str) -> bytes:
        """The message with attributes of any content, rightly signed."""
        raw = message.encode()
        for _ in range(self.script.below(4)):
            number = self.script.number(2)
            value = self.script.take(self.script.below(24))
            raw += number.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
            raw += bytes(-len(value) % 4)
        return append_fingerprint(append_integrity(raw, key.encode()))

    def request(self) -> None:
        message = Message(Method.BINDING, MessageClass.REQUEST, self.script.take(12))
        message.add(USERNAME, "ours:them")
        if self.script.below(4):
            message.add(PRIORITY, self.script.number(4))
        self.receive(self.sign(message, OURS.pwd))

    def answer(self) -> None:
        if not self.asked:
            return
        txid = self.asked[-1 - self.script.below(len(self.asked))]
        kind = MessageClass.SUCCESS if self.script.below(3) else MessageClass.ERROR
        message = Message(Method.BINDING, kind, txid)
        if self.script.below(4):
            message.add(XOR_MAPPED_ADDRESS, (f"10.0.0.{self.script.below(5)}", 5000))
        self.receive(self.sign(message, THEIRS.pwd))

    def candidate(self) -> None:
        try:
            candidate = Candidate.parse(self.script.blob().decode("latin-1"))
        except ParseError:
            return
        self.agent.add_remote_candidate(candidate, self.now)

    def wait(self) -> None:
        self.now += self.script.below(200) / 20

    def resolve(self) -> None:
        self.agent.name_resolved("a.local", ["10.0.0.7"], self.now)

    def restart(self) -> None:
        if self.script.below(8) == 0 and self.agent.state != "closed":
            self.agent.restart(self.now)
        elif self.agent.remote_credentials is None:
            self.agent.set_remote_credentials(THEIRS, self.now)

    def drain(self) -> None:
        self.agent.handle_timeout(self.now)
        for _ in range(300):
            transmit = self.agent.poll_transmit(self.now)
            if transmit is None:
                break
            sent = Message.parse(transmit.train.data)
            if sent.message_class is MessageClass.REQUEST:
                self.asked = [*self.asked[-7:], sent.transaction_id]
        else:
            raise AssertionError("the agent sends without end")
        while self.agent.next_event() is not None:
            pass
        due = self.agent.next_timeout()
        assert due is None or due > self.now


def run(data: bytes) -> None:
    _Conversation(Script(data)).run()


TARGETS: list[Target] = [
    Target(
        "ice-agent",
        run,
        (
            b"\x0c\4\1" + b"\2\0\1\0" * 6 + b"\1" + bytes(30),
            b"\x0d\1" + bytes(12) + b"\1\0\0\1\1\1\0\x25\0" + b"\4\x40" * 4,
            b"\4\3\0\x2ecandidate:1 1 udp 2130706431 a.local 5000 typ host\5\4\2",
        ),
        is_machine=True,
    )
]
