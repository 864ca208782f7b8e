"""The candidate pair that a peer connection runs over."""

from __future__ import annotations

from dataclasses import dataclass

from rtckit import RTCIceCandidate, RTCPeerConnection

__all__ = ["CandidatePair", "End", "selected_pair"]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a pair.

    :ivar type: ``"host"``, ``"srflx"``, ``"prflx"`` or ``"relay"``.
    :ivar protocol: ``"udp"`` or ``"tcp"``.
    :ivar address: an IP address.
    """

    type: str
    protocol: str
    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.type} {self.protocol} {host}:{self.port}"


@dataclass(frozen=True, slots=True)
class CandidatePair:
    """The selected pair."""

    local: End
    remote: End

    def __str__(self) -> str:
        return f"{self.local} ↔ {self.remote}"


def selected_pair(connection: RTCPeerConnection) -> CandidatePair | None:
    """The selected pair, or ``None`` if there is none yet."""
    if connection.sctp is None:
        return None
    pair = connection.sctp.transport.iceTransport.getSelectedCandidatePair()
    return CandidatePair(_end(pair.local), _end(pair.remote)) if pair else None


def _end(candidate: RTCIceCandidate) -> End:
    return End(
        candidate.type or "", candidate.protocol or "", candidate.address or "", candidate.port or 0
    )
