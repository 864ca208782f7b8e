"""What servers, gateways and libp2p set beyond the W3C: TransportOptions and UdpEndpoint."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest
from tests.api.meeting import Box, Witness, connected, loopback, negotiate, opened, two

from rtckit import (
    Credentials,
    InvalidAccessError,
    RTCCertificate,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
    TransportOptions,
    UdpEndpoint,
)

pytestmark = pytest.mark.anyio


class TestSharedEndpoint:
    async def test_one_port_for_many_connections(self) -> None:
        endpoint = await UdpEndpoint.open("127.0.0.1")
        count = 6
        try:
            async with AsyncExitStack() as stack:
                boxes: list[tuple[int, RTCDataChannel, Box]] = []
                for number in range(count):
                    a, b = await stack.enter_async_context(
                        two(loopback(), loopback(endpoint=endpoint))
                    )
                    channel = a.createDataChannel(str(number))
                    b.on("datachannel", echo)
                    await negotiate(a, b)
                    boxes.append((number, channel, Box(channel)))
                    assert b.localDescription is not None
                    assert f" {endpoint.local_address[1]} typ host" in b.localDescription.sdp
                for number, channel, box in boxes:
                    await opened(channel)
                    channel.send(f"message {number}")
                    assert await box.hold(1) == [f"message {number}"]
        finally:
            endpoint.close()

    async def test_both_sides_on_one_endpoint_each(self) -> None:
        first, second = await UdpEndpoint.open("127.0.0.1"), await UdpEndpoint.open("127.0.0.1")
        try:
            async with connected(loopback(endpoint=first), loopback(endpoint=second)) as pair:
                box = Box(pair.right)
                pair.left.send(bytes(200_000))
                assert list(map(len, await box.hold(1))) == [200_000]
                pair.a.restartIce()
                await negotiate(pair.a, pair.b)
                pair.left.send("after the restart")
                assert (await box.hold(2))[1] == "after the restart"
        finally:
            first.close()
            second.close()

    async def test_one_connection_that_closes_leaves_the_others(self) -> None:
        endpoint = await UdpEndpoint.open("127.0.0.1")
        try:
            async with connected(loopback(), loopback(endpoint=endpoint)) as stays:
                async with connected(loopback(), loopback(endpoint=endpoint)) as leaves:
                    leaves.left.send("bye")
                box = Box(stays.right)
                stays.left.send("still there")
                assert await box.hold(1) == ["still there"]
        finally:
            endpoint.close()


class TestIceLite:
    @pytest.mark.parametrize("lite", ["offerer", "answerer"])
    async def test_on_either_side(self, lite: str) -> None:
        options = {"ice_lite": True}
        first = loopback(**(options if lite == "offerer" else {}))
        second = loopback(**(options if lite == "answerer" else {}))
        async with connected(first, second) as pair:
            box = Box(pair.right)
            pair.left.send("through")
            assert await box.hold(1) == ["through"]
            simple, full = (pair.a, pair.b) if lite == "offerer" else (pair.b, pair.a)
            assert simple.localDescription is not None
            assert "a=ice-lite\r\n" in simple.localDescription.sdp
            assert simple.sctp is not None
            assert full.sctp is not None
            assert simple.sctp.transport.iceTransport.role == "controlled"
            assert full.sctp.transport.iceTransport.role == "controlling"


class TestCredentialsAndRoles:
    async def test_given_credentials(self) -> None:
        ours = Credentials("ours", "o" * 22)
        theirs = Credentials("theirs" * 10, "t" * 200)
        async with connected(
            loopback(local_credentials=ours, remote_credentials=theirs),
            loopback(local_credentials=theirs, remote_credentials=ours),
        ) as pair:
            assert pair.a.localDescription is not None
            assert "a=ice-ufrag:ours\r\n" in pair.a.localDescription.sdp
            assert pair.a.sctp is not None
            ice = pair.a.sctp.transport.iceTransport
            remote = ice.getRemoteParameters()
            assert remote is not None
            assert remote.usernameFragment == "theirs" * 10
            box = Box(pair.right)
            pair.left.send("through")
            assert await box.hold(1) == ["through"]

    @pytest.mark.parametrize(
        ("offerer", "answerer", "expected"),
        [
            (None, None, "server"),
            ("client", None, "client"),
            ("server", None, "server"),
            (None, "client", "server"),
            (None, "server", "client"),
            ("client", "server", "client"),
            ("server", "client", "server"),
        ],
    )
    async def test_forced_dtls_roles(self, offerer: Any, answerer: Any, expected: str) -> None:
        async with connected(loopback(dtls_role=offerer), loopback(dtls_role=answerer)) as pair:
            report = (await pair.a.getStats())["T"].toJSON()
            assert report["dtlsRole"] == expected

    async def test_two_of_the_same_role_are_refused(self) -> None:
        async with two(loopback(dtls_role="client"), loopback(dtls_role="client")) as (a, b):
            a.createDataChannel("")
            with pytest.raises(InvalidAccessError):
                await negotiate(a, b)

    async def test_the_caller_verifies_the_fingerprint(self) -> None:
        certificate = RTCCertificate.generate()
        first = loopback(verify_fingerprint=False)
        second = loopback()
        second.certificates = [certificate]
        async with two(first, second) as (a, b):
            channel = a.createDataChannel("")
            await a.setLocalDescription()
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            await b.setLocalDescription()
            assert b.localDescription is not None
            dummy = "a=fingerprint:sha-256 " + ":".join(["00"] * 32)
            answer = "\r\n".join(
                dummy if line.startswith("a=fingerprint") else line
                for line in b.localDescription.sdp.split("\r\n")
            )
            await a.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await opened(channel)
            assert a.sctp is not None
            assert a.sctp.transport.getRemoteCertificates() == [certificate.der]

    @pytest.mark.parametrize("profiles", [(), (1,), (7, 8), None], ids=str)
    async def test_srtp_profiles(self, profiles: Any) -> None:
        async with connected(loopback(srtp_profiles=profiles), loopback()) as pair:
            cipher = (await pair.a.getStats())["T"].toJSON().get("srtpCipher")
            assert (cipher is None) == (profiles == ())
            if profiles == (1,):
                assert "SHA1_80" in str(cipher)

    async def test_addresses_and_loopback(self) -> None:
        async with two(
            RTCConfiguration(transport=TransportOptions(addresses=["127.0.0.2", "192.0.2.199"])),
            RTCConfiguration(transport=TransportOptions(loopback=True)),
        ) as (a, b):
            channel = a.createDataChannel("")
            await negotiate(a, b)
            assert a.localDescription is not None
            # An address that is not ours costs its own candidate only.
            hosts = [line for line in a.localDescription.sdp.splitlines() if "typ host" in line]
            assert len(hosts) == 1
            assert " 127.0.0.2 " in hosts[0]
            await opened(channel)


class TestUnknownBindingRequest:
    """The way of libp2p's webrtc-direct: the server learns of a client by its first check."""

    async def test_a_connection_is_made_from_the_hook(self) -> None:
        endpoint = await UdpEndpoint.open("127.0.0.1")
        certificate = RTCCertificate.generate()
        clients = 3
        witness = Witness()
        servers: list[RTCPeerConnection] = []
        hosted: list[RTCDataChannel] = []
        seen: set[str] = set()
        try:
            async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:

                async def serve(ufrag: str, request: bytes, address: tuple[str, int]) -> None:
                    pc = server_of(endpoint, ufrag, certificate)
                    await stack.enter_async_context(pc)
                    servers.append(pc)
                    channel = pc.createDataChannel("", negotiated=True, id=0)
                    hosted.append(channel)
                    channel.on("message", lambda message: channel.send(f"{ufrag} {message}"))
                    await pc.setRemoteDescription(offer_made_up(ufrag, address))
                    await pc.setLocalDescription()
                    endpoint.replay(request, address)

                def unknown(
                    ours: str, theirs: str, request: bytes, address: tuple[str, int]
                ) -> None:
                    # The client chose one string for both sides, as fragment and password.
                    assert ours == theirs
                    witness.note(f"unknown {ours}")
                    if ours not in seen:
                        seen.add(ours)
                        tasks.start_soon(serve, ours, request, address)

                endpoint.on_unknown_binding_request = unknown
                for number in range(clients):
                    ufrag = f"libp2p+webrtc+v1/client{number}xxxxxxxxxxxxxxxx"
                    pc = await stack.enter_async_context(
                        RTCPeerConnection(
                            loopback(
                                local_credentials=Credentials(ufrag, ufrag), srtp_profiles=(1,)
                            )
                        )
                    )
                    channel = pc.createDataChannel("", negotiated=True, id=0)
                    box = Box(channel)
                    await pc.setLocalDescription()
                    await pc.setRemoteDescription(
                        answer_made_up(ufrag, endpoint.local_address, certificate)
                    )
                    await opened(channel)
                    channel.send("hello")
                    assert await box.hold(1) == [f"{ufrag} hello"]
                    assert witness.heard.count(f"unknown {ufrag}") >= 1
                    # In-band channels by the parity of the DTLS roles.
                    assert pc.createDataChannel("").id == 2
                assert len(servers) == clients
                assert all(each.sctp is not None for each in servers)
                for pc in servers:
                    assert pc.createDataChannel("").id == 1
                    assert pc.sctp is not None
                    assert pc.sctp.transport.iceTransport.role == "controlled"
                    (client,) = pc.sctp.transport.getRemoteCertificates()
                    assert client
                tasks.cancel_scope.cancel()
        finally:
            endpoint.close()


