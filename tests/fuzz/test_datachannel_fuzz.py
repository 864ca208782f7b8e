"""Hostile DCEP: only ParseError, and what parses is written back the same."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.datachannel import ChannelType, DataChannelOpen, decode_payload, parse_dcep
from rtckit.seam import ParseError

QUICK = settings(max_examples=300, deadline=None, derandomize=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@QUICK
@given(st.one_of(st.binary(max_size=60), st.binary(max_size=40).map(lambda b: b"\x03" + b)))
def test_dcep_only_raises_parse_error(data: bytes) -> None:
    try:
        message = parse_dcep(data)
    except ParseError:
        return
    if isinstance(message, DataChannelOpen):
        assert message.encode() == data


@QUICK
@given(
    st.sampled_from(ChannelType),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.integers(0, 65_535),
    TEXT,
    TEXT,
)
def test_open_round_trips(
    kind: ChannelType, ordered: bool, reliability: int, priority: int, label: str, protocol: str
) -> None:
    message = DataChannelOpen(kind, ordered, reliability, priority, label, protocol)
    assert parse_dcep(message.encode()) == message


@QUICK
@given(st.integers(0, 2**32 - 1) | st.integers(50, 58), st.binary(max_size=40))
def test_any_payload_decodes(ppid: int, data: bytes) -> None:
    assert isinstance(decode_payload(ppid, data), str | bytes | None)
