"""RTCConfiguration (WebRTC 1.0 §4.2.1), and what servers and embedders may set beyond it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from rtckit.errors import InvalidAccessError, InvalidModificationError
from rtckit.ice import Credentials
from rtckit.runtime import UdpEndpoint

from .certificate import RTCCertificate
from .ice_server import RTCIceServer

__all__ = ["ConfigurationInit", "RTCConfiguration", "TransportOptions", "read_configuration"]

_ENUMERATIONS = {
    "bundlePolicy": ("balanced", "max-compat", "max-bundle"),
    "iceTransportPolicy": ("all", "relay"),
    "rtcpMuxPolicy": ("require",),
}


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
        """Check the values as Web IDL, the constructor and "set a configuration" do.

        :raises TypeError: a value is of another type, none of its enumeration, or out of range.
        :raises InvalidAccessError: a certificate has expired, or a TURN server lacks credentials.
        :raises SyntaxDOMException: a server's URL is malformed.
        """
        self._check_types()
        for certificate in self.certificates or []:
            if certificate.expired:
                raise InvalidAccessError("a certificate of the configuration has expired")
        for server in self.iceServers or []:
            server.parsed()

    def check_change(self, now: RTCConfiguration, *, gathered: bool) -> None:
        """Check that it may take the place of the one in force (§4.4.1.6, set a configuration).

        :param gathered: whether ``setLocalDescription`` has been called.
        :raises InvalidModificationError: a part that must not change does.
        """
        ours, theirs = self.certificates or [], now.certificates or []
        if len(ours) != len(theirs) or any(
            one is not other for one, other in zip(ours, theirs, strict=True)
        ):
            raise InvalidModificationError("the certificates cannot be changed")
        if self.bundlePolicy != now.bundlePolicy:
            raise InvalidModificationError("bundlePolicy cannot be changed")
        if gathered and self.iceCandidatePoolSize != now.iceCandidatePoolSize:
            raise InvalidModificationError(
                "iceCandidatePoolSize cannot be changed after setLocalDescription"
            )

    def copied(self) -> RTCConfiguration:
        """A copy that nobody else changes, with its sequences present."""
        return replace(
            self,
            iceServers=[replace(server) for server in self.iceServers or []],
            certificates=list(self.certificates or []),
        )

    def _check_types(self) -> None:
        for name, values in _ENUMERATIONS.items():
            value = getattr(self, name)
            if value not in values:
                raise TypeError(f"{name} must be one of {', '.join(values)}, not {value!r}")
        size = self.iceCandidatePoolSize
        if not isinstance(size, int) or not 0 <= size <= 255:
            raise TypeError(f"iceCandidatePoolSize must be 0 to 255, not {size!r}")
        for certificate in self.certificates or []:
            if not isinstance(certificate, RTCCertificate):
                raise TypeError("certificates must be RTCCertificates")
        for server in self.iceServers or []:
            if not isinstance(server, RTCIceServer):
                raise TypeError(
                    "iceServers must be a list of RTCIceServer or of mappings, "
                    f"not {self.iceServers!r}"
                )
            server.check_types()


#: The object, or a mapping of its members, servers as mappings too.
ConfigurationInit: TypeAlias = RTCConfiguration | Mapping[str, object]


def read_configuration(init: ConfigurationInit | None) -> RTCConfiguration:
    """A copy of what was given, checked.

    :raises TypeError: it is no configuration.
    :raises InvalidAccessError, SyntaxDOMException: see :meth:`RTCConfiguration.check`.
    """
    if init is None:
        init = RTCConfiguration()
    elif isinstance(init, Mapping):
        members = dict(init)
        servers = members.get("iceServers")
        if isinstance(servers, Sequence) and not isinstance(servers, str):
            members["iceServers"] = [
                RTCIceServer(**each) if isinstance(each, Mapping) else each for each in servers
            ]
        init = RTCConfiguration(**members)  # type: ignore[arg-type]  # check() looks
    elif not isinstance(init, RTCConfiguration):
        raise TypeError(f"a configuration is an RTCConfiguration, not {type(init).__name__}")
    init.check()
    return init.copied()
