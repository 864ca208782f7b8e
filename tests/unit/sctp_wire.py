"""Associations without a network, and what their packets say of them."""

from __future__ import annotations

from dataclasses import dataclass

from rtckit.sctp import Association, Config, Connected, Event
from rtckit.sctp.chunk import ChunkType, Init, split_chunks
from rtckit.sctp.packet import Header
from rtckit.testing import seeded_entropy


@dataclass
class Seen:
    """What an association has shown of itself: the tag it wants, and the TSN it comes to."""

    tag: int = 0
    next_tsn: int = 0


_SEEN: dict[Association, Seen] = {}


def machine(name: str, config: Config | None = None) -> Association:
    return Association(config or Config(), entropy=seeded_entropy(name))


def events(association: Association) -> list[Event]:
    found = []
    while (event := association.next_event()) is not None:
        found.append(event)
    return found


def sent(association: Association, now: float = 0.0) -> list[bytes]:
    packets = []
    while (train := association.poll_transmit(now)) is not None:
        packets += train
    seen = _SEEN.setdefault(association, Seen())
    for packet in packets:
        for kind, _, value in split_chunks(packet, 12):
            if kind in (ChunkType.INIT, ChunkType.INIT_ACK):
                init = Init.parse(value)
                seen.tag, seen.next_tsn = init.initiate_tag, init.initial_tsn
            elif kind == ChunkType.DATA:
                seen.next_tsn = (int.from_bytes(value[:4], "big") + 1) & 0xFFFFFFFF
    return packets


def chunks_sent(association: Association, now: float = 0.0) -> list[tuple[int, int, bytes]]:
    return [chunk for packet in sent(association, now) for chunk in split_chunks(packet, 12)]


def pump(a: Association, b: Association, now: float = 0.0) -> None:
    moved = True
    while moved:
        moved = False
        for source, target in ((a, b), (b, a)):
            packets = sent(source, now)
            if packets:
                target.receive(packets, now)
                moved = True


def connected(config: Config | None = None) -> tuple[Association, Association]:
    a, b = machine("a", config), machine("b", config)
    a.connect(0.0)
    b.connect(0.0)
    pump(a, b)
    assert [type(e) for e in events(a)] == [type(e) for e in events(b)] == [Connected]
    return a, b


def tag_of(association: Association) -> int:
    """The tag of packets to it."""
    return _SEEN[association].tag


def next_tsn(association: Association) -> int:
    """The TSN of its next DATA chunk, if it sends no chunk twice."""
    return _SEEN[association].next_tsn


def give(target: Association, body: bytes, *, tag: int | None = None, now: float = 0.0) -> None:
    """Let it receive one packet with these chunks."""
    used = tag_of(target) if tag is None else tag
    target.receive([Header(5000, 5000, used).seal(body)], now)
