"""Messages in pieces: too large, without a beginning, given up half-way (RFC 9260 §6.9)."""

from __future__ import annotations

import itertools

import pytest
from tests.unit.sctp_wire import chunks_sent, connected, events, give, next_tsn, sent

from rtckit.sctp import Association, Closed, Config, MessagesReceived, State
from rtckit.sctp.chunk import CauseCode, ChunkType, ForwardTsn, encode_chunk, parse_causes

FIRST, MIDDLE, LAST, WHOLE = 2, 0, 1, 3


def data(tsn: int, flags: int, payload: bytes = b"x", ssn: int = 0, stream: int = 0) -> bytes:
    value = (tsn & 0xFFFFFFFF).to_bytes(4, "big") + stream.to_bytes(2, "big")
    return encode_chunk(ChunkType.DATA, flags, value + ssn.to_bytes(2, "big") + bytes(4) + payload)


def messages(association: Association) -> list[bytes]:
    return [
        message.data
        for event in events(association)
        if isinstance(event, MessagesReceived)
        for message in event.messages
    ]


def aborted_for(association: Association) -> str:
    """Why it has ended with a protocol violation."""
    ((kind, _, value),) = [c for c in chunks_sent(association) if c[0] == ChunkType.ABORT]
    ((code, information),) = parse_causes(value)
    assert kind == ChunkType.ABORT and code == CauseCode.PROTOCOL_VIOLATION
    (event,) = [event for event in events(association) if isinstance(event, Closed)]
    assert event.cause == code and not event.remote
    return information.decode()


@pytest.mark.parametrize("backwards", [False, True])
def test_a_message_larger_than_agreed_ends_the_association(backwards: bool) -> None:
    a, b = connected(Config(max_receive_message_size=5000))
    first = next_tsn(b)
    wire = [data(first, FIRST, bytes(1000))]
    wire += [data(first + n, MIDDLE, bytes(1000)) for n in range(1, 5)]
    wire.append(data(first + 5, LAST, b"x"))
    for chunk in reversed(wire) if backwards else wire:
        assert a.state is State.ESTABLISHED
        give(a, chunk)
    assert "larger" in aborted_for(a)
    a, b = connected(Config(max_receive_message_size=5000))
    first = next_tsn(b)
    for n, flags in enumerate((FIRST, MIDDLE, MIDDLE, MIDDLE, LAST)):
        give(a, data(first + n, flags, bytes(1000)))
    assert messages(a) == [bytes(5000)]


@pytest.mark.parametrize(
    "order",
    list(itertools.permutations(range(3))),
)
def test_a_fragment_without_a_beginning_ends_the_association(order: tuple[int, ...]) -> None:
    a, b = connected()
    first = next_tsn(b)
    wire = [data(first, WHOLE, b"whole"), data(first + 1, MIDDLE), data(first + 2, LAST)]
    for index in order:
        if a.state is State.ESTABLISHED:
            give(a, wire[index])
    assert "without a beginning" in aborted_for(a)


def test_the_first_chunk_of_all_may_not_be_a_middle() -> None:
    a, b = connected()
    give(a, data(next_tsn(b), MIDDLE))
    assert "without a beginning" in aborted_for(a)


def test_a_message_in_the_middle_of_a_message_ends_the_association() -> None:
    a, b = connected()
    first = next_tsn(b)
    for n, flags in enumerate((FIRST, WHOLE, LAST)):
        give(a, data(first + n, flags, stream=n % 2))
    assert "without a beginning" in aborted_for(a)


@pytest.mark.parametrize("early", [False, True])
def test_what_remains_of_a_message_given_up_is_no_violation(early: bool) -> None:
    """A peer may give up on the first fragments while the others are still on their way."""
    a, b = connected()
    first = next_tsn(b)
    remainder = [data(first + 2, MIDDLE), data(first + 3, LAST)]
    after = data(first + 4, WHOLE, b"next", ssn=1)
    forward = ForwardTsn((first + 1) & 0xFFFFFFFF, [(0, 0)]).encode()
    give(a, data(first, FIRST))
    for chunk in (*remainder, forward) if early else (forward, *remainder):
        give(a, chunk)
    give(a, after)
    assert a.state is State.ESTABLISHED and messages(a) == [b"next"]
    a.consume(4, 0.0)
    assert a.stats.receive_window == Config().receive_window
    give(a, data(first + 5, LAST))
    assert "without a beginning" in aborted_for(a)


def test_fragments_whose_start_is_late_wait_within_the_window() -> None:
    a, b = connected(Config(receive_window=600_000))
    first = next_tsn(b)
    for n in range(1, 700):
        flags = MIDDLE if n < 200 else LAST if n == 200 else WHOLE
        give(a, data(first + n, flags, bytes(900), ssn=max(n - 200, 0)))
        sent(a)
    assert a.stats.receive_window == 0 and a.drops["receive window exceeded"] > 100
    assert messages(a) == []
    give(a, data(first, FIRST, bytes(900)))
    assert len(messages(a)[0]) == 201 * 900
