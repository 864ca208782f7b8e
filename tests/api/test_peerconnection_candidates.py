"""RTCIceCandidate, and addIceCandidate (WebRTC 1.0 §4.4.2, §4.8.1)."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from tests.api.meeting import Witness, loopback, negotiate, opened, trickle, two

from rtckit import (
    InvalidStateError,
    OperationError,
    RTCIceCandidate,
    RTCPeerConnection,
    RTCSessionDescription,
)

HOST = "candidate:1905690388 1 udp 2113937151 192.0.2.1 58041 typ host generation 0 ufrag thC8"
SRFLX = (
    "candidate:842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 192.0.2.1 rport 58041"
)
TCP = "candidate:1052353102 2 tcp 1518214911 2001:db8::1 9 typ host tcptype active"

OFFER = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE data
a=ice-options:trickle
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:data
a=ice-ufrag:ETEn
a=ice-pwd:OtSK0WpNtpUjkY4+86js7Z/l
a=fingerprint:sha-256 FINGERPRINT
a=setup:actpass
a=sctp-port:5000
a=max-message-size:262144
""".replace("\n", "\r\n").replace("FINGERPRINT", ":".join(["4A"] * 32))


class TestRTCIceCandidate:
    def test_it_needs_a_place(self) -> None:
        for given in ((), ({},), ({"candidate": ""},), ({"candidate": HOST},), ("",), (HOST,)):
            with pytest.raises(TypeError):
                RTCIceCandidate(*given)
        with pytest.raises(TypeError):
            RTCIceCandidate({"sdpMid": None, "sdpMLineIndex": None})
        with pytest.raises(TypeError):
            RTCIceCandidate({"candidate": HOST, "usernameFragment": "thC8"})

    def test_either_place_will_do(self) -> None:
        one = RTCIceCandidate({"sdpMid": "audio"})
        assert (one.candidate, one.sdpMid, one.sdpMLineIndex) == ("", "audio", None)
        other = RTCIceCandidate({"candidate": "", "sdpMLineIndex": 0})
        assert (other.candidate, other.sdpMid, other.sdpMLineIndex) == ("", None, 0)
        # A username fragment is what is given; what stands in the text is no member.
        assert RTCIceCandidate(HOST, sdpMid="").usernameFragment is None

    @pytest.mark.parametrize(
        "given",
        [
            {"candidate": 1, "sdpMid": "0"},
            {"sdpMid": 0},
            {"sdpMLineIndex": "0"},
            {"sdpMLineIndex": -1},
            {"sdpMLineIndex": 65536},
            {"sdpMid": "0", "usernameFragment": 5},
        ],
        ids=str,
    )
    def test_wrong_types(self, given: dict[str, object]) -> None:
        with pytest.raises(TypeError):
            RTCIceCandidate(given)

    def test_the_parts_of_a_host_candidate(self) -> None:
        candidate = RTCIceCandidate({"candidate": HOST, "sdpMid": "0", "usernameFragment": "u"})
        assert candidate.candidate == HOST
        assert candidate.foundation == "1905690388"
        assert candidate.component == "rtp"
        assert candidate.priority == 2113937151
        assert candidate.address == candidate.ip == "192.0.2.1"
        assert candidate.protocol == "udp"
        assert candidate.port == 58041
        assert candidate.type == "host"
        assert candidate.tcpType is None
        assert candidate.relatedAddress is None
        assert candidate.relatedPort is None
        assert candidate.relayProtocol is candidate.url is None
        assert candidate.usernameFragment == "u"

    def test_the_parts_of_others(self) -> None:
        srflx = RTCIceCandidate(SRFLX, sdpMLineIndex=1)
        assert (srflx.type, srflx.relatedAddress, srflx.relatedPort) == (
            "srflx",
            "192.0.2.1",
            58041,
        )
        tcp = RTCIceCandidate(TCP, sdpMid="0")
        assert (tcp.protocol, tcp.tcpType, tcp.component) == ("tcp", "active", "rtcp")
        assert tcp.address == "2001:db8::1"

    @pytest.mark.parametrize(
        "text",
        [
            "bogus",
            "candidate:1",
            HOST.replace("typ host", "typ nonsense"),
            HOST.replace(" 58041 ", " 65536 "),
            HOST.replace("2113937151", "-1"),
        ],
    )
    def test_what_cannot_be_parsed_is_kept_without_parts(self, text: str) -> None:
        candidate = RTCIceCandidate({"candidate": text, "sdpMid": "0"})
        assert candidate.candidate == text
        for part in ("foundation", "component", "priority", "address", "protocol", "port", "type"):
            assert getattr(candidate, part) is None

    def test_json_both_ways(self) -> None:
        candidate = RTCIceCandidate(SRFLX, sdpMid="a", sdpMLineIndex=0, usernameFragment="u")
        text = json.dumps(candidate.toJSON())
        assert json.loads(text) == {
            "candidate": SRFLX,
            "sdpMid": "a",
            "sdpMLineIndex": 0,
            "usernameFragment": "u",
        }
        assert RTCIceCandidate(json.loads(text)) == candidate

    def test_made_from_parts_as_aiortc_does(self) -> None:
        candidate = RTCIceCandidate(
            component=1,
            foundation="1",
            ip="192.0.2.9",
            port=4711,
            priority=77,
            protocol="udp",
            type="host",
            sdpMid="0",
        )
        assert candidate.candidate == "candidate:1 1 udp 77 192.0.2.9 4711 typ host"
        assert (candidate.ip, candidate.port) == ("192.0.2.9", 4711)


