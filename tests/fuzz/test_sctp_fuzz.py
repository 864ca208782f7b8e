"""Hostile bytes: parsers only raise ParseError, ``receive`` raises nothing, memory is bounded."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.sctp import Association, Config, State
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
    split_parameters,
)
from rtckit.sctp.packet import Header, parse_header
from rtckit.seam import ParseError
from rtckit.testing import seeded_entropy

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


def connected(seed: int = 1) -> tuple[Association, Association]:
    a, b = (Association(Config(), entropy=seeded_entropy(f"{seed}{side}")) for side in "ab")
    a.connect(0.0)
    b.connect(0.0)
    exchange(a, b, 0.0)
    assert a.state is b.state is State.ESTABLISHED
    return a, b


def exchange(a: Association, b: Association, now: float) -> None:
    moved = True
    while moved:
        moved = False
        for sender, receiver in ((a, b), (b, a)):
            while (packets := sender.poll_transmit(now)) is not None:
                receiver.receive(packets, now)
                moved = True
            while sender.next_event() is not None:
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
        target = Association(Config(), entropy=seeded_entropy(3))
        target.connect(0.0)
        target.poll_transmit(0.0)
    target.send(0, 51, b"outstanding" * 300, 0.0)
    target.poll_transmit(0.0)
    tag = target._local_tag
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
    assert a._inbound is not None and b._outbound is not None
    first = b._outbound.flight.next_tsn
    header = Header(5000, 5000, a._local_tag)
    for index, tsn in enumerate(tsns):
        value = ((first + tsn) & 0xFFFFFFFF).to_bytes(4, "big") + streams.to_bytes(2, "big")
        value += bytes(6) + bytes(size)
        a.receive([header.seal(encode_chunk(0, flags ^ (index & 3), value))], 0.0)
        while a.poll_transmit(0.0) is not None:
            pass


def test_a_flood_of_fragments_that_never_end_is_bounded() -> None:
    a, b = connected()
    assert a._inbound is not None and b._outbound is not None
    first = b._outbound.flight.next_tsn + 1
    header = Header(5000, 5000, a._local_tag)
    rng = random.Random(1)
    for _ in range(12_000):
        tsn = (first + rng.randrange(1 << 17)) & 0xFFFFFFFF
        value = tsn.to_bytes(4, "big") + bytes(8) + b"x" * 900
        a.receive([header.seal(encode_chunk(0, 0, value))], 0.0)
        while a.poll_transmit(0.0) is not None:
            pass
        while a.next_event() is not None:
            pass
    limits = Config().limits
    assert a._inbound.charge <= 2 * Config().receive_window
    assert len(a._inbound._ranges) <= limits.gap_ranges
    assert a.drops["too many gaps"] and a.drops["TSN too far ahead"]
