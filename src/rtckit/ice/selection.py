"""The pair that carries data, across a restart, and the consent to use it (RFC 8445 §8, §12)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from rtckit.ice.consent import Consent
from rtckit.ice.credentials import Credentials
from rtckit.ice.event import Event, SelectedPairChanged
from rtckit.ice.limits import Timing
from rtckit.ice.pair import CandidatePair
from rtckit.seam import Address, Entropy

__all__ = ["Selection"]


class Selection:
    """Which pair is in use.

    :ivar pair: the pair, nominated or the best valid one so far.
    :ivar consent: the consent to send on it.
    :ivar previous: the same pair while it is left over from before a restart.
    :ivar previous_credentials: ours of the generation before, that the peer may still check with.
    :ivar former: base and remote address of the pairs that were authenticated then. A peer may go
        on using them after we have nominated another: Firefox does, for as long as it likes.
    """

    __slots__ = (
        "_entropy",
        "_events",
        "_lite",
        "_timing",
        "consent",
        "former",
        "pair",
        "previous",
        "previous_credentials",
    )

    def __init__(self, events: deque[Event], timing: Timing, entropy: Entropy, lite: bool) -> None:
        self._events = events
        self._timing = timing
        self._entropy = entropy
        self._lite = lite
        self.pair: CandidatePair | None = None
        self.consent: Consent | None = None
        self.previous: CandidatePair | None = None
        self.previous_credentials: Credentials | None = None
        self.former: frozenset[tuple[Address, Address]] = frozenset()

    def use(self, pair: CandidatePair, now: float) -> None:
        """Send data over a pair from now on."""
        if pair is not self.pair:
            self.pair = pair
            self.consent = Consent(pair, now, self._timing, self._entropy, self._lite)
            self._events.append(SelectedPairChanged(pair))

    def prefer(self, pair: CandidatePair, now: float) -> None:
        """Use a valid pair until one is nominated (RFC 8445 §12.1), if it is better."""
        current = self.pair
        if self.previous is None and (current is None or pair.priority > current.priority):
            self.use(pair, now)

    def settle(self, pair: CandidatePair, now: float) -> None:
        """A pair was nominated: nothing is sent any more on that from before a restart."""
        self.previous = None
        self.use(pair, now)

    def drop(self) -> None:
        """There is no pair any more."""
        self.previous = None
        self.consent = None
        if self.pair is not None:
            self.pair = None
            self._events.append(SelectedPairChanged(None))

    def restart(self, local_credentials: Credentials, pairs: Iterable[CandidatePair]) -> None:
        """Keep the pair in use through a restart; ours so far were ``local_credentials``, and
        ``pairs`` the pairs."""
        if self.previous is None or self.pair is not self.previous:
            self.previous_credentials = local_credentials
            self.former = frozenset(
                (pair.base, pair.remote_address) for pair in pairs if pair.authenticated
            )
        self.previous = self.pair

    def is_previous(self, local: Address, remote: Address) -> bool:
        """Whether the pair left over from before a restart has these addresses."""
        previous = self.previous
        return previous is not None and (previous.base, previous.remote_address) == (local, remote)

    def hear(self, pair: CandidatePair, now: float) -> None:
        """An authenticated check came in on a pair and was answered."""
        pair.authenticated = True
        pair.last_request = now
        pair.statistics.requests_received += 1
        pair.statistics.responses_sent += 1
        if self.consent is not None and self.consent.pair is pair:
            self.consent.checked(now)

    def answered(self, pair: CandidatePair, now: float) -> None:
        """A check of ours on a pair was answered."""
        pair.authenticated = True
        if self.consent is not None and self.consent.pair is pair:
            self.consent.answered(now)