def place(**members: object) -> dict[str, object]:
    return {"candidate": HOST.split(" generation")[0], **members}


@pytest.mark.anyio
class TestAddIceCandidate:
    async def test_a_type_error_comes_before_all_others(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            wrong: list[Any] = [place(), place(sdpMid=None, sdpMLineIndex=None), 1, "candidate:"]
            for given in wrong:
                with pytest.raises(TypeError):
                    await pc.addIceCandidate(given)
            await pc.close()
            for given in wrong:
                with pytest.raises(TypeError):
                    await pc.addIceCandidate(given)

    async def test_there_must_be_a_remote_description(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            ends: list[Any] = [None, {}, {"candidate": ""}, RTCIceCandidate("", sdpMid="data")]
            for given in [*ends, place(sdpMid="data"), place(sdpMLineIndex=0)]:
                with pytest.raises(InvalidStateError):
                    await pc.addIceCandidate(given)
            pc.createDataChannel("")
            await pc.setLocalDescription()
            with pytest.raises(InvalidStateError):
                await pc.addIceCandidate(place(sdpMid="0"))

    async def test_a_closed_connection_takes_none(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            await pc.setRemoteDescription(RTCSessionDescription(OFFER, "offer"))
            await pc.close()
            with pytest.raises(InvalidStateError):
                await pc.addIceCandidate(place(sdpMid="data"))

    @pytest.mark.parametrize(
        "given",
        [
            place(sdpMid="data"),
            place(sdpMLineIndex=0),
            place(sdpMid="data", sdpMLineIndex=99),  # the mid tells
            place(sdpMid="data", usernameFragment="ETEn"),
            place(sdpMid="data", usernameFragment=None),
            RTCIceCandidate(place(sdpMid="data")),
            {"candidate": "", "sdpMid": "data"},
            {"candidate": "", "sdpMLineIndex": 0},
            {"candidate": "", "sdpMid": "data", "usernameFragment": "ETEn"},
            {"candidate": ""},
            {},
            None,
        ],
        ids=str,
    )
    async def test_taken(self, given: Any) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            await pc.setRemoteDescription(RTCSessionDescription(OFFER, "offer"))
            await pc.addIceCandidate(given)
            assert pc.remoteDescription is not None
            text = pc.remoteDescription.sdp
            ended = given is None or not dict(
                given.toJSON() if isinstance(given, RTCIceCandidate) else given
            ).get("candidate")
            assert ("a=end-of-candidates" in text) == ended
            assert ("192.0.2.1 58041" in text) == (not ended)
            assert pc.pendingRemoteDescription == pc.remoteDescription

    @pytest.mark.parametrize(
        "given",
        [
            place(sdpMid="video"),
            place(sdpMid=""),
            place(sdpMid="video", sdpMLineIndex=0),
            place(sdpMLineIndex=1),
            place(sdpMLineIndex=65535),
            place(sdpMid="data", usernameFragment="thC8"),
            place(sdpMid="data", usernameFragment=""),
            {"candidate": "", "sdpMid": "video"},
            {"candidate": "", "sdpMid": "data", "usernameFragment": "thC8"},
            {"candidate": "nonsense", "sdpMid": "data"},
            {"candidate": "candidate:(Invalid) 1 udp", "sdpMid": "data"},
            {"candidate": HOST.replace("58041", "65536"), "sdpMid": "data"},
        ],
        ids=str,
    )
    async def test_refused(self, given: Any) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            await pc.setRemoteDescription(RTCSessionDescription(OFFER, "offer"))
            before = pc.remoteDescription
            with pytest.raises(OperationError) as caught:
                await pc.addIceCandidate(given)
            assert caught.value.name == "OperationError"
            assert pc.remoteDescription == before

    async def test_in_the_chain_behind_the_description_that_it_is_for(self) -> None:
        async with RTCPeerConnection(loopback()) as pc, anyio.create_task_group() as tasks:
            order: list[str] = []

            async def describe() -> None:
                await pc.setRemoteDescription(RTCSessionDescription(OFFER, "offer"))
                order.append("description")

            async def candidate() -> None:
                await pc.addIceCandidate(place(sdpMid="data"))
                order.append("candidate")

            tasks.start_soon(describe)
            # Two turns: trio runs the tasks of one in any order.
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            await candidate()
            assert order == ["description", "candidate"]

    @pytest.mark.parametrize(
        ("options", "answer"),
        [
            ("", False),
            ("a=ice-options:trickle\r\n", True),
            ("a=ice-options:renomination trickle\r\n", True),
            ("a=ice-options:renomination\r\n", False),
        ],
    )
    async def test_can_trickle_ice_candidates(self, options: str, answer: bool) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            sdp = OFFER.replace("a=ice-options:trickle\r\n", options)
            await pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
            assert pc.canTrickleIceCandidates is answer
            await pc.setRemoteDescription({"type": "rollback"})
            assert pc.canTrickleIceCandidates is None


@pytest.mark.anyio
class TestTrickle:
    async def test_both_ways_by_events_alone(self) -> None:
        async with two() as (a, b):
            witness = Witness()
            trickle(a, b, witness)
            channel = a.createDataChannel("")
            for one, other in ((a, b), (b, a)):
                await one.setLocalDescription()
                assert one.localDescription is not None
                bare = [
                    line
                    for line in one.localDescription.sdp.splitlines(keepends=True)
                    if not line.startswith(("a=candidate", "a=end-of-candidates"))
                ]
                await other.setRemoteDescription(
                    RTCSessionDescription("".join(bare), one.localDescription.type)
                )
                witness.note("description")
            await opened(channel)
            remote = a.remoteDescription
            assert remote is not None
            assert "a=candidate" in remote.sdp

    async def test_what_is_added_late_is_found_by_the_transport(self) -> None:
        async with two() as (a, b):
            channel = a.createDataChannel("")
            await negotiate(a, b)
            await opened(channel)
            await a.addIceCandidate(
                {"candidate": "candidate:9 1 udp 1 203.0.113.7 9 typ host", "sdpMid": "0"}
            )
            assert a.sctp is not None
            found = a.sctp.transport.iceTransport.getRemoteCandidates()
            assert "203.0.113.7" in [each.address for each in found]
