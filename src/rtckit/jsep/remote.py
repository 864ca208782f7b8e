"""Reading a remote description: the parameters of the transport, wherever they stand."""

from __future__ import annotations

from rtckit.errors import InvalidAccessError
from rtckit.jsep.parameters import IceCredentials, SctpParameters, TransportParameters
from rtckit.jsep.state import DescriptionType
from rtckit.sdp import MediaDescription, SessionDescription

__all__ = [
    "offers_trickle",
    "read_sctp",
    "read_transport",
    "section_credentials",
    "shared_transport",
]

#: RFC 8841 §6.1: what a side takes that does not say.
_DEFAULT_MAX_MESSAGE_SIZE = 65_536

#: What browsers take a missing a=sctp-port for.
_DEFAULT_SCTP_PORT = 5000


def read_transport(
    description: SessionDescription, kind: DescriptionType, index: int
) -> TransportParameters:
    """The transport of the section at ``index``.

    :raises InvalidAccessError: what RFC 9429 §5.8.3 asks for is missing.
    """
    media = description.media[index]
    carrier = _carrier(description, media)
    credentials = section_credentials(description, media)
    if credentials is None:
        raise InvalidAccessError(f"section {index} has no ice-ufrag and ice-pwd")
    fingerprints = carrier.fingerprints or description.fingerprints
    if not fingerprints:
        raise InvalidAccessError(f"section {index} has no fingerprint")
    sections = [
        description.media[position] for position in shared_transport(description, kind, index)
    ]
    candidates = [candidate for section in sections for candidate in section.candidates]
    end = description.has("end-of-candidates") or any(
        section.end_of_candidates for section in sections
    )
    return TransportParameters(
        mid=media.mid,
        mline_index=index,
        ufrag=credentials.ufrag,
        pwd=credentials.pwd,
        ice_lite=description.ice_lite,
        trickle=offers_trickle(description),
        fingerprints=fingerprints,
        setup=_setup(carrier.setup or description.setup, kind, index),
        tls_id=carrier.tls_id or description.tls_id,
        candidates=tuple(dict.fromkeys(candidates)),
        end_of_candidates=end,
    )


def _carrier(description: SessionDescription, media: MediaDescription) -> MediaDescription:
    """The section that carries ``media``'s transport attributes.

    Its own, if it has them or the session has. Otherwise the tagged section of its BUNDLE group
    (RFC 9143 §7.1.3, RFC 9429 §5.2.2: bundled sections do not repeat them).
    """
    if media.ice_ufrag is not None:
        return media
    group = description.bundle_of(media.mid)
    if group is None:
        return media
    sections = {section.mid: section for section in description.media}
    bundled = (sections.get(mid) for mid in group.mids)
    return next(
        (
            section
            for section in bundled
            if section is not None and not section.rejected and section.ice_ufrag is not None
        ),
        media,
    )


def section_credentials(
    description: SessionDescription, media: MediaDescription
) -> IceCredentials | None:
    """The ICE credentials of ``media``, its own or those it shares or inherits."""
    carrier = _carrier(description, media)
    ufrag = carrier.ice_ufrag or description.ice_ufrag
    pwd = carrier.ice_pwd or description.ice_pwd
    return None if ufrag is None or pwd is None else IceCredentials(ufrag, pwd)


def _setup(setup: str | None, kind: DescriptionType, index: int) -> str:
    if kind is DescriptionType.OFFER:
        # Like libwebrtc: an offer without a=setup leaves the choice to us.
        setup = setup or "actpass"
        if setup == "holdconn":
            raise InvalidAccessError(f"section {index} has a=setup:holdconn")
        return setup
    # RFC 4145 §4.1, RFC 5763 §5: an answer settles the roles.
    setup = setup or "active"
    if setup not in ("active", "passive"):
        raise InvalidAccessError(f"section {index} has a=setup:{setup} in an answer")
    return setup


def shared_transport(
    description: SessionDescription, kind: DescriptionType, index: int
) -> list[int]:
    """The sections whose candidates are for the transport of the section at ``index``.

    An answer settles bundling. In an offer a bundled section still may have a transport of its
    own (RFC 9143 §7.2). It then should have its own credentials (RFC 9429 §5.2.1), but libwebrtc
    repeats one pair in every section; there candidates of its own tell.
    """
    media = description.media[index]
    group = description.bundle_of(media.mid)
    if group is None or (kind is DescriptionType.OFFER and media.candidates):
        return [index]
    mids = frozenset(group.mids)
    bundled = [at for at, section in enumerate(description.media) if section.mid in mids]
    if kind is not DescriptionType.OFFER:
        return bundled
    carrier = _carrier(description, media)
    shared = (carrier.ice_ufrag, carrier.ice_pwd)
    # A section without credentials shares those of the tagged section.
    return [
        at
        for at in bundled
        if (section := description.media[at]).ice_ufrag is None
        or (section.ice_ufrag, section.ice_pwd) == shared
        or at == index
    ]


def read_sctp(media: MediaDescription, local_port: int) -> SctpParameters | None:
    """The association of an application section, ``None`` when it closes it with port 0."""
    port = media.sctp_port
    if port is None:
        port = _DEFAULT_SCTP_PORT
    if port == 0:
        return None
    size = media.max_message_size
    if size is None:
        size = _DEFAULT_MAX_MESSAGE_SIZE
    return SctpParameters(local_port, port, size or None)


def offers_trickle(description: SessionDescription) -> bool:
    """Whether every section in use has ``a=ice-options:trickle`` (RFC 8840 §4.1.1)."""
    if "trickle" in description.ice_options:
        return True
    sections = [media for media in description.media if not media.rejected]
    return bool(sections) and all(
        "trickle" in media.ice_options
        for media in sections
        if media.ice_ufrag is not None or media.ice_options
    )
