"""Hostile remote descriptions and candidates raise W3C errors, and change nothing when they do."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.errors import DOMException
from rtckit.jsep import Description, Fingerprint, LocalParameters, Negotiation
from rtckit.sdp import SessionDescription

FINGERPRINT = Fingerprint("sha-256", ":".join(["AB"] * 32))
SAMPLES = [
    path.read_bytes().decode()
    for path in sorted((Path(__file__).parents[1] / "unit" / "sdp_samples").glob("*.sdp"))
]
LINES = sorted({line for sample in SAMPLES for line in sample.split("\r\n") if line})
ATTRIBUTES = [line for line in LINES if line.startswith(("a=", "c=", "b=", "m="))]


def negotiation(seed: int = 1) -> Negotiation:
    made = Negotiation(
        entropy=random.Random(seed).randbytes,
        local=LocalParameters(fingerprints=(FINGERPRINT,)),
    )
    made.request_application()
    return made


def remade(data: st.DataObject, text: str) -> str:
    """``text`` with lines taken out, doubled, moved, spoiled or brought in."""
    lines = text.rstrip().split("\r\n")
    for _ in range(data.draw(st.integers(0, 5))):
        index = data.draw(st.integers(0, len(lines) - 1))
        action = data.draw(st.integers(0, 4))
        if action == 0 and len(lines) > 5:
            del lines[index]
        elif action == 1:
            lines.insert(data.draw(st.integers(0, len(lines))), lines[index])
        elif action == 2:
            lines.insert(index, data.draw(st.sampled_from(ATTRIBUTES)))
        elif action == 3:
            lines[index] = data.draw(st.sampled_from(LINES))
        else:
            words = lines[index].split(" ")
            words[data.draw(st.integers(0, len(words) - 1))] = data.draw(
                st.sampled_from(["0", "1", "9", "-1", "x", "", "65536", "a=mid:1"])
            )
            lines[index] = " ".join(words)
    return "\r\n".join(lines) + "\r\n"


def snapshot(subject: Negotiation) -> tuple[object, ...]:
    return (
        subject.signaling_state,
        subject.local_description,
        subject.remote_description,
        subject.transport,
        subject.negotiation_needed,
    )


def try_remote(subject: Negotiation, description: Description) -> bool:
    before = snapshot(subject)
    try:
        subject.set_remote(description)
    except DOMException:
        assert snapshot(subject) == before
        return False
    return True


def answer(subject: Negotiation) -> None:
    subject.set_local()
    assert subject.signaling_state == "stable"
    text = subject.local_description
    assert text is not None
    SessionDescription.parse(text.sdp)


@given(st.data())
@settings(deadline=None, derandomize=True, max_examples=90)
def test_offers_one_after_another(data: st.DataObject) -> None:
    subject = negotiation()
    for _ in range(data.draw(st.integers(1, 3))):
        offer = remade(data, data.draw(st.sampled_from(SAMPLES)))
        if try_remote(subject, Description("offer", offer)):
            answer(subject)
            subject.create_offer()


@given(st.data())
@settings(deadline=None, derandomize=True, max_examples=90)
def test_a_peer_that_spoils_its_own_offers_and_answers(data: st.DataObject) -> None:
    subject, peer = negotiation(1), negotiation(2)
    for _ in range(data.draw(st.integers(1, 4))):
        if data.draw(st.booleans()):
            subject.set_local()
            offer = subject.local_description
            assert offer is not None
            peer.set_remote(offer)
            reply = remade(data, peer.create_answer().sdp)
            kind = data.draw(st.sampled_from(["answer", "pranswer"]))
            settled = try_remote(subject, Description(kind, reply)) and kind == "answer"
            if not settled and not try_remote(subject, peer.create_answer()):
                return
            peer.set_local()
        else:
            offer = peer.create_offer(ice_restart=data.draw(st.booleans()))
            if try_remote(subject, Description("offer", remade(data, offer.sdp))):
                answer(subject)
                return


@given(
    st.one_of(st.text(max_size=80), st.sampled_from([line[2:] for line in LINES])),
    st.one_of(st.none(), st.sampled_from(["0", "1", "2", ""])),
    st.one_of(st.none(), st.integers(-2, 4)),
    st.one_of(st.none(), st.text(max_size=6)),
)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_candidates(
    candidate: str, mid: str | None, mline_index: int | None, ufrag: str | None
) -> None:
    subject = negotiation()
    sample = next(text for text in SAMPLES if "a=mid:2" in text)
    subject.set_remote(Description("offer", sample))
    before = snapshot(subject)
    try:
        subject.add_remote_candidate(candidate, mid, mline_index, ufrag)
    except (DOMException, TypeError):
        assert snapshot(subject) == before
    answer(subject)
