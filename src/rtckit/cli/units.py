"""Sizes and times as people write them."""

from __future__ import annotations

import re

__all__ = ["format_bytes", "format_milliseconds", "parse_size", "printable"]

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(k|m|g)?(i)?b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


def parse_size(text: str) -> int:
    """Bytes in ``text``: ``10MB`` is 10,000,000, ``10MiB`` is 10,485,760.

    :raises ValueError: if it is no size.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size; write for example 16MB or 512KiB")
    number, prefix, binary = match.groups()
    power = _POWERS[(prefix or "").lower()]
    return round(float(number) * float(1024 if binary else 1000) ** power)


def format_bytes(size: float) -> str:
    """``size`` with three digits and a decimal unit: ``1.23 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5 or unit == "GB":
            break
        size /= 1000
    if unit == "B":
        return f"{size:.0f} B"
    return f"{size:.{0 if size >= 99.95 else 1 if size >= 9.995 else 2}f} {unit}"


def format_milliseconds(seconds: float) -> str:
    """``seconds`` as milliseconds: ``0.82 ms``, ``120 ms``."""
    value = seconds * 1000
    return f"{value:.{0 if value >= 99.95 else 1 if value >= 9.995 else 2}f} ms"


def printable(text: str) -> str:
    """``text`` without what could steer a terminal; for words that come from a peer."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
