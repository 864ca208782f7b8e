"""Who is DTLS client and who server (RFC 5763 §5, RFC 8842 §5)."""

from __future__ import annotations

import random

import pytest

from rtckit.errors import InvalidAccessError
from rtckit.jsep import Applied, Description, DtlsRole, Fingerprint, LocalParameters, Negotiation

FINGERPRINT = Fingerprint("sha-256", ":".join(["AB"] * 32))


def negotiation(seed: int, role: DtlsRole | None = None) -> Negotiation:
    made = Negotiation(
        entropy=random.Random(seed).randbytes,
        local=LocalParameters(fingerprints=(FINGERPRINT,), dtls_role=role),
    )
    made.request_application()
    return made


def text_of(description: Description | None) -> str:
    assert description is not None
    return description.sdp


def role_of(applied: Applied) -> DtlsRole | None:
    assert applied.transport is not None
    return applied.transport.dtls_role


def connect(offerer: Negotiation, answerer: Negotiation) -> tuple[DtlsRole | None, DtlsRole | None]:
    offerer.set_local()
    answerer.set_remote(Description("offer", text_of(offerer.local_description)))
    answered = answerer.set_local()
    settled = offerer.set_remote(Description("answer", text_of(answerer.local_description)))
    return role_of(settled), role_of(answered)


@pytest.mark.parametrize(
    ("offered", "setup", "role"),
    [
        ("actpass", "active", "client"),
        ("active", "passive", "server"),
        ("passive", "active", "client"),
        (None, "active", "client"),
    ],
)
def test_the_answer_follows_the_offer(offered: str | None, setup: str, role: str) -> None:
    offer = negotiation(2).create_offer().sdp
    line = f"a=setup:{offered}\r\n" if offered else ""
    subject = negotiation(1)
    subject.set_remote(Description("offer", offer.replace("a=setup:actpass\r\n", line)))
    assert role_of(subject.set_local()) == role
    assert f"a=setup:{setup}\r\n" in text_of(subject.local_description)


@pytest.mark.parametrize(
    ("answered", "role"), [("active", "server"), ("passive", "client"), (None, "server")]
)
def test_the_answer_settles_the_offerers_role(answered: str | None, role: str) -> None:
    subject, peer = negotiation(1), negotiation(2)
    subject.set_local()
    peer.set_remote(Description("offer", text_of(subject.local_description)))
    line = f"a=setup:{answered}\r\n" if answered else ""
    answer = peer.create_answer().sdp.replace("a=setup:active\r\n", line)
    assert role_of(subject.set_remote(Description("pranswer", answer))) == role
    assert role_of(subject.set_remote(Description("answer", answer))) == role


@pytest.mark.parametrize(
    ("offerer", "answerer", "roles"),
    [
        (None, None, ("server", "client")),
        ("client", None, ("client", "server")),
        ("server", None, ("server", "client")),
        (None, "client", ("server", "client")),
        (None, "server", ("client", "server")),
        ("client", "server", ("client", "server")),
        ("server", "client", ("server", "client")),
    ],
)
def test_a_role_may_be_forced(
    offerer: DtlsRole | None, answerer: DtlsRole | None, roles: tuple[str, str]
) -> None:
    assert connect(negotiation(1, offerer), negotiation(2, answerer)) == roles


@pytest.mark.parametrize("role", ["client", "server"])
def test_two_of_the_same_role_do_not_agree(role: DtlsRole) -> None:
    alice, bob = negotiation(1, role), negotiation(2, role)
    alice.set_local()
    with pytest.raises(InvalidAccessError, match="leaves no room"):
        bob.set_remote(Description("offer", text_of(alice.local_description)))
    assert bob.signaling_state == "stable"


@pytest.mark.parametrize("role", ["client", "server"])
def test_an_answer_that_takes_the_offered_role_is_refused(role: DtlsRole) -> None:
    alice, bob = negotiation(1, role), negotiation(2)
    alice.set_local()
    bob.set_remote(Description("offer", text_of(alice.local_description)))
    answer = bob.create_answer().sdp
    right, wrong = ("passive", "active") if role == "client" else ("active", "passive")
    with pytest.raises(InvalidAccessError, match="does not answer"):
        alice.set_remote(
            Description("answer", answer.replace(f"a=setup:{right}", f"a=setup:{wrong}"))
        )
    assert alice.signaling_state == "have-local-offer"


