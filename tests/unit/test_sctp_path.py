"""Whether the path works: heartbeats, timeouts in a row, probes of a closed window."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.unit.sctp_wire import chunks_sent, connected, events, give, machine, next_tsn, sent

from rtckit.sctp import Association, Closed, Config, State
from rtckit.sctp.chunk import (
    CauseCode,
    ChunkType,
    Init,
    ParameterType,
    Sack,
    encode_chunk,
    parse_causes,
    split_chunks,
)


def expire(association: Association) -> tuple[float, list[int]]:
    """Wait for its next timeout; when that was, and the kinds of chunks it then sends."""
    deadline = association.next_timeout()
    assert deadline is not None
    association.handle_timeout(deadline)
    return deadline, [chunk[0] for chunk in chunks_sent(association, deadline)]


def test_heartbeats_are_sent_on_an_idle_path_and_their_answers_measured() -> None:
    a, _ = connected(Config(heartbeat_interval=10.0))
    deadline = a.next_timeout()
    assert deadline == 10.0
    a.handle_timeout(deadline)
    ((kind, _, value),) = chunks_sent(a, deadline)
    assert kind == ChunkType.HEARTBEAT
    for wrong in (value[:-1] + bytes((value[-1] ^ 1,)), b""):
        give(a, encode_chunk(ChunkType.HEARTBEAT_ACK, 0, wrong), now=10.01)
    assert a.stats.srtt is None
    give(a, encode_chunk(ChunkType.HEARTBEAT_ACK, 0, value), now=10.04)
    assert a.stats.srtt == pytest.approx(0.04)
    give(a, encode_chunk(ChunkType.HEARTBEAT_ACK, 0, value), now=10.05)
    assert a.drops["heartbeat nonce"] == 2 and a.next_timeout() == pytest.approx(20.04)


def test_a_path_that_is_heard_from_needs_no_heartbeat() -> None:
    a, _ = connected(Config(heartbeat_interval=10.0))
    give(a, encode_chunk(ChunkType.ERROR, 0, b""), now=7.0)
    assert expire(a) == (10.0, [])
    assert expire(a) == (17.0, [ChunkType.HEARTBEAT])


def test_an_idle_path_fails_after_max_retransmits_heartbeats() -> None:
    a, _ = connected(Config(heartbeat_interval=10.0, max_retransmits=3))
    sent_at = [expire(a) for _ in range(4)]
    assert [kinds for _, kinds in sent_at] == [[ChunkType.HEARTBEAT]] * 4
    gaps = [after[0] - before[0] for before, after in pairwise(sent_at)]
    assert gaps == [0.5, 1.0, 2.0]
    assert expire(a)[1] == [ChunkType.ABORT]
    (event,) = events(a)
    assert isinstance(event, Closed) and "path" in event.reason and a.next_timeout() is None


def test_a_path_with_data_fails_after_max_retransmits_timeouts() -> None:
    a, _ = connected(Config(heartbeat_interval=None, max_retransmits=3))
    a.send(0, 51, b"hello?", 0.0)
    sent(a)
    assert [expire(a)[1] for _ in range(4)] == [[ChunkType.DATA]] * 3 + [[ChunkType.ABORT]]
    assert a.state is State.ENDED


def test_an_acknowledgement_starts_the_count_anew() -> None:
    a, _ = connected(Config(heartbeat_interval=None, max_retransmits=3))
    for _ in range(3):
        a.send(0, 51, b"hello?", 0.0)
        sent(a)
        now = 0.0
        for _ in range(3):
            now, _ = expire(a)
        give(a, Sack((next_tsn(a) - 1) & 0xFFFFFFFF, 100_000, [], []).encode(), now=now)
    assert a.state is State.ESTABLISHED and a.unacknowledged == 0


def test_a_closed_window_is_probed_for_ever_by_one_chunk() -> None:
    """RFC 9260 §6.1 A, §6.3.3: one chunk at a time, ever more seldom, and as long as the peer
    answers that is no failure of the path."""
    a, _ = connected(Config(heartbeat_interval=None, max_retransmits=3, rto_max=2.0))
    a.send(0, 51, bytes(500), 0.0)
    sent(a)
    base = (next_tsn(a) - 1) & 0xFFFFFFFF
    closed = Sack(base, 0, [], []).encode()
    give(a, closed)
    for _ in range(4):
        a.send(0, 51, bytes(500), 0.0)
    probe = chunks_sent(a)
    assert [chunk[0] for chunk in probe] == [ChunkType.DATA]
    window = a.stats.congestion_window
    now, waits = 0.0, []
    for _ in range(20):
        give(a, closed, now=now)
        assert sent(a, now) == []
        deadline = a.next_timeout()
        assert deadline is not None
        waits.append(deadline - now)
        now = deadline
        a.handle_timeout(now)
        assert chunks_sent(a, now) == probe
    assert waits == sorted(waits) and waits[-1] == pytest.approx(2.0)
    assert a.stats.congestion_window == window
    give(a, Sack(base, 100_000, [], []).encode(), now=now)
    assert len(chunks_sent(a, now)) == 3


def test_unknown_parameters_of_an_init_ack_are_reported_after_the_cookie() -> None:
    a, b = machine("a"), machine("b")
    a.connect(0.0)
    b.receive(sent(a), 0.0)
    ((_, _, value),) = chunks_sent(b)
    init = Init.parse(value)
    init.parameters.append((0xC123, b"what?"))
    give(a, init.encode(ChunkType.INIT_ACK))
    (packet,) = sent(a)
    (echo, error) = split_chunks(packet, 12)
    assert echo[0] == ChunkType.COOKIE_ECHO
    assert echo[2] == init.find(ParameterType.STATE_COOKIE)
    assert error[0] == ChunkType.ERROR
    assert parse_causes(error[2]) == [(CauseCode.UNRECOGNIZED_PARAMETERS, b"\xc1\x23\0\x09what?")]


def test_an_unknown_chunk_is_reported_whole_but_never_too_large() -> None:
    a, _ = connected()
    give(a, encode_chunk(0x7E, 5, b"hi"))
    ((_, _, value),) = chunks_sent(a)
    assert parse_causes(value) == [(CauseCode.UNRECOGNIZED_CHUNK_TYPE, b"\x7e\5\0\6hi\0\0")]
    give(a, encode_chunk(0x7E, 5, bytes(60_000)))
    (packet,) = sent(a)
    assert len(packet) <= 1160


def test_a_reported_error_is_counted_and_not_answered() -> None:
    a, _ = connected()
    give(a, encode_chunk(ChunkType.ERROR, 0, b"\0\6\0\x08\x7e\0\0\4\0\1\0\x08\0\5\0\0"))
    assert a.drops["peer reported error 6"] == a.drops["peer reported error 1"] == 1
    assert sent(a) == [] and a.state is State.ESTABLISHED


def test_queued_messages_are_given_up_when_their_time_is_over() -> None:
    a, _ = connected(Config(heartbeat_interval=None))
    a.send(0, 51, bytes(500), 0.0)
    sent(a)
    give(a, Sack((next_tsn(a) - 1) & 0xFFFFFFFF, 0, [], []).encode())
    a.send(0, 51, b"the probe", 0.0)
    sent(a)
    for stream in (1, 2):
        for index in range(10):
            a.send(stream, 51, bytes(1000), 0.0, lifetime=0.1 * (index + 1))
    assert a.buffered_amount(1) == a.buffered_amount(2) == 10_000
    now = 0.0
    while now < 0.45:
        deadline = a.next_timeout()
        assert deadline is not None and deadline > now
        now = deadline
        a.handle_timeout(now)
        sent(a, now)
    assert a.buffered_amount(1) == a.buffered_amount(2)
    assert a.buffered_amount(1) == 1000 * (10 - int(now * 10 + 1e-9))
    a.handle_timeout(2.0)
    assert a.buffered_amount(1) == 0 and a.stats.messages_abandoned == 20
