"""Two ICE agents over a simulated network, in virtual time."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from rtckit.ice import (
    Agent,
    Candidate,
    ConsentExpired,
    Event,
    IceState,
    Limits,
    RemoteCandidateLearned,
    ResolveName,
    RoleChanged,
    SelectedPairChanged,
    StateChanged,
)
from rtckit.seam import Address
from rtckit.testing import Conditions, Network, Simulation, seeded_entropy

Datagram = tuple[bytes, Address, Address]


class Peer:
    """An agent as a host of the simulated network, with its events kept."""

    def __init__(self, agent: Agent, *addresses: str) -> None:
        self.agent = agent
        self.addresses = addresses
        self.events: list[Event] = []
        self.sent = 0

    def receive(self, datagrams: list[Datagram], now: float) -> None:
        for data, source, destination in datagrams:
            self.agent.receive(data, destination, source, now)

    def transmit(self, now: float) -> Iterable[Datagram]:
        while transmit := self.agent.poll_transmit(now):
            for data in transmit.train:
                self.sent += 1
                yield data, transmit.source, transmit.destination
        while event := self.agent.next_event():
            self.events.append(event)

    def next_timeout(self) -> float | None:
        return self.agent.next_timeout()

    def handle_timeout(self, now: float) -> None:
        self.agent.handle_timeout(now)

    def states(self) -> list[IceState]:
        return [event.state for event in self.events if isinstance(event, StateChanged)]

    def has(self, kind: type) -> bool:
        return any(isinstance(event, kind) for event in self.events)


class Call:
    """Two peers and the network between them; ``a`` controls unless told otherwise."""

    def __init__(
        self,
        seed: int = 1,
        conditions: Conditions | None = None,
        *,
        a: tuple[str, ...] = ("10.0.0.1",),
        b: tuple[str, ...] = ("10.0.0.2",),
        controlling: tuple[bool, bool] = (True, False),
        lite: tuple[bool, bool] = (False, False),
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        self.network = Network(seed, conditions or Conditions(delay=0.02))
        self.simulation = Simulation(self.network)
        peers: list[Peer] = []
        for index, addresses in enumerate((a, b)):
            agent = Agent(
                controlling=controlling[index],
                entropy=seeded_entropy(f"{seed} {index}"),
                lite=lite[index],
                limits=limits,
            )
            peer = Peer(agent, *addresses)
            self.simulation.attach(peer, *addresses)
            peers.append(peer)
        self.a, self.b = peers

    @property
    def now(self) -> float:
        return self.simulation.now

    def gather(self) -> None:
        for peer in (self.a, self.b):
            for address in peer.addresses:
                peer.agent.add_local_candidate(Candidate.host((address, 5000)), self.now)
            peer.agent.end_local_candidates(self.now)

    def know(self, peer: Peer, other: Peer, lite: bool = False) -> None:
        """Tell a peer the other's credentials."""
        peer.agent.set_remote_credentials(other.agent.local_credentials, self.now, lite)

    def signal(self, peer: Peer, other: Peer) -> None:
        """Tell a peer all that the other has signalled."""
        for candidate in other.agent.local_candidates:
            peer.agent.add_remote_candidate(Candidate.parse(str(candidate)), self.now)
        peer.agent.end_remote_candidates(self.now)

    def start(self) -> None:
        self.gather()
        for peer, other in ((self.a, self.b), (self.b, self.a)):
            self.know(peer, other, other.agent.lite)
            self.signal(peer, other)

    def completed(self) -> bool:
        return all(p.agent.state is IceState.COMPLETED for p in (self.a, self.b))

    def agree(self) -> bool:
        """Whether both sides send over the same path."""
        one, two = self.a.agent.selected_pair, self.b.agent.selected_pair
        assert one is not None and two is not None
        return (one.base, one.remote_address) == (two.remote_address, two.base)


def test_two_hosts_connect_in_two_round_trips() -> None:
    call = Call()
    call.start()
    took = call.simulation.run_until(call.completed)
    assert took < 0.1
    assert call.agree()
    assert call.a.states() == [IceState.CHECKING, IceState.CONNECTED, IceState.COMPLETED]
    assert call.a.agent.selected_pair is not None and call.a.agent.selected_pair.nominated
    assert call.a.agent.authenticated(("10.0.0.2", 5000), ("10.0.0.1", 5000))
    assert not call.a.agent.authenticated(("10.0.0.3", 5000), ("10.0.0.1", 5000))


