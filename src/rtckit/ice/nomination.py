"""Which pair to nominate, and which nomination to follow (RFC 8445 §8.1)."""

from __future__ import annotations

from rtckit.ice.checklist import Checklist
from rtckit.ice.limits import Timing
from rtckit.ice.pair import CandidatePair, PairState

__all__ = ["Nomination"]


class Nomination:
    """The nomination of one generation.

    :ivar nominated: the pair that both sides use, once there is one.
    :ivar pending: the pair whose nominating check is on its way.
    :ivar deadline: when the best valid pair is nominated though better ones are unanswered.
    """

    __slots__ = ("_timing", "deadline", "nominated", "pending")

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self.nominated: CandidatePair | None = None
        self.pending: CandidatePair | None = None
        self.deadline: float | None = None

    def choose(self, checklist: Checklist, now: float) -> CandidatePair | None:
        """The pair that a controlling agent should nominate now.

        The best possible pair at once; otherwise the best valid one after a short grace, so
        that nobody waits for pairs that are dead.
        """
        if self.nominated is not None or self.pending is not None:
            return None
        best = checklist.best_valid()
        if best is None:
            self.deadline = None
            return None
        if best is not checklist.top() and now < self._grace(best, now):
            return None
        self.deadline = None
        self.pending = best
        return best

    def _grace(self, best: CandidatePair, now: float) -> float:
        timing = self._timing
        grace = timing.relay_grace if best.is_relayed else timing.nomination_grace
        end = now + max(grace, 2 * best.statistics.current_round_trip_time)
        self.deadline = end if self.deadline is None else min(end, self.deadline)
        return self.deadline

    def next_timeout(self) -> float | None:
        """When :meth:`choose` is to be asked again, if it still matters."""
        waiting = self.nominated is None and self.pending is None
        return self.deadline if waiting else None

    def ended(self, pair: CandidatePair) -> None:
        """The nominating check has been answered, or never will be."""
        if pair is self.pending:
            self.pending = None

    def follows(self, pair: CandidatePair, nomination: int, now: float) -> bool:
        """Whether a controlled agent goes along with the peer's USE-CANDIDATE (§7.3.1.5).

        The peer may send it for several pairs, as aggressive nomination and renomination do:
        the higher priority stands, unless libwebrtc's count says otherwise or the pair in use
        has gone quiet. One that comes before the pair is valid is kept until it is.
        """
        if pair.state is not PairState.SUCCEEDED:
            pair.nominate_on_success = True
            pair.nomination = nomination
            return False
        pair.nominate_on_success = False
        current = self.nominated
        if current is not None and current is not pair:
            if nomination < current.nomination:
                return False
            heard = current.last_request
            quiet = heard is None or now - heard > self._timing.disconnected
            lower = pair.priority < current.priority
            if nomination == current.nomination and lower and not quiet:
                return False
        pair.nomination = nomination
        return True
