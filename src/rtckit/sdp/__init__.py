"""Session descriptions: grammar and model (RFC 8866 and the attributes of WebRTC).

A description is its lines, in order; typed accessors read and write them. What is parsed and
written again is the same byte for byte, unknown attributes included. This room knows the text
and no transport: candidates stay text, offer and answer are for :mod:`rtckit.jsep`.
"""

from rtckit.sdp.attribute import Line
from rtckit.sdp.channel import SctpMap
from rtckit.sdp.connectivity import check_candidate
from rtckit.sdp.description import SessionDescription
from rtckit.sdp.fields import Bandwidth, Connection, MediaLine, Origin
from rtckit.sdp.fragment import SdpFragment
from rtckit.sdp.grammar import DEFAULT_LIMITS, Limits
from rtckit.sdp.media import MediaDescription
from rtckit.sdp.media_format import (
    ExtensionMap,
    FormatParameters,
    RtcpAddress,
    RtcpFeedback,
    RtpMap,
)
from rtckit.sdp.media_source import (
    Group,
    Msid,
    Rid,
    Simulcast,
    SimulcastStream,
    Ssrc,
    SsrcGroup,
)
from rtckit.sdp.section import Section
from rtckit.sdp.security import Fingerprint

__all__ = [
    "DEFAULT_LIMITS",
    "Bandwidth",
    "Connection",
    "ExtensionMap",
    "Fingerprint",
    "FormatParameters",
    "Group",
    "Limits",
    "Line",
    "MediaDescription",
    "MediaLine",
    "Msid",
    "Origin",
    "Rid",
    "RtcpAddress",
    "RtcpFeedback",
    "RtpMap",
    "SctpMap",
    "SdpFragment",
    "Section",
    "SessionDescription",
    "Simulcast",
    "SimulcastStream",
    "Ssrc",
    "SsrcGroup",
    "check_candidate",
]
