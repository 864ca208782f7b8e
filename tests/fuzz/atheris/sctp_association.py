"""An SCTP association in every state, told anything under the right verification tag."""

from __future__ import annotations

import struct

from rtckit.sctp import Association, Config
from rtckit.sctp.chunk import encode_chunk, encode_parameter
from rtckit.sctp.packet import Header
from rtckit.testing import seeded_entropy

from .target import Script, Target

__all__ = ["TARGETS"]

_KINDS = (0, 0, 0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 63, 64, 130, 130, 192, 192, 255)
_PARAMETERS = (5, 7, 8, 9, 13, 14, 15, 16, 17, 18, 0x8008, 0xC000, 0xC123, 0x4567)
_INIT = 1
_RE_CONFIG = 130


class _Conversation:
    """Two ends that talk honestly for some packets; then one of them is told anything."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.now = 0.0
        self.victim = Association(Config(), entropy=seeded_entropy("victim"))
        self.peer = Association(Config(), entropy=seeded_entropy("peer"))
        self.tag = self.peer_tsn = 0
        self.pending: list[bytes] = []
        flags = script.below(4)
        if flags & 1:
            self.victim.connect(self.now)
        if flags & 2 or not flags:
            self.peer.connect(self.now)
        for _ in range(script.below(8)):
            self.honest()

    def honest(self) -> None:
        """The peer hears everything, the victim one packet."""
        while (packets := self.victim.poll_transmit(self.now)) is not None:
            for packet in packets:
                if packet[12] in (1, 2):
                    # Initiate tag: what the victim wants to read in packets to it.
                    self.tag = int.from_bytes(packet[16:20], "big")
            self.peer.receive(packets, self.now)
        while (packets := self.peer.poll_transmit(self.now)) is not None:
            for packet in packets:
                if packet[12] in (1, 2):
                    self.peer_tsn = int.from_bytes(packet[28:32], "big")
            self.pending += packets
        if self.pending:
            self.victim.receive([self.pending.pop(0)], self.now)

    def run(self) -> None:
        steps = (
            self.honest,
            self.raw,
            self.chunks,
            self.chunks,
            self.send,
            self.end,
            self.wait,
        )
        for _ in range(24):
            if not self.script:
                break
            steps[self.script.below(len(steps))]()
            self.settle()

    def raw(self) -> None:
        self.victim.receive([self.script.blob()], self.now)

    def chunks(self) -> None:
        """One packet of chunks of any kind, under the right tag or another."""
        body = b"".join(self._chunk() for _ in range(1 + self.script.below(5)))
        tag = (self.tag, self.tag, self.tag, 0, 7)[self.script.below(5)]
        self.victim.receive([Header(5000, 5000, tag).seal(body)], self.now)

    def _chunk(self) -> bytes:
        kind = _KINDS[self.script.below(len(_KINDS))]
        flags = self.script.below(16)
        if kind == 0:
            tsn = (self.peer_tsn + self.script.below(64)) & 0xFFFFFFFF
            stream, ssn = self.script.below(4), self.script.below(4)
            value = struct.pack("!IHHI", tsn, stream, ssn, 53) + self.script.blob()
        elif kind == _RE_CONFIG:
            value = b"".join(self._parameter() for _ in range(self.script.below(4)))
        elif kind == _INIT:
            value = struct.pack("!IIHHI", 9, 65536, 5, 5, 9) + self._parameter()
        else:
            value = self.script.blob()
        return encode_chunk(kind, flags, value)

    def _parameter(self) -> bytes:
        kind = _PARAMETERS[self.script.below(len(_PARAMETERS))]
        number = (self.peer_tsn + self.script.below(4)) & 0xFFFFFFFF
        encoded = encode_parameter(kind, number.to_bytes(4, "big") + self.script.blob())
        return encoded + bytes(-len(encoded) % 4)

    def send(self) -> None:
        try:
            self.victim.send(self.script.below(4), 53, b"x" * (1 + self.script.number(2)), self.now)
        except (RuntimeError, ValueError) as error:
            assert str(error)

    def end(self) -> None:
        """One side closes, so that the states of closing are seen too."""
        what = self.script.below(6)
        if what == 0:
            self.victim.shutdown(self.now)
        elif what == 1:
            self.peer.shutdown(self.now)
        elif what == 2:
            try:
                self.victim.reset_streams([self.script.below(4)], self.now)
            except (RuntimeError, ValueError) as error:
                assert str(error)

    def wait(self) -> None:
        self.now += self.script.below(256) / 32

    def settle(self) -> None:
        victim = self.victim
        for _ in range(50):
            due = victim.next_timeout()
            if due is None or due > self.now:
                break
            victim.handle_timeout(self.now)
        else:
            raise AssertionError("the association spins")
        for _ in range(1000):
            packets = victim.poll_transmit(self.now)
            if packets is None:
                break
            self.peer.receive(packets, self.now)
            # What DTLS takes in one record.
            assert max(map(len, packets)) <= 16384
        else:
            raise AssertionError("the association sends without end")
        while victim.next_event() is not None:
            pass


def run(data: bytes) -> None:
    _Conversation(Script(data)).run()


TARGETS: list[Target] = [
    Target(
        "sctp-association",
        run,
        (
            b"\1\7" + b"\2\1\0\3\1\0\0\0\5hello\x05\0\0\x0cabcdefghijkl\0",
            b"\3\5" + b"\2\0\x12\0\2\4\1\0\x08abcdefgh\0\0\0\0" + b"\6\x40" * 3,
            b"\0\3" + b"\4\0\x10\0\0\5\0\0\0\5\1\0" + b"\0" * 6,
            b"\1\1" + b"\2\0\4\0\0\x10" + bytes(16) + b"\3",
        ),
        is_machine=True,
    )
]
