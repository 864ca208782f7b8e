"""The transport objects and getStats (WebRTC 1.0 §5.5, §5.6, §6.1.1, §8)."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from tests.api.meeting import Witness, connected, loopback, negotiate, opened, two

from rtckit import (
    InvalidAccessError,
    RTCCertificate,
    RTCConfiguration,
    RTCError,
    RTCPeerConnection,
    RTCSessionDescription,
    TransportOptions,
)

pytestmark = pytest.mark.anyio


class TestObjects:
    async def test_the_sctp_transport_comes_with_the_answer(self) -> None:
        async with two() as (a, b):
            a.createDataChannel("")
            await a.setLocalDescription()
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            assert a.sctp is b.sctp is None
            await b.setLocalDescription()
            assert b.sctp is not None
            assert b.sctp.state == "connecting"
            assert b.sctp.maxChannels is None
            await a.setRemoteDescription(b.localDescription)
            assert a.sctp is not None
            same = a.sctp
            await negotiate(a, b)
            assert a.sctp is same

    async def test_no_data_no_sctp(self) -> None:
        async with two() as (a, b):
            await negotiate(a, b)
            assert a.sctp is b.sctp is None
            assert a.connectionState == "new"

    async def test_the_stack_of_an_open_connection(self) -> None:
        async with connected() as pair:
            for pc in (pair.a, pair.b):
                sctp = pc.sctp
                assert sctp is not None
                assert sctp.state == "connected"
                assert sctp.maxMessageSize == 262144
                assert sctp.maxChannels == 65535
                dtls = sctp.transport
                assert dtls.state == "connected"
                ice = dtls.iceTransport
                assert ice is dtls.transport
                assert ice.state in ("connected", "completed")
                assert ice.gatheringState == "complete"
                assert ice.component == "rtp"
            assert pair.a.sctp is not None
            assert pair.b.sctp is not None
            left = pair.a.sctp.transport.iceTransport
            right = pair.b.sctp.transport.iceTransport
            assert (left.role, right.role) == ("controlling", "controlled")
            assert left.getLocalParameters() == right.getRemoteParameters()
            assert right.getLocalParameters() == left.getRemoteParameters()
            assert [each.toJSON() for each in left.getLocalCandidates()] == [
                each.toJSON() for each in right.getRemoteCandidates()
            ]
            one, other = left.getSelectedCandidatePair(), right.getSelectedCandidatePair()
            assert one is not None
            assert other is not None
            assert one is left.getSelectedCandidatePair()
            assert (one.local.address, one.local.port) == (other.remote.address, other.remote.port)
            assert (one.remote.address, one.remote.port) == (other.local.address, other.local.port)

    @pytest.mark.parametrize(
        ("said", "limit"), [(0, float("inf")), (70_000, 70_000), (None, 65536)]
    )
    async def test_the_largest_message(self, said: int | None, limit: float) -> None:
        async with two() as (a, b):
            channel = a.createDataChannel("")
            await a.setLocalDescription()
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            await b.setLocalDescription()
            assert b.localDescription is not None
            line = "" if said is None else f"a=max-message-size:{said}\r\n"
            answer = b.localDescription.sdp.replace("a=max-message-size:262144\r\n", line)
            await a.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            assert a.sctp is not None
            assert a.sctp.maxMessageSize == limit
            await opened(channel)
            if limit < 1e9:
                channel.send(bytes(int(limit)))
                with pytest.raises(TypeError):
                    channel.send(bytes(int(limit) + 1))
                assert channel.bufferedAmount == limit

    async def test_states_are_all_changed_before_any_event_tells(self) -> None:
        async with two() as (a, b):
            witness = Witness()
            channel = a.createDataChannel("")

            def tell(event: Any) -> str:
                ice = a.sctp.transport.iceTransport if a.sctp else None
                states = (ice.state if ice else "none", a.iceConnectionState, a.connectionState)
                return " ".join((event.type, *states))

            witness.watch(a, "iceconnectionstatechange", "connectionstatechange", tell=tell)
            await a.setLocalDescription()
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            await b.setLocalDescription()
            await a.setRemoteDescription(b.localDescription)  # type: ignore[arg-type]
            assert a.sctp is not None
            ice = a.sctp.transport.iceTransport
            witness.watch(ice, "statechange", "selectedcandidatepairchange", tell=tell)
            witness.watch(
                a.sctp.transport, "statechange", name="dtls", tell=lambda e: e.target.state
            )
            witness.watch(a.sctp, "statechange", name="sctp", tell=lambda e: e.target.state)
            witness.watch(channel, "open")
            await opened(channel)
            ice_events = [
                each for each in witness.heard if each.startswith(("state", "ice", "conn"))
            ]
            assert ice_events[:5] == [
                "statechange checking checking connecting",
                "iceconnectionstatechange checking checking connecting",
                "connectionstatechange checking checking connecting",
                "statechange connected connected connecting",
                "iceconnectionstatechange connected connected connecting",
            ]
            # It may be completed before or after DTLS is connected.
            told = [each for each in ice_events[5:] if each.startswith("conn")]
            assert [each.split()[-1] for each in told] == ["connected"]
            above = [each for each in witness.heard if each not in ice_events]
            assert [each for each in above if "pair" not in each] == [
                "dtls:connecting",
                "dtls:connected",
                "sctp:connected",
                "open",
            ]
            connected_at = witness.heard.index("dtls:connected")
            assert witness.heard[connected_at + 1].startswith("connectionstatechange")


class TestCertificates:
    async def test_each_sees_the_certificate_of_the_other(self) -> None:
        certificate = RTCCertificate.generate()
        configuration = loopback()
        configuration.certificates = [certificate]
        async with two(configuration) as (a, b):
            channel = a.createDataChannel("")
            await negotiate(a, b)
            assert a.sctp is not None
            assert b.sctp is not None
            assert a.sctp.transport.getRemoteCertificates() == []
            await opened(channel)
            (seen,) = b.sctp.transport.getRemoteCertificates()
            assert seen == certificate.der
            (other,) = a.sctp.transport.getRemoteCertificates()
            assert b.localDescription is not None
            digest = hashlib.sha256(other).hexdigest().upper()
            line = ":".join(digest[i : i + 2] for i in range(0, 64, 2))
            assert f"a=fingerprint:sha-256 {line}" in b.localDescription.sdp

    @pytest.mark.parametrize("wrong_at", ["offerer", "answerer"])
    @pytest.mark.parametrize("client", ["offerer", "answerer"])
    async def test_a_wrong_fingerprint_fails_before_anything_opens(
        self, wrong_at: str, client: str
    ) -> None:
        roles = {"offerer": ("client", "server"), "answerer": ("server", "client")}[client]
        async with two(loopback(dtls_role=roles[0]), loopback()) as (a, b):
            witness = Witness()
            channel = a.createDataChannel("")
            for pc in (a, b):
                witness.watch(pc, "connectionstatechange", "datachannel")
            witness.watch(channel, "open", "message", name="channel")
            await a.setLocalDescription()
            await b.setRemoteDescription(forged(a.localDescription, wrong_at == "answerer"))
            await b.setLocalDescription()
            await a.setRemoteDescription(forged(b.localDescription, wrong_at == "offerer"))
            deceived = b if wrong_at == "answerer" else a
            assert deceived.sctp is not None
            transport = deceived.sctp.transport
            errors: list[RTCError] = []

            def failed(event: Any) -> None:
                errors.append(event.error)
                witness.note(f"error while {transport.state}")

            transport.onerror = failed
            witness.watch(transport, "statechange", tell=lambda e: transport.state)
            await witness.until(lambda: deceived.connectionState == "failed", "failure")
            assert transport.state == "failed"
            (error,) = errors
            assert error.errorDetail == "fingerprint-failure"
            assert error.sentAlert == 42
            heard = [each for each in witness.heard if each in ("error while failed", "failed")]
            assert heard == ["error while failed", "failed"]
            assert transport.getRemoteCertificates() == []
            assert "channel:open" not in witness.heard
            assert "datachannel" not in witness.heard
            assert deceived.sctp.state == "closed"
            other = a if deceived is b else b
            await witness.until(lambda: other.connectionState == "failed", "failure of the other")
            assert channel.readyState != "open"

    async def test_generate(self) -> None:
        ecdsa = await RTCPeerConnection.generateCertificate(
            {"name": "ECDSA", "namedCurve": "P-256"}
        )
        rsa = await RTCPeerConnection.generateCertificate(
            {
                "name": "RSASSA-PKCS1-v1_5",
                "modulusLength": 2048,
                "publicExponent": b"\1\0\1",
                "hash": "SHA-256",
            }
        )
        first, second = loopback(), loopback()
        first.certificates, second.certificates = [ecdsa], [rsa]
        async with connected(first, second) as pair:
            assert pair.a.sctp is not None
            assert pair.a.sctp.transport.getRemoteCertificates() == [rsa.der]
            pair.left.send("over RSA")


def forged(description: RTCSessionDescription | None, forge: bool) -> RTCSessionDescription:
    """The description, with another fingerprint if it is to be forged."""
    assert description is not None
    sdp = description.sdp
    if forge:
        start = sdp.index("a=fingerprint:sha-256 ") + len("a=fingerprint:sha-256 ")
        end = sdp.index("\r\n", start)
        sdp = sdp[:start] + ":".join(["AB"] * 32) + sdp[end:]
    return RTCSessionDescription(sdp, description.type)


class TestStats:
    async def test_of_a_new_connection(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            report = await pc.getStats()
            assert {each.type for each in report.values()} == {"peer-connection"}
            with pytest.raises(InvalidAccessError):
                await pc.getStats("track")

    async def test_of_an_open_one(self) -> None:
        async with connected(label="chat", protocol="talk") as pair:
            witness = Witness()
            pair.right.on("message", lambda message: witness.note("message"))
            pair.left.send("four")
            pair.left.send(b"12345")
            pair.left.send("")
            await witness.until(lambda: len(witness.heard) == 3)
            sender, receiver = await pair.a.getStats(), await pair.b.getStats()
            ours, theirs = only(sender, "data-channel"), only(receiver, "data-channel")
            assert ours == {
                "timestamp": ours["timestamp"],
                "type": "data-channel",
                "id": ours["id"],
                "label": "chat",
                "protocol": "talk",
                "dataChannelIdentifier": pair.left.id,
                "state": "open",
                "messagesSent": 3,
                "bytesSent": 9,
                "messagesReceived": 0,
                "bytesReceived": 0,
            }
            assert (theirs["messagesReceived"], theirs["bytesReceived"]) == (3, 9)
            connection = only(sender, "peer-connection")
            assert (connection["dataChannelsOpened"], connection["dataChannelsClosed"]) == (1, 0)

            transport = only(sender, "transport")
            assert transport["iceState"] in ("connected", "completed")
            assert transport["dtlsState"] == "connected"
            assert transport["iceRole"] == "controlling"
            assert transport["dtlsRole"] == "server"
            assert transport["tlsVersion"] == "FEFD"
            assert str(transport["dtlsCipher"]).startswith("TLS_ECDHE_")
            assert transport["selectedCandidatePairChanges"] == 1
            assert transport["bytesSent"] > transport["packetsSent"] > 0  # type: ignore[operator]
            chosen = sender[str(transport["selectedCandidatePairId"])].toJSON()
            assert chosen["type"] == "candidate-pair"
            assert (chosen["state"], chosen["nominated"]) == ("succeeded", True)
            assert chosen["currentRoundTripTime"] > 0  # type: ignore[operator]
            for side in ("local", "remote"):
                candidate = sender[str(chosen[f"{side}CandidateId"])].toJSON()
                assert candidate["type"] == f"{side}-candidate"
                assert candidate["address"] == "127.0.0.1"
                assert candidate["protocol"] == "udp"
                assert candidate["transportId"] == transport["id"]
                certificate = sender[str(transport[f"{side}CertificateId"])].toJSON()
                der = base64.b64decode(str(certificate["base64Certificate"]))
                digest = hashlib.sha256(der).digest()
                assert certificate["fingerprintAlgorithm"] == "sha-256"
                assert certificate["fingerprint"] == digest.hex(":").upper()
            json.dumps(sender.toJSON())
            for key, stats in sender.items():
                assert stats.id == key
                assert stats.timestamp > 1.6e12

    async def test_channels_are_counted_when_they_open_and_when_they_leave_it(self) -> None:
        async with connected() as pair:
            never = pair.a.createDataChannel("never open")
            never.close()
            more = pair.a.createDataChannel("more")
            await opened(more)
            more.close()
            counts = only(await pair.a.getStats(), "peer-connection")
            assert counts["dataChannelsClosed"] == 1
            await pair.a.close()
            counts = only(await pair.a.getStats(), "peer-connection")
            assert counts["dataChannelsClosed"] == counts["dataChannelsOpened"]


def only(report: Any, kind: str) -> dict[str, object]:
    """The one member of that type, in plain values."""
    (found,) = (each for each in report.values() if each.type == kind)
    values: dict[str, object] = found.toJSON()
    return values


async def test_a_persistent_certificate(tmp_path: Any) -> None:
    path = tmp_path / "certificate.pem"
    path.write_bytes(RTCCertificate.generate().to_pem())
    described = []
    for _ in range(2):
        certificate = RTCCertificate.from_pem(path.read_bytes())
        configuration = RTCConfiguration(
            certificates=[certificate], transport=TransportOptions(addresses=["127.0.0.1"])
        )
        async with RTCPeerConnection(configuration) as pc:
            pc.createDataChannel("")
            described.append((await pc.createOffer()).sdp)
            fingerprint = certificate.getFingerprints()[0]
            assert f"{fingerprint.algorithm} {fingerprint.value.upper()}" in described[-1]
    lines = [[line for line in sdp.splitlines() if "fingerprint" in line] for sdp in described]
    assert lines[0] == lines[1]
