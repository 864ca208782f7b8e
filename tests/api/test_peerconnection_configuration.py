"""Constructor, getConfiguration and setConfiguration (WebRTC 1.0 §4.2, §4.4.1.1, §4.4.1.6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.api.meeting import loopback

from rtckit import (
    InvalidAccessError,
    InvalidModificationError,
    InvalidStateError,
    NotSupportedError,
    RTCCertificate,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
)
from rtckit.errors import DOMException, SyntaxDOMException

CERTIFICATE = RTCCertificate.generate()


def test_a_new_connection_has_the_initial_values() -> None:
    pc = RTCPeerConnection()
    assert pc.signalingState == "stable"
    assert pc.iceGatheringState == pc.iceConnectionState == pc.connectionState == "new"
    assert pc.canTrickleIceCandidates is None
    assert pc.sctp is None
    assert pc.localDescription is pc.remoteDescription is None
    assert pc.currentLocalDescription is pc.pendingLocalDescription is None
    assert pc.currentRemoteDescription is pc.pendingRemoteDescription is None
    for name in (
        "negotiationneeded",
        "icecandidate",
        "icecandidateerror",
        "signalingstatechange",
        "iceconnectionstatechange",
        "icegatheringstatechange",
        "connectionstatechange",
        "datachannel",
    ):
        assert getattr(pc, "on" + name) is None


def test_the_defaults() -> None:
    configuration = RTCPeerConnection().getConfiguration()
    assert configuration.iceServers == []
    assert configuration.certificates == []
    assert configuration.bundlePolicy == "balanced"
    assert configuration.iceTransportPolicy == "all"
    assert configuration.rtcpMuxPolicy == "require"
    assert configuration.iceCandidatePoolSize == 0


@pytest.mark.parametrize(
    "given",
    [
        {"bundlePolicy": "bundle"},
        {"bundlePolicy": None},
        {"bundlePolicy": ""},
        {"iceTransportPolicy": "none"},
        {"iceTransportPolicy": 1},
        {"rtcpMuxPolicy": "negotiate"},
        {"rtcpMuxPolicy": "required"},
        {"iceCandidatePoolSize": -1},
        {"iceCandidatePoolSize": 256},
        {"iceCandidatePoolSize": "4"},
        {"certificates": ["certificate"]},
        {"iceServers": [None]},
        {"iceServers": ["stun:stun.example.org"]},
        {"iceServers": [RTCIceServer(urls=[1])]},  # type: ignore[list-item]
        {"iceServers": [RTCIceServer("turn:a", username=1, credential="x")]},  # type: ignore[arg-type]
        {"iceServers": [RTCIceServer("turn:a", "a", "b", credentialType="oauth")]},
    ],
    ids=str,
)
def test_what_is_no_such_value_is_a_type_error(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        RTCPeerConnection(RTCConfiguration(**given))
    pc = RTCPeerConnection()
    with pytest.raises(TypeError):
        pc.setConfiguration(RTCConfiguration(**given))
    assert pc.getConfiguration() == RTCPeerConnection().getConfiguration()


@pytest.mark.parametrize("given", [1, "all", [], 2.5], ids=repr)
def test_what_is_no_configuration_is_a_type_error(given: Any) -> None:
    with pytest.raises(TypeError):
        RTCPeerConnection(given)


@pytest.mark.parametrize(
    "urls",
    [
        "stun:stun.example.org",
        "stun:stun.example.org:3478",
        "stun:192.0.2.1",
        "stun:[2001:db8::1]:3479",
        "stuns:stun.example.org",
        "STUN:stun.example.org",
        ["stun:a.example.org", "stun:b.example.org"],
    ],
    ids=str,
)
def test_servers_that_can_be_asked(urls: Any) -> None:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[RTCIceServer(urls)]))
    assert pc.getConfiguration().iceServers == [RTCIceServer(urls)]


@pytest.mark.parametrize(
    "urls",
    [
        "",
        [],
        ["stun:a.example.org", ""],
        "stun",
        "stun:",
        "relative-url",
        "http://example.org",
        "stun://stun.example.org",
        "stun:stun.example.org:x",
        "stun:stun.example.org:0",
        "stun:stun.example.org:65536",
        "stun:stun.example.org?transport=udp",
        "stun:stun.example.org#fragment",
        "stun:user@stun.example.org",
        "turn:turn.example.org?transport=udp?",
        " stun:stun.example.org",
    ],
    ids=str,
)
def test_malformed_urls_are_syntax_errors(urls: Any) -> None:
    server = RTCIceServer(urls, username="user", credential="secret")
    with pytest.raises(SyntaxDOMException) as caught:
        RTCPeerConnection(RTCConfiguration(iceServers=[server]))
    assert caught.value.name == "SyntaxError"
    with pytest.raises(SyntaxDOMException):
        RTCPeerConnection().setConfiguration(RTCConfiguration(iceServers=[server]))


def test_a_turn_server_needs_credentials_which_may_be_empty() -> None:
    for url in ("turn:turn.example.org", "turns:turn.example.org", "turn:a?transport=tcp"):
        for server in (
            RTCIceServer(url),
            RTCIceServer(url, username="user"),
            RTCIceServer(url, credential="secret"),
            RTCIceServer(["stun:stun.example.org", url]),
        ):
            with pytest.raises(InvalidAccessError):
                RTCPeerConnection(RTCConfiguration(iceServers=[server]))
        RTCPeerConnection(RTCConfiguration(iceServers=[RTCIceServer(url, "", "")]))
    with pytest.raises(NotSupportedError):
        RTCPeerConnection(
            RTCConfiguration(iceServers=[RTCIceServer("turn:a?transport=sctp", "", "")])
        )


def test_the_first_wrong_server_tells() -> None:
    servers = [RTCIceServer("turn:turn.example.org"), RTCIceServer("nonsense")]
    with pytest.raises(InvalidAccessError):
        RTCPeerConnection(RTCConfiguration(iceServers=servers))
    with pytest.raises(DOMException) as caught:
        RTCPeerConnection(RTCConfiguration(iceServers=servers[::-1]))
    assert caught.value.name == "SyntaxError"


def test_mappings_as_in_javascript() -> None:
    pc = RTCPeerConnection(
        {
            "iceServers": [
                {"urls": "stun:stun.example.org"},
                {"urls": ["turn:turn.example.org"], "username": "u", "credential": "c"},
            ],
            "bundlePolicy": "max-bundle",
            "iceCandidatePoolSize": 2,
        }
    )
    configuration = pc.getConfiguration()
    assert configuration.iceServers is not None
    assert configuration.iceServers[1] == RTCIceServer(["turn:turn.example.org"], "u", "c")
    assert configuration.bundlePolicy == "max-bundle"
    assert configuration.iceCandidatePoolSize == 2


def test_the_configuration_is_copied_in_and_out() -> None:
    given = RTCConfiguration(iceServers=[RTCIceServer("stun:stun.example.org")])
    pc = RTCPeerConnection(given)
    assert given.iceServers is not None
    given.iceServers[0].urls = "nonsense"
    given.iceServers.append(RTCIceServer("more nonsense"))
    given.bundlePolicy = "max-bundle"
    one = pc.getConfiguration()
    assert one.iceServers == [RTCIceServer("stun:stun.example.org")]
    assert one.bundlePolicy == "balanced"
    one.iceCandidatePoolSize = 5
    one.iceServers.clear()
    other = pc.getConfiguration()
    assert other is not one
    assert other.iceCandidatePoolSize == 0
    assert len(other.iceServers or []) == 1
    pc.setConfiguration(one)
    assert pc.getConfiguration().iceCandidatePoolSize == 5
    assert pc.getConfiguration().iceServers == []


def test_what_set_configuration_may_change_and_what_not() -> None:
    pc = RTCPeerConnection(RTCConfiguration(certificates=[CERTIFICATE]))
    same = pc.getConfiguration()
    same.iceTransportPolicy = "relay"
    same.iceServers = [RTCIceServer("stun:stun.example.org")]
    pc.setConfiguration(same)
    assert pc.getConfiguration() == same
    changes: list[dict[str, Any]] = [
        {"bundlePolicy": "max-compat"},
        {"certificates": []},
        {"certificates": [RTCCertificate.generate()]},
        {"certificates": [CERTIFICATE, CERTIFICATE]},
        {"certificates": [RTCCertificate.from_pem(CERTIFICATE.to_pem())]},
    ]
    for change in changes:
        changed = pc.getConfiguration()
        for name, value in change.items():
            setattr(changed, name, value)
        with pytest.raises(InvalidModificationError):
            pc.setConfiguration(changed)
    with pytest.raises(InvalidModificationError):
        pc.setConfiguration()
    assert pc.getConfiguration() == same
    RTCPeerConnection().setConfiguration()


@pytest.mark.anyio
async def test_the_pool_size_is_fixed_once_a_local_description_is_asked_for() -> None:
    async with RTCPeerConnection(loopback()) as pc:
        configuration = pc.getConfiguration()
        configuration.iceCandidatePoolSize = 1
        pc.setConfiguration(configuration)
        pc.createDataChannel("")
        await pc.setLocalDescription()
        pc.setConfiguration(configuration)
        configuration.iceCandidatePoolSize = 2
        with pytest.raises(InvalidModificationError):
            pc.setConfiguration(configuration)


@pytest.mark.anyio
async def test_a_closed_connection_is_not_configured() -> None:
    pc = RTCPeerConnection(loopback())
    before = pc.getConfiguration()
    await pc.close()
    with pytest.raises(InvalidStateError):
        pc.setConfiguration(before)
    assert pc.getConfiguration() == before


def test_an_expired_certificate_is_refused() -> None:
    expired = _expired()
    for certificates in ([expired], [CERTIFICATE, expired]):
        with pytest.raises(InvalidAccessError):
            RTCPeerConnection(RTCConfiguration(certificates=certificates))
    # Certificates are looked at before the servers are.
    with pytest.raises(InvalidAccessError):
        RTCPeerConnection(
            RTCConfiguration(certificates=[expired], iceServers=[RTCIceServer("nonsense")])
        )


def _expired() -> RTCCertificate:
    certificate = RTCCertificate.generate(lifetime=timedelta(microseconds=1))
    assert certificate.expired
    return certificate
