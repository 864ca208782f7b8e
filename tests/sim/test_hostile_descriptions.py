"""What a peer may announce and then not keep, across all rooms of a connection."""

from __future__ import annotations

import re

import pytest
from tests.sim.hostile import A, B, Pair, footprint
from tests.sim.peer import Peer, negotiate

from rtckit.connection import NameToResolve, Settings
from rtckit.dtls import Role
from rtckit.dtls.named_group import NamedGroup, derive_ec_key
from rtckit.errors import InvalidAccessError, InvalidStateError, OperationError
from rtckit.ice import Credentials
from rtckit.jsep import Description
from rtckit.seam import Train
from rtckit.testing import Conditions, Network, Simulation, seeded_entropy


def hears(peer: Peer, pattern: str, said: str) -> None:
    """From now on ``peer`` is given descriptions in which ``pattern`` has become ``said``."""
    set_remote = peer.connection.set_remote

    def spoiled(description, now):  # type: ignore[no-untyped-def]
        text = re.sub(pattern, said, description.sdp)
        return set_remote(Description(description.type, text), now)

    peer.connection.set_remote = spoiled  # type: ignore[method-assign]


@pytest.mark.parametrize("size", [0, 1, 100, 2**64 - 1])
def test_any_maximum_message_size(size: int) -> None:
    pair = Pair(f"max-message-size {size}")
    for peer in (pair.offerer, pair.answerer):
        hears(peer, r"a=max-message-size:\d+", f"a=max-message-size:{size}")
    pair.connect()
    channel = pair.offerer.opened[0]
    now = pair.simulation.now
    assert pair.offerer.connection.max_message_size == size
    pair.offerer.connection.send(channel, b"", False, now)
    pair.offerer.connection.send(channel, b"x", False, now)
    if 0 < size < 2**20:
        with pytest.raises(ValueError, match=f"takes {size}"):
            pair.offerer.connection.send(channel, b"x" * (size + 1), False, now)
    pair.simulation.run_for(1.0)
    assert pair.answerer.received["first"] == [b"", b"x"]


@pytest.mark.parametrize("port", [0, 5001, 65535])
def test_a_wrong_sctp_port_ends_the_channels_and_says_so(port: int) -> None:
    pair = Pair(f"sctp-port {port}")
    hears(pair.answerer, r"a=sctp-port:\d+", f"a=sctp-port:{port}")
    pair.begin()
    pair.simulation.run_until(lambda: bool(pair.offerer.closed), 200.0)
    assert pair.offerer.closed[0][1]
    assert not pair.offerer.opened
    association = pair.answerer.connection.transport.sctp
    # Port 0 says that there is no association at all (RFC 8841 §10.3).
    assert (association is None) == (port == 0)
    assert association is None or association.drops["port"]
    assert pair.offerer.connection.dtls_state == "connected"


def test_credentials_with_characters_that_others_write() -> None:
    simulation = Simulation(Network("credentials", Conditions(delay=0.01)))
    made = [
        Peer(
            name,
            address,
            settings=Settings(local_credentials=Credentials(f"{name}-_=", f"{name}.~|#-_=" * 3)),
        )
        for name, address in (("offerer", A), ("answerer", B))
    ]
    offerer, answerer = made
    simulation.attach(offerer, A)
    simulation.attach(answerer, B)
    offerer.channel("first", simulation.now)
    negotiate(simulation, offerer, answerer)
    simulation.run_until(lambda: "first" in answerer.announced, 10.0)


@pytest.mark.parametrize(("heard", "said"), [("passive", "active"), ("active", "passive")])
def test_two_of_the_same_dtls_role_never_connect(heard: str, said: str) -> None:
    """The answerer takes ``said`` for itself; the offerer is told the opposite of it."""
    pair = Pair(f"both {said}")
    settings = Settings(dtls_role="client" if said == "active" else "server")
    pair.answerer = Peer("answerer", B, settings=settings)
    pair.simulation.attach(pair.answerer, B)
    hears(pair.offerer, r"a=setup:\S+", f"a=setup:{heard}")
    pair.begin()
    roles = {
        peer.connection.transport.dtls.role
        for peer in (pair.offerer, pair.answerer)
        if peer.connection.transport.dtls is not None
    }
    assert len(roles) == 1
    pair.simulation.run_until(
        lambda: all(
            peer.connection.connection_state == "failed" for peer in (pair.offerer, pair.answerer)
        ),
        200.0,
    )
    assert not pair.offerer.opened and not pair.answerer.announced
    for peer in (pair.offerer, pair.answerer):
        assert peer.connection.dtls_state == "failed"


