"""Streams that are used again at once, and such as should not have been used."""

from __future__ import annotations

from tests.sim.peer import Peer, connect

from rtckit.connection import ChannelClosed, ConnectionEvent
from rtckit.datachannel import ChannelState, Ppid
from rtckit.testing import Conditions, Network, Simulation

A, B = "10.0.0.1", "10.0.0.2"


def test_a_channel_on_a_stream_whose_last_reset_is_still_unanswered() -> None:
    simulation = Simulation(Network(1, Conditions(delay=0.02)))

    class Forgetful(Peer):
        """Its answer to the other side's reset is lost."""

        def on_event(self, event: ConnectionEvent, now: float) -> None:
            super().on_event(event, now)
            if isinstance(event, ChannelClosed):
                simulation.network.set_conditions(A, B, Conditions(loss=1.0))

    offerer, answerer = Forgetful("offerer", A), Peer("answerer", B)
    simulation.attach(offerer, A)
    simulation.attach(answerer, B)
    connect(simulation, offerer, answerer)
    [first] = offerer.opened
    offerer.connection.close_channel(first, simulation.now)
    simulation.run_until(lambda: bool(offerer.closed), 1)
    simulation.network.set_conditions(A, B, Conditions(delay=0.02))
    second = offerer.channel("second", simulation.now)
    assert second.id == first.id
    offerer.connection.send(second, b"hello", False, simulation.now)
    simulation.run_for(0.1)
    assert not answerer.closed
    simulation.run_until(lambda: answerer.received.get("second") == [b"hello"], 5)
    assert [channel.label for channel, _ in answerer.closed] == ["first"]
    answerer.connection.send(answerer.announced["second"], b"hello too", False, simulation.now)
    simulation.run_until(lambda: offerer.received.get("second") == [b"hello too"], 1)


def test_an_opening_that_cannot_be_understood_is_refused() -> None:
    simulation = Simulation(Network(1, Conditions(delay=0.02)))
    offerer, answerer = Peer("offerer", A), Peer("answerer", B)
    simulation.attach(offerer, A)
    simulation.attach(answerer, B)
    connect(simulation, offerer, answerer)
    odd = offerer.channel("odd", simulation.now, negotiated=True, id=7)
    association = offerer.connection.transport.sctp
    assert association is not None
    for _ in range(2):
        association.send(7, Ppid.DCEP, b"\x03\x07 no channel type", simulation.now)
    simulation.run_for(1)
    assert odd.state is ChannelState.CLOSED
    assert answerer.connection.channels.drops["malformed-dcep"] == 2
