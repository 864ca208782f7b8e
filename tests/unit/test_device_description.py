"""Telling offers from answers, remote sides apart, and candidates from anything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.device.description import (
    candidates_of,
    check_description,
    infer_type,
    is_candidate,
    session_of,
    ufrag_of,
)

# What Chromium writes, shortened.
OFFER = (
    "v=0\r\n"
    "o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=group:BUNDLE 0\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=candidate:842163049 1 udp 1677729535 192.0.2.7 46154 typ srflx raddr 10.0.0.2 rport 46154"
    " generation 0 ufrag sPtR network-cost 999\r\n"
    "a=ice-ufrag:sPtR\r\n"
    "a=ice-pwd:vX4Kg8rEwLFHeXzNeHfZDKbH\r\n"
    "a=fingerprint:sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35\r\n"
    "a=setup:actpass\r\n"
    "a=mid:0\r\n"
    "a=sctp-port:5000\r\n"
)


@pytest.mark.parametrize(
    ("setup", "offering", "kind"),
    [
        ("actpass", False, "offer"),
        ("actpass", True, "offer"),
        ("active", True, "answer"),
        ("passive", True, "answer"),
        ("active", False, "answer"),
        ("passive", False, "answer"),
        ("ACTIVE", False, "answer"),
        (None, False, "offer"),
        (None, True, "answer"),
        ("holdconn", True, "answer"),
    ],
)
def test_the_dtls_role_tells_the_type(setup: str | None, offering: bool, kind: str) -> None:
    line = f"a=setup:{setup}\r\n" if setup else ""
    assert infer_type(OFFER.replace("a=setup:actpass\r\n", line), offering=offering) == kind


def test_lines_may_end_without_carriage_return() -> None:
    sdp = OFFER.replace("\r\n", "\n")
    assert infer_type(sdp, offering=True) == "offer"
    assert ufrag_of(sdp) == "sPtR"
    assert candidates_of(sdp) == candidates_of(OFFER)


def test_candidates_come_as_scripts_pass_them_on() -> None:
    (candidate,) = candidates_of(OFFER)
    assert candidate.startswith("candidate:842163049 1 udp 1677729535 192.0.2.7 46154 typ srflx")
    assert is_candidate(candidate)
    assert ufrag_of(candidate) == "sPtR"


@pytest.mark.parametrize(
    "text",
    [
        "candidate:1 1 udp 2113667327 192.0.2.1 50000 typ host",
        "candidate:1 1 UDP 2113667327 fd00::2 50000 typ host generation 0",
        "candidate:4f3a/+ 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
        "candidate:1 1 udp 2113937151 0d6ae4ee-4b36-4b8e-8b3b-0f9a0f7e3c11.local 51000 typ host",
    ],
)
def test_candidates_are_recognised(text: str) -> None:
    assert is_candidate(text)
    assert ufrag_of(text) is None


@pytest.mark.parametrize(
    "text", ["", "candidate:", "candidate:1 1 udp x 1.2.3.4 5 typ host", "hello", "candidate:1 1"]
)
def test_anything_else_is_no_candidate(text: str) -> None:
    assert not is_candidate(text)


def test_a_remote_side_is_known_by_session_and_certificate() -> None:
    again = OFFER.replace("051336 2 IN", "051336 3 IN").replace("sPtR", "xxxx")
    assert session_of(again) == session_of(OFFER)
    assert session_of(OFFER.replace("051336 2", "051337 2")) != session_of(OFFER)
    assert session_of(OFFER.replace("6B:8B", "6B:8C")) != session_of(OFFER)


@pytest.mark.parametrize(
    ("sdp", "reason"),
    [
        ("", "v=0"),
        ("hello", "v=0"),
        ("v=0\r\n", "fingerprint"),
        (OFFER.replace("a=ice-ufrag", "a=x"), "ICE"),
        (OFFER.replace("a=fingerprint", "a=x"), "fingerprint"),
    ],
)
def test_what_is_no_description_is_refused_with_a_reason(sdp: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_description(sdp)


def test_a_description_passes() -> None:
    check_description(OFFER)


@given(st.text(alphabet=st.sampled_from("a=setup:candidate 1v0o\r\n-ufrag"), max_size=300))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_reading_never_raises(sdp: str) -> None:
    infer_type(sdp, offering=True)
    session_of(sdp)
    ufrag_of(sdp)
    for candidate in candidates_of(sdp):
        is_candidate(candidate)
        ufrag_of(candidate)
