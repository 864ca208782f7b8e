"""Two whole peer connections over a seeded network in virtual time."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from tests.sim.peer import FACTOR, Peer, connect, negotiate, pair, rough

from rtckit.testing import Conditions


@pytest.mark.parametrize("block", range(8))
def test_every_reliable_message_arrives_once_and_in_order(block: int) -> None:
    failed = []
    for seed in range(block * 25 * FACTOR, (block + 1) * 25 * FACTOR):
        try:
            exchange(seed)
        except AssertionError as error:
            failed.append((seed, str(error)))
    assert not failed, failed


def exchange(seed: int) -> None:
    """Ordered and unordered messages both ways under 0 to 10 % loss and all the rest."""
    rng = random.Random(f"exchange {seed}")
    conditions = rough(seed, rng.random() * 0.1)
    simulation, offerer, answerer = pair(seed, conditions)
    ordered = offerer.channel("ordered", simulation.now)
    unordered = offerer.channel("unordered", simulation.now, ordered=False)
    connect(simulation, offerer, answerer)
    simulation.run_until(lambda: {"ordered", "unordered"} <= answerer.announced.keys())
    simulation.network.set_all(replace(conditions, corrupt=rng.random() * 0.03))
    sent: dict[str, list[bytes]] = {}
    for peer, channels in (
        (offerer, [ordered, unordered]),
        (answerer, [answerer.announced["ordered"], answerer.announced["unordered"]]),
    ):
        for channel in channels:
            key = f"{channel.label} {peer is offerer}"
            for number in range(20):
                size = rng.choice([1, 10, 1000, 5000, 30000])
                message = number.to_bytes(4, "big") + rng.randbytes(size)
                sent.setdefault(key, []).append(message)
                peer.connection.send(channel, message, False, simulation.now)

    def complete() -> bool:
        return all(
            len(peer.received.get(label, ())) >= 20
            for peer in (offerer, answerer)
            for label in ("ordered", "unordered")
        )

    simulation.run_until(complete, limit=300)
    simulation.run_for(5)
    for receiver, origin in ((answerer, True), (offerer, False)):
        assert receiver.received["ordered"] == sent[f"ordered {origin}"]
        assert Counter(receiver.received["unordered"]) == Counter(sent[f"unordered {origin}"])


def test_partial_reliability_drops_late_messages_and_no_others() -> None:
    for seed in range(20 * FACTOR):
        drop_late_messages(seed)


def drop_late_messages(seed: int) -> None:
    simulation, offerer, answerer = pair(seed, Conditions(delay=0.02, loss=0.2))
    lossy = offerer.channel("lossy", simulation.now, max_retransmits=0)
    reliable = offerer.channel("reliable", simulation.now)
    connect(simulation, offerer, answerer)
    simulation.run_until(lambda: {"lossy", "reliable"} <= answerer.announced.keys())
    for number in range(100):
        data = number.to_bytes(2, "big")
        offerer.connection.send(lossy, data, False, simulation.now)
        offerer.connection.send(reliable, data, False, simulation.now)
        simulation.run_for(0.01)
    expected = [number.to_bytes(2, "big") for number in range(100)]
    simulation.run_until(lambda: len(answerer.received["reliable"]) == 100, limit=120)
    simulation.run_for(3)
    assert answerer.received["reliable"] == expected
    got = answerer.received["lossy"]
    assert got == [each for each in expected if each in set(got)], seed
    assert 30 < len(got) < 100, seed


def test_a_reader_that_stops_closes_the_window_and_loses_nothing() -> None:
    simulation, offerer, answerer = pair(7, Conditions(delay=0.01))
    bulk = offerer.channel("bulk", simulation.now)
    connect(simulation, offerer, answerer)
    simulation.run_until(lambda: "bulk" in answerer.announced)
    answerer.reading = False
    for number in range(200):
        offerer.connection.send(bulk, bytes([number]) * 60000, False, simulation.now)
    simulation.run_for(60)
    assert answerer.unread <= answerer.connection._settings.receive_window
    assert len(answerer.received["bulk"]) < 100
    answerer.reading = True
    waiting = answerer.received["bulk"]
    for message in list(waiting):
        answerer.connection.consume(len(message), simulation.now)
    simulation.run_until(lambda: len(answerer.received["bulk"]) == 200, limit=60)
    assert [message[0] for message in answerer.received["bulk"]] == list(range(200))


def test_ice_restarts_under_load_without_losing_a_message() -> None:
    for seed in range(10 * FACTOR):
        restart_under_load(seed)


def restart_under_load(seed: int) -> None:
    simulation, offerer, answerer = pair(seed, Conditions(delay=0.03, loss=0.03))
    bulk = offerer.channel("bulk", simulation.now)
    connect(simulation, offerer, answerer)
    simulation.run_until(lambda: "bulk" in answerer.announced)
    before = offerer.connection.ice.local_credentials
    for number in range(50):
        offerer.connection.send(bulk, bytes([number]) * 5000, False, simulation.now)
        if number == 20:
            offerer.connection.negotiation.restart_ice()
            negotiate(simulation, offerer, answerer)
        simulation.run_for(0.02)
    simulation.run_until(lambda: len(answerer.received["bulk"]) == 50, limit=60)
    assert offerer.connection.ice.local_credentials != before
    simulation.run_until(lambda: offerer.connection.connection_state == "connected", limit=30)
    assert [message[0] for message in answerer.received["bulk"]] == list(range(50))


def test_a_path_that_dies_is_noticed_and_one_that_returns_is_used_again() -> None:
    simulation, offerer, answerer = pair(1, Conditions(delay=0.02))
    connect(simulation, offerer, answerer)
    simulation.run_until(lambda: offerer.connection.connection_state == "connected")
    simulation.network.set_all(Conditions(loss=1.0))
    simulation.run_until(lambda: offerer.connection.connection_state == "disconnected", limit=20)
    simulation.network.set_all(Conditions(delay=0.02))
    simulation.run_until(lambda: offerer.connection.connection_state == "connected", limit=20)
    simulation.network.set_all(Conditions(loss=1.0))
    simulation.run_until(lambda: offerer.connection.connection_state == "failed", limit=60)


def test_closing_tells_the_peer() -> None:
    simulation, offerer, answerer = pair(2, Conditions(delay=0.02))
    connect(simulation, offerer, answerer)
    offerer.connection.close(simulation.now)
    simulation.run_until(lambda: bool(answerer.closed), limit=1)
    assert answerer.closed[0][1] == ""
    simulation.run_until(lambda: answerer.connection.dtls_state == "closed", limit=1)


@pytest.mark.parametrize("side", ["offer", "answer"])
def test_a_wrong_fingerprint_lets_nothing_through_in_either_role(side: str) -> None:
    simulation, offerer, answerer = pair(side, Conditions(delay=0.01))
    offerer.channel("first", simulation.now)
    stranger = Peer("stranger", "10.0.0.9")
    stranger.channel("x", simulation.now)
    stranger.connection.set_local(None, simulation.now)
    text = stranger.connection.negotiation.local_description
    assert text is not None
    [wrong] = [line for line in text.sdp.splitlines() if line.startswith("a=fingerprint")]
    spoil(offerer if side == "answer" else answerer, wrong)
    negotiate(simulation, offerer, answerer)
    victim = answerer if side == "offer" else offerer
    simulation.run_until(lambda: victim.connection.dtls_state == "failed", limit=10)
    simulation.run_for(5)
    assert victim.connection.connection_state == "failed"
    assert not offerer.opened and not answerer.announced
    assert victim.connection.remote_certificate is None


def spoil(peer: Peer, fingerprint: str) -> None:
    """Make a peer believe that the other side announced another certificate."""
    set_remote = peer.connection.set_remote

    def spoiled(description, now):  # type: ignore[no-untyped-def]
        lines = [
            fingerprint if line.startswith("a=fingerprint") else line
            for line in description.sdp.splitlines()
        ]
        return set_remote(type(description)(description.type, "\r\n".join(lines) + "\r\n"), now)

    peer.connection.set_remote = spoiled  # type: ignore[method-assign]
