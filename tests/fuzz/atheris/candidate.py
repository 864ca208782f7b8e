"""ICE candidates as text: what signaling brings, and what SDP checks of them."""

from __future__ import annotations

from rtckit.ice import Candidate
from rtckit.sdp import check_candidate

from .target import Target, text_parser

__all__ = ["TARGETS"]


def read(text: str) -> None:
    candidate = Candidate.parse(text)
    assert Candidate.parse(str(candidate)) == candidate


TARGETS: list[Target] = [
    text_parser(
        "ice-candidate",
        read,
        "candidate:1 1 udp 2130706431 10.0.0.1 5000 typ host generation 0 ufrag abcd",
        "a=candidate:2 1 tcp 1 2001:db8::1 9 typ srflx raddr :: rport 9 tcptype active",
        "candidate:3 1 UDP 1 0a1b.local 65535 typ relay raddr 0.0.0.0 rport 0",
    ),
    text_parser("sdp-candidate", check_candidate, "1 1 udp 1 10.0.0.1 5000 typ host"),
]
