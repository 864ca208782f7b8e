"""The bricks of the SDP grammar (RFC 8866 §9) and the limits on what a description may hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rtckit.seam import ParseError

__all__ = ["DEFAULT_LIMITS", "Limits", "integer", "is_token", "require_token", "words"]

# RFC 8866 §9: token-char. "{" and "}" are among them.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+")
_DIGITS = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a description may hold; beyond it parsing fails.

    :ivar max_size: characters in all. A forwarding unit's offer with hundreds of sections has
        some hundred thousand.
    :ivar max_line: characters in a line (``a=identity`` lines are the longest there are).
    :ivar max_lines: lines in all.
    :ivar max_media: media sections.
    :ivar max_candidates: ``a=candidate`` lines in all.
    """

    max_size: int = 1 << 20
    max_line: int = 16_384
    max_lines: int = 32_768
    max_media: int = 1_024
    max_candidates: int = 4_096


DEFAULT_LIMITS = Limits()


def is_token(text: str) -> bool:
    """Whether ``text`` is a token (RFC 8866 §9)."""
    return _TOKEN.fullmatch(text) is not None


def require_token(text: str, what: str) -> str:
    """``text`` if it is a token.

    :raises ParseError: it is not; ``what`` names it.
    """
    if not is_token(text):
        raise ParseError(f"{what} is not a token: {text[:40]!r}")
    return text


def integer(text: str, what: str, maximum: int, minimum: int = 0) -> int:
    """The decimal number that ``text`` spells.

    :raises ParseError: it spells none, or one outside ``minimum`` to ``maximum``.
    """
    if _DIGITS.fullmatch(text) is None:
        raise ParseError(f"{what} is not a number: {text[:40]!r}")
    value = int(text)
    if not minimum <= value <= maximum:
        raise ParseError(f"{what} {value} is not in {minimum}..{maximum}")
    return value


def words(text: str, what: str, least: int) -> list[str]:
    """The words of ``text``, split at spaces.

    :raises ParseError: there are fewer than ``least``.
    """
    found = text.split()
    if len(found) < least:
        raise ParseError(f"{what} needs {least} fields, has {len(found)}")
    return found
