"""How the transports' states reach the application (WebRTC 1.0 §4.4.1.3, §5.5, §5.6, §6.1.1)."""

from __future__ import annotations

from typing import TypeAlias

from rtckit import connection as core
from rtckit.connection import Connection
from rtckit.dtls import AlertDescription
from rtckit.errors import RTCError

from .event_target import EventTarget
from .events import Event, RTCErrorEvent, RTCPeerConnectionIceEvent
from .ice_candidate import RTCIceCandidate
from .task_queue import TaskQueue
from .transports import RTCDtlsTransport, RTCIceTransport, RTCSctpTransport

__all__ = ["TransportEvents"]

_IceChange: TypeAlias = (
    core.SelectedPairChanged | core.IceConnectionStateChanged | core.ConnectionStateChanged
)


class TransportEvents:
    """The transport objects, the states that are made of theirs, and the events about them.

    :param target: the peer connection.
    :ivar sctp: ``None`` until negotiated.
    """

    def __init__(self, connection: Connection, tasks: TaskQueue, target: EventTarget) -> None:
        self.ice = RTCIceTransport(connection, tasks)
        self.dtls = RTCDtlsTransport(connection, self.ice, tasks)
        self.sctp: RTCSctpTransport | None = None
        self.ice_connection_state = "new"
        self.ice_gathering_state = "new"
        self.connection_state = "new"
        self._connection = connection
        self._tasks = tasks
        self._target = target
        # What one task of §5.6 changes together: every state is set before any event fires.
        self._selected_pair_changed = False
        self._ice_state: str | None = None

    def negotiated(self) -> None:
        """A description has been set: there may be an SCTP association now (§4.4.1.5)."""
        ended = self.sctp is None or self.sctp.state == "closed"
        if ended and self._connection.application_negotiated:
            self.sctp = RTCSctpTransport(self._connection, self.dtls, self._tasks)

    def receive(self, event: core.ConnectionEvent) -> None:
        """An event of the connection that is about its transports."""
        match event:
            case core.SelectedPairChanged():
                self._selected_pair_changed = True
            case core.IceConnectionStateChanged(state):
                if self._ice_state is not None:
                    self.settle()
                self._ice_state = state
            case core.ConnectionStateChanged(state):
                self.settle(state)
            case _:
                self.settle()
                self._receive_other(event)

    def settle(self, connection_state: str | None = None) -> None:
        """Set the states that have changed by one step of ICE or DTLS, then say so."""
        pair_changed, self._selected_pair_changed = self._selected_pair_changed, False
        ice_state, self._ice_state = self._ice_state, None
        if ice_state is not None:
            self.ice.state_changed(ice_state)
            self.ice_connection_state = ice_state
        if connection_state is not None:
            self.connection_state = connection_state
        if pair_changed:
            self.ice.pair_changed()
            self.ice.dispatchEvent(Event("selectedcandidatepairchange"))
        if ice_state is not None:
            self.ice.dispatchEvent(Event("statechange"))
            self._target.dispatchEvent(Event("iceconnectionstatechange"))
        if connection_state is not None:
            self._target.dispatchEvent(Event("connectionstatechange"))

    def close(self) -> None:
        """The connection is closed: the states change without an event (§4.4.2)."""
        self.ice.close()
        self.dtls.close()
        if self.sctp is not None:
            self.sctp.close()

    def _receive_other(self, event: core.ConnectionEvent) -> None:
        match event:
            case core.LocalCandidate(text, mid, index, ufrag, url):
                candidate = RTCIceCandidate(text, mid, index, ufrag)
                candidate.url = url
                self._target.dispatchEvent(
                    RTCPeerConnectionIceEvent("icecandidate", candidate, url)
                )
            case core.IceGatheringStateChanged(state):
                self._gathering_state_changed(state)
            case core.DtlsStateChanged():
                self._dtls_state_changed(event)
            case core.SctpStateChanged(state) if self.sctp is not None:
                self.sctp.set_state(state)

    def _gathering_state_changed(self, state: str) -> None:
        self.ice.set_gathering_state(state)
        if state == self.ice_gathering_state:
            return
        self.ice_gathering_state = state
        self._target.dispatchEvent(Event("icegatheringstatechange"))
        if state == "complete":
            self._target.dispatchEvent(RTCPeerConnectionIceEvent("icecandidate", None, None))

    def _dtls_state_changed(self, event: core.DtlsStateChanged) -> None:
        failure = None
        if event.state == "failed":
            # RFC 8122 §6.2: a certificate that does not match is answered by bad_certificate.
            mismatch = event.sent_alert == AlertDescription.BAD_CERTIFICATE
            failure = RTCError(
                event.error,
                errorDetail="fingerprint-failure" if mismatch else "dtls-failure",
                sentAlert=event.sent_alert,
                receivedAlert=event.received_alert,
            )
        if self.dtls.state_changed(event.state):
            if failure is not None:
                self.dtls.dispatchEvent(RTCErrorEvent("error", failure))
            self.dtls.dispatchEvent(Event("statechange"))
