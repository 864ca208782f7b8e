"""The association's rules, one by one, without a network."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.sctp_wire import (
    chunks_sent,
    connected,
    events,
    give,
    machine,
    next_tsn,
    pump,
    sent,
    tag_of,
)

from rtckit.sctp import (
    Association,
    Closed,
    Config,
    Limits,
    MessagesReceived,
    SendBufferFull,
    State,
)
from rtckit.sctp.chunk import (
    CauseCode,
    ChunkType,
    ForwardTsn,
    Init,
    OutgoingResetRequest,
    ParameterType,
    ResetResult,
    Sack,
    encode_abort,
    encode_cause,
    encode_chunk,
    encode_cookie_echo,
    encode_parameter,
    encode_re_config,
    split_chunks,
)
from rtckit.sctp.packet import parse_header
from rtckit.sctp.state import CHUNK_STATES, TRANSITIONS


def state_of(association: Association) -> State:
    return association.state


def test_the_state_table_is_complete() -> None:
    assert set(TRANSITIONS) == set(State)
    assert set(CHUNK_STATES) == set(ChunkType)
    assert all(
        State.ENDED in after for before, after in TRANSITIONS.items() if before != State.ENDED
    )
    assert all(State.ENDED not in states for states in CHUNK_STATES.values())


def test_one_side_connects() -> None:
    a, b = machine("a"), machine("b")
    a.connect(0.0)
    pump(a, b)
    assert a.state is b.state is State.ESTABLISHED


def test_a_tampered_cookie_and_a_stale_one() -> None:
    a, b = machine("a"), machine("b")
    a.connect(0.0)
    b.receive(sent(a), 0.0)
    ((_, _, value),) = chunks_sent(b)
    cookie = Init.parse(value).find(ParameterType.STATE_COOKIE)
    assert cookie is not None
    for position in (0, 8, 20, len(cookie) - 1):
        broken = bytearray(cookie)
        broken[position] ^= 1
        give(b, encode_cookie_echo(bytes(broken)))
        assert b.state is State.CLOSED and sent(b) == []
    give(b, encode_cookie_echo(cookie), now=61.0)
    ((kind, _, value),) = chunks_sent(b)
    assert kind == ChunkType.ERROR and value[:2] == b"\0\3" and b.state is State.CLOSED
    give(b, encode_cookie_echo(cookie), tag=7)
    assert state_of(b) is State.CLOSED
    give(b, encode_cookie_echo(cookie))
    assert state_of(b) is State.ESTABLISHED


def test_a_wrong_tag_changes_nothing() -> None:
    a, b = connected()
    give(a, encode_abort(), tag=tag_of(a) ^ 1)
    give(a, encode_abort(), tag=tag_of(b))
    assert a.state is State.ESTABLISHED and a.drops["verification tag"] == 2
    # With the T bit the peer's own tag is the right one (RFC 9260 §8.5.1 B).
    give(a, encode_abort(reflected=True), tag=tag_of(b))
    assert state_of(a) is State.ENDED
    assert [type(e) for e in events(a)] == [Closed]


def test_out_of_the_blue_packets() -> None:
    a = machine("a")
    give(a, encode_chunk(ChunkType.SACK, 0, bytes(12)), tag=77)
    (packet,) = sent(a)
    assert parse_header(packet)[2] == 77 and split_chunks(packet, 12) == [(6, 1, b"")]
    give(a, encode_chunk(ChunkType.SHUTDOWN_ACK, 0, b""), tag=78)
    (packet,) = sent(a)
    assert parse_header(packet)[2] == 78 and split_chunks(packet, 12) == [(14, 1, b"")]
    for kind in (ChunkType.ABORT, ChunkType.SHUTDOWN_COMPLETE, ChunkType.ERROR):
        give(a, encode_chunk(kind, 0, b""), tag=79)
        assert sent(a) == []


def test_an_unacceptable_init_is_answered_by_abort() -> None:
    a = machine("a")
    for init in (Init(5, 9999, 0, 9, 1), Init(5, 9999, 9, 0, 1), Init(5, 1499, 9, 9, 1)):
        give(a, init.encode(ChunkType.INIT), tag=0)
        (packet,) = sent(a)
        assert parse_header(packet)[2] == 5 and packet[12] == ChunkType.ABORT
    give(a, Init(5, 9999, 9, 9, 1).encode(ChunkType.INIT), tag=1)
    assert a.state is State.CLOSED


def test_unknown_parameters_go_by_their_high_bits() -> None:
    a = machine("a")
    parameters = [
        (0xC123, b"report"),
        (0x8123, b"skip"),
        (0x4123, b"report and stop"),
        (0xC124, b""),
    ]
    give(a, Init(5, 9999, 9, 9, 1, parameters).encode(ChunkType.INIT), tag=0)
    ((kind, _, value),) = chunks_sent(a)
    assert kind == ChunkType.INIT_ACK
    reports = [v for k, v in Init.parse(value).parameters if k == ParameterType.UNRECOGNIZED]
    assert reports == [
        encode_parameter(0xC123, b"report"),
        encode_parameter(0x4123, b"report and stop"),
    ]


@pytest.mark.parametrize(
    ("kind", "reported", "goes_on"),
    [(0x3F, False, False), (0x7F, True, False), (0xBF, False, True), (0xFF, True, True)],
)
def test_unknown_chunks_go_by_their_high_bits(kind: int, reported: bool, goes_on: bool) -> None:
    a, _ = connected()
    heartbeat = encode_chunk(ChunkType.HEARTBEAT, 0, encode_parameter(1, b"info"))
    give(a, encode_chunk(kind, 0, b"what?") + heartbeat)
    kinds = {chunk[0] for chunk in chunks_sent(a)}
    assert (ChunkType.ERROR in kinds) == reported
    assert (ChunkType.HEARTBEAT_ACK in kinds) == goes_on


def test_an_acknowledgement_of_what_was_never_sent_is_ignored() -> None:
    a, b = connected()
    a.send(0, 51, b"x", 0.0)
    sent(a)
    give(a, Sack(next_tsn(a), 100_000, [], []).encode())
    assert a.drops["SACK of unsent TSN"] == 1 and a.unacknowledged > 0
    base = (next_tsn(a) - 2) & 0xFFFFFFFF
    give(a, Sack(base, 100_000, [(2, 60_000)], []).encode())
    assert a.unacknowledged > 0
    give(a, Sack((base + 1) & 0xFFFFFFFF, 100_000, [], []).encode())
    assert a.unacknowledged == 0 and a.state is b.state


def test_a_peer_that_reneges_gets_it_again() -> None:
    a, b = connected()
    for _ in range(3):
        a.send(0, 51, bytes(1100), 0.0)
    packets = sent(a)
    base = (next_tsn(a) - 4) & 0xFFFFFFFF
    give(a, Sack(base, 100_000, [(2, 3)], []).encode())
    give(a, Sack(base, 100_000, [], []).encode())
    assert a.drops["reneged TSN"] == 2
    deadline = a.next_timeout()
    assert deadline is not None and packets
    a.handle_timeout(deadline)
    pump(a, b, deadline)
    b.handle_timeout(deadline + 0.02)
    pump(a, b, deadline + 0.02)
    got = [m for e in events(b) if isinstance(e, MessagesReceived) for m in e.messages]
    assert len(got) == 3 and a.unacknowledged == 0


def test_three_later_packets_acknowledged_mean_loss() -> None:
    a, _ = connected()
    for _ in range(6):
        a.send(0, 51, bytes(1100), 0.0)
    first = sent(a)[0]
    base = (next_tsn(a) - 7) & 0xFFFFFFFF
    for last in (2, 3):
        give(a, Sack(base, 100_000, [(2, last)], []).encode(), now=0.1)
        assert sent(a, 0.1) == []
    give(a, Sack(base, 100_000, [(2, 4)], []).encode(), now=0.1)
    (again,) = sent(a, 0.1)
    assert again == first and a.stats.retransmissions == 1


def test_one_sack_answers_a_train_and_a_single_packet_waits() -> None:
    a, b = connected()
    a.send(0, 51, bytes(9000), 0.0)
    b.receive(sent(a), 0.0)
    assert [c[0] for c in chunks_sent(b)] == [ChunkType.SACK]
    a.receive([], 0.0)
    a, b = connected()
    a.send(0, 51, b"alone", 0.0)
    b.receive(sent(a), 1.0)
    assert sent(b, 1.0) == []
    assert b.next_timeout() == pytest.approx(1.02)
    b.handle_timeout(1.02)
    assert [c[0] for c in chunks_sent(b, 1.02)] == [ChunkType.SACK]


def test_full_packets_have_one_size_and_small_messages_share() -> None:
    a, _ = connected()
    a.send(0, 53, bytes(11_000), 0.0)
    assert {len(packet) for packet in sent(a)[:-1]} == {1160}
    b, _ = connected()
    for _ in range(18):
        b.send(0, 53, bytes(100), 0.0)
    assert [len(packet) for packet in sent(b)] == [12 + 9 * 116] * 2


def test_data_without_data_aborts() -> None:
    a, _ = connected()
    give(a, encode_chunk(ChunkType.DATA, 3, bytes(12)))
    ((kind, _, value),) = chunks_sent(a)
    assert kind == ChunkType.ABORT and value[:2] == CauseCode.NO_USER_DATA.to_bytes(2, "big")
    assert [type(e) for e in events(a)] == [Closed]


def test_an_invalid_stream_is_reported_and_acknowledged() -> None:
    config = Config(inbound_streams=4)
    a, b = connected(config)
    tsn = next_tsn(b).to_bytes(4, "big")
    give(a, encode_chunk(ChunkType.DATA, 3, tsn + b"\0\4\0\0" + bytes(4) + b"x"))
    a.handle_timeout(0.02)
    kinds = {chunk[0]: chunk[2] for chunk in chunks_sent(a, 0.02)}
    assert kinds[ChunkType.ERROR][4:6] == b"\0\4"
    assert kinds[ChunkType.SACK][:4] == tsn


def test_abort_tells_why() -> None:
    a, b = connected()
    a.abort(0.0, "done here")
    b.receive(sent(a), 0.0)
    (event,) = events(b)
    assert isinstance(event, Closed) and event.remote
    assert event.cause == CauseCode.USER_INITIATED_ABORT and "done here" in event.reason
    give(b, encode_abort(encode_cause(1)))
    assert events(b) == []


def test_callers_mistakes_raise() -> None:
    a, _ = connected(Config(limits=replace(Limits(), send_buffer=1000)))
    with pytest.raises(ValueError, match="1 to 262144"):
        a.send(0, 51, b"", 0.0)
    with pytest.raises(ValueError, match="stream 65535"):
        a.send(65_535, 51, b"x", 0.0)
    a.send(0, 51, bytes(900), 0.0)
    with pytest.raises(SendBufferFull):
        a.send(0, 51, bytes(200), 0.0)
    with pytest.raises(RuntimeError, match="established"):
        a.connect(0.0)
    a.abort(0.0)
    with pytest.raises(RuntimeError, match="ended"):
        a.send(0, 51, b"x", 0.0)


def test_a_deferred_reset_waits_for_the_last_tsn() -> None:
    a, b = connected()
    first = next_tsn(a)
    a.send(5, 51, b"before", 0.0)
    late = sent(a)
    # A peer that does not wait for the acknowledgement, as RFC 6525 §5.1.2 allows.
    request = OutgoingResetRequest(first, (next_tsn(b) - 1) & 0xFFFFFFFF, first, (5,))
    give(b, encode_re_config(request.encode()))
    results = [c[2][11] for c in chunks_sent(b) if c[0] == ChunkType.RE_CONFIG]
    assert results == [ResetResult.IN_PROGRESS]
    b.receive(late, 0.0)
    results = [c[2][11] for c in chunks_sent(b) if c[0] == ChunkType.RE_CONFIG]
    assert results == [ResetResult.PERFORMED]


def test_a_reset_waits_until_everything_is_acknowledged() -> None:
    a, b = connected()
    a.send(5, 51, b"before", 0.0)
    packets = sent(a)
    a.reset_streams([5], 0.0)
    assert sent(a) == []
    b.receive(packets, 0.0)
    b.handle_timeout(1.0)
    a.receive(sent(b), 1.0)
    assert [c[0] for c in chunks_sent(a)] == [ChunkType.RE_CONFIG]


def test_add_streams_and_unknown_requests_are_answered() -> None:
    a, b = connected(Config(inbound_streams=100, outbound_streams=95))
    number = (next_tsn(b)).to_bytes(4, "big")
    for kind, body, result in (
        (ParameterType.ADD_OUTGOING_STREAMS, b"\0\5\0\0", ResetResult.PERFORMED),
        (ParameterType.ADD_INCOMING_STREAMS, b"\0\5\0\0", ResetResult.DENIED),
        (ParameterType.SSN_TSN_RESET_REQUEST, b"", ResetResult.DENIED),
    ):
        give(a, encode_re_config(encode_parameter(kind, number + body)))
        answers = [c[2] for c in chunks_sent(a) if c[0] == ChunkType.RE_CONFIG]
        assert [answer[4:12] for answer in answers] == [number + bytes((0, 0, 0, result))]
        number = (int.from_bytes(number, "big") + 1).to_bytes(4, "big")
    give(a, encode_re_config(encode_parameter(ParameterType.SSN_TSN_RESET_REQUEST, bytes(4))))
    (answer,) = [c[2] for c in chunks_sent(a) if c[0] == ChunkType.RE_CONFIG]
    assert answer[11] == ResetResult.BAD_SEQUENCE_NUMBER


def test_forward_tsn_delivers_what_waited() -> None:
    a, b = connected()
    for text in (b"lost", b"kept"):
        a.send(1, 51, text.ljust(1100), 0.0)
    b.receive(sent(a)[1:], 0.0)
    assert not [e for e in events(b) if isinstance(e, MessagesReceived)]
    give(b, ForwardTsn((next_tsn(a) - 2) & 0xFFFFFFFF, [(1, 0)]).encode())
    (event,) = events(b)
    assert isinstance(event, MessagesReceived) and event.messages[0].data.startswith(b"kept")


def test_the_same_entropy_gives_the_same_bytes() -> None:
    runs = []
    for _ in range(2):
        a, b = connected()
        a.send(0, 51, b"again", 0.0)
        runs.append(sent(a))
        assert b.state is State.ESTABLISHED
    assert runs[0] == runs[1]
