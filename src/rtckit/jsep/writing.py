"""Writing our descriptions, line by line (RFC 9429 §5.2, §5.3)."""

from __future__ import annotations

from collections.abc import Iterable

from rtckit.jsep.parameters import IceCredentials, LocalParameters
from rtckit.sdp import Group, MediaDescription, MediaLine, Origin, SctpMap, SessionDescription

__all__ = ["application_section", "session_section"]

#: What draft-ietf-mmusic-sctp-sdp had browsers write: how many streams the side takes.
_SCTPMAP_STREAMS = 65_535


def session_section(
    origin: Origin, *, ice_options: Iterable[str], ice_lite: bool, bundles: Iterable[Group]
) -> SessionDescription:
    """A description without media sections (RFC 9429 §5.2.1)."""
    description = SessionDescription()
    description.set_field("v", "0")
    description.set_field("o", str(origin))
    description.set_field("s", "-")
    description.set_field("t", "0 0")
    options = " ".join(ice_options)
    if options:
        description.add("ice-options", options)
    if ice_lite:
        description.add("ice-lite")
    for group in bundles:
        description.add("group", str(group))
    return description


def application_section(
    line: MediaLine,
    mid: str | None,
    credentials: IceCredentials,
    setup: str,
    tls_id: str | None,
    local: LocalParameters,
) -> MediaDescription:
    """The section for data channels, which carries the transport's attributes.

    :param line: the ``m=`` line to mirror; RFC 9429 §5.3.1 has an answer repeat the offer's
        protocol and format, those of the drafts before RFC 8841 too.
    :param tls_id: ``None`` in an answer to an offer without one (RFC 8842 §5.3).
    """
    old_style = line.formats != ("webrtc-datachannel",)
    formats = (str(local.sctp_port),) if old_style else line.formats
    media = MediaDescription()
    media.set_field("m", str(MediaLine("application", 9, line.protocol, formats)))
    media.set_field("c", "IN IP4 0.0.0.0")
    if mid is not None:
        media.add("mid", mid)
    media.add("ice-ufrag", credentials.ufrag)
    media.add("ice-pwd", credentials.pwd)
    for fingerprint in local.fingerprints:
        media.add("fingerprint", str(fingerprint))
    media.add("setup", setup)
    if tls_id is not None:
        media.add("tls-id", tls_id)
    if old_style:
        media.add("sctpmap", str(SctpMap(local.sctp_port, "webrtc-datachannel", _SCTPMAP_STREAMS)))
    else:
        media.add("sctp-port", str(local.sctp_port))
    media.add("max-message-size", str(local.max_message_size))
    return media
