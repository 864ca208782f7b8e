"""What an agent tells its owner."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from rtckit.ice.candidate import Candidate
from rtckit.ice.pair import CandidatePair

__all__ = [
    "ConsentExpired",
    "Event",
    "GatheringFinished",
    "IceState",
    "LocalCandidateFound",
    "RemoteCandidateLearned",
    "ResolveName",
    "RoleChanged",
    "SelectedPairChanged",
    "StateChanged",
]


class IceState(StrEnum):
    """The W3C's RTCIceTransportState."""

    NEW = "new"
    CHECKING = "checking"
    CONNECTED = "connected"
    COMPLETED = "completed"
    DISCONNECTED = "disconnected"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The agent's state is now another.

    :ivar state: the new state.
    """

    state: IceState


@dataclass(frozen=True, slots=True)
class SelectedPairChanged:
    """Data goes over another pair from now on.

    :ivar pair: the pair, or ``None`` when there is none any more.
    """

    pair: CandidatePair | None


@dataclass(frozen=True, slots=True)
class LocalCandidateFound:
    """A server-reflexive candidate was gathered (to be signalled) or a peer-reflexive learned.

    :ivar candidate: already among the agent's local candidates.
    """

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class RemoteCandidateLearned:
    """A check came from an address that was not signalled (RFC 8445 §7.3.1.3).

    :ivar candidate: the peer-reflexive candidate.
    """

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class ResolveName:
    """A remote candidate has a ``.local`` name; answer with ``Agent.name_resolved``.

    :ivar name: the name, to be asked for over multicast DNS (RFC 6762).
    """

    name: str


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A role conflict was settled, or the peer is lite (RFC 8445 §7.3.1.1, §6.1.1).

    :ivar controlling: the agent's role now.
    """

    controlling: bool


@dataclass(frozen=True, slots=True)
class GatheringFinished:
    """Every STUN server has answered from every base, or timed out."""


@dataclass(frozen=True, slots=True)
class ConsentExpired:
    """The peer has not answered for 30 s: nothing may be sent to it (RFC 7675 §5.1).

    :ivar pair: the pair that consent was lost on.
    """

    pair: CandidatePair


Event: TypeAlias = (
    StateChanged
    | SelectedPairChanged
    | LocalCandidateFound
    | RemoteCandidateLearned
    | ResolveName
    | RoleChanged
    | GatheringFinished
    | ConsentExpired
)
