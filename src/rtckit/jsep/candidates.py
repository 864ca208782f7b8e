"""Candidates in descriptions: ours as they are gathered, the peer's as they trickle in."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace

from rtckit.sdp import Connection, MediaDescription, SessionDescription, check_candidate

__all__ = [
    "LocalCandidates",
    "candidate_text",
    "candidate_ufrag",
    "render",
    "without_candidates",
]

#: RFC 8840 §4.1.1: the default destination while there is no candidate.
_NO_PORT = 9
_NO_CONNECTION = "IN IP4 0.0.0.0"

# RFC 8445 §5.1.4: the candidate most likely to work is the default.
_DEFAULT_ORDER = {"relay": 0, "srflx": 1, "host": 2}


@dataclass(slots=True)
class LocalCandidates:
    """The candidates gathered for one user name fragment.

    :ivar candidates: as text, without ``candidate:``.
    :ivar complete: there will be no others.
    """

    candidates: list[str] = field(default_factory=list)
    complete: bool = False


def candidate_text(candidate: str) -> str:
    """A candidate without the ``a=candidate:`` or ``candidate:`` before it, checked.

    :raises ParseError: it does not follow the grammar.
    """
    text = candidate.strip().removeprefix("a=").removeprefix("candidate:").strip()
    check_candidate(text)
    return " ".join(text.split())


def candidate_ufrag(text: str) -> str | None:
    """The candidate's ``ufrag`` extension (libwebrtc's), if it has one."""
    fields = text.split()
    extensions = dict(zip(fields[8::2], fields[9::2], strict=False))
    return extensions.get("ufrag")


def _default_destination(candidates: list[str]) -> tuple[Connection, int] | None:
    best: tuple[int, int] | None = None
    found: tuple[Connection, int] | None = None
    for text in candidates:
        fields = text.split()
        if fields[1] != "1" or fields[2].lower() != "udp" or fields[7] not in _DEFAULT_ORDER:
            continue
        try:
            version = ipaddress.ip_address(fields[4]).version
        except ValueError:
            continue  # A host name: nothing that a default destination may say.
        rank = (_DEFAULT_ORDER[fields[7]], version)
        if best is None or rank < best:
            best = rank
            found = (Connection(f"IP{version}", fields[4]), int(fields[5]))
    return found


def render(
    description: SessionDescription, gathered: dict[str, LocalCandidates]
) -> SessionDescription:
    """``description`` with the candidates of each section's credentials (RFC 9429 §5.2.2).

    :param gathered: candidates by user name fragment.
    """
    rendered = description.copy()
    for media in rendered.media:
        ufrag = media.ice_ufrag
        if ufrag is None or ufrag not in gathered or media.rejected:
            continue
        local = gathered[ufrag]
        destination = _default_destination(local.candidates)
        if destination is not None and media.port != 0:
            connection, port = destination
            media.media_line = replace(media.media_line, port=port)
            media.set_field("c", str(connection))
        for text in local.candidates:
            media.add("candidate", text)
        if local.complete:
            media.add("end-of-candidates")
    return rendered


def without_candidates(description: SessionDescription) -> str:
    """The text of ``description`` with everything that gathering adds taken away.

    Two descriptions with the same text are the same but for candidates.
    """
    bare = description.copy()
    for media in bare.media:
        _strip(media)
    return bare.to_sdp()


def _strip(media: MediaDescription) -> None:
    media.remove("candidate")
    media.remove("end-of-candidates")
    if media.port != 0:
        media.media_line = replace(media.media_line, port=_NO_PORT)
    media.set_field("c", _NO_CONNECTION)