@pytest.mark.parametrize("seed", range(60))
def test_connects_under_heavy_loss_and_reordering(seed: int) -> None:
    conditions = Conditions(
        delay=0.05, jitter=0.03, loss=0.3, reorder=0.2, reorder_delay=0.08, duplicate=0.05
    )
    call = Call(seed, conditions, a=("10.0.0.1", "10.0.1.1", "fd00::1"), b=("10.0.0.2", "fd00::2"))
    call.start()
    took = call.simulation.run_until(call.completed, 20.0)
    assert took < 10.0
    assert call.agree()
    call.simulation.run_for(120.0)
    assert call.a.agent.state in (IceState.COMPLETED, IceState.DISCONNECTED)
    assert not call.a.has(ConsentExpired)


def test_the_first_check_leaves_at_once() -> None:
    call = Call()
    call.start()
    assert call.a.agent.poll_transmit(call.now) is not None


def test_candidates_trickle_in_late_and_one_at_a_time() -> None:
    call = Call(a=("10.0.0.1", "fd00::1"), b=("10.0.0.2", "fd00::2"))
    call.know(call.a, call.b)
    call.know(call.b, call.a)
    call.simulation.run_for(3.0)
    assert call.a.agent.state is IceState.NEW
    call.gather()
    call.a.agent.add_remote_candidate(call.b.agent.local_candidates[1], call.now)
    call.simulation.run_until(
        lambda: all(p.agent.state is IceState.CONNECTED for p in (call.a, call.b))
    )
    # b was told nothing: it learned a's address from its check.
    assert call.b.has(RemoteCandidateLearned)
    assert call.b.agent.remote_candidates[0].typ == "prflx"
    call.signal(call.a, call.b)
    call.signal(call.b, call.a)
    # What was learned turns into what is signalled.
    assert {c.typ for c in call.b.agent.remote_candidates} == {"host"}
    call.simulation.run_until(call.completed)
    assert call.agree()


def test_checks_that_come_before_the_answer_are_answered_and_remembered() -> None:
    call = Call()
    call.gather()
    call.know(call.b, call.a)
    call.signal(call.b, call.a)
    # a has made its offer and not seen the answer; b already checks.
    call.simulation.run_for(0.5)
    assert call.a.agent.authenticated(("10.0.0.2", 5000), ("10.0.0.1", 5000))
    assert call.b.agent.state is IceState.CONNECTED
    call.know(call.a, call.b)
    took = call.simulation.run_until(
        lambda: all(p.agent.state is IceState.CONNECTED for p in (call.a, call.b))
    )
    assert took < 0.05


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_a_role_conflict_is_settled(both: bool, seed: int) -> None:
    call = Call(seed, Conditions(delay=0.03, jitter=0.02, loss=0.1), controlling=(both, both))
    call.start()
    call.simulation.run_until(call.completed)
    assert call.a.agent.controlling != call.b.agent.controlling
    assert call.a.has(RoleChanged) != call.b.has(RoleChanged)
    assert call.agree()


@pytest.mark.parametrize("lite", [(True, False), (False, True)])
def test_a_lite_agent_only_answers(lite: tuple[bool, bool]) -> None:
    call = Call(lite=lite, controlling=(lite[1], lite[0]))
    call.start()
    call.simulation.run_until(call.completed)
    small = call.a if lite[0] else call.b
    full = call.b if lite[0] else call.a
    assert not small.agent.controlling and full.agent.controlling
    assert all(pair.statistics.requests_sent == 0 for pair in small.agent.pairs)
    call.simulation.run_for(100.0)
    assert call.completed()
    # The full agent goes away: the lite one notices that nobody checks it any more.
    full.agent.close()
    call.simulation.run_until(lambda: small.agent.state is IceState.DISCONNECTED, 12.0)
    call.simulation.run_until(lambda: small.agent.state is IceState.FAILED, 20.0)


