"""The order of checks, nomination and restarts, step by step."""

from __future__ import annotations

import pytest

from rtckit.ice import (
    Agent,
    Candidate,
    ConsentExpired,
    Credentials,
    IceState,
    PairState,
    SelectedPairChanged,
    Timing,
)
from rtckit.seam import Address
from rtckit.stun import Message, MessageClass, Method, sign
from rtckit.stun.attributes import (
    ICE_CONTROLLED,
    ICE_CONTROLLING,
    PRIORITY,
    USE_CANDIDATE,
    USERNAME,
    XOR_MAPPED_ADDRESS,
)
from rtckit.testing import seeded_entropy

HERE: Address = ("10.0.0.1", 5000)
NOW = 100.0
OURS = Credentials("ours", "o" * 22)
THEIRS = Credentials("them", "t" * 22)


def make_agent(controlling: bool = True) -> Agent:
    agent = Agent(controlling=controlling, entropy=seeded_entropy(4), credentials=OURS)
    agent.add_local_candidate(Candidate.host(HERE), NOW)
    agent.set_remote_credentials(THEIRS, NOW)
    return agent


def remote(port: int, preference: int, foundation: str = "f") -> Candidate:
    priority = 126 << 24 | preference << 8 | 255
    line = f"candidate:{foundation} 1 udp {priority} 10.0.0.2 {port} typ host"
    return Candidate.parse(line)


def polled(agent: Agent, now: float) -> list[tuple[Message, Address]]:
    out: list[tuple[Message, Address]] = []
    while transmit := agent.poll_transmit(now):
        out.append((Message.parse(transmit.train.data), transmit.destination))
    return out


def ports(agent: Agent, now: float) -> list[int]:
    return [destination[1] for _, destination in polled(agent, now)]


def succeed(agent: Agent, check: tuple[Message, Address], now: float) -> None:
    message, destination = check
    response = message.response().add(XOR_MAPPED_ADDRESS, HERE)
    agent.receive(sign(response, THEIRS.pwd.encode()), HERE, destination, now)


def test_one_of_each_foundation_first_then_what_it_unfreezes() -> None:
    agent = make_agent()
    agent.add_remote_candidate(remote(1, 900, "a"), NOW)
    agent.add_remote_candidate(remote(2, 800, "a"), NOW)
    agent.add_remote_candidate(remote(3, 700, "b"), NOW)
    (first,) = polled(agent, NOW)
    assert first[1][1] == 1
    assert [pair.state for pair in agent.pairs] == [
        PairState.IN_PROGRESS,
        PairState.FROZEN,
        PairState.WAITING,
    ]
    agent.handle_timeout(NOW + 0.02)
    assert ports(agent, NOW + 0.02) == [3]
    # Nothing more of foundation "a" while its first is unanswered.
    agent.handle_timeout(NOW + 0.04)
    assert ports(agent, NOW + 0.04) == []


def test_ordinary_checks_are_paced() -> None:
    agent = make_agent()
    for port in range(1, 6):
        agent.add_remote_candidate(remote(port, 1000 - port, f"f{port}"), NOW)
    times: list[float] = []
    now = NOW
    while len(times) < 5:
        times.extend(now for port in ports(agent, now))
        due = agent.next_timeout()
        assert due is not None
        now = due
        agent.handle_timeout(now)
    assert times == pytest.approx([NOW + step * 0.02 for step in range(5)])


def test_a_check_is_sent_seven_times_and_given_up() -> None:
    agent = make_agent()
    agent.add_remote_candidate(remote(1, 1), NOW)
    times = [NOW for _ in polled(agent, NOW)]
    while agent.pairs[0].state is not PairState.FAILED:
        due = agent.next_timeout()
        assert due is not None
        agent.handle_timeout(due)
        times.extend(due for _ in polled(agent, due))
    assert [round(when - NOW, 2) for when in times] == [0.0, 0.1, 0.3, 0.7, 1.5, 3.1, 4.7]


def test_the_best_pair_is_nominated_at_once_and_a_lesser_after_a_grace() -> None:
    agent = make_agent()
    agent.add_remote_candidate(remote(1, 900, "a"), NOW)
    agent.add_remote_candidate(remote(2, 800, "b"), NOW)
    agent.handle_timeout(NOW + 0.02)
    best, lesser = polled(agent, NOW + 0.02)
    succeed(agent, lesser, NOW + 0.03)
    # Usable before it is nominated; the better one may still come.
    pair = agent.selected_pair
    assert pair is not None and pair.remote_address[1] == 2 and not pair.nominated
    assert agent.state is IceState.CONNECTED
    assert polled(agent, NOW + 0.03) == []
    succeed(agent, best, NOW + 0.05)
    ((nomination, destination),) = polled(agent, NOW + 0.05)
    assert destination[1] == 1 and USE_CANDIDATE in nomination
    assert agent.selected_pair is not None and agent.selected_pair.remote_address[1] == 1

    other = make_agent()
    other.add_remote_candidate(remote(1, 900, "a"), NOW)
    other.add_remote_candidate(remote(2, 800, "b"), NOW)
    other.handle_timeout(NOW + 0.02)
    _, lesser = polled(other, NOW + 0.02)
    succeed(other, lesser, NOW + 0.03)
    other.handle_timeout(NOW + 0.13)
    nominated = [d[1] for m, d in polled(other, NOW + 0.13) if USE_CANDIDATE in m]
    assert nominated == [2]


