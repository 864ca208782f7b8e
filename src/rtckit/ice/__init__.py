"""ICE (RFC 8445, 8838, 7675): finding a way to the peer and keeping it.

:class:`Agent` is the machine; everything else is its vocabulary. One agent is one data stream
with one component, as BUNDLE and RTCP multiplexing leave it.
"""

from __future__ import annotations

from rtckit.ice.agent import Agent
from rtckit.ice.candidate import Candidate, CandidateType, candidate_priority
from rtckit.ice.credentials import Credentials
from rtckit.ice.event import (
    ConsentExpired,
    Event,
    GatheringFinished,
    IceState,
    LocalCandidateFound,
    RemoteCandidateLearned,
    ResolveName,
    RoleChanged,
    SelectedPairChanged,
    StateChanged,
)
from rtckit.ice.limits import Limits, Timing
from rtckit.ice.pair import CandidatePair, PairState, PairStatistics, pair_priority

__all__ = [
    "Agent",
    "Candidate",
    "CandidatePair",
    "CandidateType",
    "ConsentExpired",
    "Credentials",
    "Event",
    "GatheringFinished",
    "IceState",
    "Limits",
    "LocalCandidateFound",
    "PairState",
    "PairStatistics",
    "RemoteCandidateLearned",
    "ResolveName",
    "RoleChanged",
    "SelectedPairChanged",
    "StateChanged",
    "Timing",
    "candidate_priority",
    "pair_priority",
]
