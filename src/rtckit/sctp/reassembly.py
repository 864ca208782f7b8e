"""From fragments to messages (RFC 9260 §6.9).

The fragments of a message have consecutive TSNs, so what has arrived of it is a set of runs.
A run is found by the TSN before its first or after its last fragment: a fragment joins its
neighbours in constant time, whatever the order of arrival.
"""

from __future__ import annotations

from rtckit.sctp.chunk.data import FLAG_BEGIN, FLAG_END
from rtckit.sctp.failure import AssociationFailure

__all__ = ["Reassembly", "Run"]


class Run:
    """Consecutive fragments of one message."""

    __slots__ = ("begins", "ends", "first", "flow", "last", "parts", "ppid", "size")

    def __init__(self, tsn: int, flags: int, flow: tuple[int, int, int], ppid: int) -> None:
        self.first = tsn
        self.last = tsn
        self.begins = bool(flags & FLAG_BEGIN)
        self.ends = bool(flags & FLAG_END)
        # Stream, stream sequence number and the U bit: the same in every fragment.
        self.flow = flow
        self.ppid = ppid
        self.parts: list[bytes] = []
        self.size = 0


class Reassembly:
    """The messages of which only a part is there."""

    __slots__ = ("_by_first", "_by_last", "_max_message_size", "_skipped")

    def __init__(self, max_message_size: int) -> None:
        self._by_first: dict[int, Run] = {}
        self._by_last: dict[int, Run] = {}
        self._max_message_size = max_message_size
        #: The last TSN of a message given up whose remainder may still come, or None.
        self._skipped: int | None = None

    def __len__(self) -> int:
        return len(self._by_last)

    def add(
        self, tsn: int, flags: int, flow: tuple[int, int, int], ppid: int, data: bytes
    ) -> Run | None:
        """Take a fragment; give the run if it is now a whole message.

        :raises AssociationFailure: if neighbours disagree on their stream, the message has no
            beginning, or it is larger than allowed.
        """
        by_first = self._by_first
        by_last = self._by_last
        left = None if flags & FLAG_BEGIN else by_last.pop(tsn - 1, None)
        if left is not None:
            if left.ends or left.flow != flow:
                raise AssociationFailure.protocol_violation("fragments of one message disagree")
            run = left
            run.last = tsn
            if flags & FLAG_END:
                run.ends = True
        else:
            run = Run(tsn, flags, flow, ppid)
            by_first[tsn] = run
        run.parts.append(data)
        run.size += len(data)
        if run.ends:
            self.close(tsn)
        elif (right := by_first.pop(tsn + 1, None)) is not None:
            self._join(run, right)
        by_last[run.last] = run
        if run.size > self._max_message_size:
            raise AssociationFailure.protocol_violation(
                "message larger than the negotiated maximum"
            )
        if run.begins and run.ends:
            del by_first[run.first], by_last[run.last]
            return run
        return None

    def _join(self, run: Run, right: Run) -> None:
        if right.begins or right.flow != run.flow:
            raise AssociationFailure.protocol_violation("fragments of one message disagree")
        del self._by_last[right.last]
        run.last = right.last
        run.ends = right.ends
        run.parts += right.parts
        run.size += right.size

    def close(self, tsn: int) -> None:
        """A message ends with ``tsn``.

        :raises AssociationFailure: if what comes next is not the beginning of one.
        """
        following = self._by_first.get(tsn + 1)
        if following is not None and not following.begins:
            raise _no_beginning()

    def is_remainder(self, tsn: int, flags: int) -> bool:
        """Whether a fragment that is not the first of its message, and of which the TSN before
        has arrived, goes on with a message that was given up.

        :raises AssociationFailure: if it goes on with no message at all.
        """
        if tsn - 1 in self._by_last:
            return False
        if tsn - 1 != self._skipped:
            raise _no_beginning()
        self._skipped = None if flags & FLAG_END else tsn
        return True

    def park(self, run: Run) -> None:
        """Take a run that was built elsewhere."""
        self._by_first[run.first] = run
        self._by_last[run.last] = run

    def discard(self, cumulative: int) -> list[Run]:
        """Give up every message that lacks a fragment up to ``cumulative`` (RFC 3758 §3.6), and
        what is here of its remainder."""
        gone = [run for run in self._by_last.values() if run.first <= cumulative]
        remainder = self._by_first.get(cumulative + 1)
        if remainder is not None and not remainder.begins:
            gone.append(remainder)
        self._skipped = cumulative
        for run in gone:
            del self._by_first[run.first], self._by_last[run.last]
            if run.last > cumulative:
                self._skipped = None if run.ends else run.last
        return gone


def _no_beginning() -> AssociationFailure:
    return AssociationFailure.protocol_violation("fragment of a message without a beginning")
