"""Hostile bytes: parsers only raise ParseError, ``receive`` raises nothing, memory is bounded."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sctp_wire import connected, machine, next_tsn, sent, tag_of

from rtckit.sctp import Association, Config, Limits, State
from rtckit.sctp.chunk import (
    ForwardTsn,
    IncomingResetRequest,
    Init,
    OutgoingResetRequest,
    ReconfigurationResponse,
    Sack,
    encode_chunk,
    parse_add_streams,
    parse_causes,
    parse_heartbeat_info,
    parse_request_number,
    parse_shutdown,
    split_chunks,
    split_parameters,
)
from rtckit.sctp.packet import Header, parse_header
from rtckit.seam import ParseError

QUICK = settings(max_examples=60, deadline=None, derandomize=True)

PARSERS: list[Callable[[bytes], object]] = [
    ForwardTsn.parse,
    IncomingResetRequest.parse,
    Init.parse,
    OutgoingResetRequest.parse,
    ReconfigurationResponse.parse,
    Sack.parse,
    parse_add_streams,
    parse_causes,
    parse_header,
    parse_heartbeat_info,
    parse_request_number,
    parse_shutdown,
    split_parameters,
]


@pytest.mark.parametrize("parser", PARSERS)
@QUICK
@given(data=st.binary(max_size=80))
def test_parsers_only_raise_parse_error(parser: Callable[[bytes], object], data: bytes) -> None:
    try:
        parser(data)
    except ParseError:
        pass


KINDS = st.sampled_from([0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 64, 130, 130, 192, 192, 255])
CHUNKS = st.lists(
    st.tuples(KINDS, st.integers(0, 255), st.binary(max_size=60)), min_size=1, max_size=5
)


@QUICK
@given(packets=st.lists(CHUNKS, max_size=8), established=st.booleans(), data=st.binary())
def test_receive_survives_valid_packets_of_nonsense(
    packets: list[list[tuple[int, int, bytes]]], established: bool, data: bytes
) -> None:
    if established:
        target, _ = connected()
    else:
        target = machine("alone")
        target.connect(0.0)
    target.send(0, 51, b"outstanding" * 300, 0.0)
    sent(target)
    tag = tag_of(target)
    now = 0.0
    for chunks in packets:
        body = b"".join(encode_chunk(*chunk) for chunk in chunks)
        for used in (tag, 0, 7):
            now += 0.1
            target.receive([Header(5000, 5000, used).seal(body), data], now)
            while target.poll_transmit(now) is not None:
                pass
            deadline = target.next_timeout()
            if deadline is not None and deadline <= now:
                target.handle_timeout(now)
            while target.next_event() is not None:
                pass


@QUICK
@given(
    tsns=st.lists(st.integers(-5, 70_000), max_size=60),
    flags=st.integers(0, 15),
    streams=st.integers(0, 65_535),
    size=st.integers(0, 40),
)
def test_data_of_any_order_and_flags(tsns: list[int], flags: int, streams: int, size: int) -> None:
    a, b = connected()
    first = next_tsn(b)
    header = Header(5000, 5000, tag_of(a))
    for index, tsn in enumerate(tsns):
        value = ((first + tsn) & 0xFFFFFFFF).to_bytes(4, "big") + streams.to_bytes(2, "big")
        value += bytes(6) + bytes(size)
        a.receive([header.seal(encode_chunk(0, flags ^ (index & 3), value))], 0.0)
        while a.poll_transmit(0.0) is not None:
            pass


WINDOW = 1024 * 1024


Flood = Callable[[Iterable[tuple[int, int, bytes]]], tuple[Association, int]]


@pytest.fixture
def flooded() -> Iterator[Flood]:
    """Gives an association many DATA chunks, each as the distance of its TSN, its flags and its
    data; what it holds in the end, in bytes."""

    def flood(chunks: Iterable[tuple[int, int, bytes]]) -> tuple[Association, int]:
        a, b = connected(Config(receive_window=WINDOW))
        first, header = next_tsn(b), Header(5000, 5000, tag_of(a))
        packets = (
            header.seal(
                encode_chunk(
                    0,
                    flags,
                    ((first + distance) & 0xFFFFFFFF).to_bytes(4, "big") + bytes(8) + data,
                )
            )
            for distance, flags, data in chunks
        )
        before, _ = tracemalloc.get_traced_memory()
        while train := [packet for _, packet in zip(range(100), packets, strict=False)]:
            a.receive(train, 0.0)
            for _, _, value in sacks_of(a):
                sack = Sack.parse(value)
                assert len(sack.gaps) <= Limits().gap_blocks
                assert len(sack.duplicates) <= Limits().duplicates
        return a, tracemalloc.get_traced_memory()[0] - before

    tracemalloc.start()
    yield flood
    tracemalloc.stop()


def sacks_of(association: Association) -> list[tuple[int, int, bytes]]:
    packets = association.poll_transmit(0.0) or []
    return [chunk for packet in packets for chunk in split_chunks(packet, 12) if chunk[0] == 3]


def test_a_flood_of_fragments_that_never_end_is_bounded(flooded: Flood) -> None:
    rng = random.Random(1)
    a, held = flooded((1 + rng.randrange(1 << 17), 0, rng.randbytes(900)) for _ in range(6000))
    assert a.drops["receive window exceeded"] and a.drops["TSN too far ahead"]
    assert a.state is State.ESTABLISHED and held < 4 * WINDOW


def test_a_flood_of_gaps_is_bounded(flooded: Flood) -> None:
    a, held = flooded((2 * index + 1, 3, b"x") for index in range(4000))
    assert a.drops["too many gaps"] == 4000 - Limits().gap_ranges
    assert held < 4 * WINDOW


def test_a_flood_that_nobody_reads_closes_the_window(flooded: Flood) -> None:
    a, held = flooded((index, 7, b"x") for index in range(20_000))
    assert a.drops["receive window exceeded"] > 10_000 and a.stats.receive_window == 0
    assert held < 4 * WINDOW


def test_a_flood_of_duplicates_leaves_nothing(flooded: Flood) -> None:
    a, held = flooded((0, 3, b"x") for _ in range(4000))
    assert a.drops["duplicate TSN"] == 3999 and held < 32_768
