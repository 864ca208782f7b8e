"""The presentation language of TLS: big-endian integers and length-prefixed vectors.

RFC 5246 §4.
"""

from __future__ import annotations

from rtckit.seam import ParseError

__all__ = ["Reader", "vector8", "vector16", "vector24"]


class Reader:
    """Pulls integers and vectors off a byte string; runs short only with :class:`ParseError`."""

    __slots__ = ("data", "end", "offset")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 0
        self.end = len(data)

    def pull(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        start = self.offset
        stop = start + length
        if stop > self.end:
            raise ParseError("truncated", start)
        self.offset = stop
        return self.data[start:stop]

    def pull_uint(self, width: int) -> int:
        """The next ``width`` bytes as an unsigned integer."""
        return int.from_bytes(self.pull(width), "big")

    def pull_vector(self, width: int, minimum: int = 0) -> bytes:
        """A vector of bytes after its length in ``width`` bytes."""
        start = self.offset
        length = self.pull_uint(width)
        if length < minimum:
            raise ParseError("vector too short", start)
        return self.pull(length)

    def pull_uint16_vector(self, width: int) -> tuple[int, ...]:
        """A vector of 16-bit integers after its length in ``width`` bytes; never empty."""
        start = self.offset
        raw = self.pull_vector(width)
        if len(raw) & 1 or not raw:
            raise ParseError("odd or empty vector", start)
        return tuple(int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2))

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return self.end - self.offset

    def finish(self) -> None:
        """Insist that nothing is left."""
        if self.offset != self.end:
            raise ParseError("trailing bytes", self.offset)


def vector8(body: bytes) -> bytes:
    """``body`` after its length in one byte."""
    return len(body).to_bytes(1, "big") + body


def vector16(body: bytes) -> bytes:
    """``body`` after its length in two bytes."""
    return len(body).to_bytes(2, "big") + body


def vector24(body: bytes) -> bytes:
    """``body`` after its length in three bytes."""
    return len(body).to_bytes(3, "big") + body