def test_our_own_offer_sent_back_as_the_answer() -> None:
    """A mirror for a peer: there is nobody to connect to, and no end of checks either."""
    pair = Pair("mirror")
    offerer = pair.offerer
    now = pair.simulation.now
    offerer.channel("first", now)
    offerer.connection.set_local(None, now)
    offerer.gather(now)
    offer = offerer.connection.negotiation.local_description
    assert offer is not None
    with pytest.raises(InvalidAccessError):
        offerer.connection.set_remote(Description("answer", offer.sdp), now)
    mirrored = offer.sdp.replace("a=setup:actpass", "a=setup:active")
    offerer.connection.set_remote(Description("answer", mirrored), now)
    pair.simulation.run_for(120.0)
    assert not offerer.opened
    assert len(pair.carried) < 5000
    assert offerer.connection.connection_state in ("failed", "connecting")


@pytest.mark.parametrize("liar", ["offerer", "answerer"])
@pytest.mark.parametrize("role", ["active", "passive"])
def test_the_right_certificate_without_its_key(liar: str, role: str) -> None:
    """The certificate is public; its key is not. The liar signs with another in either role."""
    pair = Pair(f"stolen certificate {liar} {role}")
    hears(pair.answerer, r"a=setup:\S+", f"a=setup:{role}")
    peer = pair.offerer if liar == "offerer" else pair.answerer
    victim = pair.answerer if liar == "offerer" else pair.offerer
    certificate = peer.connection._certificate
    certificate.private_key = derive_ec_key(seeded_entropy("thief"), NamedGroup.SECP256R1)
    pair.begin()
    machine = victim.connection.transport.dtls
    assert machine is not None
    pair.simulation.run_until(lambda: machine.state == "failed", 10.0)
    pair.simulation.run_for(5.0)
    nothing_was_released(victim)


def nothing_was_released(victim: Peer) -> None:
    machine = victim.connection.transport.dtls
    association = victim.connection.transport.sctp
    assert machine is not None and association is not None
    assert victim.connection.connection_state == "failed"
    assert victim.connection.remote_certificate is None
    assert not victim.opened and not victim.announced and not victim.received
    assert association.stats.packets_received == 0
    assert not machine._held
    with pytest.raises(RuntimeError):
        machine.export_keying_material(b"EXTRACTOR-dtls_srtp", None, 60)


@pytest.mark.parametrize("role", ["active", "passive"])
@pytest.mark.parametrize("liar", ["offerer", "answerer"])
def test_data_sent_early_by_a_peer_with_another_certificate(liar: str, role: str) -> None:
    """It is sealed before the peer's Finished; the fingerprint is not the one announced."""
    pair = Pair(f"early data {liar} {role}")
    hears(pair.answerer, r"a=setup:\S+", f"a=setup:{role}")
    peer = pair.offerer if liar == "offerer" else pair.answerer
    victim = pair.answerer if liar == "offerer" else pair.offerer
    digest = ":".join(["AB"] * 32)
    hears(victim, r"a=fingerprint:.*", f"a=fingerprint:sha-256 {digest}")
    pair.begin()
    theirs, machine = peer.connection.transport.dtls, victim.connection.transport.dtls
    assert theirs is not None and machine is not None
    poll_transmit = theirs.poll_transmit
    said: list[Train] = []

    def with_data(now: float) -> Train | None:
        writer = theirs._writers.get(1)
        if writer is not None and not said:
            said.append(Train(writer.seal(23, b"secret" * 10)))
            return said[0]
        return poll_transmit(now)

    theirs.poll_transmit = with_data  # type: ignore[method-assign]
    pair.simulation.run_until(lambda: machine.state == "failed", 10.0)
    pair.simulation.run_for(5.0)
    # A client whose server is the wrong one never gets to keys; a server's client does.
    assert bool(said) == (theirs.role is Role.CLIENT)
    nothing_was_released(victim)


