"""Closing gracefully, and what may come in between (RFC 9260 §9.2, §8.5.1)."""

from __future__ import annotations

import pytest
from tests.unit.sctp_wire import chunks_sent, connected, events, give, next_tsn, sent, tag_of

from rtckit.sctp import Association, Closed, Config, Connected, Restarted, State
from rtckit.sctp.chunk import (
    SHUTDOWN_ACK,
    CauseCode,
    ChunkType,
    Init,
    ParameterType,
    encode_abort,
    encode_chunk,
    encode_cookie_echo,
    encode_shutdown,
    encode_shutdown_complete,
    parse_causes,
    split_chunks,
)
from rtckit.sctp.packet import parse_header

STATES = (
    State.SHUTDOWN_PENDING,
    State.SHUTDOWN_SENT,
    State.SHUTDOWN_RECEIVED,
    State.SHUTDOWN_ACK_SENT,
)
INIT = Init(5, 9999, 9, 9, 1).encode(ChunkType.INIT)


def closing(state: State) -> Association:
    """An association on its way to the end."""
    a, _ = connected()
    nothing = encode_shutdown((next_tsn(a) - 1) & 0xFFFFFFFF)
    if state in (State.SHUTDOWN_PENDING, State.SHUTDOWN_RECEIVED):
        a.send(0, 51, b"not acknowledged", 0.0)
        sent(a)
    if state in (State.SHUTDOWN_PENDING, State.SHUTDOWN_SENT):
        a.shutdown(0.0)
    else:
        give(a, nothing)
    sent(a)
    assert a.state is state
    return a


@pytest.mark.parametrize("state", STATES)
def test_an_init_while_closing(state: State) -> None:
    a = closing(state)
    give(a, INIT, tag=0)
    (packet,) = sent(a)
    ((kind, _, value),) = split_chunks(packet, 12)
    assert a.state is state
    if state is State.SHUTDOWN_ACK_SENT:
        # The SHUTDOWN COMPLETE was lost.
        assert kind == ChunkType.SHUTDOWN_ACK
        return
    assert kind == ChunkType.INIT_ACK and parse_header(packet)[2] == 5
    cookie = Init.parse(value).find(ParameterType.STATE_COOKIE)
    assert cookie is not None
    give(a, encode_cookie_echo(cookie), tag=Init.parse(value).initiate_tag)
    assert a.state is State.ESTABLISHED
    assert [type(event) for event in events(a)][:2] == [Restarted, Connected]


def test_a_restart_is_turned_away_once_everything_is_acknowledged() -> None:
    a, _ = connected()
    tag = tag_of(a)
    give(a, INIT, tag=0)
    ((_, _, value),) = chunks_sent(a)
    cookie = Init.parse(value).find(ParameterType.STATE_COOKIE)
    assert cookie is not None
    # `sent` has taken the tag of the new INIT ACK for that of the association.
    give(a, encode_shutdown((Init.parse(value).initial_tsn - 1) & 0xFFFFFFFF), tag=tag)
    sent(a)
    if a.state is State.ESTABLISHED:
        give(a, encode_shutdown(0), tag=tag)
    assert a.state is State.SHUTDOWN_ACK_SENT
    sent(a)
    give(a, encode_cookie_echo(cookie))
    found = {kind: value for kind, _, value in chunks_sent(a)}
    assert set(found) == {ChunkType.SHUTDOWN_ACK, ChunkType.ERROR}
    assert parse_causes(found[ChunkType.ERROR]) == [(CauseCode.COOKIE_WHILE_SHUTTING_DOWN, b"")]
    assert a.state is State.SHUTDOWN_ACK_SENT


@pytest.mark.parametrize("state", STATES)
def test_a_peer_that_does_not_close_is_left_in_the_end(state: State) -> None:
    """T5 bounds the procedure, though the peer never leaves a packet unanswered."""
    config = Config(rto_max=1.0)
    a, _ = connected(config)
    base = (next_tsn(a) - 1) & 0xFFFFFFFF
    if state in (State.SHUTDOWN_PENDING, State.SHUTDOWN_RECEIVED):
        a.send(0, 51, b"never acknowledged", 0.0)
        sent(a)
    if state in (State.SHUTDOWN_PENDING, State.SHUTDOWN_SENT):
        a.shutdown(0.0)
    else:
        give(a, encode_shutdown(base))
    last: list[int] = []
    closed_window = encode_chunk(ChunkType.SACK, 0, base.to_bytes(4, "big") + bytes(8))
    while (deadline := a.next_timeout()) is not None:
        assert deadline <= 5.0
        a.handle_timeout(deadline)
        last = [kind for kind, _, _ in chunks_sent(a, deadline)] or last
        if a.state is not State.ENDED and last[0] == ChunkType.DATA:
            give(a, closed_window, now=deadline)
    assert last == [ChunkType.ABORT]
    (event,) = [event for event in events(a) if isinstance(event, Closed)]
    assert "too long" in event.reason and not event.remote


def test_both_ways_to_the_end() -> None:
    a = closing(State.SHUTDOWN_SENT)
    give(a, SHUTDOWN_ACK)
    assert [chunk[0] for chunk in chunks_sent(a)] == [ChunkType.SHUTDOWN_COMPLETE]
    assert a.state is State.ENDED and a.next_timeout() is None
    a = closing(State.SHUTDOWN_ACK_SENT)
    give(a, SHUTDOWN_ACK)
    assert [chunk[0] for chunk in chunks_sent(a)] == [ChunkType.SHUTDOWN_COMPLETE]
    assert a.state is State.ENDED and a.next_timeout() is None


def test_a_shutdown_ack_is_repeated_until_the_end() -> None:
    a = closing(State.SHUTDOWN_ACK_SENT)
    for _ in range(3):
        deadline = a.next_timeout()
        assert deadline is not None
        a.handle_timeout(deadline)
        assert [chunk[0] for chunk in chunks_sent(a, deadline)] == [ChunkType.SHUTDOWN_ACK]
    give(a, encode_shutdown_complete(reflected=False))
    assert a.state is State.ENDED


def test_the_t_bit_reflects_the_peers_own_tag_and_no_other() -> None:
    for chunk, state in (
        (encode_abort(reflected=True), State.ESTABLISHED),
        (encode_shutdown_complete(reflected=True), State.SHUTDOWN_ACK_SENT),
    ):
        a, b = connected()
        if state is State.SHUTDOWN_ACK_SENT:
            give(a, encode_shutdown((next_tsn(a) - 1) & 0xFFFFFFFF))
            sent(a)
        give(a, chunk, tag=tag_of(b) ^ 1)
        assert a.state is state
        give(a, chunk, tag=tag_of(b))
        assert State(a.state) is State.ENDED


def test_data_while_shutting_down_is_taken_and_answered_at_once() -> None:
    a, b = connected()
    b.send(0, 51, b"one more", 0.0)
    late = sent(b)
    a.shutdown(0.0)
    sent(a)
    a.receive(late, 0.1)
    assert [chunk[0] for chunk in chunks_sent(a, 0.1)] == [ChunkType.SHUTDOWN, ChunkType.SACK]
