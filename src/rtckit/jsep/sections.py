"""Media sections and their places: which is which from one description to the next.

A section keeps its index for good (RFC 3264 §8); a rejected one may be put to other use.
"""

from __future__ import annotations

from rtckit.errors import InvalidAccessError
from rtckit.sdp import MediaDescription, MediaLine, SessionDescription

__all__ = [
    "active_application",
    "check_answer",
    "check_bundles",
    "check_offer",
    "is_application",
    "rejected_section",
    "section_at",
]

# RFC 9429 §5.1.2: any of them is taken for SCTP over DTLS; what carries it is up to ICE.
_APPLICATION_PROTOCOLS = frozenset({"UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP"})


def is_application(media: MediaDescription) -> bool:
    """Whether the section is for data channels, in RFC 8841's writing or its drafts'."""
    line = media.media_line
    if line.kind != "application" or line.protocol not in _APPLICATION_PROTOCOLS:
        return False
    if line.formats == ("webrtc-datachannel",):
        return True
    sctpmap = media.sctpmap
    return sctpmap is not None and sctpmap.application == "webrtc-datachannel"


def section_at(description: SessionDescription | None, index: int) -> MediaDescription | None:
    """The section at ``index`` unless it is rejected or not there."""
    if description is None or index >= len(description.media):
        return None
    media = description.media[index]
    return None if media.rejected else media


def active_application(
    description: SessionDescription, other: SessionDescription | None
) -> int | None:
    """The index of the application section in use.

    :param description: the later description.
    :param other: what it answers or what answered it; a section that it rejects is out of use.
        ``None`` when there is none yet, or it knows nothing of the section.
    """
    for index, media in enumerate(description.media):
        if media.rejected or not is_application(media):
            continue
        if other is None or section_at(other, index) is not None:
            return index
    return None


def rejected_section(line: MediaLine, mid: str | None) -> MediaDescription:
    """The section that turns down, or keeps the place of, one with the ``m=`` line ``line``."""
    media = MediaDescription()
    media.set_field("m", str(MediaLine(line.kind, 0, line.protocol, line.formats)))
    media.set_field("c", "IN IP4 0.0.0.0")
    # RFC 9429 §5.3.1: the mid is there if and only if the offer has it.
    if mid is not None:
        media.add("mid", mid)
    if line.kind != "application":
        media.add("inactive")
    return media


def check_bundles(description: SessionDescription) -> None:
    """Check that the BUNDLE groups name sections, each once (RFC 5888 §5, RFC 9143 §5).

    :raises InvalidAccessError: they do not.
    """
    known = {media.mid for media in description.media}
    seen: set[str] = set()
    for group in description.bundles:
        for mid in group.mids:
            if mid not in known:
                raise InvalidAccessError(f"the BUNDLE group names a mid without section: {mid}")
            if mid in seen:
                raise InvalidAccessError(f"the mid {mid} is bundled twice")
            seen.add(mid)


def check_offer(
    offer: SessionDescription,
    local: SessionDescription | None,
    remote: SessionDescription | None,
) -> None:
    """Check that a subsequent offer keeps the places of the sections in use (RFC 3264 §8).

    :param local: the current local description.
    :param remote: the current remote description.
    :raises InvalidAccessError: sections are missing, or have changed places.
    """
    check_bundles(offer)
    if local is None or remote is None:
        return
    count = max(len(local.media), len(remote.media))
    if len(offer.media) < count:
        raise InvalidAccessError(f"the offer has {len(offer.media)} sections, of {count} before")
    for index in range(count):
        former = section_at(local, index)
        if former is None or section_at(remote, index) is None:
            continue
        media = offer.media[index]
        if media.kind != former.kind:
            raise InvalidAccessError(f"section {index} was {former.kind}, is {media.kind}")
        if media.mid != former.mid:
            raise InvalidAccessError(f"section {index} had the mid {former.mid}, has {media.mid}")


def check_answer(answer: SessionDescription, offer: SessionDescription) -> None:
    """Check that an answer matches its offer (RFC 3264 §6, RFC 9429 §5.8.3).

    :raises InvalidAccessError: it does not.
    """
    check_bundles(answer)
    if len(answer.media) != len(offer.media):
        raise InvalidAccessError(
            f"the answer has {len(answer.media)} sections, the offer {len(offer.media)}"
        )
    for index, (media, offered) in enumerate(zip(answer.media, offer.media, strict=True)):
        if media.kind != offered.kind:
            raise InvalidAccessError(f"section {index} answers {offered.kind} with {media.kind}")
        # RFC 3264 §6: a section that was offered with port 0 is answered so.
        if offered.rejected and not media.rejected:
            raise InvalidAccessError(f"section {index} was not offered, and is answered")
        if media.rejected:
            continue
        if media.protocol != offered.protocol:
            raise InvalidAccessError(
                f"section {index} answers {offered.protocol} with {media.protocol}"
            )
        if media.mid is not None and media.mid != offered.mid:
            raise InvalidAccessError(
                f"section {index} answers the mid {offered.mid} with {media.mid}"
            )
    for group in answer.bundles:
        # RFC 9143 §7.3: the answer's group is part of one in the offer.
        offered_group = offer.bundle_of(group.mids[0])
        if offered_group is None or not set(group.mids) <= set(offered_group.mids):
            raise InvalidAccessError("the answer bundles sections that the offer does not")
