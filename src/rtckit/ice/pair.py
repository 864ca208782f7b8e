"""Candidate pairs and their statistics (RFC 8445 §6.1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rtckit.ice.candidate import Candidate, CandidateType
from rtckit.seam import Address

__all__ = ["CandidatePair", "PairState", "PairStatistics", "pair_priority"]


class PairState(StrEnum):
    """Pair states (RFC 8445 §6.1.2.6), in the W3C statistics' spelling."""

    FROZEN = "frozen"
    WAITING = "waiting"
    IN_PROGRESS = "in-progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


def pair_priority(local: int, remote: int, controlling: bool) -> int:
    """The pair's priority: G is the controlling agent's candidate's (RFC 8445 §6.1.2.3)."""
    g, d = (local, remote) if controlling else (remote, local)
    return (min(g, d) << 32) + 2 * max(g, d) + (1 if g > d else 0)


@dataclass(slots=True)
class PairStatistics:
    """Counters for the W3C's RTCIceCandidatePairStats; the owner counts bytes and packets.

    :ivar current_round_trip_time: seconds, of the latest answered check.
    :ivar total_round_trip_time: seconds, the sum over all of them.
    :ivar responses_received: answered checks, which ``total_round_trip_time`` is divided by.
    """

    requests_sent: int = 0
    requests_received: int = 0
    responses_sent: int = 0
    responses_received: int = 0
    consent_requests_sent: int = 0
    current_round_trip_time: float = 0.0
    total_round_trip_time: float = 0.0


class CandidatePair:
    """A way from a local base to a remote address, and what is known of it.

    :ivar local: the local candidate; after a successful check the one that the peer saw
        (RFC 8445 §7.2.5.3.2).
    :ivar remote: the remote candidate.
    :ivar base: the address that datagrams on this pair leave from.
    :ivar remote_address: where they go; has the base's zone if it is link-local.
    :ivar number: distinguishes the pair within its agent.
    :ivar nominated: whether the controlling side has chosen it.
    :ivar authenticated: whether a check from there passed our integrity check, or one of ours
        was answered.
    """

    __slots__ = (
        "authenticated",
        "base",
        "foundation",
        "key",
        "last_request",
        "local",
        "nominate_on_success",
        "nominated",
        "nomination",
        "number",
        "priority",
        "remote",
        "remote_address",
        "state",
        "statistics",
        "username",
    )

    def __init__(
        self,
        local: Candidate,
        remote: Candidate,
        base: Address,
        remote_address: Address,
        controlling: bool,
        username: str,
        key: bytes,
    ) -> None:
        self.local = local
        self.remote = remote
        self.base = base
        self.remote_address = remote_address
        self.number = 0
        self.state = PairState.FROZEN
        self.priority = 0
        self.foundation = (local.foundation, remote.foundation)
        self.nominated = False
        self.nominate_on_success = False
        self.nomination = 0
        self.authenticated = False
        self.last_request: float | None = None
        self.username = username
        self.key = key
        self.statistics = PairStatistics()
        self.set_role(controlling)

    def set_role(self, controlling: bool) -> None:
        """Compute the priority for a role."""
        self.priority = pair_priority(self.local.priority, self.remote.priority, controlling)

    @property
    def is_relayed(self) -> bool:
        relayed = CandidateType.RELAYED
        return self.local.typ is relayed or self.remote.typ is relayed

    def __repr__(self) -> str:
        return (
            f"<pair {self.number} {self.base[0]}:{self.base[1]} ({self.local.typ}) -> "
            f"{self.remote_address[0]}:{self.remote_address[1]} ({self.remote.typ}) {self.state}"
            f"{' nominated' if self.nominated else ''}>"
        )
