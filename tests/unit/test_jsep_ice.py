"""ICE credentials, restarts, and candidates in and out of descriptions."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rtckit.errors import InvalidStateError, OperationError
from rtckit.jsep import (
    MAX_REMOTE_CANDIDATES,
    CandidatePlace,
    Description,
    Fingerprint,
    IceCredentials,
    LocalParameters,
    Negotiation,
    TransportState,
)
from rtckit.sdp import SessionDescription
from rtckit.seam import ParseError

FINGERPRINT = Fingerprint("sha-256", ":".join(["AB"] * 32))
GIVEN = IceCredentials("given+ufrag", "given+password+of+22+characters")
HOST = "1 1 udp 2130706431 192.0.2.1 5000 typ host"
HOST6 = "2 1 udp 2130706432 2001:db8::1 5006 typ host"
RELAY = "3 1 udp 16777215 198.51.100.1 6000 typ relay raddr 192.0.2.1 rport 5000"
MDNS = "4 1 udp 2130706431 4f1a.local 7000 typ host"
TCP = "5 1 tcp 2105458943 192.0.2.1 9 typ host tcptype active"


def sample(name: str) -> str:
    return (Path(__file__).parent / "sdp_samples" / f"{name}.sdp").read_bytes().decode()


def negotiation(seed: int, credentials: IceCredentials | None = None) -> Negotiation:
    return Negotiation(
        entropy=random.Random(seed).randbytes,
        local=LocalParameters(fingerprints=(FINGERPRINT,), credentials=credentials),
    )


def described(description: Description | None) -> Description:
    assert description is not None
    return description


def parsed(description: Description | None) -> SessionDescription:
    return SessionDescription.parse(described(description).sdp)


def state_of(subject: Negotiation) -> TransportState:
    state = subject.transport
    assert state is not None
    return state


def connected() -> tuple[Negotiation, Negotiation]:
    alice, bob = negotiation(1), negotiation(2)
    alice.request_application()
    alice.set_local()
    bob.set_remote(described(alice.local_description))
    bob.set_local()
    alice.set_remote(described(bob.local_description))
    return alice, bob


def test_credentials_are_long_and_random_enough() -> None:
    alice, bob = connected()
    for subject in (alice, bob):
        local = state_of(subject).local
        assert local is not None
        assert len(local.ufrag) == 8
        assert len(local.pwd) == 24
    assert state_of(alice).local != state_of(bob).local


def test_given_credentials_are_used_until_a_restart() -> None:
    subject = negotiation(1, GIVEN)
    subject.request_application()
    subject.set_local()
    assert state_of(subject).local == GIVEN
    subject.set_local(Description("rollback"))
    assert subject.transport is None
    answerer = negotiation(2, GIVEN)
    answerer.set_remote(subject.create_offer())
    answerer.set_local()
    assert state_of(answerer).local == GIVEN
    answerer.set_local(answerer.create_offer(ice_restart=True))
    assert state_of(answerer).local != GIVEN


def test_subsequent_descriptions_keep_the_credentials() -> None:
    alice, bob = connected()
    credentials = state_of(alice).local, state_of(bob).local
    for offerer, answerer in ((alice, bob), (bob, alice)):
        assert not offerer.set_local().local_changed
        applied = answerer.set_remote(described(offerer.local_description))
        assert not applied.remote_changed
        assert not answerer.set_local().local_changed
        applied = offerer.set_remote(described(answerer.local_description))
        assert not applied.remote_changed
    assert (state_of(alice).local, state_of(bob).local) == credentials


@pytest.mark.parametrize("by_method", [True, False])
def test_an_ice_restart_changes_both_sides(by_method: bool) -> None:
    alice, bob = connected()
    before = state_of(alice).local, state_of(bob).local
    if by_method:
        alice.restart_ice()
        assert alice.negotiation_needed
        applied = alice.set_local()
    else:
        applied = alice.set_local(alice.create_offer(ice_restart=True))
    assert applied.local_changed
    # The old transport goes on until the answer.
    assert applied.transport is not None
    assert applied.transport.remote is not None
    assert bob.set_remote(described(alice.local_description)).remote_changed
    applied = bob.set_local()
    assert applied.local_changed
    assert not applied.dtls_restart
    assert alice.set_remote(described(bob.local_description)).remote_changed
    after = state_of(alice).local, state_of(bob).local
    assert not {*before} & {*after}
    assert not alice.negotiation_needed
    # It is done: the next offer restarts nothing.
    assert not alice.set_local().local_changed


def test_the_wish_to_restart_outlives_a_rollback() -> None:
    alice, bob = connected()
    old = state_of(alice).local
    alice.restart_ice()
    assert alice.set_local().local_changed
    bob.set_local()
    # Glare: alice gives way, and her old credentials are back.
    applied = alice.set_remote(described(bob.local_description))
    assert applied.rolled_back
    assert applied.local_changed
    assert state_of(alice).local == old
    alice.set_local()
    assert state_of(alice).local == old
    assert alice.negotiation_needed
    applied = alice.set_local()
    assert applied.transport is not None
    assert applied.transport.local != old


def test_restarting_again_before_the_answer_makes_newer_credentials() -> None:
    alice, _ = connected()
    alice.restart_ice()
    alice.set_local()
    first = state_of(alice).local
    assert not alice.set_local().local_changed
    alice.restart_ice()
    assert alice.set_local().local_changed
    assert state_of(alice).local != first


def test_nothing_to_restart_is_nothing_needed() -> None:
    subject = negotiation(1)
    subject.restart_ice()
    assert not subject.negotiation_needed


def test_either_credential_alone_is_a_restart() -> None:
    for name in ("ice-ufrag", "ice-pwd"):
        alice, bob = connected()
        offer = parsed(bob.create_offer())
        offer.media[0].set(name, "another+credential+of+some+length")
        assert alice.set_remote(Description("offer", str(offer))).remote_changed
        assert alice.set_local().local_changed


def test_gathered_candidates_appear_in_the_local_description() -> None:
    subject = negotiation(1)
    subject.request_application()
    assert subject.add_local_candidate(HOST) is None
    subject.set_local()
    local = state_of(subject).local
    assert local is not None
    place = subject.add_local_candidate(f"candidate:{HOST}")
    assert place == CandidatePlace("0", 0, local.ufrag)
    subject.add_local_candidate(f"a=candidate:{HOST}", local.ufrag)
    (media,) = parsed(subject.pending_local_description).media
    assert media.candidates == (HOST,)
    assert not media.end_of_candidates
    assert subject.end_of_local_candidates() == place
    (media,) = parsed(subject.local_description).media
    assert media.end_of_candidates
    assert subject.add_local_candidate(HOST, "other") is None
    with pytest.raises(ParseError):
        subject.add_local_candidate("candidate:1 1 udp")
    # RFC 9429 §5.2.2: a further offer has them too, and it may be set.
    offer = subject.create_offer()
    assert parsed(offer).media[0].candidates == (HOST,)
    subject.set_local(offer)


@pytest.mark.parametrize(
    ("candidates", "line", "connection"),
    [
        ([], "9", "IN IP4 0.0.0.0"),
        ([MDNS, TCP], "9", "IN IP4 0.0.0.0"),
        ([HOST6], "5006", "IN IP6 2001:db8::1"),
        ([HOST6, HOST], "5000", "IN IP4 192.0.2.1"),
        ([HOST, RELAY, HOST6], "6000", "IN IP4 198.51.100.1"),
    ],
)
def test_the_default_candidate_fills_the_lines(
    candidates: list[str], line: str, connection: str
) -> None:
    subject = negotiation(1)
    subject.request_application()
    subject.set_local()
    for candidate in candidates:
        subject.add_local_candidate(candidate)
    (media,) = parsed(subject.local_description).media
    assert str(media.port) == line
    assert str(media.connection) == connection


def test_candidates_of_a_restart_are_told_apart() -> None:
    alice, _ = connected()
    old = state_of(alice).local
    assert old is not None
    alice.add_local_candidate(HOST)
    alice.end_of_local_candidates()
    alice.set_local(alice.create_offer(ice_restart=True))
    alice.add_local_candidate(RELAY)
    assert alice.add_local_candidate(HOST6, old.ufrag) is not None
    assert parsed(alice.pending_local_description).media[0].candidates == (RELAY,)
    assert parsed(alice.current_local_description).media[0].candidates == (HOST, HOST6)
    new = state_of(alice).local
    assert new is not None
    alice.set_local(Description("rollback"))
    assert alice.add_local_candidate(RELAY, new.ufrag) is None
    assert parsed(alice.local_description).media[0].candidates == (HOST, HOST6)


def test_remote_candidates_are_recorded() -> None:
    alice, bob = connected()
    ufrag = state_of(bob).remote
    assert ufrag is not None
    for by in ({"mid": "0"}, {"mline_index": 0}, {"mid": "0", "mline_index": 7}):
        located = bob.add_remote_candidate(f"candidate:{HOST}", **by)
        assert located is not None
        assert (located.candidate, located.mid, located.mline_index) == (HOST, "0", 0)
        assert located.ufrag == ufrag.ufrag
        assert located.for_transport
    assert parsed(bob.remote_description).media[0].candidates == (HOST,)
    remote = state_of(bob).remote
    assert remote is not None
    assert remote.candidates == (HOST,)
    located = bob.add_remote_candidate("", "0")
    assert located is not None
    assert located.candidate == ""
    assert parsed(bob.remote_description).media[0].end_of_candidates
    assert alice.remote_description is not None


def test_the_end_of_all_candidates_names_no_section() -> None:
    _, bob = connected()
    located = bob.add_remote_candidate("")
    assert located is not None
    assert located.for_transport
    remote = state_of(bob).remote
    assert remote is not None
    assert remote.end_of_candidates
    empty = negotiation(3)
    empty.set_remote(negotiation(4).create_offer())
    assert empty.add_remote_candidate("") is None


def test_remote_candidates_that_are_refused() -> None:
    fresh = negotiation(1)
    with pytest.raises(InvalidStateError):
        fresh.add_remote_candidate(HOST, "0")
    _, bob = connected()
    with pytest.raises(TypeError):
        bob.add_remote_candidate(HOST)
    for candidate, mid, index, ufrag in [
        (HOST, "7", None, None),
        (HOST, None, 1, None),
        (HOST, None, -1, None),
        (HOST, "0", None, "other"),
        (f"{HOST} ufrag other", "0", None, None),
        ("candidate:nonsense", "0", None, None),
        ("", "0", None, "other"),
    ]:
        with pytest.raises(OperationError):
            bob.add_remote_candidate(candidate, mid, index, ufrag)
    assert not parsed(bob.remote_description).media[0].candidates
    bob.close()
    with pytest.raises(InvalidStateError):
        bob.add_remote_candidate(HOST, "0")


def test_remote_candidates_are_limited() -> None:
    _, bob = connected()
    for number in range(MAX_REMOTE_CANDIDATES):
        bob.add_remote_candidate(f"{number} 1 udp 1 192.0.2.1 {number} typ host", "0")
    with pytest.raises(OperationError, match="candidates already"):
        bob.add_remote_candidate(HOST, "0")
    assert len(parsed(bob.remote_description).media[0].candidates) == MAX_REMOTE_CANDIDATES


def test_remote_candidates_find_their_generation() -> None:
    alice, bob = connected()
    old = state_of(bob).remote
    alice.restart_ice()
    alice.set_local()
    bob.set_remote(described(alice.local_description))
    new = state_of(bob).remote
    assert old is not None
    assert new is not None
    located = bob.add_remote_candidate(HOST, "0")
    assert located is not None
    assert located.ufrag == new.ufrag
    located = bob.add_remote_candidate(RELAY, "0", None, old.ufrag)
    assert located is not None
    assert located.ufrag == old.ufrag
    assert parsed(bob.pending_remote_description).media[0].candidates == (HOST,)
    assert parsed(bob.current_remote_description).media[0].candidates == (RELAY,)
    # What was added to the current description stays there after a rollback.
    bob.set_remote(Description("rollback"))
    assert parsed(bob.remote_description).media[0].candidates == (RELAY,)
    with pytest.raises(OperationError):
        bob.add_remote_candidate(HOST6, "0", None, new.ufrag)


def test_candidates_of_other_sections_are_not_for_the_transport() -> None:
    subject = negotiation(1)
    offer = SessionDescription.parse(sample("chromium_full_offer"))
    for index, media in enumerate(offer.media):
        media.remove("candidate")
        media.set("ice-ufrag", f"frag{index}")
    subject.set_remote(Description("offer", str(offer)))
    for mid, ours in [("0", False), ("1", False), ("2", True)]:
        located = subject.add_remote_candidate(HOST, mid)
        assert located is not None
        assert located.for_transport is ours
        assert parsed(subject.remote_description).by_mid(mid).candidates == (HOST,)  # type: ignore[union-attr]


def test_candidates_of_the_tagged_section_are_for_the_whole_bundle() -> None:
    subject = negotiation(1)
    offer = SessionDescription.parse(sample("chromium_full_offer_max_bundle"))
    for media in offer.media:
        media.remove("candidate")
    subject.set_remote(Description("offer", str(offer)))
    located = subject.add_remote_candidate(HOST, "0")
    assert located is not None
    assert located.for_transport


@pytest.mark.parametrize(
    ("name", "trickle"),
    [("chromium_full_offer", True), ("firefox_data_offer", True), ("aiortc_data_offer", False)],
)
def test_whether_the_peer_trickles(name: str, trickle: bool) -> None:
    subject = negotiation(1)
    assert subject.can_trickle_ice_candidates is None
    subject.set_remote(Description("offer", sample(name)))
    assert subject.can_trickle_ice_candidates is trickle
