"""Messages that can be made again from a seed and an index, the same in every language.

A message of at least eight bytes begins with its own index, so that a receiver of unordered
messages knows which one it holds. The rest repeats a block whose period, 1021, is prime: no
protocol cuts at multiples of it, so exchanged fragments show.
"""

from __future__ import annotations

__all__ = ["binary", "index_of", "message", "text"]

_PERIOD = 1021
_WORD = 0xFFFFFFFF


def _block(seed: int, index: int, size: int) -> bytes:
    """The first ``size`` bytes, at most one period, of a xorshift32 sequence (Marsaglia 2003)."""
    state = (seed * 0x9E3779B1 ^ (index + 1) * 0x85EBCA6B) & _WORD or 1
    out = bytearray(min(size, _PERIOD))
    for position in range(len(out)):
        state ^= (state << 13) & _WORD
        state ^= state >> 17
        state ^= (state << 5) & _WORD
        out[position] = state >> 24
    return bytes(out)


def binary(seed: int, index: int, size: int) -> bytes:
    """Message ``index`` of the binary series ``seed``, ``size`` bytes long."""
    block = _block(seed, index, size)
    body = (block * (size // _PERIOD + 1))[:size]
    return index.to_bytes(8, "big") + body[8:] if size >= 8 else body


_LETTERS = bytes(97 + value % 26 for value in range(256))


def text(seed: int, index: int, size: int) -> str:
    """Message ``index`` of the text series ``seed``: ``size`` ASCII letters after the index."""
    block = _block(seed, index, size).translate(_LETTERS)
    body = (block * (size // _PERIOD + 1))[:size].decode("ascii")
    return f"{index:08x}{body[8:]}" if size >= 8 else body


def message(kind: str, seed: int, index: int, size: int) -> str | bytes:
    """Message ``index`` of a series of ``kind`` ``"text"`` or ``"binary"``."""
    return text(seed, index, size) if kind == "text" else binary(seed, index, size)


def index_of(data: str | bytes) -> int:
    """The index a message of at least eight bytes carries, or -1 if it carries none."""
    if isinstance(data, bytes):
        return int.from_bytes(data[:8], "big")
    try:
        return int(data[:8], 16)
    except ValueError:
        return -1
