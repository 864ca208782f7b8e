"""Parsing a description fails with ParseError or not at all, and what parses is stable."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.sdp import SdpFragment, SessionDescription
from rtckit.seam import ParseError

SAMPLES = [
    path.read_bytes().decode()
    for path in sorted((Path(__file__).parents[1] / "unit" / "sdp_samples").glob("*.sdp"))
]
LINES = sorted({line for sample in SAMPLES for line in sample.split("\r\n") if line})


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        filler = draw(
            st.one_of(
                st.just(""),
                st.text(max_size=8),
                st.sampled_from(LINES).map(lambda line: f"\r\n{line}\r\n"),
                st.sampled_from(["\r\n", " ", ":", "=", "0", "-1", "9" * 20, "²", "\0"]),
            )
        )
        text = text[:start] + filler + text[end:]
    return text


@st.composite
def spoiled_line(draw: st.DrawFn) -> str:
    """A description with one line of a sample, its value spoiled: past the first checks."""
    head, _, value = draw(st.sampled_from(LINES)).partition(":")
    words = value.split(" ")
    index = draw(st.integers(0, len(words) - 1))
    words[index] = draw(
        st.one_of(
            st.text(max_size=6),
            st.sampled_from(["", "0", "-1", "4294967296", "²", "a;b", "~", "/", ",", "1/2/3/4"]),
        )
    )
    head_lines = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
    return f"{head_lines}{head}:{' '.join(words)}\r\n"


def parses_or_refuses(text: str) -> None:
    lines = text.count("\n") + text.count("\\n") + 1
    try:
        description = SessionDescription.parse(text)
    except ParseError as error:
        assert 1 <= error.offset <= lines
        return
    again = str(description)
    assert str(SessionDescription.parse(again)) == again
    for section in (description, *description.media):
        for kind in type(section).__mro__:
            for name, attribute in vars(kind).items():
                if isinstance(attribute, property):
                    getattr(section, name)


@given(mutated())
@settings(deadline=None, derandomize=True, max_examples=300)
def test_mutated_descriptions(text: str) -> None:
    parses_or_refuses(text)


@given(spoiled_line())
@settings(deadline=None, derandomize=True, max_examples=600)
def test_spoiled_lines(text: str) -> None:
    parses_or_refuses(text)


@given(st.text())
@settings(deadline=None, derandomize=True, max_examples=200)
def test_any_text(text: str) -> None:
    parses_or_refuses(text)
    try:
        SdpFragment.parse(text)
    except ParseError as error:
        assert error.offset >= 1
