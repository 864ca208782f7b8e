"""RTCConfiguration (WebRTC 1.0 §4.2.1), and what servers and embedders may set beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from rtckit.ice import Credentials
from rtckit.runtime import UdpEndpoint

from .certificate import RTCCertificate
from .ice_server import RTCIceServer

__all__ = ["RTCConfiguration", "TransportOptions"]


@dataclass(slots=True, kw_only=True)
class TransportOptions:
    """What the W3C does not let a page set, and a server, a gateway or libp2p must.

    :param endpoint: one UDP endpoint that many connections share; ``None`` opens own sockets.
    :param addresses: gather host candidates on these local IP addresses only.
    :param loopback: gather on loopback addresses too.
    :param local_credentials: our ICE user fragment and password; ``None`` draws them.
    :param remote_credentials: the peer's, when known before its description: connectivity
        checks are verified and answered from the first packet on.
    :param ice_lite: answer connectivity checks, never send them (RFC 8445 §2.5).
    :param dtls_role: force the DTLS role; ``None`` negotiates it (RFC 8842 §5).
    :param verify_fingerprint: whether the peer's certificate must match its SDP; if false the
        caller checks ``getRemoteCertificates()`` before it trusts the peer.
    :param srtp_profiles: SRTP protection profiles to offer (RFC 5764 §4.1.2); ``()`` for none.
    :param hostname_resolution: whether to resolve ``.local`` candidates by multicast DNS.
    :param max_message_size: the largest message that the peer may send, in bytes.
    :param receive_window: bytes of unread messages before the peer is held back.
    """

    endpoint: UdpEndpoint | None = None
    addresses: Sequence[str] | None = None
    loopback: bool = False
    local_credentials: Credentials | None = None
    remote_credentials: Credentials | None = None
    ice_lite: bool = False
    dtls_role: Literal["client", "server"] | None = None
    verify_fingerprint: bool = True
    srtp_profiles: Sequence[int] | None = None
    hostname_resolution: bool = True
    max_message_size: int = 262144
    receive_window: int = 4 * 1024 * 1024


@dataclass(slots=True)
class RTCConfiguration:
    """How a peer connection is to be set up.

    :param iceServers: STUN and TURN servers.
    :param bundlePolicy: ``"balanced"``, ``"max-compat"`` or ``"max-bundle"``.
    :param certificates: the certificate to use; one is made if there is none.
    :param iceTransportPolicy: ``"all"`` or ``"relay"``.
    :param rtcpMuxPolicy: ``"require"``, the only one there is.
    :param iceCandidatePoolSize: candidates to gather ahead, 0 to 255.
    :param transport: beyond the W3C: see :class:`TransportOptions`.
    """

    iceServers: list[RTCIceServer] | None = None
    bundlePolicy: str = "balanced"
    certificates: list[RTCCertificate] | None = None
    iceTransportPolicy: str = "all"
    rtcpMuxPolicy: str = "require"
    iceCandidatePoolSize: int = 0
    transport: TransportOptions = field(default_factory=TransportOptions)

    def check(self) -> None:
        """Check the values as Web IDL does.

        :raises TypeError: a value is none of its enumeration, or out of range.
        """
        allowed = {
            "bundlePolicy": ("balanced", "max-compat", "max-bundle"),
            "iceTransportPolicy": ("all", "relay"),
            "rtcpMuxPolicy": ("require",),
        }
        for name, values in allowed.items():
            value = getattr(self, name)
            if value not in values:
                raise TypeError(f"{name} must be one of {', '.join(values)}, not {value!r}")
        if not 0 <= self.iceCandidatePoolSize <= 255:
            raise TypeError("iceCandidatePoolSize must be 0 to 255")
        for server in self.iceServers or []:
            server.parsed()
