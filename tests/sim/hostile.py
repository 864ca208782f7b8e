"""Those who attack a connected pair: strangers on the network, and a peer with the keys."""

from __future__ import annotations

import gc
import struct
import sys
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FunctionType, ModuleType

from tests.sim.peer import Peer, negotiate

from rtckit.sctp.chunk import ChunkType, encode_chunk, split_chunks
from rtckit.sctp.packet import Header
from rtckit.seam import Address
from rtckit.testing import Conditions, Network, Simulation

__all__ = ["STRANGER", "A", "B", "Insider", "Pair", "Stranger", "footprint"]

A, B, STRANGER = "10.0.0.1", "10.0.0.2", "10.0.0.9"


def footprint(*roots: object) -> int:
    """Bytes of everything that can be reached from ``roots``, code left out."""
    seen: set[int] = set()
    waiting = list(roots)
    total = 0
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | ModuleType | FunctionType | CodeType):
            continue
        seen.add(id(each))
        total += sys.getsizeof(each)
        waiting.extend(gc.get_referents(each))
    return total


class Stranger:
    """A host that only listens to what is sent to it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def receive(self, datagrams: list[tuple[bytes, Address, Address]], now: float) -> None:
        self.heard += [datagram for datagram, _, _ in datagrams]

    def transmit(self, now: float) -> Iterable[tuple[bytes, Address, Address]]:
        return ()

    def next_timeout(self) -> float | None:
        return None

    def handle_timeout(self, now: float) -> None:
        """Nothing is ever due."""


class Pair:
    """Two peers, a stranger, and everything that went between the peers.

    :ivar carried: datagrams with source and destination, in order.
    """

    def __init__(self, seed: str) -> None:
        self.simulation = Simulation(Network(seed, Conditions(delay=0.01)))
        self.offerer = Peer(f"offerer {seed}", A)
        self.answerer = Peer(f"answerer {seed}", B)
        self.stranger = Stranger()
        self.simulation.attach(self.offerer, A)
        self.simulation.attach(self.answerer, B)
        self.simulation.attach(self.stranger, STRANGER)
        self.carried: list[tuple[bytes, Address, Address]] = []
        self._listen()

    def _listen(self) -> None:
        network = self.simulation.network
        send = network.send

        def heard(datagram: bytes, source: Address, destination: Address, now: float) -> None:
            self.carried.append((datagram, source, destination))
            send(datagram, source, destination, now)

        network.send = heard  # type: ignore[method-assign]
        self.put = send

    def begin(self) -> None:
        """Negotiate; nothing has gone over the network yet."""
        self.offerer.channel("first", self.simulation.now)
        negotiate(self.simulation, self.offerer, self.answerer)

    def connect(self, limit: float = 30.0) -> None:
        """Negotiate, and run until a channel is open at both ends, and a while longer."""
        if not self.offerer.connection.negotiation.local_description:
            self.begin()
        self.simulation.run_until(
            lambda: bool(self.offerer.opened) and "first" in self.answerer.announced, limit
        )
        self.simulation.run_for(1.0)

    def attack(
        self, datagrams: Iterable[bytes], source: Address, victim: Peer, pace: float = 0.0005
    ) -> int:
        """Send from ``source``, be it anybody's address, and give how many bytes that were."""
        size = 0
        for datagram in datagrams:
            size += len(datagram)
            self.put(datagram, source, victim.bases[0], self.simulation.now)
            self.simulation.run_for(pace)
        self.simulation.run_for(0.05)
        return size

    def sent_by(self, peer: Peer) -> int:
        """Bytes that a peer has put on the network so far."""
        return peer.connection.transport.counters.bytes_sent

    def still_talk(self) -> None:
        """A message each way arrives, and nobody wants to be called for what is past."""
        now = self.simulation.now
        word = f"still here at {now}".encode()
        self.offerer.connection.send(self.offerer.opened[0], word, False, now)
        self.answerer.connection.send(self.answerer.announced["first"], word, False, now)
        self.simulation.run_until(
            lambda: all(
                word in peer.received.get("first", ()) for peer in (self.offerer, self.answerer)
            ),
            10.0,
        )
        for peer in (self.offerer, self.answerer):
            due = peer.next_timeout()
            assert due is not None and due > self.simulation.now


class Insider:
    """A peer with the keys that writes its own SCTP packets.

    What it needs to know it reads off what its own association has sent.
    """

    def __init__(self, seed: str) -> None:
        self.pair = Pair(seed)
        self.peer = self.pair.offerer
        self.victim = self.pair.answerer
        self.pair.begin()
        dtls = self.peer.connection.transport.dtls
        assert dtls is not None
        self._send: Callable[[Sequence[bytes]], None] = dtls.send
        self._packets: list[bytes] = []

        def recorded(packets: Sequence[bytes]) -> None:
            self._packets += packets
            self._send(packets)

        dtls.send = recorded  # type: ignore[method-assign]
        self.pair.connect()
        dtls.send = self._send  # type: ignore[method-assign]
        chunks = [chunk for packet in self._packets for chunk in split_chunks(packet, 12)]
        self.header = Header(5000, 5000, int.from_bytes(self._packets[-1][4:8], "big"))
        [initial_tsn, *_] = [value[12:16] for kind, _, value in chunks if kind == ChunkType.INIT]
        tsns = [value[:4] for kind, _, value in chunks if kind == ChunkType.DATA]
        #: RFC 6525 §4.1: request numbers start with the initial TSN.
        self.request = int.from_bytes(initial_tsn, "big")
        self.tsn = (int.from_bytes(tsns[-1], "big") + 1) & 0xFFFFFFFF

    def data(
        self, stream: int, payload: bytes, *, ppid: int = 53, ssn: int = 0, flags: int = 3
    ) -> bytes:
        """A DATA chunk with the next TSN."""
        tsn = self.tsn
        self.tsn = (tsn + 1) & 0xFFFFFFFF
        return encode_chunk(0, flags, struct.pack("!IHHI", tsn, stream, ssn, ppid) + payload)

    def next_request(self) -> int:
        """The number of the next re-configuration request."""
        number = self.request
        self.request = (number + 1) & 0xFFFFFFFF
        return number

    def say(self, *chunks: bytes, tag: int | None = None) -> None:
        """One packet with these chunks, and what comes of it."""
        header = self.header if tag is None else Header(5000, 5000, tag)
        self.say_packets([header.seal(b"".join(chunks))])

    def say_packets(self, packets: Sequence[bytes]) -> None:
        """Packets as they are, sealed by DTLS, and what comes of them."""
        self._send(packets)
        self.pair.simulation.run_for(0.05)