def test_the_same_credentials_offered_again_change_nothing() -> None:
    pair = Pair("same credentials")
    pair.connect()
    before = pair.answerer.connection.ice.remote_credentials
    negotiate(pair.simulation, pair.offerer, pair.answerer)
    assert pair.answerer.connection.ice.remote_credentials == before
    pair.simulation.run_for(2.0)
    pair.still_talk()


@pytest.mark.parametrize(
    ("ufrag", "pwd"), [(None, "p" * 24), ("ours", None), ("ours", "p" * 24)], ids=str
)
def test_a_restart_with_half_of_the_credentials_used_before(
    ufrag: str | None, pwd: str | None
) -> None:
    """RFC 8839 §4.4.1.1.1: both change; a peer that changes one of them restarts all the same."""
    pair = Pair(f"half restart {ufrag} {pwd}")
    pair.connect()
    now = pair.simulation.now
    old = pair.offerer.connection.negotiation.create_offer().sdp
    text = old
    if ufrag:
        text = re.sub(r"a=ice-ufrag:\S+", f"a=ice-ufrag:{ufrag}", text)
    if pwd:
        text = re.sub(r"a=ice-pwd:\S+", f"a=ice-pwd:{pwd}", text)
    pair.answerer.connection.set_remote(Description("offer", text), now)
    pair.answerer.connection.set_local(None, now)
    pair.answerer.gather(now)
    pair.simulation.run_for(60.0)
    due = pair.answerer.next_timeout()
    assert due is None or due > pair.simulation.now


def test_candidates_without_end() -> None:
    pair = Pair("candidates")
    pair.connect()
    connection = pair.answerer.connection
    now = pair.simulation.now

    def pour() -> int:
        for number in range(3000):
            host = f"10.{number >> 8 & 255}.{number & 255}.7"
            name = f"{number:08x}.local"
            for address in (host, name, "2001:db8::7"):
                text = f"candidate:{number} 1 udp {number + 1} {address} {number + 1} typ host"
                try:
                    connection.add_remote_candidate(text, "0", 0, None, now)
                except OperationError as error:
                    assert "candidates already" in str(error)
        named = 0
        while (event := connection.next_event()) is not None:
            named += isinstance(event, NameToResolve)
        return named

    assert pour() <= connection.ice.limits.remote_candidates
    before = footprint(connection)
    assert pour() == 0
    assert footprint(connection) < before + 1_500_000
    assert len(connection.ice.remote_candidates) <= connection.ice.limits.remote_candidates
    assert len(connection.ice.pairs) <= connection.ice.limits.pairs
    pair.still_talk()


def test_calls_in_a_wrong_state() -> None:
    pair = Pair("wrong state")
    offerer, now = pair.offerer, pair.simulation.now
    connection = offerer.connection
    candidate = "candidate:1 1 udp 1 10.0.0.2 5 typ host"
    with pytest.raises(InvalidStateError):
        connection.add_remote_candidate(candidate, "0", 0, None, now)
    with pytest.raises(InvalidStateError):
        connection.set_remote(Description("answer", "v=0\r\n"), now)
    with pytest.raises(InvalidStateError):
        connection.set_remote(Description("rollback", ""), now)
    pair.connect()
    with pytest.raises(InvalidStateError):
        connection.set_remote(Description("answer", "v=0\r\n"), now)
    with pytest.raises(OperationError):
        connection.add_remote_candidate("candidate:nonsense", "0", 0, None, now)
    with pytest.raises(OperationError):
        connection.add_remote_candidate(candidate, "no such section", None, None, now)
    channel = offerer.opened[0]
    now = pair.simulation.now
    connection.close(now)
    connection.close(now)
    with pytest.raises(InvalidStateError):
        connection.set_local(None, now)
    with pytest.raises(InvalidStateError):
        connection.set_remote(Description("offer", "v=0\r\n"), now)
    connection.receive(Train(b"\x17\xfe\xfd" + bytes(60)), offerer.bases[0], (B, 5000), now)
    connection.handle_timeout(now)
    connection.close_channel(channel, now)
    connection.consume(10, now)
    assert connection.next_timeout() is None
