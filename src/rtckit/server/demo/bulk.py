"""The protocol of the channel ``bulk``: transfers in both directions, measured where they arrive.

Either side may send; binary messages are content and text messages are these JSON objects:

============  ====================================================================================
``op``        meaning and further keys
============  ====================================================================================
``get``       send me content: up to ``bytes`` (a number) or for ``seconds``
``stop``      stop sending
``put``       content begins
``end``       content ends: ``bytes`` sent, and their ``sha256`` in hex (or null if not computed)
``progress``  so much of your content is here: ``bytes``, ``seconds`` since its first byte
``got``       all of it is here: ``bytes``, ``seconds``, ``sha256``
============  ====================================================================================

A side has one transfer in each direction at a time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "CHUNK_SIZE",
    "Control",
    "ControlError",
    "End",
    "Get",
    "Got",
    "Progress",
    "Put",
    "Receiver",
    "Stop",
    "content",
    "decode",
    "encode",
]

#: Bytes of content in one message: what every WebRTC stack takes.
CHUNK_SIZE = 64 * 1024

#: Seconds between two ``progress`` messages.
PROGRESS_INTERVAL = 0.1

_MAX_CONTROL = 1024
_POOL_SIZE = 1 << 20
_STRIDE = 4099


class ControlError(ValueError):
    """A control message that cannot be understood; the text says why."""


@dataclass(frozen=True, slots=True)
class Get:
    """Asks for content: ``bytes`` of it or ``seconds`` of it, whichever ends first."""

    bytes: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Asks to stop sending."""


@dataclass(frozen=True, slots=True)
class Put:
    """Content begins."""


@dataclass(frozen=True, slots=True)
class End:
    """Content ends: how much was sent, and its SHA-256 in hex if it was computed."""

    bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """So many bytes have arrived, within so many seconds of the first."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Got:
    """All has arrived: how much, in how many seconds, and its SHA-256 in hex."""

    bytes: int
    seconds: float
    sha256: str


Control: TypeAlias = Get | Stop | Put | End | Progress | Got


def encode(control: Control) -> str:
    """``control`` as the text that goes over the channel."""
    fields: dict[str, str | float | None]
    match control:
        case Get(size, seconds):
            fields = {"op": "get", "bytes": size, "seconds": seconds}
        case Stop():
            fields = {"op": "stop"}
        case Put():
            fields = {"op": "put"}
        case End(size, sha256):
            fields = {"op": "end", "bytes": size, "sha256": sha256}
        case Progress(size, seconds):
            fields = {"op": "progress", "bytes": size, "seconds": round(seconds, 6)}
        case Got(size, seconds, sha256):
            fields = {
                "op": "got",
                "bytes": size,
                "seconds": round(seconds, 6),
                "sha256": sha256,
            }
    return json.dumps(fields, separators=(",", ":"))


def decode(text: str) -> Control:
    """The control message in ``text``.

    :raises ControlError: if it is none.
    """
    if len(text) > _MAX_CONTROL:
        raise ControlError("control message too long")
    try:
        fields: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ControlError("control message is not JSON") from error
    if not isinstance(fields, dict):
        raise ControlError("control message is not a JSON object")
    match fields.get("op"):
        case "get":
            return Get(_size(fields, True), _seconds(fields, True))
        case "stop":
            return Stop()
        case "put":
            return Put()
        case "end":
            return End(_size(fields) or 0, _hash(fields))
        case "progress":
            return Progress(_size(fields) or 0, _seconds(fields) or 0.0)
        case "got":
            return Got(_size(fields) or 0, _seconds(fields) or 0.0, _hash(fields) or "")
        case other:
            raise ControlError(f"unknown operation {str(other)[:40]!r}")


def _size(fields: dict[str, object], optional: bool = False) -> int | None:
    value = fields.get("bytes")
    if value is None and optional:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
        raise ControlError("bytes is not a number of bytes")
    return value


def _seconds(fields: dict[str, object], optional: bool = False) -> float | None:
    value = fields.get("seconds")
    if value is None and optional:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e9:
        raise ControlError("seconds is not a number of seconds")
    return float(value)


def _hash(fields: dict[str, object]) -> str | None:
    value = fields.get("sha256")
    if value is not None and not (isinstance(value, str) and len(value) == 64):
        raise ControlError("sha256 is not a hash in hex")
    return value


def content(size: int, chunk_size: int = CHUNK_SIZE) -> Iterator[bytes]:
    """``size`` bytes of noise in messages of ``chunk_size``, no two in a row alike.

    A lost, doubled or swapped message shows in the hash, which constant bytes would hide.
    """
    pool = os.urandom(_POOL_SIZE + chunk_size)
    offset = 0
    while size > 0:
        length = min(size, chunk_size)
        yield pool[offset : offset + length]
        size -= length
        offset = (offset + _STRIDE) % _POOL_SIZE


class Receiver:
    """Counts, times and hashes content as it arrives."""

    __slots__ = ("_first", "_hash", "_last", "_reported", "size")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._first = 0.0
        self._last = 0.0
        self._reported = 0.0
        #: Bytes received.
        self.size = 0

    @property
    def seconds(self) -> float:
        """From the first message to the last."""
        return self._last - self._first

    def receive(self, data: bytes, now: float) -> Progress | None:
        """Take a message of content; gives the progress to report if that is due."""
        if not self.size:
            self._first = self._reported = now
        self.size += len(data)
        self._last = now
        self._hash.update(data)
        if now - self._reported < PROGRESS_INTERVAL:
            return None
        self._reported = now
        return Progress(self.size, now - self._first)

    def finish(self) -> Got:
        """The account of all that was received."""
        return Got(self.size, self.seconds, self._hash.hexdigest())
