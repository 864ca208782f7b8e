"""What an agent does with datagrams that are not from its peer, or not what they should be."""

from __future__ import annotations

import random
import zlib

import pytest

from rtckit.ice import (
    Agent,
    Candidate,
    Credentials,
    IceState,
    Limits,
    LocalCandidateFound,
    PairState,
    RemoteCandidateLearned,
)
from rtckit.seam import Address
from rtckit.stun import (
    ErrorCode,
    Message,
    MessageClass,
    Method,
    append_fingerprint,
    append_integrity,
    sign,
    verify,
)
from rtckit.stun.attributes import (
    ERROR_CODE,
    ICE_CONTROLLED,
    ICE_CONTROLLING,
    NOMINATION,
    PRIORITY,
    UNKNOWN_ATTRIBUTES,
    USE_CANDIDATE,
    USERNAME,
    XOR_MAPPED_ADDRESS,
)
from rtckit.testing import seeded_entropy

HERE: Address = ("10.0.0.1", 5000)
PEER: Address = ("10.0.0.2", 6000)
OURS = Credentials("ours", "o" * 22)
THEIRS = Credentials("them", "t" * 22)
NOW = 100.0


def make_agent(
    *,
    controlling: bool = False,
    known: bool = True,
    limits: Limits = Limits(),  # noqa: B008
) -> Agent:
    agent = Agent(
        controlling=controlling, entropy=seeded_entropy(1), credentials=OURS, limits=limits
    )
    agent.add_local_candidate(Candidate.host(HERE), NOW)
    if known:
        agent.set_remote_credentials(THEIRS, NOW)
    return agent


def request(
    *,
    username: str = "ours:them",
    use_candidate: bool = False,
    nomination: int = 0,
    controlling: bool = True,
    tie_breaker: int = 5,
    number: int = 1,
) -> Message:
    message = Message(Method.BINDING, MessageClass.REQUEST, number.to_bytes(12, "big"))
    message.add(USERNAME, username).add(PRIORITY, 1862270975)
    message.add(ICE_CONTROLLING if controlling else ICE_CONTROLLED, tie_breaker)
    if use_candidate:
        message.add(USE_CANDIDATE, True)
    if nomination:
        message.add(NOMINATION, nomination)
    return message


def check(**options: object) -> bytes:
    key = str(options.pop("key", OURS.pwd))
    return sign(request(**options), key.encode())  # type: ignore[arg-type]


def sent(agent: Agent) -> list[tuple[Message, Address]]:
    out: list[tuple[Message, Address]] = []
    while transmit := agent.poll_transmit(NOW):
        out.extend((Message.parse(data), transmit.destination) for data in transmit.train)
    return out


def succeed(agent: Agent, message: Message, remote: Address, now: float = NOW) -> None:
    """Answer one of the agent's checks as its peer."""
    response = message.response().add(XOR_MAPPED_ADDRESS, HERE)
    agent.receive(sign(response, THEIRS.pwd.encode()), HERE, remote, now)


def checking_agent(controlling: bool = False) -> tuple[Agent, Message]:
    agent = make_agent(controlling=controlling)
    agent.add_remote_candidate(Candidate.host(PEER), NOW)
    ((message, _),) = sent(agent)
    return agent, message


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "malformed"),
        (b"\0\1" + bytes(18), "malformed"),
        (check()[:-4], "malformed"),
        (append_fingerprint(request().encode()), "request without credentials"),
        (check(key="x" * 22), "request integrity"),
        (check(username="else:them"), "unknown ufrag"),
        (
            sign(Message(Method.ALLOCATE, MessageClass.REQUEST, bytes(12)), b"k"),
            "unexpected method",
        ),
        (
            sign(Message(Method.BINDING, MessageClass.SUCCESS, bytes(12)), b"k"),
            "unknown transaction",
        ),
    ],
)
def test_what_is_not_authenticated_gets_no_reply(data: bytes, reason: str) -> None:
    agent = make_agent()
    agent.receive(data, HERE, PEER, NOW)
    assert agent.drops == {reason: 1}
    assert sent(agent) == []
    assert agent.remote_candidates == [] and agent.pairs == []
    assert not agent.authenticated(PEER, HERE)