@pytest.mark.parametrize("first_role", ["client", "server"])
def test_roles_are_kept_whoever_offers_next(first_role: DtlsRole) -> None:
    alice, bob = negotiation(1), negotiation(2, first_role)
    first = connect(alice, bob)
    assert first[1] == first_role
    assert connect(bob, alice) == (first[1], first[0])
    assert connect(alice, bob) == first
    alice.restart_ice()
    assert connect(alice, bob) == first


def test_a_change_of_roles_is_refused() -> None:
    alice, bob = negotiation(1), negotiation(2)
    assert connect(alice, bob) == ("server", "client")
    # Bob is the client: an offer that makes him the server contradicts the association.
    offer = bob.create_offer().sdp.replace("setup:actpass", "setup:passive")
    with pytest.raises(InvalidAccessError, match="leaves no room"):
        alice.set_remote(Description("offer", offer))
    assert alice.signaling_state == "stable"


def test_an_answer_that_forgets_the_roles_leaves_them_as_they_are() -> None:
    alice, bob = negotiation(1), negotiation(2)
    assert connect(alice, bob) == ("server", "client")
    alice.set_local()
    bob.set_remote(Description("offer", text_of(alice.local_description)))
    answer = bob.create_answer().sdp.replace("setup:active", "setup:passive")
    applied = alice.set_remote(Description("answer", answer))
    assert applied.transport is not None
    assert applied.transport.dtls_role == "server"
    assert not applied.dtls_restart


def test_a_new_certificate_begins_a_new_association() -> None:
    alice, bob = negotiation(1), negotiation(2)
    connect(alice, bob)
    before = alice.create_offer().sdp
    # Bob was the client. A Bob with another certificate may be the server.
    offer = bob.create_offer(ice_restart=True).sdp
    offer = offer.replace(str(FINGERPRINT), "sha-256 " + ":".join(["EF"] * 32))
    applied = alice.set_remote(Description("offer", offer.replace("actpass", "passive")))
    assert applied.dtls_restart
    applied = alice.set_local()
    assert applied.dtls_restart
    assert role_of(applied) == "client"
    tls_id = next(line for line in before.split("\r\n") if line.startswith("a=tls-id:"))
    assert tls_id not in text_of(alice.local_description)


def test_another_fingerprint_beside_the_known_one_changes_nothing() -> None:
    alice, bob = negotiation(1), negotiation(2)
    connect(alice, bob)
    line = f"a=fingerprint:{FINGERPRINT}\r\n"
    more = line + "a=fingerprint:sha-256 " + ":".join(["EF"] * 32) + "\r\n"
    applied = alice.set_remote(Description("offer", bob.create_offer().sdp.replace(line, more)))
    assert not applied.dtls_restart
    assert applied.transport is not None
    assert applied.transport.remote is not None
    assert len(applied.transport.remote.fingerprints) == 2


def test_a_new_tls_id_needs_an_ice_restart() -> None:
    for ice_restart in (False, True):
        alice, bob = negotiation(1), negotiation(2)
        connect(alice, bob)
        offer = bob.create_offer(ice_restart=ice_restart).sdp
        tls_id = next(line for line in offer.split("\r\n") if line.startswith("a=tls-id:"))
        description = Description("offer", offer.replace(tls_id, "a=tls-id:" + "x" * 20))
        if ice_restart:
            assert alice.set_remote(description).dtls_restart
            # What a rollback takes back, the next offer does not repeat.
            alice.set_remote(Description("rollback"))
            assert not alice.set_remote(bob.create_offer()).dtls_restart
        else:
            with pytest.raises(InvalidAccessError, match="without an ICE restart"):
                alice.set_remote(description)
            assert alice.signaling_state == "stable"
