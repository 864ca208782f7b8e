"""Server-reflexive candidates."""

from __future__ import annotations

from rtckit.ice import Agent, Candidate, Event, GatheringFinished, LocalCandidateFound
from rtckit.seam import Address, Transmit
from rtckit.stun import ErrorCode, Message
from rtckit.stun.attributes import MAPPED_ADDRESS, XOR_MAPPED_ADDRESS
from rtckit.testing import seeded_entropy

HERE: Address = ("10.0.0.1", 5000)
SERVER: Address = ("192.0.2.1", 3478)
MAPPED: Address = ("198.51.100.7", 40000)
NOW = 100.0


def make_agent() -> Agent:
    agent = Agent(controlling=True, entropy=seeded_entropy(5))
    agent.add_local_candidate(Candidate.host(HERE, local_preference=9), NOW)
    return agent


def polled(agent: Agent, now: float = NOW) -> list[Transmit]:
    out: list[Transmit] = []
    while transmit := agent.poll_transmit(now):
        out.append(transmit)
    return out


def events(agent: Agent) -> list[Event]:
    out: list[Event] = []
    while event := agent.next_event():
        out.append(event)
    return out


def test_a_server_tells_how_we_look_from_outside() -> None:
    agent = make_agent()
    agent.add_stun_server(SERVER, NOW)
    (transmit,) = polled(agent)
    assert (transmit.source, transmit.destination) == (HERE, SERVER)
    request = Message.parse(transmit.train.data)
    answer = request.response().add(XOR_MAPPED_ADDRESS, MAPPED).encode()
    # From anywhere else it is not the server's answer.
    agent.receive(answer, HERE, ("192.0.2.2", 3478), NOW)
    assert events(agent) == []
    agent.receive(answer, HERE, SERVER, NOW)
    found, finished = events(agent)
    assert isinstance(found, LocalCandidateFound) and isinstance(finished, GatheringFinished)
    assert found.candidate.transport_address == MAPPED
    assert found.candidate.related == HERE == found.candidate.base
    assert found.candidate.typ == "srflx" and found.candidate.local_preference == 9
    assert found.candidate in agent.local_candidates
    assert agent.next_timeout() is None


def test_a_dead_server_costs_only_its_candidate() -> None:
    agent = make_agent()
    agent.add_stun_server(SERVER, NOW)
    agent.add_stun_server(("192.0.2.9", 3478), NOW)
    agent.add_stun_server(SERVER, NOW)
    first, _ = polled(agent)
    answer = Message.parse(first.train.data).response().add(MAPPED_ADDRESS, MAPPED)
    agent.receive(answer.encode(), HERE, SERVER, NOW)
    assert [type(event) for event in events(agent)] == [LocalCandidateFound]
    asked = 1
    while (due := agent.next_timeout()) is not None:
        agent.handle_timeout(due)
        polled(agent, due)
        asked += 1
        assert due < NOW + 15.0
    assert asked == 7
    assert events(agent) == [GatheringFinished()]


def test_the_same_candidate_twice_and_no_nat_at_all_are_redundant() -> None:
    agent = make_agent()
    agent.add_stun_server(SERVER, NOW)
    agent.add_stun_server(("192.0.2.2", 3478), NOW)
    agent.add_stun_server(("192.0.2.3", 3478), NOW)
    for transmit, mapped in zip(polled(agent), (MAPPED, MAPPED, HERE), strict=True):
        answer = Message.parse(transmit.train.data).response().add(XOR_MAPPED_ADDRESS, mapped)
        agent.receive(answer.encode(), HERE, transmit.destination, NOW)
    assert [type(event) for event in events(agent)] == [LocalCandidateFound, GatheringFinished]


def test_a_restart_asks_again_how_we_look_from_outside() -> None:
    agent = make_agent()
    for port in (40000, 41000):
        agent.add_stun_server(SERVER, NOW)
        (transmit,) = polled(agent)
        answer = Message.parse(transmit.train.data).response()
        answer.add(XOR_MAPPED_ADDRESS, (MAPPED[0], port))
        agent.receive(answer.encode(), HERE, SERVER, NOW)
        found, finished = events(agent)
        assert isinstance(found, LocalCandidateFound) and isinstance(finished, GatheringFinished)
        assert found.candidate.port == port
        assert agent.local_candidates[1:] == [found.candidate]
        agent.restart(NOW)


def test_only_bases_that_can_reach_the_server_ask_it() -> None:
    agent = make_agent()
    for address in ("127.0.0.1", "fe80::1%eth0", "fd00::1"):
        agent.add_local_candidate(Candidate.host((address, 5000)), NOW)
    agent.add_stun_server(SERVER, NOW)
    agent.add_stun_server(("2001:db8::1", 3478), NOW)
    assert sorted(t.source[0] for t in polled(agent)) == ["10.0.0.1", "fd00::1"]
    # A base that comes later asks too.
    agent.add_local_candidate(Candidate.host(("10.0.0.3", 5000)), NOW)
    assert [t.source[0] for t in polled(agent)] == ["10.0.0.3"]


def test_an_error_ends_the_question() -> None:
    agent = make_agent()
    agent.add_stun_server(SERVER, NOW)
    (transmit,) = polled(agent)
    error = Message.parse(transmit.train.data).error(ErrorCode.SERVER_ERROR)
    agent.receive(error.encode(), HERE, SERVER, NOW)
    assert events(agent) == [GatheringFinished()]