def test_a_full_agent_takes_control_of_a_lite_one() -> None:
    call = Call(lite=(True, False), controlling=(True, False))
    call.start()
    assert call.b.agent.controlling and not call.a.agent.controlling
    call.simulation.run_until(call.completed)
    assert call.b.has(RoleChanged)


def test_a_dead_candidate_does_not_delay() -> None:
    call = Call(a=("10.0.0.1",), b=("10.0.0.9", "10.0.0.2"))
    call.simulation.detach("10.0.0.9")
    call.start()
    took = call.simulation.run_until(call.completed)
    assert took < 0.4
    pair = call.a.agent.selected_pair
    assert pair is not None and pair.remote_address == ("10.0.0.2", 5000)


def test_link_local_addresses_get_the_zone_of_their_base() -> None:
    call = Call(a=("fe80::1%eth0",), b=("fe80::2%eth0",))
    call.start()
    call.simulation.run_until(call.completed)
    pair = call.a.agent.selected_pair
    assert pair is not None and pair.remote_address == ("fe80::2%eth0", 5000)
    assert "%" not in str(call.a.agent.local_candidates[0])
    # Link-local is never paired with global.
    call.a.agent.add_remote_candidate(Candidate.host(("fd00::9", 5000)), call.now)
    assert len(call.a.agent.pairs) == 1


def test_consent_is_lost_and_found_and_lost_for_good() -> None:
    call = Call()
    call.start()
    call.simulation.run_until(call.completed)
    call.simulation.run_for(300.0)
    assert call.completed()
    pair = call.a.agent.selected_pair
    assert pair is not None
    assert 50 <= pair.statistics.consent_requests_sent <= 75
    assert pair.statistics.current_round_trip_time == pytest.approx(0.04)

    call.network.set_all(Conditions(loss=1.0))
    call.simulation.run_until(lambda: call.a.agent.state is IceState.DISCONNECTED, 13.0)
    assert call.a.agent.selected_pair is pair
    call.network.set_all(Conditions(delay=0.02))
    call.simulation.run_until(call.completed, 8.0)

    call.network.set_all(Conditions(loss=1.0))
    took = call.simulation.run_until(lambda: call.a.agent.state is IceState.FAILED)
    assert 24.0 <= took <= 30.1
    assert call.a.has(ConsentExpired)
    assert call.a.agent.selected_pair is None
    assert call.a.agent.next_timeout() is None
    # Nothing is sent after expiry, not even an answer.
    call.network.set_all(Conditions(delay=0.02))
    sent = call.a.sent
    call.simulation.run_for(60.0)
    assert call.a.sent == sent


def test_a_one_way_path_loses_consent() -> None:
    """Hearing the peer's checks is not consent: only its answers are."""
    call = Call()
    call.start()
    call.simulation.run_until(call.completed)
    call.network.set_conditions("10.0.0.1", "10.0.0.2", Conditions(loss=1.0))
    call.simulation.run_until(lambda: call.a.agent.state is IceState.FAILED, 31.0)


@pytest.mark.parametrize("seed", range(8))
def test_a_restart_keeps_the_old_pair_until_a_new_one_is_nominated(seed: int) -> None:
    call = Call(seed, Conditions(delay=0.03, loss=0.15))
    call.start()
    call.simulation.run_until(call.completed)
    old = call.a.agent.selected_pair
    call.a.agent.restart(call.now)
    assert call.a.agent.state is IceState.CONNECTED
    # The peer has not heard of it yet: its consent checks with the old credentials are answered.
    call.simulation.run_for(40.0)
    assert call.a.agent.selected_pair is old and old is not None
    assert call.a.agent.authenticated(old.remote_address, old.base)
    assert call.b.agent.state is IceState.COMPLETED
    call.b.agent.restart(call.now)
    for peer, other in ((call.a, call.b), (call.b, call.a)):
        peer.agent.end_local_candidates(call.now)
        call.know(peer, other)
        call.signal(peer, other)
    call.simulation.run_until(call.completed, 20.0)
    new = call.a.agent.selected_pair
    assert new is not old and new is not None and new.number > old.number
    assert call.agree()
    assert not any(
        isinstance(event, SelectedPairChanged) and event.pair is None for event in call.a.events
    )


