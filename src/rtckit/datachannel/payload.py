"""Payload protocol identifiers of user messages (RFC 8831 §8)."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Ppid", "decode_payload", "encode_payload"]


class Ppid(IntEnum):
    """SCTP payload protocol identifiers."""

    DCEP = 50
    STRING = 51
    BINARY_PARTIAL = 52  # deprecated: accepted, never sent (RFC 8831 §6.6)
    BINARY = 53
    STRING_PARTIAL = 54  # deprecated
    STRING_EMPTY = 56
    BINARY_EMPTY = 57


# SCTP cannot carry an empty message: one byte stands for it, and is ignored (RFC 8831 §6.6).
_EMPTY = b"\0"


def encode_payload(data: bytes, text: bool) -> tuple[int, bytes]:
    """The identifier and the user data of a message."""
    if data:
        return (51 if text else 53), data
    return (56 if text else 57), _EMPTY


def decode_payload(ppid: int, data: bytes) -> str | bytes | None:
    """The message, or ``None`` for an identifier that is no user message's.

    Text is decoded as browsers do: what is no UTF-8 becomes U+FFFD.
    """
    if ppid == 53 or ppid == 52:
        return data
    if ppid == 51 or ppid == 54:
        return data.decode("utf-8", "replace")
    if ppid == 57:
        return b""
    if ppid == 56:
        return ""
    return None
