"""From text to lines: line ends, limits, and each line's own grammar."""

from __future__ import annotations

from rtckit.sdp.attribute import Line, check_attribute
from rtckit.sdp.fields import check_field
from rtckit.sdp.grammar import Limits
from rtckit.seam import ParseError

__all__ = ["read_lines"]

_TYPES = frozenset("vosiuepcbtrzkam")


def read_lines(text: str, limits: Limits) -> list[Line]:
    """The lines of ``text``, each checked on its own.

    Lines end with CRLF; LF alone is taken too (RFC 8866 §5), and so are blank lines before and
    after, and a text that spells its line ends ``\\r\\n`` as a JSON string does.

    :raises ParseError: a limit is passed or a line malformed; ``offset`` is the line, from 1.
    """
    if len(text) > limits.max_size:
        raise ParseError(f"description has {len(text)} characters, over {limits.max_size}", 1)
    if "\n" not in text:
        text = text.replace("\\r\\n", "\n").replace("\\n", "\n")
    raw = text.split("\n")
    if len(raw) > limits.max_lines:
        raise ParseError(f"description has {len(raw)} lines, over {limits.max_lines}", 1)
    first = 0
    end = len(raw)
    while end > first and not raw[end - 1].strip():
        end -= 1
    while first < end and not raw[first].strip():
        first += 1
    if first == end:
        raise ParseError("description is empty", 1)
    lines: list[Line] = []
    candidates = 0
    for number in range(first + 1, end + 1):
        line = _read_line(raw[number - 1].removesuffix("\r"), number, limits)
        if line.text.startswith("candidate:") and line.type == "a":
            candidates += 1
            if candidates > limits.max_candidates:
                raise ParseError(f"more than {limits.max_candidates} candidates", number)
        lines.append(line)
    return lines


def _read_line(raw: str, number: int, limits: Limits) -> Line:
    if len(raw) > limits.max_line:
        raise ParseError(f"line has {len(raw)} characters, over {limits.max_line}", number)
    # RFC 8866 §5: <type>=<value>, one case-significant letter and no space around the "=".
    if len(raw) < 2 or raw[1] != "=" or raw[0] not in _TYPES:
        raise ParseError(f"not a line of the form type=value: {raw[:40]!r}", number)
    text = raw[2:]
    # RFC 8866 §9: byte-string excludes NUL, CR and LF. A lone surrogate is no text at all.
    if "\0" in text or "\r" in text or not (text.isascii() or _encodable(text)):
        raise ParseError("line has a character that SDP does not allow", number)
    line = Line(raw[0], text, number)
    try:
        if line.type == "a":
            check_attribute(line.name, line.value)
        else:
            check_field(line.type, text)
    except ParseError as error:
        raise ParseError(f"{raw[:60]!r}: {error.reason}", number) from None
    return line


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