def test_a_check_to_an_address_we_do_not_have_is_dropped() -> None:
    agent = make_agent()
    agent.receive(check(), ("10.9.9.9", 1), PEER, NOW)
    assert agent.drops == {"unknown local address": 1}


def test_a_good_check_is_answered_smaller_than_it_came_and_checked_back() -> None:
    agent = make_agent()
    data = check()
    agent.receive(data, HERE, PEER, NOW)
    transmit = agent.poll_transmit(NOW)
    assert transmit is not None
    assert len(transmit.train.data) <= len(data)
    answer = Message.parse(transmit.train.data)
    assert answer.get(XOR_MAPPED_ADDRESS) == PEER
    assert verify(answer, OURS.pwd.encode())
    ((back, destination),) = sent(agent)
    assert destination == PEER and back.get(USERNAME) == "them:ours"
    assert verify(back, THEIRS.pwd.encode())
    assert agent.authenticated(PEER, HERE)


def test_an_attribute_that_must_be_understood_is_refused_by_name() -> None:
    agent = make_agent()
    raw = request().encode() + b"\x7f\x01\x00\x00"
    agent.receive(append_fingerprint(append_integrity(raw, OURS.pwd.encode())), HERE, PEER, NOW)
    ((answer, _),) = sent(agent)
    error = answer.get(ERROR_CODE)
    assert error is not None and error.code == ErrorCode.UNKNOWN_ATTRIBUTE
    assert answer.get(UNKNOWN_ATTRIBUTES) == (0x7F01,)
    assert agent.pairs == []


def test_what_follows_integrity_does_not_count() -> None:
    """USE-CANDIDATE behind MESSAGE-INTEGRITY was put there by somebody else."""
    agent, outgoing = checking_agent()
    succeed(agent, outgoing, PEER)
    signed = append_integrity(request().encode(), OURS.pwd.encode())
    agent.receive(append_fingerprint(signed + b"\x00\x25\x00\x00"), HERE, PEER, NOW)
    assert agent.selected_pair is not None and not agent.selected_pair.nominated
    agent.receive(check(use_candidate=True), HERE, PEER, NOW)
    assert agent.selected_pair.nominated


def test_a_response_needs_the_transaction_and_the_password() -> None:
    agent, outgoing = checking_agent()
    guess = Message(Method.BINDING, MessageClass.SUCCESS, bytes(12)).add(XOR_MAPPED_ADDRESS, HERE)
    agent.receive(sign(guess, THEIRS.pwd.encode()), HERE, PEER, NOW)
    forged = outgoing.response().add(XOR_MAPPED_ADDRESS, HERE)
    agent.receive(sign(forged, b"wrong"), HERE, PEER, NOW)
    agent.receive(append_fingerprint(forged.encode()), HERE, PEER, NOW)
    agent.receive(
        append_fingerprint(outgoing.error(ErrorCode.BAD_REQUEST).encode()), HERE, PEER, NOW
    )
    assert agent.drops == {"unknown transaction": 1, "response integrity": 3}
    assert agent.selected_pair is None
    # The true answer still counts.
    succeed(agent, outgoing, PEER)
    assert agent.selected_pair is not None
    # And only once.
    succeed(agent, outgoing, PEER)
    assert agent.drops["unknown transaction"] == 2


@pytest.mark.parametrize("elsewhere", [("10.0.0.66", 6000), ("10.0.0.2", 6001)])
def test_an_answer_from_elsewhere_fails_the_pair(elsewhere: Address) -> None:
    """RFC 8445 §7.2.5.2.1: addresses must be symmetric."""
    agent, outgoing = checking_agent()
    succeed(agent, outgoing, elsewhere)
    assert agent.selected_pair is None
    assert agent.pairs[0].state is PairState.FAILED
    assert not agent.authenticated(elsewhere, HERE)


