"""The attributes of ICE (RFC 8839, RFC 8838). Candidates stay text: their grammar is checked."""

from __future__ import annotations

import re

from rtckit.sdp.grammar import integer, require_token, words
from rtckit.seam import ParseError

__all__ = [
    "check_candidate",
    "parse_ice_options",
    "parse_ice_pwd",
    "parse_ice_ufrag",
    "parse_remote_candidates",
]

_ICE_CHARS = re.compile(r"[0-9A-Za-z+/]+")
# Not in the grammar, but some write ufrags and passwords with these: base64url and the like.
_TOLERATED_CHARS = re.compile(r"[0-9A-Za-z+/=\-_.~|#]+")


def _credential(value: str, what: str, least: int) -> str:
    text = value.strip()
    if _TOLERATED_CHARS.fullmatch(text) is None:
        raise ParseError(f"{what} has characters outside its alphabet")
    if not least <= len(text) <= 256:
        raise ParseError(f"{what} has {len(text)} characters, not {least} to 256")
    return text


def parse_ice_ufrag(value: str) -> str:
    """The user name fragment: 4 to 256 characters (RFC 8839 §5.4)."""
    return _credential(value, "ice-ufrag", 4)


def parse_ice_pwd(value: str) -> str:
    """The password: 22 to 256 characters (RFC 8839 §5.4)."""
    return _credential(value, "ice-pwd", 22)


def parse_ice_options(value: str) -> tuple[str, ...]:
    """The options, e.g. ``("trickle", "ice2")`` (RFC 8839 §5.6)."""
    # libdatachannel puts commas between them.
    options = words(value.replace(",", " "), "ice-options", 1)
    return tuple(require_token(word, "ice-option-tag") for word in options)


def parse_remote_candidates(value: str) -> tuple[tuple[int, str, int], ...]:
    """Component, address and port of each candidate (RFC 8839 §5.2)."""
    fields = words(value, "remote-candidates", 3)
    if len(fields) % 3:
        raise ParseError("remote-candidates come in threes")
    return tuple(
        (
            integer(fields[index], "component-id", 256, 1),
            fields[index + 1],
            integer(fields[index + 2], "port", 65535),
        )
        for index in range(0, len(fields), 3)
    )


def check_candidate(value: str) -> None:
    """Check ``a=candidate``'s value against RFC 8839 §5.1, the extensions left alone.

    :param value: what follows ``candidate:``.
    :raises ParseError: it does not follow the grammar.
    """
    fields = words(value, "candidate", 8)
    if _ICE_CHARS.fullmatch(fields[0]) is None:
        # libnice and others write names with dashes; nothing hangs on the alphabet.
        require_token(fields[0], "foundation")
    integer(fields[1], "component-id", 256, 1)
    require_token(fields[2], "transport")
    integer(fields[3], "priority", (1 << 32) - 1)
    integer(fields[5], "port", 65535)
    if fields[6] != "typ":
        raise ParseError(f'candidate has {fields[6][:20]!r} where "typ" belongs')
    require_token(fields[7], "candidate type")
