"""What the device side reads from a session description before anything is done with it."""

from __future__ import annotations

import re

__all__ = [
    "candidates_of",
    "check_description",
    "infer_type",
    "is_candidate",
    "session_of",
    "ufrag_of",
]

_SETUP = re.compile(r"^a=setup:\s*(\S+)", re.MULTILINE)
_CANDIDATE_LINE = re.compile(r"^a=(candidate:[^\r\n]+)", re.MULTILINE)
_ORIGIN = re.compile(r"^o=(\S+ \S+)", re.MULTILINE)
_FINGERPRINT = re.compile(r"^a=fingerprint:([^\r\n]+)", re.MULTILINE)
_UFRAG = re.compile(r"^a=ice-ufrag:(\S+)", re.MULTILINE)
# RFC 8839 §5.1: foundation, component, transport, priority, address, port, "typ", type.
_CANDIDATE = re.compile(
    r"candidate:[A-Za-z0-9+/]{1,32} \d{1,3} [A-Za-z0-9-]+ \d{1,10} \S+ \d{1,5} typ [a-z]+( .*)?\Z"
)


def infer_type(sdp: str, *, offering: bool) -> str:
    """Whether ``sdp`` is an ``"offer"`` or an ``"answer"``, for a caller that does not say.

    An offer says ``a=setup:actpass`` and an answer ``active`` or ``passive`` (RFC 8842 §5.2,
    §5.3). Without either, what is expected decides: an answer while ``offering``, else an offer.
    """
    roles = {role.lower() for role in _SETUP.findall(sdp)}
    if "actpass" in roles:
        return "offer"
    if roles & {"active", "passive"}:
        return "answer"
    return "answer" if offering else "offer"


def check_description(sdp: str) -> None:
    """Refuse at once what can be no description of a WebRTC peer.

    :raises ValueError: and why.
    """
    if not sdp.startswith("v=0"):
        raise ValueError("not a session description: it does not begin with v=0")
    if not _FINGERPRINT.search(sdp):
        raise ValueError("a session description without fingerprint (RFC 8842 §5.1)")
    if not _UFRAG.search(sdp):
        raise ValueError("a session description without ICE credentials (RFC 8839 §5.4)")


def candidates_of(sdp: str) -> list[str]:
    """The ``candidate:...`` strings of a description, in order, without repetition."""
    return list(dict.fromkeys(line.strip() for line in _CANDIDATE_LINE.findall(sdp)))


def session_of(sdp: str) -> tuple[str, ...]:
    """What stays the same when one remote peer connection offers again, and differs for another:
    the origin's name and session id (RFC 8866 §5.2), and the certificate's fingerprints."""
    origin = _ORIGIN.search(sdp)
    prints = sorted({line.strip().lower() for line in _FINGERPRINT.findall(sdp)})
    return (origin.group(1) if origin else "", *prints)


def ufrag_of(text: str) -> str | None:
    """The ICE username fragment of a description, or of a candidate that names its own."""
    if text.startswith("candidate:"):
        words = text.split()
        pairs = dict(zip(words[8::2], words[9::2], strict=False))
        return pairs.get("ufrag")
    found = _UFRAG.search(text)
    return found.group(1) if found else None


def is_candidate(text: str) -> bool:
    """Whether ``text`` has the form of an ICE candidate (RFC 8839 §5.1)."""
    return _CANDIDATE.match(text) is not None