def test_a_restart_revives_a_failed_agent() -> None:
    call = Call()
    call.start()
    call.simulation.run_until(call.completed)
    call.network.set_all(Conditions(loss=1.0))
    call.simulation.run_until(
        lambda: all(p.agent.state is IceState.FAILED for p in (call.a, call.b))
    )
    call.network.set_all(Conditions(delay=0.02))
    for peer in (call.a, call.b):
        peer.agent.restart(call.now, None)
        peer.agent.end_local_candidates(call.now)
        assert peer.agent.state is IceState.CHECKING
    for peer, other in ((call.a, call.b), (call.b, call.a)):
        call.know(peer, other)
        call.signal(peer, other)
    call.simulation.run_until(call.completed)


def test_checking_fails_when_every_pair_has_and_both_have_ended() -> None:
    call = Call(conditions=Conditions(loss=1.0))
    call.start()
    took = call.simulation.run_until(lambda: call.a.agent.state is IceState.FAILED)
    assert took == pytest.approx(39.5)


def test_checking_fails_without_end_of_candidates_after_no_progress() -> None:
    call = Call(conditions=Conditions(loss=1.0))
    call.gather()
    call.know(call.a, call.b)
    call.a.agent.add_remote_candidate(call.b.agent.local_candidates[0], call.now)
    took = call.simulation.run_until(lambda: call.a.agent.state is IceState.FAILED)
    assert took == pytest.approx(39.5)


@pytest.mark.parametrize("controlling", [(True, False), (False, True)])
def test_a_peer_that_appears_after_hope_was_given_up_is_heard(
    controlling: tuple[bool, bool],
) -> None:
    # Nothing passes a's NAT until a has sent something itself.
    call = Call(conditions=Conditions(loss=1.0), controlling=controlling)
    call.gather()
    call.know(call.b, call.a)
    call.signal(call.b, call.a)
    call.simulation.run_until(lambda: call.b.agent.state is IceState.FAILED)
    sent = call.b.sent
    call.simulation.run_for(300.0)
    assert call.b.sent == sent
    # A person has carried the answer over.
    call.network.set_all(Conditions(delay=0.02))
    call.know(call.a, call.b)
    call.signal(call.a, call.b)
    call.simulation.run_until(call.completed, 2.0)
    assert call.agree()


def test_a_callee_may_let_it_ring() -> None:
    call = Call()
    call.know(call.b, call.a)
    call.a.agent.add_local_candidate(Candidate.host(("10.0.0.1", 5000)), call.now)
    call.signal(call.b, call.a)
    call.simulation.run_for(120.0)
    assert call.b.agent.state is IceState.NEW and call.b.agent.next_timeout() is None
    call.gather()
    call.know(call.a, call.b)
    call.signal(call.a, call.b)
    call.simulation.run_until(call.completed, 2.0)


def test_a_name_is_resolved_by_the_owner() -> None:
    call = Call()
    call.gather()
    call.know(call.a, call.b)
    name = "1f4c5bd2-7b21-4b7a-9a9e-0c9b4d1a5f00.local"
    line = f"candidate:1 1 udp 2113937151 {name} 5000 typ host"
    call.a.agent.add_remote_candidate(Candidate.parse(line), call.now)
    call.a.agent.add_remote_candidate(Candidate.parse(line), call.now)
    call.simulation.run_for(1.0)
    assert [e for e in call.a.events if isinstance(e, ResolveName)] == [ResolveName(name)]
    assert call.a.sent == 0
    call.know(call.b, call.a)
    call.a.agent.name_resolved(name, ["10.0.0.2"], call.now)
    call.simulation.run_until(lambda: call.b.agent.state is IceState.CONNECTED)


def test_both_sides_close() -> None:
    call = Call()
    call.start()
    call.simulation.run_until(call.completed)
    call.a.agent.close()
    assert call.a.agent.state is IceState.CLOSED
    assert call.a.agent.next_timeout() is None
    assert call.a.agent.poll_transmit(call.now) is None
    call.simulation.run_until(lambda: call.b.agent.state is IceState.FAILED, 40.0)
