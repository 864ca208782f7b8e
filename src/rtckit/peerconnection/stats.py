"""getStats (webrtc-stats): the objects that a connection with data channels has."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

__all__ = [
    "RTCCertificateStats",
    "RTCDataChannelStats",
    "RTCIceCandidatePairStats",
    "RTCIceCandidateStats",
    "RTCPeerConnectionStats",
    "RTCStats",
    "RTCStatsReport",
    "RTCTransportStats",
]


@dataclass(slots=True, kw_only=True)
class RTCStats:
    """What all have: a time in milliseconds since 1970, a type and an id."""

    timestamp: float
    type: str
    id: str

    def toJSON(self) -> dict[str, object]:
        """The members that are known."""
        values = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {name: value for name, value in values if value is not None}


@dataclass(slots=True, kw_only=True)
class RTCPeerConnectionStats(RTCStats):
    """webrtc-stats §8.14."""

    type: str = field(default="peer-connection", init=False)
    dataChannelsOpened: int
    dataChannelsClosed: int


@dataclass(slots=True, kw_only=True)
class RTCDataChannelStats(RTCStats):
    """webrtc-stats §8.15."""

    type: str = field(default="data-channel", init=False)
    label: str
    protocol: str
    dataChannelIdentifier: int | None
    state: str
    messagesSent: int
    bytesSent: int
    messagesReceived: int
    bytesReceived: int


@dataclass(slots=True, kw_only=True)
class RTCTransportStats(RTCStats):
    """webrtc-stats §8.16."""

    type: str = field(default="transport", init=False)
    packetsSent: int
    packetsReceived: int
    bytesSent: int
    bytesReceived: int
    iceRole: str
    iceLocalUsernameFragment: str
    iceState: str
    dtlsState: str
    selectedCandidatePairId: str | None
    localCertificateId: str
    remoteCertificateId: str | None
    tlsVersion: str | None
    dtlsCipher: str | None
    dtlsRole: str
    srtpCipher: str | None
    selectedCandidatePairChanges: int


@dataclass(slots=True, kw_only=True)
class RTCIceCandidateStats(RTCStats):
    """webrtc-stats §8.17; ``type`` is ``local-candidate`` or ``remote-candidate``."""

    transportId: str
    address: str
    port: int
    protocol: str
    candidateType: str
    priority: int
    foundation: str
    relatedAddress: str | None
    relatedPort: int | None
    usernameFragment: str | None
    tcpType: str | None


@dataclass(slots=True, kw_only=True)
class RTCIceCandidatePairStats(RTCStats):
    """webrtc-stats §8.18."""

    type: str = field(default="candidate-pair", init=False)
    transportId: str
    localCandidateId: str
    remoteCandidateId: str
    state: str
    nominated: bool
    packetsSent: int | None
    packetsReceived: int | None
    bytesSent: int | None
    bytesReceived: int | None
    totalRoundTripTime: float
    currentRoundTripTime: float | None
    requestsReceived: int
    requestsSent: int
    responsesReceived: int
    responsesSent: int
    consentRequestsSent: int
    priority: int


@dataclass(slots=True, kw_only=True)
class RTCCertificateStats(RTCStats):
    """webrtc-stats §8.19."""

    type: str = field(default="certificate", init=False)
    fingerprint: str
    fingerprintAlgorithm: str
    base64Certificate: str


class RTCStatsReport(dict[str, RTCStats]):
    """Statistics by their ids."""

    def toJSON(self) -> dict[str, dict[str, object]]:
        """Plain dictionaries, to be serialized."""
        return {key: stats.toJSON() for key, stats in self.items()}