def test_an_authenticated_error_fails_the_pair() -> None:
    agent, outgoing = checking_agent()
    error = outgoing.error(ErrorCode.BAD_REQUEST)
    agent.receive(sign(error, THEIRS.pwd.encode()), HERE, PEER, NOW)
    assert agent.pairs[0].state is PairState.FAILED


def test_the_address_that_the_peer_saw_becomes_a_candidate() -> None:
    agent, outgoing = checking_agent()
    response = outgoing.response().add(XOR_MAPPED_ADDRESS, ("198.51.100.7", 40000))
    agent.receive(sign(response, THEIRS.pwd.encode()), HERE, PEER, NOW)
    pair = agent.selected_pair
    assert pair is not None
    assert pair.base == HERE and pair.local.typ == "prflx"
    assert pair.local.transport_address == ("198.51.100.7", 40000)
    assert pair.local.priority == outgoing.get(PRIORITY)
    events = []
    while event := agent.next_event():
        events.append(event)
    assert LocalCandidateFound(pair.local) in events


def test_the_larger_tie_breaker_controls() -> None:
    agent = make_agent(controlling=True)
    agent.receive(check(tie_breaker=0), HERE, PEER, NOW)
    ((answer, _),) = sent(agent)
    error = answer.get(ERROR_CODE)
    assert error is not None and error.code == ErrorCode.ROLE_CONFLICT
    assert agent.controlling
    agent.receive(check(tie_breaker=2**64 - 1), HERE, PEER, NOW)
    assert not agent.controlling
    assert sent(agent)[0][0].message_class is MessageClass.SUCCESS
    agent.receive(check(tie_breaker=0, controlling=False), HERE, PEER, NOW)
    assert agent.controlling


def test_a_conflict_answer_switches_the_role_and_checks_again() -> None:
    agent, outgoing = checking_agent(controlling=True)
    conflict = sign(outgoing.error(ErrorCode.ROLE_CONFLICT), THEIRS.pwd.encode())
    agent.receive(conflict, HERE, PEER, NOW)
    agent.handle_timeout(NOW + 0.02)
    ((again, _),) = sent(agent)
    assert not agent.controlling
    assert ICE_CONTROLLED in again
    assert again.get(ICE_CONTROLLED) != outgoing.get(ICE_CONTROLLING)


def nominated_twice(first: int, second: int) -> tuple[Agent, Address, Address]:
    """A controlled agent with two valid pairs, the second of lower priority."""
    agent = make_agent()
    low: Address = ("10.0.0.3", 7000)
    agent.add_remote_candidate(Candidate.host(PEER), NOW)
    agent.add_remote_candidate(Candidate.host(low, local_preference=1), NOW)
    agent.handle_timeout(NOW + 0.02)
    for message, destination in sent(agent):
        succeed(agent, message, destination, NOW + 0.03)
    agent.receive(check(use_candidate=True, nomination=first), HERE, PEER, NOW + 0.1)
    agent.receive(check(use_candidate=True, nomination=second, number=2), HERE, low, NOW + 0.2)
    return agent, PEER, low


def test_of_aggressive_nominations_the_higher_priority_stands() -> None:
    agent, high, low = nominated_twice(0, 0)
    assert agent.selected_pair is not None and agent.selected_pair.remote_address == high
    # The pair in use goes quiet and the peer keeps naming the other: follow it.
    agent.receive(check(use_candidate=True, number=3), HERE, low, NOW + 6.0)
    assert agent.selected_pair.remote_address == low
    assert sum(pair.nominated for pair in agent.pairs) == 1


