"""Offers and answers for data channels, with browsers' descriptions and with our own."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rtckit.errors import InvalidAccessError, RTCError, SDPSyntaxError
from rtckit.jsep import (
    Applied,
    Description,
    Fingerprint,
    IceCredentials,
    LocalParameters,
    Negotiation,
    SctpParameters,
    TransportState,
)
from rtckit.sdp import Limits, SessionDescription

FINGERPRINT = Fingerprint("sha-256", ":".join(["AB"] * 32))
OTHER_FINGERPRINT = Fingerprint("sha-512", ":".join(["CD"] * 64))


def sample(name: str) -> str:
    return (Path(__file__).parent / "sdp_samples" / f"{name}.sdp").read_bytes().decode()


def negotiation(seed: int = 1, **local: object) -> Negotiation:
    local.setdefault("fingerprints", (FINGERPRINT,))
    return Negotiation(
        entropy=random.Random(seed).randbytes,
        local=LocalParameters(**local),  # type: ignore[arg-type]
    )


def described(description: Description | None) -> Description:
    assert description is not None
    return description


def parsed(description: Description | None) -> SessionDescription:
    return SessionDescription.parse(described(description).sdp)


def transport(applied: Applied) -> TransportState:
    assert applied.transport is not None
    return applied.transport


def exchange(offerer: Negotiation, answerer: Negotiation) -> tuple[Applied, Applied]:
    """A whole offer and answer; what the answer changed at the offerer and at the answerer."""
    offerer.set_local()
    answerer.set_remote(described(offerer.local_description))
    answered = answerer.set_local()
    return offerer.set_remote(described(answerer.local_description)), answered


def answer_to(offer: str) -> tuple[SessionDescription, Applied]:
    subject = negotiation()
    subject.set_remote(Description("offer", offer))
    applied = subject.set_local()
    assert applied.after == "stable"
    return parsed(subject.local_description), applied


def test_two_of_us_agree_on_a_data_channel() -> None:
    alice = negotiation(1, sctp_port=5001, max_message_size=0)
    bob = negotiation(2)
    alice.request_application()
    assert alice.negotiation_needed

    offered = alice.set_local()
    assert (offered.application, offered.local_changed) == ("offered", True)
    assert transport(offered).remote is None

    received = bob.set_remote(described(alice.local_description))
    assert (received.application, received.local_changed) == ("offered", False)
    assert transport(received).sctp == SctpParameters(5000, 5001, None)
    assert transport(received).dtls_role is None

    answered = bob.set_local()
    assert (answered.application, answered.local_changed) == ("accepted", True)
    assert transport(answered).dtls_role == "client"

    settled = alice.set_remote(described(bob.local_description))
    assert (settled.application, settled.remote_changed) == ("accepted", True)
    assert transport(settled).dtls_role == "server"
    assert transport(settled).sctp == SctpParameters(5001, 5000, 262144)
    assert not alice.negotiation_needed
    assert not bob.negotiation_needed
    a, b = transport(settled), transport(answered)
    assert a.remote is not None
    assert b.remote is not None
    assert a.local == IceCredentials(b.remote.ufrag, b.remote.pwd)
    assert b.local == IceCredentials(a.remote.ufrag, a.remote.pwd)
    assert a.remote.fingerprints == (FINGERPRINT,)
    assert a.remote.trickle
    assert alice.can_trickle_ice_candidates is True


def test_the_offer_follows_rfc_9429() -> None:
    subject = negotiation(fingerprints=(FINGERPRINT, OTHER_FINGERPRINT))
    subject.request_application()
    offer = parsed(subject.create_offer())
    assert offer.origin.username == "-"
    assert offer.origin.session_id < 2**63 - 1
    assert offer.origin.address == "0.0.0.0"
    assert offer.ice_options == ("trickle", "ice2")
    assert [group.mids for group in offer.bundles] == [("0",)]
    (media,) = offer.media
    assert str(media.lines[0]) == "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"
    assert str(media.lines[1]) == "c=IN IP4 0.0.0.0"
    assert media.fingerprints == (FINGERPRINT, OTHER_FINGERPRINT)
    assert media.setup == "actpass"
    assert media.tls_id is not None
    assert (media.sctp_port, media.max_message_size) == (5000, 262144)
    assert not offer.ice_lite
    assert parsed(negotiation(ice_lite=True).create_offer()).ice_lite


def test_an_offer_of_nothing_is_an_offer() -> None:
    alice, bob = negotiation(1), negotiation(2)
    settled, answered = exchange(alice, bob)
    assert settled.transport is None
    assert answered.application == "none"
    bob.request_application()
    assert bob.negotiation_needed
    settled, _ = exchange(bob, alice)
    assert settled.application == "accepted"


def test_the_session_version_grows_with_changes_only() -> None:
    subject = negotiation()
    first = parsed(subject.create_offer()).origin
    assert parsed(subject.create_offer()).origin == first
    subject.request_application()
    second = parsed(subject.create_offer()).origin
    assert second.session_version == first.session_version + 1
    assert second.session_id == first.session_id
    # RFC 9429 §5.2.2: it goes on growing after a rollback.
    subject.set_local()
    subject.set_local(Description("rollback"))
    third = parsed(subject.create_offer(ice_restart=True)).origin
    assert third.session_version >= second.session_version


@pytest.mark.parametrize(
    ("name", "mid", "index", "candidates"),
    [
        ("chromium_data_offer", "0", 0, 2),
        ("chromium_full_offer", "2", 2, 2),
        ("chromium_full_offer_max_bundle", "2", 2, 2),
        ("firefox_data_offer", "0", 0, 4),
        ("firefox_full_offer", "2", 2, 4),
        ("firefox_full_offer_max_bundle", "2", 2, 8),
        ("aiortc_data_offer", "0", 0, 2),
        ("aiortc_full_offer", "2", 2, 2),
        ("pion_data_offer", "0", 0, 3),
        ("gstreamer_full_offer", "application1", 1, 0),
        ("esp_peer_offer", "1", 1, 1),
        ("sctpmap_offer", "data", 0, 0),
        ("rfc8829_offer_b1", "d1", 0, 0),
    ],
)
def test_others_offers_are_answered(name: str, mid: str, index: int, candidates: int) -> None:
    offer = SessionDescription.parse(sample(name))
    if name == "rfc8829_offer_b1":
        index = next(i for i, media in enumerate(offer.media) if media.kind == "application")
        mid = offer.media[index].mid or ""
    answer, applied = answer_to(sample(name))
    state = transport(applied)
    assert (state.mid, state.mline_index) == (mid, index)
    assert state.remote is not None
    if name != "rfc8829_offer_b1":
        assert len(state.remote.candidates) == candidates
    assert state.dtls_role == "client"
    assert [media.kind for media in answer.media] == [media.kind for media in offer.media]
    assert [media.mid for media in answer.media] == [media.mid for media in offer.media]
    for position, (media, offered) in enumerate(zip(answer.media, offer.media, strict=True)):
        assert media.protocol == offered.protocol
        assert media.rejected is (position != index)
        assert not media.bundle_only
    # The rejected sections leave the bundle.
    assert [group.mids for group in answer.bundles] == [(mid,)]


@pytest.mark.parametrize("name", ["ffmpeg_whip_offer", "rfc8829_offer_a1", "rfc8829_offer_c1"])
def test_media_alone_is_turned_down(name: str) -> None:
    answer, applied = answer_to(sample(name))
    assert applied.transport is None
    assert applied.application == "none"
    assert all(media.port == 0 for media in answer.media)
    assert not answer.bundles
    assert "ice-ufrag" not in str(answer)


def test_an_offer_without_mid_gets_an_answer_without() -> None:
    answer, applied = answer_to(sample("bare_offer_without_mid"))
    (media,) = answer.media
    assert media.mid is None
    assert not answer.bundles
    assert not answer.ice_options
    state = transport(applied)
    assert (state.mid, state.mline_index) == (None, 0)
    assert state.dtls_role == "client"
    assert state.remote is not None
    assert not state.remote.trickle
    assert state.sctp == SctpParameters(5000, 5000, 65536)  # RFC 8841 §6.1's default.


def test_the_old_writing_is_answered_in_kind() -> None:
    answer, applied = answer_to(sample("sctpmap_offer"))
    (media,) = answer.media
    assert str(media.lines[0]) == "m=application 9 DTLS/SCTP 5000"
    assert media.attribute("sctpmap") == "5000 webrtc-datachannel 65535"
    assert not media.has("sctp-port")
    assert transport(applied).sctp == SctpParameters(5000, 5000, 65536)


def test_options_are_answered_only_if_offered() -> None:
    answer, _ = answer_to(sample("chromium_data_offer"))
    assert answer.ice_options == ("trickle",)
    assert answer.media[0].tls_id is None
    answer, _ = answer_to(sample("aiortc_data_offer"))
    assert answer.ice_options == ()


def test_session_level_attributes_are_inherited() -> None:
    offer = sample("chromium_data_offer")
    for name in ("ice-ufrag", "ice-pwd", "ice-options", "fingerprint", "setup"):
        line = next(line for line in offer.split("\r\n") if line.startswith(f"a={name}:"))
        offer = offer.replace(f"{line}\r\n", "").replace("m=", f"{line}\r\nm=")
    offer = offer.replace("m=", "a=ice-lite\r\na=end-of-candidates\r\nm=")
    _, applied = answer_to(offer)
    remote = transport(applied).remote
    assert remote is not None
    assert remote.ufrag == "J85w"
    assert remote.trickle
    assert remote.ice_lite
    assert remote.end_of_candidates
    assert len(remote.fingerprints) == 1


def test_bundled_sections_use_the_tagged_sections_attributes() -> None:
    offer = SessionDescription.parse(sample("firefox_full_offer_max_bundle"))
    application = offer.media[2]
    for name in ("ice-ufrag", "ice-pwd", "fingerprint", "setup"):
        application.remove(name)
    offer.remove("fingerprint")
    offer.media[0].set("fingerprint", str(OTHER_FINGERPRINT))
    _, applied = answer_to(str(offer))
    remote = transport(applied).remote
    assert remote is not None
    assert remote.ufrag == offer.media[0].ice_ufrag
    assert remote.fingerprints == (OTHER_FINGERPRINT,)
    assert len(remote.candidates) == 8


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("a=ice-ufrag:J85w\r\n", "", "no ice-ufrag"),
        ("a=ice-pwd:Stg0IH35lDLAj84rwjY28vOh\r\n", "", "no ice-ufrag"),
        ("a=fingerprint", "a=x-fingerprint", "no fingerprint"),
        ("a=setup:actpass", "a=setup:holdconn", "holdconn"),
        ("BUNDLE 0", "BUNDLE 0 1", "without section"),
        ("BUNDLE 0", "BUNDLE 0 0", "bundled twice"),
    ],
)
def test_what_an_offer_may_not_lack(old: str, new: str, reason: str) -> None:
    subject = negotiation()
    with pytest.raises(InvalidAccessError, match=reason):
        subject.set_remote(Description("offer", sample("chromium_data_offer").replace(old, new)))
    assert subject.signaling_state == "stable"
    assert subject.remote_description is None


def test_a_syntax_error_names_its_line() -> None:
    subject = negotiation()
    text = sample("chromium_data_offer").replace("a=setup:actpass", "a=setup:both")
    with pytest.raises(SDPSyntaxError) as caught:
        subject.set_remote(Description("offer", text))
    assert isinstance(caught.value, RTCError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.errorDetail == "sdp-syntax-error"
    assert caught.value.sdpLineNumber == 16
    assert "four roles" in caught.value.message


def test_limits_are_the_callers() -> None:
    subject = Negotiation(
        entropy=random.Random(1).randbytes,
        local=LocalParameters(fingerprints=(FINGERPRINT,)),
        limits=Limits(max_media=2),
    )
    with pytest.raises(SDPSyntaxError, match="more than 2 media"):
        subject.set_remote(Description("offer", sample("chromium_full_offer")))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("m=application", "m=video", "answers application with video"),
        ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "answers UDP/DTLS/SCTP with"),
        ("a=mid:0", "a=mid:1", "without section"),
        ("a=setup:active", "a=setup:actpass", "in an answer"),
        ("a=fingerprint", "a=x-fingerprint", "no fingerprint"),
        ("a=group:BUNDLE 0\r\n", "a=group:BUNDLE 0 0\r\n", "twice"),
        ("m=application", "m=audio 0 RTP/AVP 0\r\nm=application", "2 sections, the offer 1"),
    ],
)
def test_what_an_answer_may_not_be(old: str, new: str, reason: str) -> None:
    alice, bob = negotiation(1), negotiation(2)
    alice.request_application()
    alice.set_local()
    bob.set_remote(described(alice.local_description))
    answer = bob.create_answer().sdp.replace(old, new)
    with pytest.raises(InvalidAccessError, match=reason):
        alice.set_remote(Description("answer", answer))
    assert alice.signaling_state == "have-local-offer"
    assert alice.remote_description is None
    alice.set_remote(bob.create_answer())


def test_sections_that_were_not_offered_are_not_answered() -> None:
    alice, bob = negotiation(1), negotiation(2)
    bob.request_application()
    exchange(bob, alice)
    alice.set_remote(Description("offer", sample_with_media(parsed(bob.local_description))))
    alice.set_local()
    # Alice's next offer keeps the video section's place with port 0.
    offer = parsed(alice.create_offer())
    assert [media.port == 0 for media in offer.media] == [False, True]
    alice.set_local()
    answer = offer.copy()
    answer.media[0].set("setup", "active")
    line = answer.media[1].media_line
    answer.media[1].set_field("m", f"video 9 {line.protocol} 96")
    with pytest.raises(InvalidAccessError, match="was not offered"):
        alice.set_remote(Description("answer", str(answer)))


def test_sections_that_were_not_bundled_are_not_bundled_in_the_answer() -> None:
    alice, bob = negotiation(1), negotiation(2)
    bob.request_application()
    exchange(bob, alice)
    alice.set_remote(Description("offer", sample_with_media(parsed(bob.local_description))))
    alice.set_local()
    alice.set_local()
    answer = parsed(alice.local_description)
    answer.media[0].set("setup", "active")
    answer.set("group", "BUNDLE 0 v")
    with pytest.raises(InvalidAccessError, match="bundles sections that the offer does not"):
        alice.set_remote(Description("answer", str(answer)))
    answer.set("group", "BUNDLE 0")
    alice.set_remote(Description("answer", str(answer)))


def test_a_remote_offer_that_is_refused_rolls_nothing_back() -> None:
    alice = negotiation(1)
    alice.request_application()
    alice.set_local()
    before = alice.local_description
    for text in ("v=0", sample("chromium_data_offer").replace("a=fingerprint", "a=x")):
        with pytest.raises((SDPSyntaxError, InvalidAccessError)):
            alice.set_remote(Description("offer", text))
        assert alice.signaling_state == "have-local-offer"
        assert alice.pending_local_description == before


def test_a_place_that_the_peer_recycles_is_new_to_us() -> None:
    alice, bob = negotiation(1), negotiation(2)
    alice.request_application()
    alice.set_local()
    first = alice.transport
    bob.set_remote(described(alice.local_description))
    rejection = bob.create_answer().sdp.replace("m=application 9", "m=application 0")
    rejection = rejection.replace("a=group:BUNDLE 0\r\n", "")
    alice.set_remote(Description("answer", rejection))
    applied = alice.set_remote(
        Description(
            "offer",
            sample("chromium_data_offer").replace("mid:0", "mid:9").replace("BUNDLE 0", "BUNDLE 9"),
        )
    )
    assert transport(applied).local is None
    applied = alice.set_local()
    assert applied.application == "accepted"
    assert applied.local_changed
    assert first is not None
    assert transport(applied).local != first.local
    assert transport(applied).dtls_role == "client"


def test_a_thousand_bundled_sections_are_no_burden() -> None:
    head, _, data = sample("chromium_data_offer").partition("m=")
    data = "".join(
        f"{line}\r\n"
        for line in f"m={data}".split("\r\n")
        if line and not line.startswith(("a=ice-", "a=candidate"))
    )
    count = 1000
    video = "m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=bundle-only\r\na=mid:v{}\r\n"
    sections = "".join(video.format(number) for number in range(count))
    mids = " ".join(f"v{number}" for number in range(count))
    credentials = "a=ice-ufrag:J85w\r\na=ice-pwd:Stg0IH35lDLAj84rwjY28vOh\r\n"
    credentials += f"a=fingerprint:{FINGERPRINT}\r\n"
    offer = head.replace("BUNDLE 0", f"BUNDLE {mids} 0") + sections + data
    subject = negotiation()
    with pytest.raises(InvalidAccessError, match="no ice-ufrag"):
        subject.set_remote(Description("offer", offer))
    applied = subject.set_remote(
        Description("offer", offer.replace("v999\r\n", f"v999\r\n{credentials}"))
    )
    assert applied.application == "offered"
    subject.set_local()
    located = subject.add_remote_candidate("1 1 udp 1 192.0.2.1 5 typ host", "v999")
    assert located is not None
    assert located.for_transport


def sample_with_media(offer: SessionDescription) -> str:
    video = next(
        media
        for media in SessionDescription.parse(sample("chromium_full_offer")).media
        if media.kind == "video"
    )
    video.set("mid", "v")
    offer.media.append(video)
    offer.origin = offer.origin
    return str(offer)


def test_our_offer_may_be_turned_down() -> None:
    alice = negotiation(1)
    alice.request_application()
    alice.set_local()
    offer = parsed(alice.local_description)
    answer = (
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
    )
    applied = alice.set_remote(Description("answer", answer))
    assert applied.application == "rejected"
    assert applied.transport is None
    # Nobody asks again by itself; when one does, the place is taken with a new mid.
    assert not alice.negotiation_needed
    assert parsed(alice.create_offer()).media[0].rejected
    alice.request_application()
    assert alice.negotiation_needed
    again = parsed(alice.create_offer())
    assert len(again.media) == 1
    assert again.media[0].mid == "1"
    assert again.media[0].ice_ufrag != offer.media[0].ice_ufrag
    bob = negotiation(2)
    alice.set_local()
    bob.set_remote(described(alice.local_description))
    bob.set_local()
    assert alice.set_remote(described(bob.local_description)).application == "accepted"


def test_a_place_that_was_turned_down_is_recycled() -> None:
    subject = negotiation()
    media_only = sample("rfc8829_offer_a1")
    subject.set_remote(Description("offer", media_only))
    subject.set_local()
    subject.request_application()
    offer = parsed(subject.create_offer())
    assert [media.kind for media in offer.media] == ["application", "video"]
    assert offer.media[0].mid not in {"a1", "v1"}
    assert [group.mids for group in offer.bundles] == [(offer.media[0].mid,)]


def test_sections_keep_their_places() -> None:
    alice, bob = negotiation(1), negotiation(2)
    alice.request_application()
    exchange(alice, bob)
    offer = bob.create_offer().sdp
    with pytest.raises(InvalidAccessError, match="had the mid 0, has 7"):
        alice.set_remote(
            Description("offer", offer.replace(" 0\r\n", " 7\r\n").replace("mid:0", "mid:7"))
        )
    with pytest.raises(InvalidAccessError, match="was application, is audio"):
        alice.set_remote(Description("offer", offer.replace("m=application 9", "m=audio 9")))
    head, _, _ = offer.partition("m=")
    with pytest.raises(InvalidAccessError, match="0 sections, of 1"):
        alice.set_remote(Description("offer", head.replace("a=group:BUNDLE 0\r\n", "")))
    assert alice.signaling_state == "stable"
    alice.set_remote(Description("offer", offer))


def test_the_peer_closes_the_association_with_port_zero() -> None:
    alice, bob = negotiation(1), negotiation(2)
    alice.request_application()
    exchange(alice, bob)
    offer = bob.create_offer().sdp.replace("sctp-port:5000", "sctp-port:0")
    applied = alice.set_remote(Description("offer", offer))
    assert transport(applied).sctp is None


def test_the_peer_takes_the_section_out_of_use() -> None:
    alice, bob = negotiation(1), negotiation(2)
    alice.request_application()
    exchange(alice, bob)
    offer = bob.create_offer().sdp.replace("m=application 9", "m=application 0")
    offer = offer.replace("a=group:BUNDLE 0\r\n", "")
    applied = alice.set_remote(Description("offer", offer))
    assert applied.transport is None
    applied = alice.set_local()
    assert applied.application == "rejected"
    assert parsed(alice.local_description).media[0].rejected


def test_only_the_first_application_section_is_taken() -> None:
    offer = SessionDescription.parse(sample("chromium_data_offer"))
    second = offer.media[0].copy()
    second.set("mid", "1")
    offer.media.append(second)
    offer.set("group", "BUNDLE 0 1")
    answer, applied = answer_to(str(offer))
    assert [media.rejected for media in answer.media] == [False, True]
    assert transport(applied).mline_index == 0


@pytest.mark.parametrize(
    "line",
    [
        "m=application 9 UDP/BFCP *",
        "m=application 9 UDP/DTLS/SCTP other-protocol",
        "m=application 9 SCTP webrtc-datachannel",
    ],
)
def test_other_applications_are_turned_down(line: str) -> None:
    offer = sample("chromium_data_offer").replace(
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", line
    )
    answer, applied = answer_to(offer)
    assert applied.transport is None
    assert answer.media[0].rejected


def test_local_parameters_are_checked() -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        LocalParameters(fingerprints=())
    with pytest.raises(ValueError, match="sctp_port"):
        LocalParameters(fingerprints=(FINGERPRINT,), sctp_port=0)
    with pytest.raises(ValueError, match="max_message_size"):
        LocalParameters(fingerprints=(FINGERPRINT,), max_message_size=-1)
    with pytest.raises(ValueError, match="dtls_role"):
        LocalParameters(fingerprints=(FINGERPRINT,), dtls_role="both")  # type: ignore[arg-type]
