"""TSNs received beyond a gap, as ranges; and the difference of two such lists."""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["Span", "TsnRanges", "subtract"]

#: A first and a last TSN, both included.
Span = tuple[int, int]


class TsnRanges:
    """A sorted set of numbers kept as ranges. Adding at the upper end, as packets come, is
    constant time; elsewhere it is a bisection.

    :ivar firsts: the first number of each range, always the same list.
    """

    __slots__ = ("_lasts", "firsts")

    def __init__(self) -> None:
        self.firsts: list[int] = []
        self._lasts: list[int] = []

    def __bool__(self) -> bool:
        return bool(self.firsts)

    def __len__(self) -> int:
        return len(self.firsts)

    @property
    def highest(self) -> int:
        """The largest number; there must be one."""
        return self._lasts[-1]

    def spans(self, limit: int) -> list[Span]:
        """The first ``limit`` ranges."""
        return list(zip(self.firsts[:limit], self._lasts[:limit], strict=True))

    def __contains__(self, tsn: int) -> bool:
        index = bisect_right(self.firsts, tsn) - 1
        return index >= 0 and tsn <= self._lasts[index]

    def add(self, tsn: int) -> None:
        """Add a number that is not there yet."""
        firsts = self.firsts
        lasts = self._lasts
        if not firsts or tsn > lasts[-1] + 1:
            firsts.append(tsn)
            lasts.append(tsn)
            return
        if tsn == lasts[-1] + 1:
            lasts[-1] = tsn
            return
        index = bisect_right(firsts, tsn)
        joins_left = index > 0 and lasts[index - 1] == tsn - 1
        joins_right = index < len(firsts) and firsts[index] == tsn + 1
        if joins_left and joins_right:
            lasts[index - 1] = lasts[index]
            del firsts[index], lasts[index]
        elif joins_left:
            lasts[index - 1] = tsn
        elif joins_right:
            firsts[index] = tsn
        else:
            firsts.insert(index, tsn)
            lasts.insert(index, tsn)

    def would_grow(self, tsn: int) -> bool:
        """Whether adding ``tsn`` would start a range of its own."""
        return tsn - 1 not in self and tsn + 1 not in self

    def advance(self, cumulative: int) -> int:
        """Forget what ``cumulative`` covers; give the cumulative number that results."""
        firsts = self.firsts
        lasts = self._lasts
        count = 0
        for first, last in zip(firsts, lasts, strict=True):
            if first > cumulative + 1:
                break
            cumulative = max(cumulative, last)
            count += 1
        del firsts[:count], lasts[:count]
        return cumulative


def subtract(minuend: list[Span], subtrahend: list[Span]) -> list[Span]:
    """What is in the one sorted list of ranges and not in the other, in one walk over both."""
    difference: list[Span] = []
    index = 0
    count = len(subtrahend)
    for first, last in minuend:
        while index < count and subtrahend[index][1] < first:
            index += 1
        probe = index
        while probe < count and subtrahend[probe][0] <= last:
            low, high = subtrahend[probe]
            if low > first:
                difference.append((first, low - 1))
            first = high + 1
            if first > last:
                break
            probe += 1
        if first <= last:
            difference.append((first, last))
    return difference