def test_a_later_renomination_wins_over_priority() -> None:
    agent, high, low = nominated_twice(1, 2)
    assert agent.selected_pair is not None and agent.selected_pair.remote_address == low
    agent.receive(check(use_candidate=True, nomination=1, number=3), HERE, high, NOW + 0.3)
    assert agent.selected_pair.remote_address == low


def test_a_nomination_before_our_own_check_succeeds_is_kept() -> None:
    agent = make_agent()
    agent.receive(check(use_candidate=True), HERE, PEER, NOW)
    (_, (outgoing, destination)) = sent(agent)
    assert agent.selected_pair is None
    succeed(agent, outgoing, destination)
    assert agent.selected_pair is not None and agent.selected_pair.nominated


def test_of_two_candidates_with_one_address_the_higher_priority_counts() -> None:
    agent = make_agent()
    lines = [
        "candidate:1 1 udp 2130706431 203.0.113.7 5000 typ host",
        "candidate:2 1 udp 1694498815 203.0.113.7 5000 typ srflx raddr 203.0.113.7 rport 5000",
    ]
    for line in (*lines, *reversed(lines)):
        agent.add_remote_candidate(Candidate.parse(line), NOW)
        assert [known.typ for known in agent.remote_candidates] == ["host"]
    assert agent.drops["redundant candidate"] == 3


def test_remote_candidates_are_capped() -> None:
    agent = make_agent(limits=Limits(remote_candidates=10))
    for port in range(1, 100):
        agent.add_remote_candidate(Candidate.host(("10.0.0.2", port)), NOW)
        name = f"candidate:1 1 udp 1 n{port}.local 5000 typ host"
        agent.add_remote_candidate(Candidate.parse(name), NOW)
    assert len(agent.remote_candidates) <= 10
    assert agent.drops["too many remote candidates"] == 188


def test_learned_candidates_are_capped() -> None:
    agent = make_agent(limits=Limits(peer_reflexive=5))
    for port in range(1, 100):
        agent.receive(check(number=port), HERE, ("10.0.0.2", port), NOW)
    assert len(agent.remote_candidates) == 5 and len(agent.pairs) == 5
    assert agent.drops["too many peer-reflexive candidates"] == 94


def test_mapped_addresses_are_capped() -> None:
    agent = make_agent(limits=Limits(local_peer_reflexive=3))
    for port in range(1, 20):
        agent.add_remote_candidate(Candidate.host(("10.0.0.2", port)), NOW)
    for step in range(1, 30):
        agent.handle_timeout(NOW + step * 0.02)
        for message, destination in sent(agent):
            mapped = ("198.51.100.7", destination[1])
            response = message.response().add(XOR_MAPPED_ADDRESS, mapped)
            data = sign(response, THEIRS.pwd.encode())
            agent.receive(data, HERE, destination, NOW + step * 0.02)
    assert len(agent.local_candidates) == 4


def test_pairs_are_capped_and_the_lowest_priorities_pruned() -> None:
    agent = make_agent(limits=Limits(pairs=10))
    for preference in range(50):
        candidate = Candidate.host(("10.0.0.2", 1000 + preference), local_preference=preference)
        agent.add_remote_candidate(candidate, NOW)
    assert len(agent.pairs) == 10
    # The first went out at once; the others are the nine highest.
    ports = {pair.remote_address[1] for pair in agent.pairs}
    assert ports >= set(range(1041, 1050))


def test_early_checks_are_capped() -> None:
    agent = make_agent(known=False, limits=Limits(early_checks=4))
    for port in range(1, 50):
        agent.receive(check(number=port), HERE, ("10.0.0.2", port), NOW)
    assert agent.drops["too many early checks"] == 45
    assert agent.authenticated(("10.0.0.2", 4), HERE)
    assert not agent.authenticated(("10.0.0.2", 5), HERE)
    agent.set_remote_credentials(THEIRS, NOW)
    assert len(agent.pairs) == 4


