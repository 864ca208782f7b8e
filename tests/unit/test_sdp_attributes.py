"""The values of attributes: each one is read, and written as it was."""

from __future__ import annotations

from typing import Protocol

import pytest

from rtckit.sdp import (
    Bandwidth,
    Connection,
    ExtensionMap,
    Fingerprint,
    FormatParameters,
    Group,
    MediaLine,
    Msid,
    Origin,
    Rid,
    RtcpAddress,
    RtcpFeedback,
    RtpMap,
    SctpMap,
    Simulcast,
    SimulcastStream,
    Ssrc,
    SsrcGroup,
)
from rtckit.sdp.connectivity import parse_ice_options


class Value(Protocol):
    @classmethod
    def parse(cls, value: str) -> Value: ...


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("- 1 2 IN IP4 0.0.0.0", Origin("-", 1, 2)),
        ("IN IP6 2001:db8::1", Connection("IP6", "2001:db8::1")),
        ("TIAS:128000", Bandwidth("TIAS", 128000)),
        ("video 5000/2 RTP/AVP 96 97", MediaLine("video", 5000, "RTP/AVP", ("96", "97"), 2)),
        ("sha-1 " + ":".join(["AB"] * 20), Fingerprint("sha-1", ":".join(["AB"] * 20))),
        ("0 PCMU/8000", RtpMap(0, "PCMU", 8000)),
        ("111 opus/48000/2", RtpMap(111, "opus", 48000, "2")),
        ("97 apt=96", FormatParameters("97", "apt=96")),
        ("* nack", RtcpFeedback("*", "nack")),
        ("96 ccm fir", RtcpFeedback("96", "ccm", "fir")),
        (
            "3 urn:ietf:params:rtp-hdrext:sdes:mid",
            ExtensionMap(3, "urn:ietf:params:rtp-hdrext:sdes:mid"),
        ),
        ("4/recvonly URI:x a b", ExtensionMap(4, "URI:x", "recvonly", "a b")),
        ("9", RtcpAddress(9)),
        ("53020 IN IP4 192.0.2.1", RtcpAddress(53020, "IN IP4 192.0.2.1")),
        ("BUNDLE a b", Group("BUNDLE", ("a", "b"))),
        ("- track", Msid("-", "track")),
        ("{d1}", Msid("{d1}")),
        ("1 cname:a:b c", Ssrc(1, "cname", "a:b c")),
        ("1 label", Ssrc(1, "label")),
        ("FID 1 2", SsrcGroup("FID", (1, 2))),
        ("h send pt=96;max-width=1280", Rid("h", "send", "pt=96;max-width=1280")),
        ("5000 webrtc-datachannel 1024", SctpMap(5000, "webrtc-datachannel", 1024)),
        (
            "send 1,~2;3 recv 4",
            Simulcast(
                ((SimulcastStream("1"), SimulcastStream("2", True)), (SimulcastStream("3"),)),
                ((SimulcastStream("4"),),),
            ),
        ),
    ],
)
def test_values_are_read_and_written(text: str, value: Value) -> None:
    assert type(value).parse(text) == value
    assert str(value) == text


def test_a_fingerprint_is_the_same_in_either_case() -> None:
    lower = Fingerprint.parse("SHA-1 " + ":".join(["ab"] * 20))
    assert lower == Fingerprint("sha-1", ":".join(["AB"] * 20))


def test_an_unknown_hash_function_is_kept() -> None:
    assert Fingerprint.parse("sha3-256 01:02").digest == b"\x01\x02"


def test_format_parameters_are_taken_apart() -> None:
    value = FormatParameters.parse("111 minptime=10; UseInbandFEC=1;x")
    assert value.parameters == {"minptime": "10", "useinbandfec": "1", "x": ""}


def test_the_simulcast_of_a_draft_is_understood() -> None:
    assert Simulcast.parse(" send rid=a;b").rids() == {"a", "b"}


def test_ice_options_may_have_commas_between_them() -> None:
    # libdatachannel writes them so.
    assert parse_ice_options("ice2,trickle") == ("ice2", "trickle")
    assert parse_ice_options("trickle ice2") == ("trickle", "ice2")
