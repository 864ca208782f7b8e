"""Whatever a stranger sends as signaling or control, only the named error comes of it."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.server.demo import bulk
from rtckit.signaling import MessageError, decode, encode

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=6,
)
_messages = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["hello", "offer", "answer", "candidate", "end-of-candidates", "request-offer", "error"]
        )
    },
    optional={
        key: _json | st.text(max_size=20)
        for key in (
            "candidate",
            "protocol",
            "reason",
            "sdp",
            "sdpMLineIndex",
            "sdpMid",
            "service",
            "usernameFragment",
            "version",
        )
    },
).map(json.dumps)
_controls = st.fixed_dictionaries(
    {"op": st.sampled_from(["get", "stop", "put", "end", "progress", "got"])},
    optional=dict.fromkeys(("bytes", "seconds", "sha256"), _json),
).map(json.dumps)


@settings(deadline=None, derandomize=True, max_examples=600)
@given(st.text(max_size=60) | _json.map(json.dumps) | _messages)
def test_signaling_fails_in_one_way_and_writes_what_it_reads(text: str) -> None:
    try:
        message = decode(text)
    except MessageError:
        return
    assert decode(encode(message)) == message


@settings(deadline=None, derandomize=True, max_examples=600)
@given(st.text(max_size=60) | _json.map(json.dumps) | _controls)
def test_control_fails_in_one_way(text: str) -> None:
    try:
        control = bulk.decode(text)
    except bulk.ControlError:
        return
    bulk.encode(control)