def test_a_grace_that_no_longer_matters_wakes_nobody() -> None:
    agent = make_agent()
    agent.add_remote_candidate(remote(1, 900, "a"), NOW)
    agent.add_remote_candidate(remote(2, 800, "b"), NOW)
    agent.handle_timeout(NOW + 0.02)
    _, lesser = polled(agent, NOW + 0.02)
    succeed(agent, lesser, NOW + 0.03)
    agent.set_controlling(False)
    due = agent.next_timeout()
    while due is not None and due < NOW + 20.0:
        agent.handle_timeout(due)
        after = agent.next_timeout()
        assert after is not None and after > due
        due = after
    agent.set_controlling(True)
    agent.close()
    assert agent.next_timeout() is None


def test_a_nomination_that_is_never_answered_gives_way_to_the_next_best() -> None:
    agent = make_agent()
    agent.add_remote_candidate(remote(1, 900, "a"), NOW)
    agent.add_remote_candidate(remote(2, 800, "b"), NOW)
    agent.handle_timeout(NOW + 0.02)
    for check in polled(agent, NOW + 0.02):
        succeed(agent, check, NOW + 0.03)
    now = NOW + 0.03
    nominated: list[int] = []
    while 2 not in nominated and now < NOW + 15.0:
        nominated.extend(d[1] for m, d in polled(agent, now) if USE_CANDIDATE in m)
        due = agent.next_timeout()
        assert due is not None
        now = due
        agent.handle_timeout(now)
    assert nominated[0] == 1 and nominated[-1] == 2
    assert agent.selected_pair is not None and agent.selected_pair.remote_address[1] == 2


def test_a_success_without_a_mapped_address_is_none() -> None:
    agent = make_agent()
    agent.add_remote_candidate(remote(1, 1), NOW)
    ((message, destination),) = polled(agent, NOW)
    agent.receive(sign(message.response(), THEIRS.pwd.encode()), HERE, destination, NOW)
    assert agent.drops == {"unusable response": 1}
    assert agent.pairs[0].state is PairState.FAILED


def connected() -> tuple[Agent, Address]:
    agent = make_agent()
    agent.add_remote_candidate(remote(1, 1), NOW)
    (check,) = polled(agent, NOW)
    succeed(agent, check, NOW)
    (nomination,) = polled(agent, NOW)
    succeed(agent, nomination, NOW)
    assert agent.selected_pair is not None and agent.selected_pair.nominated
    while agent.next_event():
        pass
    return agent, check[1]


def old_check() -> bytes:
    message = Message(Method.BINDING, MessageClass.REQUEST, bytes(12))
    message.add(USERNAME, "ours:them").add(PRIORITY, 5).add(ICE_CONTROLLING, 0)
    return sign(message, OURS.pwd.encode())


def test_checks_of_the_old_generation_are_answered_through_two_restarts() -> None:
    agent, peer = connected()
    agent.set_controlling(False)
    for step in range(2):
        agent.restart(NOW + step)
        agent.receive(old_check(), HERE, peer, NOW + step)
        ((answer, destination),) = polled(agent, NOW + step)
        assert answer.message_class is MessageClass.SUCCESS and destination == peer
    # They belong to the old pair only: nothing is learned from them.
    assert agent.remote_candidates == [] and len(agent.pairs) == 1
    assert agent.authenticated(peer, HERE)


def test_a_peer_that_stays_on_the_old_pair_after_a_restart_is_still_heard() -> None:
    agent, _ = connected()
    old = agent.selected_pair
    assert old is not None
    agent.restart(NOW)
    theirs = Credentials("next", "n" * 22)
    agent.set_remote_credentials(theirs, NOW)
    agent.add_remote_candidate(remote(9, 1), NOW)
    for _ in ("check", "nomination"):
        for message, destination in polled(agent, NOW):
            if destination[1] == 9:
                response = message.response().add(XOR_MAPPED_ADDRESS, HERE)
                agent.receive(sign(response, theirs.pwd.encode()), HERE, destination, NOW)
    # Firefox does so: its data, and its consent checks with our former credentials, go on.
    assert agent.authenticated(old.remote_address, HERE)
    check = Message(Method.BINDING, MessageClass.REQUEST, bytes(12))
    check.add(USERNAME, f"{OURS.ufrag}:{THEIRS.ufrag}").add(PRIORITY, 1).add(ICE_CONTROLLED, 1)
    agent.receive(sign(check, OURS.pwd.encode()), HERE, old.remote_address, NOW)
    [(answer, destination)] = polled(agent, NOW)
    assert answer.message_class is MessageClass.SUCCESS and destination == old.remote_address
    assert agent.selected_pair is not old


def test_the_old_pair_is_dropped_when_its_consent_expires_during_a_restart() -> None:
    agent, _ = connected()
    agent.restart(NOW)
    now = NOW
    while agent.selected_pair is not None and now < NOW + 40.0:
        due = agent.next_timeout()
        assert due is not None
        now = due
        agent.handle_timeout(now)
        polled(agent, now)
    events = []
    while event := agent.next_event():
        events.append(event)
    assert now == pytest.approx(NOW + 30.0)
    assert any(isinstance(event, ConsentExpired) for event in events)
    assert SelectedPairChanged(None) in events
    # Not failed, as the new generation may still connect, and not checking before it can.
    assert str(agent.state) == "disconnected"
    agent.set_remote_credentials(Credentials("next", "n" * 22), now)
    agent.add_remote_candidate(remote(9, 1), now)
    assert str(agent.state) == "checking"
    assert ports(agent, now) == [9]


def test_intervals_below_the_rfcs_are_refused() -> None:
    with pytest.raises(ValueError, match="5 ms"):
        Timing(ta=0.001)
    with pytest.raises(ValueError, match="5 s"):
        Timing(consent_interval=1.0)
