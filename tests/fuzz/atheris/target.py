"""What a fuzz target is, and the script by which bytes drive a machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rtckit.seam import ParseError

__all__ = ["Script", "Target", "parser", "text_parser"]


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that takes bytes from anybody.

    :ivar name: ``room-thing``.
    :ivar run: takes any bytes; whatever it raises is a finding.
    :ivar seeds: input that gets far, to be changed.
    :ivar is_machine: whether a run is a whole conversation, and so takes milliseconds.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...] = ()
    is_machine: bool = False


def parser(name: str, parse: Callable[[bytes], object], *seeds: bytes) -> Target:
    """A parser of bytes, which fails with ParseError alone."""

    def run(data: bytes) -> None:
        try:
            parse(data)
        except ParseError as error:
            assert error.reason

    return Target(name, run, seeds)


def text_parser(name: str, parse: Callable[[str], object], *seeds: str) -> Target:
    """A parser of text; bytes that are no UTF-8 become lone surrogates."""

    def read(data: bytes) -> object:
        return parse(data.decode("utf-8", "surrogateescape"))

    return parser(name, read, *(seed.encode() for seed in seeds))


class Script:
    """Reads what to do off the bytes that a fuzzer makes; zeros when they run out."""

    __slots__ = ("_data", "_offset")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    def __bool__(self) -> bool:
        return self._offset < len(self._data)

    def below(self, limit: int) -> int:
        """A number from 0 up to ``limit``, which is 256 at most."""
        return self.take(1)[0] % limit

    def number(self, width: int) -> int:
        """A number of so many bytes."""
        return int.from_bytes(self.take(width), "big")

    def take(self, size: int) -> bytes:
        """So many bytes."""
        start = self._offset
        self._offset += size
        return self._data[start : start + size].ljust(size, b"\0")

    def blob(self) -> bytes:
        """Bytes with their length before them, as many as there are."""
        size = self.number(2) % 2048
        start = self._offset
        self._offset += size
        return self._data[start : start + size]
