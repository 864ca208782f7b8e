"""Signaling messages: what goes over the wire, and what is refused."""

from __future__ import annotations

import json

import pytest

from rtckit.signaling import (
    MAX_MESSAGE_SIZE,
    Candidate,
    Description,
    EndOfCandidates,
    Failure,
    Hello,
    Message,
    MessageError,
    OfferRequest,
    decode,
    encode,
)


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (
            Hello("rtckit-demo", 1, "0.1.0"),
            {"type": "hello", "service": "rtckit-demo", "protocol": 1, "version": "0.1.0"},
        ),
        (Description("offer", "v=0\r\n"), {"type": "offer", "sdp": "v=0\r\n"}),
        (Description("answer", "v=0\r\n"), {"type": "answer", "sdp": "v=0\r\n"}),
        (
            Candidate("candidate:1 1 udp 1 ::1 9 typ host", "0", 0, "ab"),
            {
                "type": "candidate",
                "candidate": "candidate:1 1 udp 1 ::1 9 typ host",
                "sdpMid": "0",
                "sdpMLineIndex": 0,
                "usernameFragment": "ab",
            },
        ),
        (EndOfCandidates(), {"type": "end-of-candidates"}),
        (OfferRequest(), {"type": "request-offer"}),
        (Failure("full"), {"type": "error", "reason": "full"}),
    ],
)
def test_every_message_has_its_json(message: Message, wire: dict[str, object]) -> None:
    assert json.loads(encode(message)) == wire
    assert decode(json.dumps(wire)) == message


def test_what_browsers_stringify_is_understood() -> None:
    # JSON.stringify({type: "candidate", ...candidate.toJSON()}) in Chromium, and in Firefox.
    chromium = (
        '{"type":"candidate","candidate":"candidate:1 1 udp 2113937151 a.local 5 typ host",'
        '"sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"x1Yz"}'
    )
    assert decode(chromium) == Candidate(
        "candidate:1 1 udp 2113937151 a.local 5 typ host", "0", 0, "x1Yz"
    )
    # An empty candidate is how a browser says that a generation is complete.
    firefox = '{"type":"candidate","candidate":"","sdpMid":"0","sdpMLineIndex":0}'
    assert decode(firefox) == EndOfCandidates()


def test_unknown_keys_are_left_to_later_versions() -> None:
    assert decode('{"type":"end-of-candidates","generation":2}') == EndOfCandidates()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 50_000, "not JSON"),
        ("9" * 5_000, "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "unknown message type"),
        ('{"type":["offer"]}', "unknown message type"),
        ('{"type":"bye"}', "unknown message type"),
        ('{"type":"offer"}', "sdp is missing"),
        ('{"type":"offer","sdp":7}', "sdp is missing"),
        ('{"type":"offer","sdp":"\\ud800"}', "sdp is not Unicode"),
        ('{"type":"candidate","candidate":"x"}', "neither sdpMid nor"),
        ('{"type":"candidate","candidate":"x","sdpMid":1}', "sdpMid"),
        ('{"type":"candidate","candidate":"x","sdpMLineIndex":true}', "sdpMLineIndex"),
        ('{"type":"candidate","candidate":"x","sdpMLineIndex":-1}', "out of range"),
        (json.dumps({"type": "candidate", "candidate": "x" * 2000, "sdpMid": "0"}), "longer than"),
        ('{"type":"hello","service":"x","protocol":NaN,"version":"1"}', "protocol"),
        (json.dumps({"type": "offer", "sdp": "x" * MAX_MESSAGE_SIZE}), "longer than"),
        (json.dumps({"type": "offer", "sdp": "é" * 40_000}, ensure_ascii=False), "longer than"),
    ],
)
def test_what_cannot_be_understood_says_why(text: str, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        decode(text)
