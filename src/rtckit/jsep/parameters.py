"""What goes into a negotiation and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from rtckit.jsep.state import DescriptionType, Side, SignalingState
from rtckit.sdp import Fingerprint

__all__ = [
    "Application",
    "Applied",
    "CandidatePlace",
    "Description",
    "DtlsRole",
    "IceCredentials",
    "LocalParameters",
    "RemoteCandidate",
    "SctpParameters",
    "TransportParameters",
    "TransportState",
]

#: A side's part in the DTLS handshake.
DtlsRole: TypeAlias = Literal["client", "server"]

#: What became of the application section: there is none, an offer has it, an answer took it, or
#: an answer turned it down.
Application: TypeAlias = Literal["none", "offered", "accepted", "rejected"]


@dataclass(frozen=True, slots=True)
class Description:
    """A session description and what it is meant as (``RTCSessionDescription``).

    :ivar type: ``"offer"``, ``"pranswer"``, ``"answer"`` or ``"rollback"``.
    :ivar sdp: its text; ``""`` in a rollback, and where a local one is to be created.
    """

    type: str
    sdp: str = ""


@dataclass(frozen=True, slots=True)
class IceCredentials:
    """A user name fragment and its password (RFC 8445 §5.3)."""

    ufrag: str
    pwd: str


@dataclass(frozen=True, slots=True)
class LocalParameters:
    """What our descriptions say about us.

    :ivar fingerprints: of our certificate, at least one.
    :ivar sctp_port: our SCTP port.
    :ivar max_message_size: the largest message in bytes that we take; 0: any.
    :ivar ice_lite: we are an ICE-lite agent (RFC 8445 §2.5).
    :ivar dtls_role: our part in the DTLS handshake, ``None`` to leave it to the negotiation.
    :ivar credentials: our first ICE credentials, ``None`` to make them up. A restart makes up
        new ones in any case.
    """

    fingerprints: tuple[Fingerprint, ...]
    sctp_port: int = 5000
    max_message_size: int = 262_144
    ice_lite: bool = False
    dtls_role: DtlsRole | None = None
    credentials: IceCredentials | None = None

    def __post_init__(self) -> None:
        if not self.fingerprints:
            raise ValueError("at least one fingerprint is needed")
        if not 1 <= self.sctp_port <= 65535:
            raise ValueError(f"sctp_port must be 1 to 65535, not {self.sctp_port}")
        if self.max_message_size < 0:
            raise ValueError("max_message_size must not be negative")
        if self.dtls_role not in (None, "client", "server"):
            raise ValueError(f'dtls_role must be "client", "server" or None, not {self.dtls_role}')


@dataclass(frozen=True, slots=True)
class TransportParameters:
    """What a remote description says about the transport.

    :ivar mid: the identification tag of the section that it was read for, if that has one.
    :ivar mline_index: the index of that section.
    :ivar ufrag: the peer's user name fragment.
    :ivar pwd: the peer's password.
    :ivar ice_lite: the peer is an ICE-lite agent.
    :ivar trickle: the peer takes candidates that come later (RFC 8838 §4.1.2).
    :ivar fingerprints: of the peer's certificate; one match is enough (RFC 8122 §5).
    :ivar setup: ``"actpass"``, ``"active"`` or ``"passive"``.
    :ivar tls_id: names the DTLS association, if the peer names it (RFC 8842 §4).
    :ivar candidates: as text, without ``candidate:``.
    :ivar end_of_candidates: there will be no others.
    """

    mid: str | None
    mline_index: int
    ufrag: str
    pwd: str
    ice_lite: bool
    trickle: bool
    fingerprints: tuple[Fingerprint, ...]
    setup: str
    tls_id: str | None
    candidates: tuple[str, ...]
    end_of_candidates: bool


@dataclass(frozen=True, slots=True)
class SctpParameters:
    """The SCTP association (RFC 8841).

    :ivar local_port: our SCTP port.
    :ivar remote_port: the peer's SCTP port.
    :ivar max_message_size: the largest message in bytes that the peer takes, ``None``: any.
    """

    local_port: int
    remote_port: int
    max_message_size: int | None


@dataclass(frozen=True, slots=True)
class TransportState:
    """The one transport, as the latest descriptions have it.

    :ivar mid: the identification tag of the section that carries it, if that has one.
    :ivar mline_index: the index of that section.
    :ivar local: our ICE credentials, ``None`` until a local description is set.
    :ivar remote: the peer's parameters, ``None`` until a remote description is set.
    :ivar dtls_role: our part in the DTLS handshake, ``None`` until an answer settles it.
    :ivar sctp: the association, ``None`` until the peer's port is known, or when the peer closed
        it with port 0 (RFC 8841 §5.1).
    """

    mid: str | None
    mline_index: int
    local: IceCredentials | None
    remote: TransportParameters | None
    dtls_role: DtlsRole | None
    sctp: SctpParameters | None


@dataclass(frozen=True, slots=True)
class Applied:
    """What setting a description changed.

    :ivar side: whose description was set.
    :ivar type: as what it was set.
    :ivar before: the signaling state before.
    :ivar after: the signaling state now.
    :ivar rolled_back: an offer was rolled back, by itself or because a remote offer came.
    :ivar application: what became of the application section.
    :ivar transport: the transport now, ``None`` when no section needs one.
    :ivar local_changed: our ICE credentials are others than before: gather for them. Both the
        first ones and those of an ICE restart, and the former ones after a rollback.
    :ivar remote_changed: the peer's ICE credentials are others than before.
    :ivar dtls_restart: the peer wants a new DTLS association in place of the negotiated one
        (RFC 8842 §4): its certificate or ``tls-id`` changed.
    """

    side: Side
    type: DescriptionType
    before: SignalingState
    after: SignalingState
    rolled_back: bool
    application: Application
    transport: TransportState | None
    local_changed: bool
    remote_changed: bool
    dtls_restart: bool


@dataclass(frozen=True, slots=True)
class CandidatePlace:
    """Where a local candidate stands in the local description, for the ``icecandidate`` event.

    :ivar mid: the section's identification tag, if it has one.
    :ivar mline_index: the section's index.
    :ivar ufrag: the user name fragment that the candidate was gathered for.
    """

    mid: str | None
    mline_index: int
    ufrag: str


@dataclass(frozen=True, slots=True)
class RemoteCandidate:
    """A remote candidate that was recorded.

    :ivar candidate: its text without ``candidate:``; ``""`` says that there will be no others.
    :ivar mid: the section's identification tag, if it has one.
    :ivar mline_index: the section's index.
    :ivar ufrag: the user name fragment that it belongs to.
    :ivar for_transport: it is for the transport in use; otherwise for a section that is not.
    """

    candidate: str
    mid: str | None
    mline_index: int
    ufrag: str
    for_transport: bool
