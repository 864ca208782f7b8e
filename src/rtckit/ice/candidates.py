"""The candidates an agent knows: its own and the peer's, signalled and learned."""

from __future__ import annotations

from ipaddress import ip_address

from rtckit.ice.candidate import Candidate, CandidateType
from rtckit.ice.limits import Limits
from rtckit.seam import Address

__all__ = ["LocalCandidates", "RemoteCandidates", "without_zone"]


def without_zone(address: Address) -> Address:
    """The address as a peer or a message writes it."""
    return (address[0].partition("%")[0], address[1])


def _learned(candidates: list[Candidate]) -> int:
    return sum(1 for known in candidates if known.typ is CandidateType.PEER_REFLEXIVE)


class LocalCandidates:
    """Our own.

    :ivar known: all of them.
    :ivar ended: no more will come in this generation.
    """

    __slots__ = ("_limits", "ended", "known")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.known: list[Candidate] = []
        self.ended = False

    def add(self, candidate: Candidate) -> bool:
        """Take one in; ``False`` if it is redundant (RFC 8445 §5.1.3)."""
        for known in self.known:
            if (
                known.base == candidate.base
                and known.transport_address == candidate.transport_address
            ):
                return False
        self.known.append(candidate)
        return True

    def restart(self) -> None:
        """Keep what has a socket; how a base looks from outside may have changed since."""
        self.known = [known for known in self.known if known.base == known.transport_address]
        self.ended = False

    def at(self, base: Address) -> Candidate | None:
        """The candidate that is its own base."""
        for candidate in self.known:
            if candidate.base == base and candidate.transport_address == base:
                return candidate
        return None

    def bases(self) -> list[Candidate]:
        """Host candidates."""
        return [known for known in self.known if known.typ is CandidateType.HOST]

    def seen_as(self, base: Address, mapped: Address) -> Candidate | None:
        """The candidate of a base that has a mapped address."""
        for candidate in self.known:
            if candidate.base == base and without_zone(candidate.transport_address) == mapped:
                return candidate
        return None

    def learn(self, base: Address, mapped: Address, priority: int) -> Candidate | None:
        """A peer-reflexive candidate from a mapped address; ``None`` beyond the limit."""
        if _learned(self.known) >= self._limits.local_peer_reflexive:
            return None
        candidate = Candidate.peer_reflexive(mapped, priority=priority, base=base)
        self.known.append(candidate)
        return candidate


class RemoteCandidates:
    """The peer's of one generation.

    :ivar known: those with an address.
    :ivar ended: the peer said end-of-candidates.
    """

    __slots__ = ("_limits", "_unresolved", "ended", "known")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._unresolved: dict[str, list[Candidate]] = {}
        self.known: list[Candidate] = []
        self.ended = False

    def objection(self, candidate: Candidate, ufrag: str | None) -> str | None:
        """Why a signalled candidate cannot be used, or ``None``."""
        if candidate.component != 1:
            return "candidate of another component"
        count = len(self.known) + sum(map(len, self._unresolved.values()))
        if count >= self._limits.remote_candidates:
            return "too many remote candidates"
        own = candidate.extension("ufrag")
        if own is not None and ufrag is not None and own != ufrag:
            return "candidate of another generation"
        if candidate.is_name:
            return None if candidate.address.endswith(".local") else "candidate with a name"
        address = ip_address(candidate.address)
        if address.is_unspecified or address.is_multicast:
            return "candidate with an unusable address"
        # RFC 6544 §4.5: an active TCP candidate's port is a placeholder.
        return "candidate without a port" if not candidate.port and candidate.is_udp else None

    def find(self, address: Address) -> Candidate | None:
        plain = without_zone(address)
        for candidate in self.known:
            if candidate.is_udp and candidate.transport_address == plain:
                return candidate
        return None

    def add(self, candidate: Candidate) -> None:
        self.known.append(candidate)

    def replace(self, old: Candidate, new: Candidate) -> None:
        self.known[self.known.index(old)] = new

    @property
    def full(self) -> bool:
        return len(self.known) >= self._limits.remote_candidates

    def learn(self, address: Address, priority: int) -> Candidate | None:
        """A peer-reflexive candidate (RFC 8445 §7.3.1.3); ``None`` beyond the limits."""
        if _learned(self.known) >= self._limits.peer_reflexive or self.full:
            return None
        candidate = Candidate.peer_reflexive(without_zone(address), priority=priority)
        self.known.append(candidate)
        return candidate

    def await_name(self, candidate: Candidate) -> bool:
        """Keep a candidate until its name is resolved; ``True`` if the name is new."""
        name = candidate.address.lower()
        new = name not in self._unresolved
        waiting = self._unresolved.setdefault(name, [])
        if candidate not in waiting:
            waiting.append(candidate)
        return new

    def take_name(self, name: str) -> list[Candidate]:
        """The candidates that waited for a name."""
        return self._unresolved.pop(name.lower(), [])

    def generation_is(self, ufrag: str) -> list[Candidate]:
        """The ufrag is known now: take out candidates that name another, and return them."""
        stale = [c for c in self.known if (c.extension("ufrag") or ufrag) != ufrag]
        self.known = [c for c in self.known if c not in stale]
        return stale
