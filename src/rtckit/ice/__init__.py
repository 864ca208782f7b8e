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
from rtckit.ice.mdns import (
    MDNS_GROUP_IPV4,
    MDNS_GROUP_IPV6,
    MDNS_PORT,
    MdnsAnswer,
    MdnsMessage,
    MdnsQuestion,
    encode_query,
    encode_response,
    parse_mdns,
)
from rtckit.ice.mux import Mux, Unknown
from rtckit.ice.pair import CandidatePair, PairState, PairStatistics, pair_priority

__all__ = [
    "MDNS_GROUP_IPV4",
    "MDNS_GROUP_IPV6",
    "MDNS_PORT",
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
    "MdnsAnswer",
    "MdnsMessage",
    "MdnsQuestion",
    "Mux",
    "PairState",
    "PairStatistics",
    "RemoteCandidateLearned",
    "ResolveName",
    "RoleChanged",
    "SelectedPairChanged",
    "StateChanged",
    "Timing",
    "Unknown",
    "candidate_priority",
    "encode_query",
    "encode_response",
    "pair_priority",
    "parse_mdns",
]
