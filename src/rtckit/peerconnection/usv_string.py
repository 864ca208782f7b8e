"""USVString: text without lone surrogates (Web IDL §2.13.19)."""

from __future__ import annotations

__all__ = ["usv_string"]


def usv_string(text: str) -> str:
    """The text with U+FFFD for every surrogate that is not half of a pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
