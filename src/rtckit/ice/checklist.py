"""The checklist: which pairs there are, in which order they are checked (RFC 8445 §6.1.2)."""

from __future__ import annotations

from ipaddress import ip_address

from rtckit.ice.candidate import Candidate
from rtckit.ice.pair import CandidatePair, PairState
from rtckit.seam import Address

__all__ = ["Checklist", "reach"]

_ACTIVE = (PairState.WAITING, PairState.IN_PROGRESS)


def reach(base: Address, remote: Address) -> Address | None:
    """Where a base sends to reach a remote address, or ``None`` if the two cannot be paired.

    Same family, and link-local with link-local only (RFC 8445 §6.1.2.2). A link-local address
    gets the base's zone, which the peer cannot know.
    """
    here = ip_address(base[0])
    there = ip_address(remote[0])
    if here.version != there.version:
        return None
    if here.version == 6 and here.is_link_local != there.is_link_local:
        return None
    zone = base[0].partition("%")[2]
    if zone and there.is_link_local and "%" not in remote[0]:
        return (f"{remote[0]}%{zone}", remote[1])
    return remote


class Checklist:
    """The pairs of one generation, by address and by priority."""

    __slots__ = ("_by_address", "_limit", "_numbers", "_sorted")

    def __init__(self, limit: int, first_number: int = 0) -> None:
        self._limit = limit
        self._numbers = first_number
        self._by_address: dict[tuple[Address, Address], CandidatePair] = {}
        self._sorted: list[CandidatePair] = []

    @property
    def pairs(self) -> list[CandidatePair]:
        """Highest priority first."""
        return list(self._sorted)

    @property
    def last_number(self) -> int:
        return self._numbers

    def find(self, base: Address, remote_address: Address) -> CandidatePair | None:
        return self._by_address.get((base, remote_address))

    def add(self, pair: CandidatePair, keep: CandidatePair | None) -> bool:
        """Take a pair in; ``False`` if it is redundant or below the limit's lowest.

        :param keep: the selected pair, which is never pruned for another.
        """
        key = (pair.base, pair.remote_address)
        if key in self._by_address:
            # RFC 8445 §6.1.2.4: same base, same remote candidate.
            return False
        if len(self._sorted) >= self._limit and not self._prune_for(pair, keep):
            return False
        self._numbers += 1
        pair.number = self._numbers
        self._by_address[key] = pair
        self._sorted.append(pair)
        self.sort()
        # RFC 8838 §12: a pair waits if its foundation is new here or has succeeded already,
        # otherwise it stays frozen behind its like.
        alike = [p for p in self._sorted if p.foundation == pair.foundation and p is not pair]
        if not alike or any(p.state is PairState.SUCCEEDED for p in alike):
            pair.state = PairState.WAITING
        return True

    def _prune_for(self, pair: CandidatePair, keep: CandidatePair | None) -> bool:
        # RFC 8445 §6.1.2.5: the lowest priorities go; what works already stays.
        for lowest in reversed(self._sorted):
            if lowest is keep or lowest.state is PairState.SUCCEEDED:
                continue
            if lowest.priority >= pair.priority and lowest.state is not PairState.FAILED:
                return False
            self.remove(lowest)
            return True
        return False

    def remove(self, pair: CandidatePair) -> None:
        self._sorted.remove(pair)
        del self._by_address[(pair.base, pair.remote_address)]
        pair.state = PairState.FAILED

    def sort(self) -> None:
        self._sorted.sort(key=lambda pair: pair.priority, reverse=True)

    def set_role(self, controlling: bool) -> None:
        """Compute every priority anew (RFC 8445 §7.2.5.1)."""
        for pair in self._sorted:
            pair.set_role(controlling)
        self.sort()

    def replace_remote(self, old: Candidate, new: Candidate, controlling: bool) -> None:
        """A learned candidate turned out to be a signalled one."""
        for pair in self._sorted:
            if pair.remote is old:
                pair.remote = new
                pair.foundation = (pair.local.foundation, new.foundation)
                pair.set_role(controlling)
        self.sort()

    def next_ordinary(self) -> CandidatePair | None:
        """The pair to check next (RFC 8445 §6.1.4.2)."""
        for pair in self._sorted:
            if pair.state is PairState.WAITING:
                return pair
        busy = {pair.foundation for pair in self._sorted if pair.state in _ACTIVE}
        for pair in self._sorted:
            if pair.state is PairState.FROZEN and pair.foundation not in busy:
                return pair
        return None

    def unfreeze(self, succeeded: CandidatePair) -> None:
        """A check succeeded: its like may be tried (RFC 8445 §7.2.5.3.3)."""
        for pair in self._sorted:
            if pair.state is PairState.FROZEN and pair.foundation == succeeded.foundation:
                pair.state = PairState.WAITING

    def active(self) -> int:
        """How many pairs wait or are in progress, for the RTO (RFC 8445 §14.3)."""
        return sum(1 for pair in self._sorted if pair.state in _ACTIVE)

    def best_valid(self) -> CandidatePair | None:
        for pair in self._sorted:
            if pair.state is PairState.SUCCEEDED:
                return pair
        return None

    def top(self) -> CandidatePair | None:
        """The highest priority that has not failed."""
        for pair in self._sorted:
            if pair.state is not PairState.FAILED:
                return pair
        return None

    def give_up(self) -> None:
        """No check of ours has succeeded: none is sent any more unless the peer's calls for it."""
        for pair in self._sorted:
            pair.state = PairState.FAILED
