"""Offer and answer (RFC 9429, WebRTC 1.0 §4.4): descriptions in, descriptions out.

:class:`Negotiation` keeps the signaling state, the local and remote descriptions and the places
of their sections. It knows the text (:mod:`rtckit.sdp`) and no transport: what a description
changes comes back as :class:`Applied`, for the composition to carry out.
"""

from rtckit.jsep.negotiation import Negotiation
from rtckit.jsep.parameters import (
    Application,
    Applied,
    CandidatePlace,
    Description,
    DtlsRole,
    IceCredentials,
    LocalParameters,
    RemoteCandidate,
    SctpParameters,
    TransportParameters,
    TransportState,
)
from rtckit.jsep.state import (
    IMPLICIT_ROLLBACK,
    TRANSITIONS,
    DescriptionType,
    Side,
    SignalingState,
)
from rtckit.jsep.trickle import MAX_REMOTE_CANDIDATES
from rtckit.sdp import Fingerprint

__all__ = [
    "IMPLICIT_ROLLBACK",
    "MAX_REMOTE_CANDIDATES",
    "TRANSITIONS",
    "Application",
    "Applied",
    "CandidatePlace",
    "Description",
    "DescriptionType",
    "DtlsRole",
    "Fingerprint",
    "IceCredentials",
    "LocalParameters",
    "Negotiation",
    "RemoteCandidate",
    "SctpParameters",
    "Side",
    "SignalingState",
    "TransportParameters",
    "TransportState",
]
