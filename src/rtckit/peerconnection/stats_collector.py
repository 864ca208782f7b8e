"""Gathers what getStats tells from the connection (webrtc-stats §8)."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime

from rtckit.connection import Connection
from rtckit.dtls import Fingerprint, Role
from rtckit.ice import Candidate, CandidatePair, PairState

from .certificate import RTCCertificate
from .data_channel import RTCDataChannel
from .stats import (
    RTCCertificateStats,
    RTCDataChannelStats,
    RTCIceCandidatePairStats,
    RTCIceCandidateStats,
    RTCPeerConnectionStats,
    RTCStats,
    RTCStatsReport,
    RTCTransportStats,
)

__all__ = ["collect_stats"]

_PAIR_STATES = {
    PairState.FROZEN: "frozen",
    PairState.WAITING: "waiting",
    PairState.IN_PROGRESS: "in-progress",
    PairState.SUCCEEDED: "succeeded",
    PairState.FAILED: "failed",
}


def collect_stats(
    connection: Connection,
    certificate: RTCCertificate,
    channels: Iterable[RTCDataChannel],
    opened: int,
    closed: int,
) -> RTCStatsReport:
    """What is known now."""
    collector = _Collector(connection, datetime.now(UTC).timestamp() * 1000)
    collector.add_connection(opened, closed)
    collector.add_channels(channels)
    if connection.negotiation.transport is not None:
        collector.add_transport(certificate)
        collector.add_candidates()
    return collector.report


class _Collector:
    def __init__(self, connection: Connection, now: float) -> None:
        self.report = RTCStatsReport()
        self._connection = connection
        self._now = now

    def _add(self, stats: RTCStats) -> None:
        self.report[stats.id] = stats

    def add_connection(self, opened: int, closed: int) -> None:
        self._add(
            RTCPeerConnectionStats(
                timestamp=self._now, id="P", dataChannelsOpened=opened, dataChannelsClosed=closed
            )
        )

    def add_channels(self, channels: Iterable[RTCDataChannel]) -> None:
        for channel in channels:
            totals = channel.totals
            self._add(
                RTCDataChannelStats(
                    timestamp=self._now,
                    id=f"D{channel.number}",
                    label=channel.label,
                    protocol=channel.protocol,
                    dataChannelIdentifier=channel.id,
                    state=channel.readyState,
                    messagesSent=totals.messages_sent,
                    bytesSent=totals.bytes_sent,
                    messagesReceived=totals.messages_received,
                    bytesReceived=totals.bytes_received,
                )
            )

    def add_transport(self, certificate: RTCCertificate) -> None:
        connection = self._connection
        counters = connection.transport.counters
        pair = connection.ice.selected_pair
        agreed = connection.dtls_parameters
        machine = connection.transport.dtls
        role = "unknown"
        if machine is not None:
            role = "client" if machine.role is Role.CLIENT else "server"
        remote = connection.remote_certificate
        self._add_certificate("CF-local", certificate.der)
        if remote is not None:
            self._add_certificate("CF-remote", remote)
        self._add(
            RTCTransportStats(
                timestamp=self._now,
                id="T",
                packetsSent=counters.packets_sent,
                packetsReceived=counters.packets_received,
                bytesSent=counters.bytes_sent,
                bytesReceived=counters.bytes_received,
                iceRole="controlling" if connection.ice.controlling else "controlled",
                iceLocalUsernameFragment=connection.ice.local_credentials.ufrag,
                iceState=connection.ice_connection_state,
                dtlsState=connection.dtls_state,
                selectedCandidatePairId=None if pair is None else _pair_id(pair),
                localCertificateId="CF-local",
                remoteCertificateId=None if remote is None else "CF-remote",
                tlsVersion=None if agreed is None else f"{agreed.version:04X}",
                dtlsCipher=None if agreed is None else agreed.cipher_suite.name,
                dtlsRole=role,
                srtpCipher=(
                    agreed.srtp_profile.name
                    if agreed is not None and agreed.srtp_profile is not None
                    else None
                ),
                selectedCandidatePairChanges=connection.selected_pair_changes,
            )
        )

    def add_candidates(self) -> None:
        ice = self._connection.ice
        for candidate in ice.local_candidates:
            self._add_candidate(candidate, "local", ice.local_credentials.ufrag)
        remote_ufrag = ice.remote_credentials.ufrag if ice.remote_credentials else None
        for candidate in ice.remote_candidates:
            self._add_candidate(candidate, "remote", remote_ufrag)
        for pair in ice.pairs:
            self._add_candidate(pair.local, "local", ice.local_credentials.ufrag)
            self._add_candidate(pair.remote, "remote", remote_ufrag)
            self._add_pair(pair, selected=pair is ice.selected_pair)

    def _add_candidate(self, candidate: Candidate, side: str, ufrag: str | None) -> None:
        related = candidate.related
        self._add(
            RTCIceCandidateStats(
                timestamp=self._now,
                id=_candidate_id(candidate, side),
                type=f"{side}-candidate",
                transportId="T",
                address=candidate.address,
                port=candidate.port,
                protocol=candidate.transport.lower(),
                candidateType=str(candidate.typ),
                priority=candidate.priority,
                foundation=candidate.foundation,
                relatedAddress=related[0] if related else None,
                relatedPort=related[1] if related else None,
                usernameFragment=ufrag,
                tcpType=candidate.tcptype,
            )
        )

    def _add_pair(self, pair: CandidatePair, *, selected: bool) -> None:
        counters = self._connection.transport.counters
        statistics = pair.statistics
        self._add(
            RTCIceCandidatePairStats(
                timestamp=self._now,
                id=_pair_id(pair),
                transportId="T",
                localCandidateId=_candidate_id(pair.local, "local"),
                remoteCandidateId=_candidate_id(pair.remote, "remote"),
                state=_PAIR_STATES[pair.state],
                nominated=pair.nominated,
                packetsSent=counters.packets_sent if selected else None,
                packetsReceived=counters.packets_received if selected else None,
                bytesSent=counters.bytes_sent if selected else None,
                bytesReceived=counters.bytes_received if selected else None,
                totalRoundTripTime=statistics.total_round_trip_time,
                currentRoundTripTime=(
                    statistics.current_round_trip_time if statistics.responses_received else None
                ),
                requestsReceived=statistics.requests_received,
                requestsSent=statistics.requests_sent,
                responsesReceived=statistics.responses_received,
                responsesSent=statistics.responses_sent,
                consentRequestsSent=statistics.consent_requests_sent,
                priority=pair.priority,
            )
        )

    def _add_certificate(self, id: str, der: bytes) -> None:
        fingerprint = Fingerprint.of(der)
        self._add(
            RTCCertificateStats(
                timestamp=self._now,
                id=id,
                fingerprint=fingerprint.value,
                fingerprintAlgorithm=fingerprint.algorithm,
                base64Certificate=base64.b64encode(der).decode(),
            )
        )


def _candidate_id(candidate: Candidate, side: str) -> str:
    letter = "L" if side == "local" else "R"
    return f"I{letter}-{candidate.typ}-{candidate.address}-{candidate.port}"


def _pair_id(pair: CandidatePair) -> str:
    return f"CP{pair.number}"
