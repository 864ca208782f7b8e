"""One ICE generation: what a restart replaces (RFC 8445 §9)."""

from __future__ import annotations

from dataclasses import dataclass

from rtckit.ice.answer import IncomingCheck
from rtckit.ice.candidate import Candidate
from rtckit.ice.candidates import RemoteCandidates
from rtckit.ice.checklist import Checklist, reach
from rtckit.ice.checks import Role
from rtckit.ice.credentials import Credentials
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
        first_number: int = 0,
    ) -> None:
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

    def hopeless(self) -> bool:
        """Whether the peer has ended its candidates and every pair has failed."""
        return self.remote.ended and not self.remote.unresolved and self.checklist.exhausted()
