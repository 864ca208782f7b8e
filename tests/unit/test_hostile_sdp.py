"""Malformed descriptions: the error names the line and the reason, and nothing has changed."""

from __future__ import annotations

import random

import pytest

from rtckit.errors import DOMException, InvalidAccessError, SDPSyntaxError
from rtckit.jsep import Description, Fingerprint, LocalParameters, Negotiation

DIGEST = ":".join(["AB"] * 32)
#: An offer of data channels, by line number.
LINES = {
    1: "v=0",
    2: "o=- 4962303333179871722 1 IN IP4 0.0.0.0",
    3: "s=-",
    4: "t=0 0",
    5: "a=group:BUNDLE 0",
    6: "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    7: "c=IN IP4 0.0.0.0",
    8: "a=mid:0",
    9: "a=ice-ufrag:abcd",
    10: "a=ice-pwd:0123456789012345678901",
    11: f"a=fingerprint:sha-256 {DIGEST}",
    12: "a=setup:actpass",
    13: "a=sctp-port:5000",
    14: "a=max-message-size:262144",
    15: "a=candidate:1 1 udp 2130706431 192.0.2.1 5 typ host",
}


def offer(changes: dict[int, str | None]) -> str:
    """The offer with lines replaced; ``None`` takes one out."""
    lines = {**LINES, **changes}
    return "".join(f"{text}\r\n" for _, text in sorted(lines.items()) if text is not None)


def negotiation() -> Negotiation:
    made = Negotiation(
        entropy=random.Random(1).randbytes,
        local=LocalParameters(fingerprints=(Fingerprint("sha-256", DIGEST),)),
    )
    made.request_application()
    return made


def test_the_offer_as_it_is() -> None:
    subject = negotiation()
    subject.set_remote(Description("offer", offer({})))
    assert subject.signaling_state == "have-remote-offer"


@pytest.mark.parametrize(
    ("changes", "line", "reason"),
    [
        ({1: "v=1"}, 1, "must be 0"),
        ({1: None}, 1, '"v=" line expected'),
        ({1: "v="}, 1, "must be 0"),
        ({2: "o=-"}, 2, "needs 6 fields"),
        ({2: "o=- -1 1 IN IP4 0.0.0.0"}, 2, "not a number"),
        ({2: None}, 2, '"o=" line expected'),
        ({3: None}, 3, '"s=" line expected'),
        ({4: None}, 4, "no t= line"),
        ({4: "t=0"}, 4, "t="),
        ({5: "a=group:"}, 5, "group"),
        ({5: "t=0 0\r\ns=x"}, 6, "s="),
        ({6: "m=application 9 UDP/DTLS/SCTP"}, 6, "4 fields"),
        ({6: "m=application 70000 UDP/DTLS/SCTP webrtc-datachannel"}, 6, "not in 0..65535"),
        ({6: "m=application nine UDP/DTLS/SCTP webrtc-datachannel"}, 6, "not a number"),
        ({6: "M=application 9 UDP/DTLS/SCTP webrtc-datachannel"}, 6, "type=value"),
        ({7: "c=IN IP4"}, 7, "3 fields"),
        ({7: "c IN IP4 0.0.0.0"}, 7, "type=value"),
        ({8: "a=mid:"}, 8, "mid is not a token"),
        ({8: "a=mid:0\r\na=mid:1"}, 9, "second a=mid"),
        ({9: "a=ice-ufrag:abc"}, 9, "4 to 256"),
        ({9: "a=ice-ufrag:ab\0d"}, 9, "does not allow"),
        ({10: "a=ice-pwd:short"}, 10, "22 to 256"),
        ({10: "a=ice-pwd:" + "ü" * 22}, 10, "alphabet"),
        ({11: "a=fingerprint:sha-256 " + DIGEST[3:]}, 11, "32 bytes"),
        ({11: "a=fingerprint:sha-256 " + DIGEST.replace("A", "G")}, 11, "hexadecimal"),
        ({11: "a=fingerprint:" + DIGEST}, 11, "2 fields"),
        ({12: "a=setup:whatever"}, 12, "four roles"),
        ({12: "a=setup:active\r\na=setup:passive"}, 13, "another value"),
        ({13: "a=sctp-port:5000 6000"}, 13, "not a number"),
        ({13: "a=sctp-port:65536"}, 13, "not in 0..65535"),
        ({14: "a=max-message-size:-1"}, 14, "not a number"),
        ({14: "a=max-message-size:" + "9" * 20}, 14, "not in"),
        ({15: "a=candidate:1 1 udp 1 192.0.2.1 5 typ"}, 15, "8 fields"),
        ({15: "a=candidate:1 1 udp -1 192.0.2.1 5 typ host"}, 15, "priority"),
        ({15: "a=candidate:1 1 udp 1 192.0.2.1 65536 typ host"}, 15, "port"),
        ({15: "a=" + "x" * 17_000}, 15, "over 16384"),
        ({15: "\x7f=x"}, 15, "type=value"),
    ],
)
def test_the_error_names_line_and_reason(
    changes: dict[int, str | None], line: int, reason: str
) -> None:
    subject = negotiation()
    with pytest.raises(SDPSyntaxError) as caught:
        subject.set_remote(Description("offer", offer(changes)))
    assert caught.value.sdpLineNumber == line
    assert caught.value.message.startswith(f"line {line}: ")
    assert reason in caught.value.message
    assert isinstance(caught.value, ValueError)
    assert subject.signaling_state == "stable"
    assert subject.remote_description is None
    subject.set_remote(Description("offer", offer({})))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({9: None}, "ice-ufrag"),
        ({10: None}, "ice-pwd"),
        ({11: None}, "fingerprint"),
        ({12: "a=setup:holdconn"}, "holdconn"),
    ],
)
def test_what_is_missing_is_named(changes: dict[int, str | None], reason: str) -> None:
    subject = negotiation()
    with pytest.raises(DOMException) as caught:
        subject.set_remote(Description("offer", offer(changes)))
    assert reason in str(caught.value) or "ICE credentials" in str(caught.value)
    assert subject.signaling_state == "stable"


@pytest.mark.parametrize("role", ["actpass", "holdconn"])
def test_an_answer_must_choose_a_role(role: str) -> None:
    subject = negotiation()
    subject.set_local()
    with pytest.raises(InvalidAccessError, match="setup"):
        subject.set_remote(Description("answer", offer({12: f"a=setup:{role}"})))
    assert subject.signaling_state == "have-local-offer"
    subject.set_remote(Description("answer", offer({12: "a=setup:active"})))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (offer({}) + "a=x\r\n" * 250_000, "characters"),
        (offer({}) + "a=\r\n" * 33_000, "lines"),
        (offer({}) + "m=audio 0 RTP/AVP 0\r\n" * 1_100, "media sections"),
        (offer({}) + LINES[15] + ("\r\n" + LINES[15]) * 4_200, "candidates"),
        ("v=0" + "\n" * 500_000, "lines"),
        ("\\r\\n" * 200_000, "lines"),
    ],
)
def test_bombs_are_refused_by_their_size(text: str, reason: str) -> None:
    subject = negotiation()
    with pytest.raises(SDPSyntaxError, match=reason):
        subject.set_remote(Description("offer", text))
    assert subject.signaling_state == "stable"
