"""Consent freshness: may we still send to this peer? (RFC 7675)"""

from __future__ import annotations

from rtckit.ice.limits import Timing
from rtckit.ice.pair import CandidatePair
from rtckit.seam import Entropy

__all__ = ["Consent"]


class Consent:
    """The consent to send on one pair.

    :ivar pair: the pair.
    :ivar next_check: when the next consent check is due; never for a lite agent, which may not
        check and counts the peer's checks instead.
    :ivar silent: whether the peer has been silent for so long that it counts as disconnected.
    """

    __slots__ = (
        "_entropy",
        "_fresh",
        "_passive",
        "_probe_at",
        "_timing",
        "_unanswered",
        "next_check",
        "pair",
        "silent",
    )

    def __init__(
        self, pair: CandidatePair, now: float, timing: Timing, entropy: Entropy, passive: bool
    ) -> None:
        self.pair = pair
        self._timing = timing
        self._entropy = entropy
        self._passive = passive
        self._fresh = now
        self._unanswered: float | None = None
        self._probe_at: float | None = None
        self.silent = False
        self.next_check: float | None = None
        if not passive:
            self.next_check = now + self._interval()

    def _interval(self) -> float:
        # RFC 7675 §5.1: 0.8 to 1.2 times the basic period, drawn anew each time.
        draw = int.from_bytes(self._entropy(2), "big") / 65535
        return self._timing.consent_interval * (0.8 + 0.4 * draw)

    def sent(self, now: float) -> None:
        """A consent check went out."""
        self.next_check = now + self._interval()
        round_trip = self.pair.statistics.current_round_trip_time
        self._probe_at = now + self._timing.probe_after + round_trip
        if self._unanswered is None:
            self._unanswered = now

    def take_probe(self, now: float) -> bool:
        """Whether the last consent check has gone unanswered so long that the path is in doubt.

        Consent checks are sent once only (RFC 7675 §5.1), so a lossy path would lose consent
        that it has. A connectivity check, which is sent again, settles it.
        """
        if self._probe_at is None or now < self._probe_at:
            return False
        self._probe_at = None
        return True

    def answered(self, now: float) -> None:
        """An authenticated answer came: consent is fresh."""
        self._fresh = now
        self._unanswered = None
        self._probe_at = None

    def checked(self, now: float) -> None:
        """The peer checked us: a lite agent's only sign of life."""
        if self._passive:
            self._fresh = now

    @property
    def expires(self) -> float:
        return self._fresh + self._timing.consent_expiry

    def _silent_at(self) -> float | None:
        if self._passive:
            # The peer's own interval, and the patience that an unanswered check would get.
            return self._fresh + 1.2 * self._timing.consent_interval + self._timing.disconnected
        if self._unanswered is None:
            return None
        since = self._unanswered
        if self.pair.last_request is not None:
            # The peer's checks do not renew consent, but they show that it is there.
            since = max(since, self.pair.last_request)
        return since + self._timing.disconnected

    def update(self, now: float) -> None:
        """Judge whether the peer has been silent long enough to call it disconnected."""
        at = self._silent_at()
        self.silent = at is not None and now >= at

    def next_timeout(self) -> float:
        """When something of this is due: a check, silence, or expiry."""
        due = self.expires
        if self.next_check is not None:
            due = min(due, self.next_check)
        if self._probe_at is not None:
            due = min(due, self._probe_at)
        silent_at = self._silent_at()
        if silent_at is not None and not self.silent:
            due = min(due, silent_at)
        return due