def echo(channel: RTCDataChannel) -> None:
    channel.on("message", channel.send)


def server_of(endpoint: UdpEndpoint, ufrag: str, certificate: RTCCertificate) -> RTCPeerConnection:
    return RTCPeerConnection(
        RTCConfiguration(
            certificates=[certificate],
            transport=TransportOptions(
                endpoint=endpoint,
                local_credentials=Credentials(ufrag, ufrag),
                remote_credentials=Credentials(ufrag, ufrag),
                ice_lite=True,
                dtls_role="server",
                verify_fingerprint=False,
                srtp_profiles=(1,),
            ),
        )
    )


def offer_made_up(ufrag: str, address: tuple[str, int]) -> RTCSessionDescription:
    """What the client would have offered, as far as its first check tells."""
    return RTCSessionDescription(
        _sdp(
            f"c=IN IP4 {address[0]}",
            f"a=ice-ufrag:{ufrag}",
            f"a=ice-pwd:{ufrag}",
            "a=fingerprint:sha-256 " + ":".join(["FF"] * 32),
            "a=setup:actpass",
            f"a=candidate:1 1 UDP 1 {address[0]} {address[1]} typ host",
            "a=end-of-candidates",
        ),
        "offer",
    )


def answer_made_up(
    ufrag: str, address: tuple[str, int], certificate: RTCCertificate
) -> RTCSessionDescription:
    """What the client builds of the server's multiaddr."""
    fingerprint = certificate.getFingerprints()[0]
    return RTCSessionDescription(
        _sdp(
            f"c=IN IP4 {address[0]}",
            f"a=ice-ufrag:{ufrag}",
            f"a=ice-pwd:{ufrag}",
            f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value.upper()}",
            "a=setup:passive",
            f"a=candidate:1 1 UDP 1 {address[0]} {address[1]} typ host",
            "a=end-of-candidates",
            session="a=ice-lite",
        ),
        "answer",
    )


def _sdp(*lines: str, session: str = "a=ice-options:ice2") -> str:
    text = [
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        session,
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        lines[0],
        "a=mid:0",
        *lines[1:],
        "a=sctp-port:5000",
        "a=max-message-size:16384",
        "",
    ]
    return "\r\n".join(text)
