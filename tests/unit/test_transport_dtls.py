"""When DTLS and SCTP begin and end over ICE, and in which order their owner hears of it."""

from __future__ import annotations

from tests.sim.peer import Peer, connect

from rtckit.connection import (
    ChannelClosed,
    ConnectionEvent,
    MessagesReceived,
    SctpStateChanged,
    Settings,
)
from rtckit.jsep import Description
from rtckit.seam import Train
from rtckit.testing import Conditions, Network, Simulation

A, B = "10.0.0.1", "10.0.0.2"


class Listener(Peer):
    """A peer that keeps every event."""

    def __init__(self, seed: str, *addresses: str, settings: Settings | None = None) -> None:
        super().__init__(seed, *addresses, settings=settings)
        self.events: list[ConnectionEvent] = []

    def on_event(self, event: ConnectionEvent, now: float) -> None:
        self.events.append(event)
        super().on_event(event, now)


def pair(settings: Settings | None = None) -> tuple[Simulation, Listener, Listener]:
    simulation = Simulation(Network(1, Conditions(delay=0.02)))
    offerer, answerer = Listener("offerer", A), Listener("answerer", B, settings=settings)
    simulation.attach(offerer, A)
    simulation.attach(answerer, B)
    return simulation, offerer, answerer


def answer_after(
    delay: float, simulation: Simulation, offerer: Listener, answerer: Listener
) -> str:
    """Signal an answer that is on its way so long; the answerer's DTLS state until then."""
    offerer.channel("first", simulation.now)
    offerer.connection.set_local(None, simulation.now)
    offerer.gather(simulation.now)
    offer = offerer.connection.negotiation.local_description
    assert offer is not None
    answerer.connection.set_remote(Description("offer", offer.sdp), simulation.now)
    answerer.connection.set_local(None, simulation.now)
    answerer.gather(simulation.now)
    simulation.run_for(delay)
    state = answerer.connection.dtls_state
    simulation.network.set_all(Conditions(delay=0.02))
    answer = answerer.connection.negotiation.local_description
    assert answer is not None
    offerer.connection.set_remote(Description("answer", answer.sdp), simulation.now)
    return state


def test_a_server_waits_for_ice_before_it_counts_the_seconds() -> None:
    simulation, offerer, answerer = pair(Settings(dtls_role="server"))
    simulation.network.set_all(Conditions(loss=1.0))
    assert answer_after(35, simulation, offerer, answerer) == "new"
    simulation.run_until(lambda: "first" in answerer.announced, 3)


def test_a_client_is_as_patient_as_signaling_is_slow() -> None:
    simulation, offerer, answerer = pair()
    assert answer_after(100, simulation, offerer, answerer) == "connecting"
    simulation.run_until(lambda: "first" in answerer.announced, 5)


def test_a_message_in_the_same_train_as_the_end_arrives() -> None:
    simulation, offerer, answerer = pair()
    connect(simulation, offerer, answerer)
    [channel] = offerer.opened
    offerer.connection.send(channel, b"goodbye", False, simulation.now)
    said = offerer.connection.poll_transmit(simulation.now)
    machine = offerer.connection.transport.dtls
    assert said is not None and machine is not None
    machine.close()
    end = machine.poll_transmit(simulation.now)
    assert end is not None
    both = Train.join([*said.train, *end])
    assert len(both) == 1
    answerer.events.clear()
    answerer.connection.receive(both[0], said.destination, said.source, simulation.now)
    simulation.run_for(1)
    told = [
        event for event in answerer.events if isinstance(event, MessagesReceived | ChannelClosed)
    ]
    assert [type(event) for event in told] == [MessagesReceived, ChannelClosed]
    assert answerer.received["first"] == [b"goodbye"]


def test_sctp_rests_once_dtls_has_ended() -> None:
    simulation, offerer, answerer = pair()
    connect(simulation, offerer, answerer)
    machine = offerer.connection.transport.dtls
    assert machine is not None
    offerer.connection.send(offerer.opened[0], b"never arrives", False, simulation.now)
    machine.close()
    simulation.run_for(300)
    for peer in (offerer, answerer):
        closed = [event for event in peer.events if isinstance(event, SctpStateChanged)]
        assert [event.state for event in closed] == ["connected", "closed"]
    assert machine.drops["sent after the end"] <= 1


def test_dtls_from_an_address_that_no_check_vouches_for_is_dropped() -> None:
    simulation, offerer, answerer = pair(Settings(dtls_role="server"))
    offerer.channel("first", simulation.now)
    offerer.connection.set_local(None, simulation.now)
    offer = offerer.connection.negotiation.local_description
    assert offer is not None
    answerer.connection.set_remote(Description("offer", offer.sdp), simulation.now)
    answerer.connection.set_local(None, simulation.now)
    answerer.gather(simulation.now)
    transport = answerer.connection.transport
    hello = Train(b"\x16\xfe\xfd" + bytes(60))
    transport.receive(hello, (B, 5000), (A, 5000), simulation.now)
    assert transport.drops == {"dtls-from-unchecked-address": 1}
    assert transport.dtls is not None
    assert transport.dtls.state == "new" and not transport.dtls.drops


def test_a_train_may_carry_every_protocol() -> None:
    simulation, offerer, answerer = pair()
    connect(simulation, offerer, answerer)
    [channel] = offerer.opened
    offerer.connection.send(channel, b"hello", False, simulation.now)
    said = offerer.connection.poll_transmit(simulation.now)
    assert said is not None
    size = len(said.train.data)
    mixed = Train(bytes(size) + said.train.data + b"\x50" * size, size)
    answerer.connection.receive(mixed, said.destination, said.source, simulation.now)
    simulation.run_for(0)
    assert answerer.received["first"] == [b"hello"]
    assert answerer.connection.ice.drops["malformed"] == 1
    beyond = Train(b"\x50" * 60 + b"\x16" * 60, 60)
    answerer.connection.receive(beyond, said.destination, said.source, simulation.now)
    assert answerer.connection.transport.drops == {"unknown-protocol": 2}


def test_what_overtakes_the_answer_is_kept_and_limited() -> None:
    simulation, offerer, answerer = pair()
    simulation.network.set_all(Conditions(delay=0.001))
    assert answer_after(60, simulation, offerer, answerer) == "connecting"
    # A ClientHello and its repetitions.
    assert offerer.connection.transport.drops["dtls-before-role"] > 0
    simulation.run_until(lambda: "first" in answerer.announced, 5)
