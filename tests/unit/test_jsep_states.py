"""Every state and every call: what RFC 9429 §3.2 and WebRTC 1.0 §4.4.1.5 allow, no more."""

from __future__ import annotations

import itertools
import random

import pytest

from rtckit.errors import InvalidModificationError, InvalidStateError
from rtckit.jsep import (
    TRANSITIONS,
    Applied,
    Description,
    DescriptionType,
    Fingerprint,
    LocalParameters,
    Negotiation,
    Side,
    SignalingState,
)

STATES = [state.value for state in SignalingState]
FINGERPRINT = Fingerprint("sha-256", ":".join(["AB"] * 32))


def negotiation(seed: int) -> Negotiation:
    made = Negotiation(
        entropy=random.Random(seed).randbytes,
        local=LocalParameters(fingerprints=(FINGERPRINT,)),
    )
    made.request_application()
    return made


def text_of(description: Description | None) -> str:
    assert description is not None
    return description.sdp


class Pair:
    """A negotiation in a state of choice, and a peer to make descriptions that fit."""

    def __init__(self, state: str) -> None:
        self.subject = negotiation(1)
        self.peer = negotiation(2)
        if state in ("have-local-offer", "have-remote-pranswer"):
            self.subject.set_local()
            self.peer.set_remote(Description("offer", text_of(self.subject.local_description)))
        if state in ("have-remote-offer", "have-local-pranswer"):
            self.peer.set_local()
            self.subject.set_remote(Description("offer", text_of(self.peer.local_description)))
        if state == "have-local-pranswer":
            self.subject.set_local(Description("pranswer"))
        if state == "have-remote-pranswer":
            self.subject.set_remote(Description("pranswer", self.peer.create_answer().sdp))
        if state == "closed":
            self.subject.close()
        assert self.subject.signaling_state == state

    def remote(self, kind: str) -> Description:
        if kind == "rollback":
            return Description(kind)
        if kind == "offer":
            return Description(kind, negotiation(3).create_offer().sdp)
        if self.peer.signaling_state == "have-remote-offer":
            return Description(kind, self.peer.create_answer().sdp)
        return Description(kind, negotiation(3).create_offer().sdp)

    def snapshot(self) -> tuple[object, ...]:
        subject = self.subject
        return (
            subject.signaling_state,
            subject.current_local_description,
            subject.pending_local_description,
            subject.current_remote_description,
            subject.pending_remote_description,
            subject.transport,
        )


#: WebRTC 1.0's diagram, written down a second time: state, call, type → state.
ALLOWED = {
    ("stable", "local", "offer"): "have-local-offer",
    ("stable", "remote", "offer"): "have-remote-offer",
    ("have-local-offer", "local", "offer"): "have-local-offer",
    ("have-local-offer", "local", "rollback"): "stable",
    ("have-local-offer", "remote", "rollback"): "stable",
    ("have-local-offer", "remote", "offer"): "have-remote-offer",  # Rolls back by itself.
    ("have-local-offer", "remote", "pranswer"): "have-remote-pranswer",
    ("have-local-offer", "remote", "answer"): "stable",
    ("have-remote-offer", "remote", "offer"): "have-remote-offer",
    ("have-remote-offer", "local", "rollback"): "stable",
    ("have-remote-offer", "remote", "rollback"): "stable",
    ("have-remote-offer", "local", "pranswer"): "have-local-pranswer",
    ("have-remote-offer", "local", "answer"): "stable",
    ("have-local-pranswer", "local", "pranswer"): "have-local-pranswer",
    ("have-local-pranswer", "local", "answer"): "stable",
    ("have-remote-pranswer", "remote", "pranswer"): "have-remote-pranswer",
    ("have-remote-pranswer", "remote", "answer"): "stable",
}


@pytest.mark.parametrize(
    ("state", "side", "kind"),
    list(
        itertools.product(STATES, ["local", "remote"], ["offer", "pranswer", "answer", "rollback"])
    ),
)
def test_every_description_in_every_state(state: str, side: str, kind: str) -> None:
    pair = Pair(state)
    before = pair.snapshot()
    expected = ALLOWED.get((state, side, kind))

    def apply() -> Applied:
        if side == "local":
            return pair.subject.set_local(Description(kind))
        return pair.subject.set_remote(pair.remote(kind))

    if expected is None:
        with pytest.raises(InvalidStateError):
            apply()
        assert pair.snapshot() == before
        return
    applied = apply()
    assert pair.subject.signaling_state == expected
    assert applied.before == state
    assert applied.after == expected
    rolled_back = kind == "rollback" or (state, side, kind) == (
        "have-local-offer",
        "remote",
        "offer",
    )
    assert applied.rolled_back is rolled_back


def test_the_table_has_no_more_than_that() -> None:
    table = {(a.value, b.value, c.value): d.value for (a, b, c), d in TRANSITIONS.items()}
    implicit = {("have-local-offer", "remote", "offer")}
    assert table == {key: value for key, value in ALLOWED.items() if key not in implicit}
    assert {state for state, _, _ in TRANSITIONS} == set(SignalingState) - {SignalingState.CLOSED}
    assert all(isinstance(side, Side) for _, side, _ in TRANSITIONS)
    assert all(isinstance(kind, DescriptionType) for _, _, kind in TRANSITIONS)


