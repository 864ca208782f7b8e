"""One ICE generation: what a restart replaces (RFC 8445 §9)."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from rtckit.ice.answer import IncomingCheck
from rtckit.ice.candidate import Candidate, CandidateType
from rtckit.ice.candidates import LocalCandidates, RemoteCandidates
from rtckit.ice.checklist import Checklist, reach
from rtckit.ice.checks import Role
from rtckit.ice.credentials import Credentials
from rtckit.ice.event import Event, LocalCandidateFound, RemoteCandidateLearned
from rtckit.ice.limits import Limits, Timing
from rtckit.ice.nomination import Nomination
from rtckit.ice.pair import CandidatePair
from rtckit.seam import Address

__all__ = ["EarlyCheck", "Generation"]


@dataclass(frozen=True, slots=True)
class EarlyCheck:
    """A check that came before the remote credentials."""

    local: Candidate
    remote: Address
    check: IncomingCheck


class Generation:
    """Credentials of both sides, the peer's candidates, the pairs, the nomination.

    :ivar remote_credentials: ``None`` until they are signalled.
    :ivar remote_lite: the peer only answers.
    """

    __slots__ = (
        "_drops",
        "_events",
        "_limits",
        "_lite",
        "_role",
        "checklist",
        "early",
        "local_credentials",
        "nomination",
        "remote",
        "remote_credentials",
        "remote_lite",
    )

    def __init__(
        self,
        local_credentials: Credentials,
        role: Role,
        lite: bool,
        limits: Limits,
        timing: Timing,
        events: deque[Event],
        drops: Counter[str],
        first_number: int = 0,
    ) -> None:
        self._events = events
        self._drops = drops
        self._role = role
        self._lite = lite
        self._limits = limits
        self.local_credentials = local_credentials
        self.remote_credentials: Credentials | None = None
        self.remote_lite = False
        self.remote = RemoteCandidates(limits)
        self.checklist = Checklist(limits.pairs, first_number)
        self.nomination = Nomination(timing)
        self.early: dict[tuple[Address, Address], EarlyCheck] = {}

    def add_remote(
        self, candidate: Candidate, local: list[Candidate], keep: CandidatePair | None
    ) -> None:
        """Take in a signalled candidate and pair it with ours."""
        known = self.remote.find(candidate.transport_address) if candidate.is_udp else None
        if known is not None:
            learned = known.typ is CandidateType.PEER_REFLEXIVE
            if not learned and candidate.priority <= known.priority:
                # RFC 8445 §5.1.3: of two with one address, the lower priority is redundant.
                self._drops["redundant candidate"] += 1
                return
            # RFC 8445 §7.3.1.3: what was learned from a check is now known from signaling.
            self.remote.replace(known, candidate)
            self.checklist.replace_remote(known, candidate, self._role.controlling)
            return
        self.remote.add(candidate)
        self.pair(local, [candidate], keep)

    def pair(
        self, local: list[Candidate], remote: list[Candidate], keep: CandidatePair | None
    ) -> None:
        """Form the pairs of some of ours with some of the peer's (RFC 8445 §6.1.2.2)."""
        if self._lite:
            return
        for ours in local:
            base = ours.base
            if base is None or base != ours.transport_address:
                # RFC 8445 §6.1.2.4: a reflexive candidate is replaced by its base, whose pair
                # exists already.
                continue
            for theirs in remote:
                if theirs.is_udp:
                    destination = reach(base, theirs.transport_address)
                    if destination is not None:
                        self.add_pair(ours, theirs, destination, keep)

    def add_pair(
        self, local: Candidate, remote: Candidate, destination: Address, keep: CandidatePair | None
    ) -> CandidatePair | None:
        """Add one pair; ``None`` if it is redundant or beyond the limit."""
        username = key = ""
        credentials = self.remote_credentials
        if credentials is not None:
            # RFC 8445 §7.2.2
            username = f"{credentials.ufrag}:{self.local_credentials.ufrag}"
            key = credentials.pwd
        elif not self._lite:
            return None
        base = local.transport_address
        controlling = self._role.controlling
        pair = CandidatePair(local, remote, base, destination, controlling, username, key.encode())
        return pair if self.checklist.add(pair, keep) else None

    def meet(
        self, local: Candidate, remote: Address, priority: int, keep: CandidatePair | None
    ) -> CandidatePair | None:
        """The pair that a check came in on, learned if need be (RFC 8445 §7.3.1.3, §7.3.1.4)."""
        pair = self.checklist.find(local.transport_address, remote)
        if pair is not None:
            return pair
        candidate = self.remote.find(remote)
        if candidate is None:
            candidate = self.remote.learn(remote, priority)
            if candidate is None:
                self._drops["too many peer-reflexive candidates"] += 1
                return None
            self._events.append(RemoteCandidateLearned(candidate))
        pair = self.add_pair(local, candidate, remote, keep)
        if pair is None:
            self._drops["too many pairs"] += 1
        return pair

    def seen_as(
        self, pair: CandidatePair, mapped: Address, priority: int, local: LocalCandidates
    ) -> None:
        """The peer saw a check come from ``mapped``: find or learn that candidate (§7.2.5.3.1)."""
        candidate = local.seen_as(pair.base, mapped)
        if candidate is None:
            candidate = local.learn(pair.base, mapped, priority)
            if candidate is None:
                self._drops["too many local peer-reflexive candidates"] += 1
                return
            self._events.append(LocalCandidateFound(candidate))
        pair.local = candidate
        pair.set_role(self._role.controlling)
        self.checklist.sort()

    def remember(self, local: Candidate, remote: Address, check: IncomingCheck) -> bool:
        """Keep a check until the remote credentials are known; ``False`` beyond the limit."""
        key = (local.transport_address, remote)
        if key not in self.early and len(self.early) >= self._limits.early_checks:
            return False
        self.early[key] = EarlyCheck(local, remote, check)
        return True

    def take_early(self) -> list[EarlyCheck]:
        """The checks that were kept."""
        early = list(self.early.values())
        self.early.clear()
        return early