def test_a_flood_costs_nothing_that_stays() -> None:
    agent = make_agent(limits=Limits(transmits=50))
    rng = random.Random(7)
    good = check()
    for number in range(10_000):
        remote = (f"10.{number >> 8 & 255}.{number & 255}.1", 1 + number % 60000)
        kind = number % 4
        if kind == 0:
            data = rng.randbytes(rng.randrange(200))
        elif kind == 1:
            broken = bytearray(good)
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
            data = bytes(broken)
        elif kind == 2:
            data = check(number=number)
        else:
            data = sign(Message(Method.BINDING, MessageClass.SUCCESS, rng.randbytes(12)), b"x")
        agent.receive(data, HERE, remote, NOW)
    assert len(sent(agent)) == 50
    assert len(agent.pairs) <= 100 and len(agent.remote_candidates) <= 32
    events = 0
    while event := agent.next_event():
        events += 1
        assert not isinstance(event, LocalCandidateFound)
    assert events < 50
    assert len(agent.drops) < 15


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("candidate:1 2 udp 1 10.0.0.2 5000 typ host", "candidate of another component"),
        ("candidate:1 1 udp 1 0.0.0.0 5000 typ host", "candidate with an unusable address"),
        ("candidate:1 1 udp 1 224.0.0.1 5000 typ host", "candidate with an unusable address"),
        ("candidate:1 1 udp 1 10.0.0.2 0 typ host", "candidate without a port"),
        ("candidate:1 1 udp 1 example.org 5000 typ host", "candidate with a name"),
        ("candidate:1 1 udp 1 10.0.0.2 5 typ host ufrag old", "candidate of another generation"),
    ],
)
def test_unusable_candidates_are_dropped_by_name(line: str, reason: str) -> None:
    agent = make_agent()
    agent.add_remote_candidate(Candidate.parse(line), NOW)
    assert agent.drops == {reason: 1}
    assert agent.pairs == [] and agent.remote_candidates == []


def test_a_tcp_candidate_is_known_but_not_checked() -> None:
    agent = make_agent()
    line = "candidate:1 1 tcp 1 10.0.0.2 9 typ host tcptype active"
    agent.add_remote_candidate(Candidate.parse(line), NOW)
    assert len(agent.remote_candidates) == 1 and agent.pairs == []


def test_a_callers_mistakes_raise() -> None:
    agent = make_agent()
    with pytest.raises(ValueError, match="restart"):
        agent.set_remote_credentials(Credentials("else", "e" * 22), NOW)
    with pytest.raises(ValueError, match="base"):
        agent.add_local_candidate(Candidate.parse("candidate:1 1 udp 1 10.0.0.1 1 typ host"), NOW)
    agent.end_local_candidates(NOW)
    with pytest.raises(ValueError, match="ended"):
        agent.add_local_candidate(Candidate.host(("10.0.0.5", 1)), NOW)
    agent.close()
    with pytest.raises(ValueError, match="closed"):
        agent.restart(NOW)
    assert agent.state is IceState.CLOSED
    agent.receive(check(), HERE, PEER, NOW)
    assert agent.drops == {"agent closed": 1}
    assert sent(agent) == []


def test_an_early_timeout_is_harmless() -> None:
    agent, outgoing = checking_agent()
    due = agent.next_timeout()
    assert due is not None and due > NOW
    agent.handle_timeout(NOW)
    assert sent(agent) == []
    agent.handle_timeout(due + 100.0)
    after = agent.next_timeout()
    assert after is None or after > NOW
    assert zlib.crc32(outgoing.raw[:-8]) ^ 0x5354554E == int.from_bytes(outgoing.raw[-4:], "big")


def test_a_learned_candidate_is_told_of_once() -> None:
    agent = make_agent()
    for number in range(5):
        agent.receive(check(number=number), HERE, PEER, NOW)
    learned = 0
    while event := agent.next_event():
        learned += isinstance(event, RemoteCandidateLearned)
    assert learned == 1