@pytest.mark.parametrize("state", STATES)
def test_creating_in_every_state(state: str) -> None:
    pair = Pair(state)
    before = pair.snapshot()
    if state in ("stable", "have-local-offer"):
        assert pair.subject.create_offer().type == "offer"
    else:
        with pytest.raises(InvalidStateError):
            pair.subject.create_offer()
    if state in ("have-remote-offer", "have-local-pranswer"):
        assert pair.subject.create_answer().type == "answer"
    else:
        with pytest.raises(InvalidStateError):
            pair.subject.create_answer()
    assert pair.snapshot() == before


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("stable", "have-local-offer"),
        ("have-local-offer", "have-local-offer"),
        ("have-remote-offer", "stable"),
        ("have-local-pranswer", "stable"),
        ("have-remote-pranswer", None),
        ("closed", None),
    ],
)
def test_setting_without_argument_chooses_the_type(state: str, expected: str | None) -> None:
    subject = Pair(state).subject
    if expected is None:
        with pytest.raises(InvalidStateError):
            subject.set_local()
    else:
        assert subject.set_local().after == expected


@pytest.mark.parametrize("state", STATES)
def test_other_calls_in_every_state(state: str) -> None:
    subject = Pair(state).subject
    if state == "closed":
        with pytest.raises(InvalidStateError):
            subject.request_application()
    else:
        subject.request_application()
    subject.restart_ice()
    assert subject.negotiation_needed is (state == "stable")
    if state in ("stable", "have-local-offer", "closed"):  # No remote description.
        with pytest.raises(InvalidStateError):
            subject.add_remote_candidate("", "0")
    else:
        assert subject.add_remote_candidate("", "0") is not None
    subject.close()
    subject.close()
    assert subject.signaling_state == "closed"


def test_a_type_that_is_none_is_a_type_error() -> None:
    subject = negotiation(1)
    for call in (subject.set_local, subject.set_remote):
        with pytest.raises(TypeError):
            call(Description("proposal", "v=0"))


def test_a_local_description_must_be_the_last_created() -> None:
    subject = negotiation(1)
    with pytest.raises(InvalidModificationError):
        subject.set_local(Description("offer", negotiation(2).create_offer().sdp))
    with pytest.raises(InvalidModificationError):
        subject.set_local(Description("answer", "v=0\r\n"))
    offer = subject.create_offer()
    for old, new in [
        ("a=ice-ufrag:", "a=ice-ufrag:x"),
        ("a=ice-pwd:", "a=ice-pwd:x"),
        ("a=setup:actpass", "a=setup:active"),
        ("a=sctp-port:5000", "a=sctp-port:5001"),
        ("a=mid:0", "a=mid:1"),
        ("o=- ", "o=x "),
    ]:
        with pytest.raises(InvalidModificationError):
            subject.set_local(Description("offer", offer.sdp.replace(old, new)))
    with pytest.raises(InvalidModificationError):
        subject.set_local(Description("answer", offer.sdp))
    assert subject.signaling_state == "stable"
    # Candidates and line ends are harmless, as they are to browsers.
    changed = (
        offer.sdp.replace("\r\n", "\n").replace(
            "webrtc-datachannel\nc=IN IP4 0.0.0.0", ("webrtc-datachannel\nc=IN IP4 192.0.2.1")
        )
        + "a=candidate:1 1 udp 1 192.0.2.1 5 typ host\na=end-of-candidates\n"
    )
    subject.set_local(Description("offer", changed))
    assert "candidate" not in text_of(subject.local_description)


def test_only_the_last_offer_counts() -> None:
    subject = Negotiation(
        entropy=random.Random(1).randbytes, local=LocalParameters(fingerprints=(FINGERPRINT,))
    )
    first = subject.create_offer()
    assert subject.create_offer() == first
    subject.request_application()
    second = subject.create_offer()
    with pytest.raises(InvalidModificationError):
        subject.set_local(first)
    subject.set_local(second)
    subject.set_local(Description("rollback"))
    subject.set_local(second)


def test_an_offer_that_was_answered_is_not_set_again() -> None:
    pair = Pair("stable")
    offer = pair.subject.create_offer()
    pair.subject.set_local(offer)
    pair.peer.set_remote(offer)
    pair.peer.set_local()
    answer = pair.peer.local_description
    assert answer is not None
    pair.subject.set_remote(answer)
    with pytest.raises(InvalidModificationError):
        pair.subject.set_local(offer)
    with pytest.raises(InvalidModificationError):
        pair.peer.set_local(Description("answer", answer.sdp))


def test_a_rollback_takes_everything_back() -> None:
    pair = Pair("stable")
    before = pair.snapshot()
    pair.subject.set_local()
    applied = pair.subject.set_local(Description("rollback", "never looked at"))
    assert pair.snapshot() == before
    assert applied.transport is None
    pair.peer.set_local()
    pair.subject.set_remote(Description("offer", text_of(pair.peer.local_description)))
    pair.subject.set_remote(Description("rollback"))
    assert pair.snapshot() == before
    assert pair.subject.can_trickle_ice_candidates is None
