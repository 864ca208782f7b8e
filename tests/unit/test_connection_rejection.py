"""What becomes of channels when the other side's description has no place for them."""

from __future__ import annotations

from tests.sim.peer import Peer, connect, negotiate

from rtckit.jsep import Description
from rtckit.testing import Conditions, Network, Simulation

A, B = "10.0.0.1", "10.0.0.2"


def pair() -> tuple[Simulation, Peer, Peer]:
    simulation = Simulation(Network(1, Conditions(delay=0.02)))
    offerer, answerer = Peer("offerer", A), Peer("answerer", B)
    simulation.attach(offerer, A)
    simulation.attach(answerer, B)
    return simulation, offerer, answerer


def without_application(sdp: str) -> str:
    """The same description with the section for data channels turned down."""
    lines = [line for line in sdp.splitlines() if not line.startswith("a=group")]
    return "".join(
        (f"m=application 0 {line.split(' ', 2)[2]}" if line.startswith("m=") else line) + "\r\n"
        for line in lines
    )


def test_an_offer_that_is_turned_down_closes_the_channels_that_wait() -> None:
    simulation, offerer, answerer = pair()
    channel = offerer.channel("first", simulation.now)
    offerer.connection.set_local(None, simulation.now)
    offerer.gather(simulation.now)
    offer = offerer.connection.negotiation.local_description
    assert offer is not None
    answerer.connection.set_remote(Description("offer", offer.sdp), simulation.now)
    answerer.connection.set_local(None, simulation.now)
    answer = answerer.connection.negotiation.local_description
    assert answer is not None
    offerer.connection.set_remote(
        Description("answer", without_application(answer.sdp)), simulation.now
    )
    simulation.run_for(0.1)
    assert offerer.closed == [(channel, "the peer turned data channels down")]


def test_channels_in_use_close_when_the_peer_offers_no_more_place_for_them() -> None:
    simulation, offerer, answerer = pair()
    connect(simulation, offerer, answerer)
    answerer.connection.set_local(None, simulation.now)
    offer = answerer.connection.negotiation.local_description
    assert offer is not None
    offerer.connection.set_remote(
        Description("offer", without_application(offer.sdp)), simulation.now
    )
    offerer.connection.set_local(None, simulation.now)
    simulation.run_for(0.1)
    assert offerer.closed == [(offerer.opened[0], "the peer turned data channels down")]
    assert offerer.connection.dtls_state == "closed"


def test_a_place_that_was_taken_out_of_use_carries_a_new_connection() -> None:
    simulation, offerer, answerer = pair()
    connect(simulation, offerer, answerer)
    before = offerer.connection.ice.local_credentials
    answerer.connection.set_local(None, simulation.now)
    offer = answerer.connection.negotiation.local_description
    assert offer is not None
    offerer.connection.set_remote(
        Description("offer", without_application(offer.sdp)), simulation.now
    )
    offerer.connection.set_local(None, simulation.now)
    answer = offerer.connection.negotiation.local_description
    assert answer is not None
    answerer.connection.set_remote(Description("answer", answer.sdp), simulation.now)
    simulation.run_for(1)
    offerer.channel("again", simulation.now)
    assert offerer.connection.negotiation.negotiation_needed
    negotiate(simulation, offerer, answerer)
    simulation.run_until(lambda: "again" in answerer.announced, 5)
    assert offerer.connection.ice.local_credentials != before
    assert offerer.connection.connection_state == "connected"
