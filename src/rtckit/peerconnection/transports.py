"""RTCIceTransport, RTCDtlsTransport and RTCSctpTransport (WebRTC 1.0 §5.5, §5.6, §6.1)."""

from __future__ import annotations

from dataclasses import dataclass

from rtckit.connection import Connection
from rtckit.ice import Candidate, Credentials

from .event_target import EventHandler, EventTarget
from .events import Event
from .ice_candidate import RTCIceCandidate
from .task_queue import TaskQueue

__all__ = [
    "RTCDtlsTransport",
    "RTCIceCandidatePair",
    "RTCIceParameters",
    "RTCIceTransport",
    "RTCSctpTransport",
]


@dataclass(frozen=True, slots=True)
class RTCIceParameters:
    """One side's ICE credentials."""

    usernameFragment: str
    password: str


@dataclass(frozen=True, slots=True)
class RTCIceCandidatePair:
    """The candidates between which data flows."""

    local: RTCIceCandidate
    remote: RTCIceCandidate


class RTCIceTransport(EventTarget):
    """Events: ``statechange``, ``gatheringstatechange``, ``selectedcandidatepairchange``."""

    def __init__(self, connection: Connection, tasks: TaskQueue) -> None:
        super().__init__(tasks)
        self.onstatechange: EventHandler | None = None
        self.ongatheringstatechange: EventHandler | None = None
        self.onselectedcandidatepairchange: EventHandler | None = None
        self._connection = connection
        self._state = "new"
        self._gathering_state = "new"
        self._selected: RTCIceCandidatePair | None = None

    @property
    def role(self) -> str:
        """``"controlling"`` or ``"controlled"``."""
        return "controlling" if self._connection.ice.controlling else "controlled"

    @property
    def component(self) -> str:
        """``"rtp"``: RTCP is always multiplexed."""
        return "rtp"

    @property
    def state(self) -> str:
        """RTCIceTransportState."""
        return self._state

    @property
    def gatheringState(self) -> str:
        """``"new"``, ``"gathering"`` or ``"complete"``."""
        return self._gathering_state

    def getLocalCandidates(self) -> list[RTCIceCandidate]:
        """The candidates gathered so far."""
        return [self._local(each) for each in self._connection.ice.local_candidates]

    def getRemoteCandidates(self) -> list[RTCIceCandidate]:
        """The candidates that the peer has signaled."""
        return [self._remote(each) for each in self._connection.ice.remote_candidates]

    def getSelectedCandidatePair(self) -> RTCIceCandidatePair | None:
        """The pair that carries data; ``None`` before there is one and after the end."""
        return None if self._state in ("new", "closed") else self._selected

    def getLocalParameters(self) -> RTCIceParameters | None:
        """Our credentials."""
        credentials = self._connection.ice.local_credentials
        return RTCIceParameters(credentials.ufrag, credentials.pwd)

    def getRemoteParameters(self) -> RTCIceParameters | None:
        """The peer's credentials, or ``None`` while they are unknown."""
        credentials = self._connection.ice.remote_credentials
        return RTCIceParameters(credentials.ufrag, credentials.pwd) if credentials else None

    def state_changed(self, state: str) -> None:
        """The agent's state has changed (called by the peer connection, which fires the event)."""
        self._state = state

    def pair_changed(self) -> None:
        """The agent has selected another pair (called by the peer connection, likewise)."""
        pair = self._connection.ice.selected_pair
        self._selected = (
            None
            if pair is None
            else RTCIceCandidatePair(self._local(pair.local), self._remote(pair.remote))
        )

    def set_gathering_state(self, state: str) -> None:
        """The gathering state has changed (called by the peer connection)."""
        if state != self._gathering_state:
            self._gathering_state = state
            self.dispatchEvent(Event("gatheringstatechange"))

    def close(self) -> None:
        """The connection is closed: no event (WebRTC 1.0 §4.4.2, close)."""
        self._state = "closed"

    def _local(self, candidate: Candidate) -> RTCIceCandidate:
        return self._wrap(candidate, self._connection.ice.local_credentials)

    def _remote(self, candidate: Candidate) -> RTCIceCandidate:
        return self._wrap(candidate, self._connection.ice.remote_credentials)

    def _wrap(self, candidate: Candidate, credentials: Credentials | None) -> RTCIceCandidate:
        place = self._connection.negotiation.transport
        return RTCIceCandidate(
            candidate=str(candidate),
            sdpMid=(place.mid if place else None) or "",
            sdpMLineIndex=place.mline_index if place else None,
            usernameFragment=credentials.ufrag if credentials else None,
        )


class RTCDtlsTransport(EventTarget):
    """Events: ``statechange``, ``error``."""

    def __init__(self, connection: Connection, ice: RTCIceTransport, tasks: TaskQueue) -> None:
        super().__init__(tasks)
        self.onstatechange: EventHandler | None = None
        self.onerror: EventHandler | None = None
        self._connection = connection
        self._ice = ice
        self._state = "new"

    @property
    def iceTransport(self) -> RTCIceTransport:
        """What carries it."""
        return self._ice

    @property
    def transport(self) -> RTCIceTransport:
        """The same as :attr:`iceTransport`."""
        return self._ice

    @property
    def state(self) -> str:
        """RTCDtlsTransportState."""
        return self._state

    def getRemoteCertificates(self) -> list[bytes]:
        """The peer's certificate in DER; empty until DTLS is connected."""
        certificate = self._connection.remote_certificate
        return [certificate] if certificate and self._state in ("connected", "closed") else []

    def state_changed(self, state: str) -> bool:
        """DTLS has changed (called by the peer connection, which fires the events); false if it
        has not."""
        changed = state != self._state
        self._state = state
        return changed

    def close(self) -> None:
        """The connection is closed: no event."""
        self._state = "closed"


class RTCSctpTransport(EventTarget):
    """Events: ``statechange``."""

    def __init__(self, connection: Connection, dtls: RTCDtlsTransport, tasks: TaskQueue) -> None:
        super().__init__(tasks)
        self.onstatechange: EventHandler | None = None
        self._connection = connection
        self._dtls = dtls
        self._state = "connecting"

    @property
    def transport(self) -> RTCDtlsTransport:
        """What carries it."""
        return self._dtls

    @property
    def state(self) -> str:
        """``"connecting"``, ``"connected"`` or ``"closed"``."""
        return self._state

    @property
    def maxMessageSize(self) -> float:
        """The largest message that ``send`` takes, in bytes; infinite if the peer has no limit."""
        return self._connection.max_message_size or float("inf")

    @property
    def maxChannels(self) -> int | None:
        """How many channels there can be; ``None`` until connected."""
        return self._connection.max_channels if self._state == "connected" else None

    def set_state(self, state: str) -> None:
        """The association has changed (called by the peer connection)."""
        if state != self._state:
            self._state = state
            self.dispatchEvent(Event("statechange"))

    def close(self) -> None:
        """The connection is closed: no event."""
        self._state = "closed"
