"""Payload protocol identifiers of data channels (RFC 8831 §8)."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Ppid"]


class Ppid(IntEnum):
    """What a message is. The two ``PARTIAL`` ones are deprecated and only received."""

    DCEP = 50
    STRING = 51
    BINARY_PARTIAL = 52
    BINARY = 53
    STRING_PARTIAL = 54
    STRING_EMPTY = 56
    BINARY_EMPTY = 57
