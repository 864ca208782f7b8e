"""Remote candidates that come after their description (RFC 8838, WebRTC 1.0 addIceCandidate)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from rtckit.errors import InvalidStateError, OperationError
from rtckit.jsep.candidates import candidate_text, candidate_ufrag
from rtckit.jsep.parameters import RemoteCandidate
from rtckit.jsep.remote import section_credentials, shared_transport
from rtckit.jsep.session import Held, Session
from rtckit.sdp import MediaDescription
from rtckit.seam import ParseError

__all__ = ["MAX_REMOTE_CANDIDATES", "locate", "record"]

#: How many candidates a section of a remote description takes, those in its text included.
MAX_REMOTE_CANDIDATES: Final = 256


def locate(
    session: Session,
    candidate: str,
    mid: str | None,
    mline_index: int | None,
    ufrag: str | None,
) -> RemoteCandidate | None:
    """Where a candidate belongs.

    :returns: ``None`` for an end of candidates that names no section where there is none.
    :raises InvalidStateError: there is no remote description.
    :raises OperationError: the candidate is malformed, or its section or generation is not there.
    """
    remote = session.remote
    if remote is None:
        raise InvalidStateError("there is no remote description to add a candidate to")
    text = ""
    if candidate:
        try:
            text = candidate_text(candidate)
        except ParseError as error:
            raise OperationError(f"the candidate is malformed: {error.reason}") from None
        if ufrag is None:
            ufrag = candidate_ufrag(text)
    index = _index(session, remote, mid, mline_index)
    if index is None:
        return None
    generations = _generations(session, index)
    if ufrag is None:
        ufrag = generations[0][1] if generations else ""
    elif ufrag not in (known for _, known in generations):
        raise OperationError(f"no remote description has the ufrag {ufrag} in section {index}")
    active = session.application_index()
    return RemoteCandidate(
        candidate=text,
        mid=remote.sdp.media[index].mid,
        mline_index=index,
        ufrag=ufrag,
        for_transport=active is not None and _feeds(session, remote, active, index),
    )


def _index(session: Session, remote: Held, mid: str | None, mline_index: int | None) -> int | None:
    sections = remote.sdp.media
    if mid is not None:
        for index, media in enumerate(sections):
            if media.mid == mid:
                return index
        raise OperationError(f"the remote description has no section with the mid {mid}")
    if mline_index is None:
        # Only an end of candidates comes without its section: it is for all of them.
        active = session.application_index()
        return active if active is not None else (0 if sections else None)
    if not 0 <= mline_index < len(sections):
        raise OperationError(f"the remote description has no section {mline_index}")
    return mline_index


def _generations(session: Session, index: int) -> list[tuple[Held, str]]:
    """The remote descriptions with the section, pending first, and its user name fragment."""
    found: list[tuple[Held, str]] = []
    for held in (session.pending_remote, session.current_remote):
        if held is not None and index < len(held.sdp.media):
            credentials = section_credentials(held.sdp, held.sdp.media[index])
            if credentials is not None:
                found.append((held, credentials.ufrag))
    return found


def _feeds(session: Session, remote: Held, active: int, index: int) -> bool:
    """Whether a candidate of the section ``index`` is for the transport of ``active``."""
    if active >= len(remote.sdp.media):
        return False
    if index in shared_transport(remote.sdp, remote.type, active):
        return True
    # A bundle that the last answer settled stays settled in what is offered next.
    answers = (session.current_local, session.current_remote)
    mids = (remote.sdp.media[active].mid, remote.sdp.media[index].mid)
    return all(
        answer is not None and any(set(mids) <= set(group.mids) for group in answer.sdp.bundles)
        for answer in answers
    )


def record(session: Session, located: RemoteCandidate, *, everywhere: bool) -> Session:
    """The session with the candidate added to the remote descriptions of its generation.

    :param everywhere: an end of candidates for every section.
    :raises OperationError: the section has :data:`MAX_REMOTE_CANDIDATES` already.
    """
    before = session.stable
    pending = _with(session.pending_remote, located, everywhere)
    current = _with(session.current_remote, located, everywhere)
    if before is not None:
        before = replace(before, current_remote=current)
    return replace(session, pending_remote=pending, current_remote=current, stable=before)


def _with(held: Held | None, located: RemoteCandidate, everywhere: bool) -> Held | None:
    if held is None:
        return None
    sdp = held.sdp.copy()
    for index, media in enumerate(sdp.media):
        if index != located.mline_index and not everywhere:
            continue
        if not everywhere:
            credentials = section_credentials(sdp, media)
            if (credentials.ufrag if credentials else "") != located.ufrag:
                continue
        _add(media, located.candidate)
    return Held(held.type, sdp)


def _add(media: MediaDescription, candidate: str) -> None:
    if not candidate:
        if not media.end_of_candidates:
            media.add("end-of-candidates")
        return
    known = media.candidates
    if candidate in known:
        return
    if len(known) >= MAX_REMOTE_CANDIDATES:
        raise OperationError(f"the section has {MAX_REMOTE_CANDIDATES} candidates already")
    media.add("candidate", candidate)
