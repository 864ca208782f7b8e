"""Stream re-configuration (RFC 6525), request by request."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.unit.sctp_wire import (
    chunks_sent,
    connected,
    events,
    give,
    next_tsn,
    pump,
    sent,
    tag_of,
)

from rtckit.sctp import (
    Association,
    Closed,
    Config,
    IncomingStreamsReset,
    MessagesReceived,
    OutgoingStreamsReset,
)
from rtckit.sctp.chunk import (
    ChunkType,
    IncomingResetRequest,
    OutgoingResetRequest,
    ParameterType,
    ReconfigurationResponse,
    ResetResult,
    encode_parameter,
    encode_re_config,
    split_parameters,
)


def parameters_sent(association: Association, now: float = 0.0) -> list[tuple[int, bytes]]:
    """The parameters of the RE-CONFIG chunks it sends."""
    return [
        parameter
        for kind, _, value in chunks_sent(association, now)
        if kind == ChunkType.RE_CONFIG
        for parameter in split_parameters(value)
    ]


def answers(association: Association) -> list[ReconfigurationResponse]:
    return [
        ReconfigurationResponse.parse(value)
        for kind, value in parameters_sent(association)
        if kind == ParameterType.RECONFIGURATION_RESPONSE
    ]


def number(value: int) -> bytes:
    return (value & 0xFFFFFFFF).to_bytes(4, "big")


def test_an_incoming_reset_request_resets_what_was_used() -> None:
    a, b = connected()
    first = next_tsn(b)
    for stream in (3, 4):
        a.send(stream, 51, bytes(1500), 0.0)
    pump(a, b)
    give(a, encode_re_config(IncomingResetRequest(first, (3, 9)).encode()))
    (response, request) = parameters_sent(a)
    assert ReconfigurationResponse.parse(response[1]).result == ResetResult.PERFORMED
    made = OutgoingResetRequest.parse(request[1])
    assert made.response == first and made.streams == (3,)
    give(a, encode_re_config(ReconfigurationResponse(made.request, 1).encode()))
    assert [e for e in events(a) if isinstance(e, OutgoingStreamsReset)] == [
        OutgoingStreamsReset((3,), True)
    ]
    # All at zero now; then all that there are; then one that there is not.
    for index, (streams, result) in enumerate(
        (((3,), ResetResult.NOTHING_TO_DO), ((), ResetResult.PERFORMED)), 1
    ):
        give(a, encode_re_config(IncomingResetRequest(first + index, streams).encode()))
        (response, *rest) = parameters_sent(a)
        assert ReconfigurationResponse.parse(response[1]).result == result
    assert [OutgoingResetRequest.parse(value).streams for _, value in rest] == [(4,)]
    give(a, encode_re_config(IncomingResetRequest(first + 3, (65_535,)).encode()))
    assert [answer.result for answer in answers(a)] == [ResetResult.WRONG_SSN]


def test_an_incoming_reset_request_for_what_is_being_reset_already() -> None:
    a, b = connected()
    a.send(3, 51, bytes(1500), 0.0)
    pump(a, b)
    a.reset_streams([3], 0.0)
    assert len(parameters_sent(a)) == 1
    give(a, encode_re_config(IncomingResetRequest(next_tsn(b), (3,)).encode()))
    assert [answer.result for answer in answers(a)] == [ResetResult.NOTHING_TO_DO]


def test_an_ssn_tsn_reset_is_denied_with_the_tsns_as_they_are() -> None:
    a, b = connected()
    value = number(next_tsn(b))
    give(a, encode_re_config(encode_parameter(ParameterType.SSN_TSN_RESET_REQUEST, value)))
    (answer,) = answers(a)
    assert answer.result == ResetResult.DENIED
    assert answer.next_tsns == (next_tsn(a), next_tsn(b))


def test_streams_are_added_up_to_the_limit() -> None:
    a, b = connected(Config(inbound_streams=100, outbound_streams=90))
    first = next_tsn(b)
    results = []
    for index, count in enumerate((6, 5, 4)):
        request = number(first + index) + bytes((0, count, 0, 0))
        give(a, encode_re_config(encode_parameter(ParameterType.ADD_OUTGOING_STREAMS, request)))
        results += [answer.result for answer in answers(a)]
    assert results == [ResetResult.PERFORMED, ResetResult.DENIED, ResetResult.PERFORMED]


def test_two_requests_in_a_chunk_are_answered_in_one_and_again_the_same() -> None:
    a, b = connected()
    first = next_tsn(b)
    chunk = encode_re_config(
        OutgoingResetRequest(first, first - 1, (first - 1) & 0xFFFFFFFF, (7,)).encode(),
        IncomingResetRequest((first + 1) & 0xFFFFFFFF, (7,)).encode(),
    )
    for _ in range(3):
        give(a, chunk)
        found = {kind: value for kind, _, value in chunks_sent(a)}
        # A SACK goes with the answer.
        assert set(found) == {ChunkType.SACK, ChunkType.RE_CONFIG}
        value = found[ChunkType.RE_CONFIG]
        results = [ReconfigurationResponse.parse(v) for _, v in split_parameters(value)]
        assert [(r.response, r.result) for r in results] == [(first, 1), (first + 1, 0)]
    assert [e for e in events(a) if isinstance(e, IncomingStreamsReset)] == [
        IncomingStreamsReset((7,))
    ]


def test_a_request_is_repeated_until_its_answer_arrives() -> None:
    a, b = connected()
    a.send(5, 51, bytes(1500), 0.0)
    pump(a, b)
    a.reset_streams([5], 0.0)
    (first,) = parameters_sent(a)
    repeated = [0.0]
    while len(repeated) < 4:
        deadline = a.next_timeout()
        assert deadline is not None
        now = deadline
        a.handle_timeout(now)
        if found := parameters_sent(a, now):
            assert found == [first]
            repeated.append(now)
    waits = [after - before for before, after in pairwise(repeated)]
    assert waits[0] < waits[1] < waits[2]
    # It arrives, and the answer is lost; the repetition gets the same answer.
    for _ in range(2):
        give(b, encode_re_config(encode_parameter(*first)), now=now)
        answer = sent(b, now)
    a.receive(answer, now)
    assert [e for e in events(a) if isinstance(e, OutgoingStreamsReset)] == [
        OutgoingStreamsReset((5,), True)
    ]
    assert len([e for e in events(b) if isinstance(e, IncomingStreamsReset)]) == 1
    a.send(5, 51, b"new life", now)
    pump(a, b, now)
    event = events(b)[-1]
    assert isinstance(event, MessagesReceived)
    assert [message.data for message in event.messages] == [b"new life"]


@pytest.mark.parametrize("at_work", [False, True])
def test_no_answer_fails_the_path_and_in_progress_does_not(at_work: bool) -> None:
    a, b = connected(Config(max_retransmits=4, heartbeat_interval=None))
    a.reset_streams([5], 0.0)
    ((_, value),) = parameters_sent(a)
    request = OutgoingResetRequest.parse(value).request
    answer = encode_re_config(ReconfigurationResponse(request, ResetResult.IN_PROGRESS).encode())
    if at_work:
        give(a, answer)
    repeated = 0
    for _ in range(30):
        deadline = a.next_timeout()
        if deadline is None:
            break
        a.handle_timeout(deadline)
        repeated += len(parameters_sent(a, deadline))
    assert repeated == (30 if at_work else 4)
    assert any(isinstance(e, Closed) for e in events(a)) is not at_work
    assert tag_of(b)
