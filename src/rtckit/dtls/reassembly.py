"""Handshake messages out of fragments that come in any order, twice, or never.

RFC 6347 §4.2.3.
"""

from __future__ import annotations

from collections import Counter

from .config import Limits
from .handshake_messages import Fragment

__all__ = ["Reassembly"]


class _Message:
    """One message on its way; ``ranges`` are the disjoint, sorted parts that have come."""

    __slots__ = ("body", "length", "message_type", "ranges")

    def __init__(self, message_type: int, length: int) -> None:
        self.message_type = message_type
        self.length = length
        self.body = bytearray(length)
        self.ranges: list[tuple[int, int]] = []

    @property
    def complete(self) -> bool:
        return self.length == 0 or self.ranges == [(0, self.length)]

    def add(self, start: int, data: bytes) -> None:
        if not data:
            return
        end = start + len(data)
        # RFC 6347 §4.2.3: overlapping fragments must be handled.
        self.body[start:end] = data
        merged: list[tuple[int, int]] = []
        for low, high in self.ranges:
            if high < start or low > end:
                merged.append((low, high))
            else:
                start = min(start, low)
                end = max(end, high)
        merged.append((start, end))
        merged.sort()
        self.ranges = merged


class Reassembly:
    """Puts handshake messages together and hands them out in the order of ``message_seq``.

    Nothing here is authenticated. So a fragment that contradicts what came before starts its
    message anew: a forged one costs a retransmission, not the handshake.

    :ivar next_seq: the ``message_seq`` of the message that is due.
    """

    __slots__ = ("_drops", "_limits", "_messages", "next_seq")

    def __init__(self, limits: Limits, drops: Counter[str]) -> None:
        self.next_seq = 0
        self._limits = limits
        self._drops = drops
        self._messages: dict[int, _Message] = {}

    def add(self, fragment: Fragment) -> None:
        """Take a fragment of a message that is due, or will be."""
        seq = fragment.message_seq
        if seq < self.next_seq:
            self._drops["duplicate handshake message"] += 1
            return
        if seq >= self.next_seq + self._limits.messages_ahead:
            self._drops["handshake message too far ahead"] += 1
            return
        if fragment.message_length > self._limits.handshake_message:
            self._drops["handshake message too long"] += 1
            return
        message = self._messages.get(seq)
        if message is not None and (
            message.length != fragment.message_length
            or message.message_type != fragment.message_type
        ):
            self._drops["contradictory handshake fragment"] += 1
            message = None
        if message is None:
            message = _Message(fragment.message_type, fragment.message_length)
            self._messages[seq] = message
        elif message.complete:
            self._drops["duplicate handshake message"] += 1
            return
        if len(message.ranges) >= self._limits.message_gaps:
            self._drops["too many handshake fragments"] += 1
            del self._messages[seq]
            return
        message.add(fragment.offset, fragment.data)

    def pop(self) -> tuple[int, int, bytes] | None:
        """Type, ``message_seq`` and body of the message that is due, if it is whole.

        It stays due until :meth:`accept`.
        """
        message = self._messages.get(self.next_seq)
        if message is None or not message.complete:
            return None
        del self._messages[self.next_seq]
        return message.message_type, self.next_seq, bytes(message.body)

    def pop_any(self) -> tuple[int, int, bytes] | None:
        """The same for any message that is whole: before a server has accepted a ClientHello,
        it does not know with which ``message_seq`` its client has arrived."""
        for seq, message in self._messages.items():
            if message.complete:
                del self._messages[seq]
                return message.message_type, seq, bytes(message.body)
        return None

    def accept(self, seq: int) -> None:
        """The message was good: the one after it is due."""
        self.next_seq = seq + 1
        for stale in [each for each in self._messages if each <= seq]:
            del self._messages[stale]

    def clear(self) -> None:
        """Forget all that is not whole."""
        self._messages.clear()
