"""Whole descriptions: what others write comes out again byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtckit.sdp import Limits, MediaLine, Origin, SessionDescription
from rtckit.seam import ParseError

SAMPLES = sorted((Path(__file__).parent / "sdp_samples").glob("*.sdp"))


def sample(name: str) -> str:
    return (Path(__file__).parent / "sdp_samples" / f"{name}.sdp").read_bytes().decode()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_what_others_write_is_written_again_byte_for_byte(path: Path) -> None:
    text = path.read_bytes().decode()
    assert "\r\n" in text
    assert str(SessionDescription.parse(text)) == text
    assert str(SessionDescription.parse(text).copy()) == text


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_accessor_reads_every_sample(path: Path) -> None:
    description = SessionDescription.parse(path.read_bytes().decode())
    for section in (description, *description.media):
        for kind in type(section).__mro__:
            for name, attribute in vars(kind).items():
                if isinstance(attribute, property):
                    getattr(section, name)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("\r\n", "\n"),
        lambda text: text + "\r\n \r\n\n",
        lambda text: "\n" + text.rstrip(),
        lambda text: text.replace("\r\n", "\\r\\n"),
        lambda text: text.replace("\r\n", "\\n"),
    ],
    ids=["lf", "blank-end", "blank-start", "literal-crlf", "literal-lf"],
)
def test_other_line_ends_are_taken(spoil) -> None:  # type: ignore[no-untyped-def]
    text = sample("chromium_data_offer")
    assert str(SessionDescription.parse(spoil(text))) == text


def test_a_data_offer_is_read() -> None:
    description = SessionDescription.parse(sample("chromium_data_offer"))
    assert description.origin == Origin("-", 8861853388338043803, 2, "IN", "IP4", "127.0.0.1")
    assert description.name == "-"
    assert [group.mids for group in description.bundles] == [("0",)]
    assert description.extmap_allow_mixed
    (media,) = description.media
    assert media.media_line == MediaLine("application", 9, "UDP/DTLS/SCTP", ("webrtc-datachannel",))
    assert (media.mid, media.sctp_port, media.max_message_size) == ("0", 5000, 262144)
    assert (media.ice_ufrag, media.ice_pwd) == ("J85w", "Stg0IH35lDLAj84rwjY28vOh")
    assert media.ice_options == ("trickle",)
    assert media.setup == "actpass"
    assert len(media.candidates) == 2
    assert not media.end_of_candidates
    (fingerprint,) = media.fingerprints
    assert fingerprint.algorithm == "sha-256"
    assert fingerprint.digest[:2] == b"\x81\x5b"
    assert len(fingerprint.digest) == 32


def test_a_media_offer_is_read() -> None:
    description = SessionDescription.parse(sample("chromium_full_offer"))
    audio, video, _ = description.media
    assert audio.rtpmaps[0].encoding == "opus"
    assert audio.rtpmaps[0].clock_rate == 48000
    assert audio.rtpmaps[0].parameters == "2"
    assert audio.format_parameters[0].parameters == {"minptime": "10", "useinbandfec": "1"}
    assert audio.rtcp is not None
    assert audio.rtcp.port == 9
    assert audio.rtcp_mux
    assert audio.direction == "sendrecv"
    assert video.rtcp_rsize
    assert ("nack", "pli") in [(entry.type, entry.parameter) for entry in video.rtcp_feedback]
    assert video.extmaps[0].uri.startswith("urn:ietf:params:rtp-hdrext")
    assert video.msids[0].stream


def test_simulcast_is_read() -> None:
    (video,) = SessionDescription.parse(sample("chromium_simulcast_offer")).media
    assert [rid.id for rid in video.rids] == ["h", "m", "l"]
    assert video.simulcast is not None
    assert video.simulcast.rids() == {"h", "m", "l"}
    assert [group[0].rid for group in video.simulcast.send] == ["h", "m", "l"]


def test_several_fingerprints_are_read() -> None:
    (media,) = SessionDescription.parse(sample("aiortc_data_offer")).media
    assert [entry.algorithm for entry in media.fingerprints] == ["sha-256", "sha-384", "sha-512"]
    assert media.end_of_candidates
    assert media.port == 36391


def test_the_old_writing_of_sctp_is_understood() -> None:
    (media,) = SessionDescription.parse(sample("sctpmap_offer")).media
    assert media.protocol == "DTLS/SCTP"
    assert media.sctp_port == 5000
    assert media.sctpmap is not None
    assert media.sctpmap.streams == 1024
    assert media.bandwidths[0].value == 30


def test_port_zero_rejects_unless_bundle_only() -> None:
    video, application = SessionDescription.parse(sample("gstreamer_full_offer")).media
    assert application.port == 0
    assert application.bundle_only
    assert not application.rejected
    assert not video.rejected
    _, rejected, _ = SessionDescription.parse(sample("pion_full_answer")).media
    assert rejected.rejected


def test_lines_are_put_in_place_and_unknown_ones_stay() -> None:
    text = sample("chromium_data_offer").replace("a=mid:0", "a=x-unknown:1 2 3\r\na=mid:0")
    description = SessionDescription.parse(text)
    media = description.media[0]
    media.set("setup", "active")
    media.remove("candidate")
    media.add("end-of-candidates")
    lines = str(description).split("\r\n")
    assert "a=x-unknown:1 2 3" in lines
    assert lines.index("a=setup:active") < lines.index("a=x-unknown:1 2 3")
    assert lines[-2:] == ["a=end-of-candidates", ""]
    assert not media.candidates


HEAD = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
MEDIA = HEAD + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
CANDIDATE = "a=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "empty"),
        (" \r\n\r\n", 1, "empty"),
        ("hello", 1, "type=value"),
        ("v=1\r\n", 1, "must be 0"),
        ("o=- 1 1 IN IP4 0.0.0.0\r\n", 1, '"v=" line expected'),
        ("v=0\r\ns=-\r\n", 2, '"o=" line expected'),
        ("v=0\r\no=- x 1 IN IP4 0.0.0.0\r\n", 2, "sess-id is not a number"),
        ("v=0\r\no=- 1 1 IN IP4\r\n", 2, "needs 6 fields"),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n", 3, "no t= line"),
        (HEAD + "s=-\r\n", 5, "second s="),
        (HEAD + "c=IN IP4 0.0.0.0\r\n", 5, "out of order"),
        (HEAD + "x=1\r\n", 5, "type=value"),
        (HEAD + "a =1\r\n", 5, "type=value"),
        (HEAD + "\r\na=x\r\n", 5, "type=value"),
        (HEAD + "a=bad name:1\r\n", 5, "not a token"),
        (HEAD + "a=x:\0\r\n", 5, "does not allow"),
        (HEAD + "a=x:\r1\r\n", 5, "does not allow"),
        (HEAD + "a=x:\ud800\r\n", 5, "does not allow"),
        (HEAD + "m=audio 9 RTP/AVP\r\n", 5, "4 fields"),
        (HEAD + "m=audio 65536 RTP/AVP 0\r\n", 5, "not in 0..65535"),
        (HEAD + "m=audio ٣ RTP/AVP 0\r\n", 5, "not a number"),
        (MEDIA + "t=0 0\r\n", 7, "does not belong"),
        (MEDIA + "b=AS\r\n", 7, "no colon"),
        (MEDIA + "c=IN IP4\r\n", 7, "3 fields"),
        (MEDIA + "a=ice-ufrag:abc\r\n", 7, "4 to 256"),
        (MEDIA + "a=ice-ufrag:a:bcd\r\n", 7, "alphabet"),
        (MEDIA + "a=ice-pwd:" + "x" * 21 + "\r\n", 7, "22 to 256"),
        (MEDIA + "a=ice-pwd:" + "x" * 257 + "\r\n", 7, "22 to 256"),
        (MEDIA + "a=fingerprint:sha-256 00:11\r\n", 7, "32 bytes"),
        (MEDIA + "a=fingerprint:sha-256\r\n", 7, "2 fields"),
        (MEDIA + "a=fingerprint:sha-256 0x:11\r\n", 7, "hexadecimal"),
        (MEDIA + "a=setup:both\r\n", 7, "four roles"),
        (MEDIA + "a=setup:active\r\na=setup:passive\r\n", 8, "another value"),
        (MEDIA + "a=mid:a b\r\n", 7, "not a token"),
        (MEDIA + "a=mid:0\r\n" + MEDIA[len(HEAD) :] + "a=mid:0\r\n", 10, "second section"),
        (MEDIA + "a=sctp-port:65536\r\n", 7, "not in 0..65535"),
        (MEDIA + "a=sctp-port:-1\r\n", 7, "not a number"),
        (MEDIA + "a=max-message-size:" + "9" * 30 + "\r\n", 7, "not a number"),
        (MEDIA + "a=candidate:1 1 udp 1 192.0.2.1 5 host\r\n", 7, "8 fields"),
        (MEDIA + "a=candidate:1 1 udp 1 192.0.2.1 5 type host\r\n", 7, '"typ" belongs'),
        (MEDIA + "a=candidate:1 0 udp 1 192.0.2.1 5 typ host\r\n", 7, "component-id"),
        (MEDIA + "a=candidate:1 1 udp 4294967296 192.0.2.1 5 typ host\r\n", 7, "priority"),
        (MEDIA + "a=tls-id:short\r\n", 7, "20 to 255"),
        (MEDIA + "a=rtpmap:128 opus/48000\r\n", 7, "payload type"),
        (MEDIA + "a=rtpmap:96 opus\r\n", 7, "clock rate"),
        (MEDIA + "a=extmap:0 urn:x\r\n", 7, "extension id"),
        (MEDIA + "a=extmap:1/up urn:x\r\n", 7, "direction"),
        (MEDIA + "a=ssrc:4294967296 cname:x\r\n", 7, "ssrc"),
        (MEDIA + "a=rid:h up\r\n", 7, "direction"),
        (MEDIA + "a=simulcast:send h send m\r\n", 7, "direction"),
        (MEDIA + "a=rtcp:9 IN\r\n", 7, "rtcp needs"),
        (MEDIA + "a=ptime:x\r\n", 7, "milliseconds"),
    ],
)
def test_malformed_text_names_line_and_reason(text: str, line: int, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        SessionDescription.parse(text)
    assert caught.value.offset == line
    assert reason in caught.value.reason
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(max_size=200), "characters, over 200"),
        (Limits(max_line=40), "characters, over 40"),
        (Limits(max_lines=8), "lines, over 8"),
        (Limits(max_media=1), "more than 1 media sections"),
        (Limits(max_candidates=2), "more than 2 candidates"),
    ],
)
def test_limits_hold(limits: Limits, reason: str) -> None:
    text = MEDIA + CANDIDATE * 3 + MEDIA[len(HEAD) :]
    SessionDescription.parse(text)
    with pytest.raises(ParseError, match=reason):
        SessionDescription.parse(text, limits)
