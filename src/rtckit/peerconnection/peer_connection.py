"""RTCPeerConnection (WebRTC 1.0 §4.4)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self, TypeAlias

from rtckit import connection as core
from rtckit.connection import Connection
from rtckit.datachannel import Channel
from rtckit.errors import (
    InvalidAccessError,
    InvalidModificationError,
    InvalidStateError,
    RTCError,
)
from rtckit.jsep import Applied, Description

from .certificate import RTCCertificate
from .configuration import RTCConfiguration
from .data_channel import RTCDataChannel
from .data_channel_init import check_channel_init
from .driver import Driver
from .event_target import EventHandler, EventTarget
from .events import (
    Event,
    RTCDataChannelEvent,
    RTCErrorEvent,
    RTCPeerConnectionIceErrorEvent,
    RTCPeerConnectionIceEvent,
)
from .ice_candidate import RTCIceCandidate
from .operations import Operations
from .session_description import RTCSessionDescription
from .stats import RTCStatsReport, collect_stats
from .task_queue import TaskQueue
from .transports import RTCDtlsTransport, RTCIceTransport, RTCSctpTransport

__all__ = ["RTCPeerConnection"]

CandidateInit: TypeAlias = RTCIceCandidate | Mapping[str, object] | None
DescriptionInit: TypeAlias = RTCSessionDescription | Mapping[str, str]


class RTCPeerConnection(EventTarget):
    """A connection to a peer, under asyncio or trio.

    Events: ``negotiationneeded``, ``icecandidate``, ``icecandidateerror``,
    ``signalingstatechange``, ``iceconnectionstatechange``, ``icegatheringstatechange``,
    ``connectionstatechange``, ``datachannel``.

    ::

        async with RTCPeerConnection() as pc:
            channel = pc.createDataChannel("chat")
            await pc.setLocalDescription()
            ...                      # signal pc.localDescription, and candidates as they come
            async for message in channel:
                print(message)
    """

    def __init__(self, configuration: RTCConfiguration | None = None) -> None:
        super().__init__(TaskQueue())
        self.onnegotiationneeded: EventHandler | None = None
        self.onicecandidate: EventHandler | None = None
        self.onicecandidateerror: EventHandler | None = None
        self.onsignalingstatechange: EventHandler | None = None
        self.oniceconnectionstatechange: EventHandler | None = None
        self.onicegatheringstatechange: EventHandler | None = None
        self.onconnectionstatechange: EventHandler | None = None
        self.ondatachannel: EventHandler | None = None

        configuration = configuration or RTCConfiguration()
        configuration.check()
        self._configuration = configuration
        self._certificate = _certificate(configuration)
        options = configuration.transport
        self._connection = Connection(
            core.Settings(
                local_credentials=options.local_credentials,
                remote_credentials=options.remote_credentials,
                ice_lite=options.ice_lite,
                relay_only=configuration.iceTransportPolicy == "relay",
                dtls_role=options.dtls_role,
                verify_fingerprint=options.verify_fingerprint,
                srtp_profiles=(
                    None if options.srtp_profiles is None else tuple(options.srtp_profiles)
                ),
                max_message_size=options.max_message_size,
                receive_window=options.receive_window,
            ),
            certificate=self._certificate.certificate,
            entropy=os.urandom,
        )
        self._operations = Operations(self._tasks, self._chain_emptied)
        self._driver = Driver(self._connection, self._tasks, options, self._on_event)
        self._closed = False
        self._negotiation_needed = False
        self._update_on_empty_chain = False
        self._ice_connection_state = "new"
        self._ice_gathering_state = "new"
        self._connection_state = "new"
        self._ice = RTCIceTransport(self._connection, self._tasks)
        self._dtls = RTCDtlsTransport(self._connection, self._ice, self._tasks)
        self._sctp: RTCSctpTransport | None = None
        self._channels: dict[Channel, RTCDataChannel] = {}
        self._channels_opened = 0
        self._channels_closed = 0

    async def __aenter__(self) -> Self:
        self._tasks.runtime()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @staticmethod
    async def generateCertificate(
        keygenAlgorithm: str | Mapping[str, object] = "ECDSA",
    ) -> RTCCertificate:
        """Make a certificate to use in a configuration.

        :raises NotSupportedError: no such algorithm here.
        """
        return RTCCertificate.generate(keygenAlgorithm)

    @property
    def signalingState(self) -> str:
        """RTCSignalingState."""
        return "closed" if self._closed else str(self._connection.negotiation.signaling_state)

    @property
    def iceGatheringState(self) -> str:
        """``"new"``, ``"gathering"`` or ``"complete"``."""
        return self._ice_gathering_state

    @property
    def iceConnectionState(self) -> str:
        """RTCIceConnectionState."""
        return "closed" if self._closed else self._ice_connection_state

    @property
    def connectionState(self) -> str:
        """RTCPeerConnectionState."""
        return "closed" if self._closed else self._connection_state

    @property
    def canTrickleIceCandidates(self) -> bool | None:
        """Whether the peer takes candidates one by one; ``None`` until its description is set."""
        return self._connection.negotiation.can_trickle_ice_candidates

    @property
    def sctp(self) -> RTCSctpTransport | None:
        """What carries the data channels, or ``None`` until negotiated."""
        return self._sctp

    @property
    def localDescription(self) -> RTCSessionDescription | None:
        """The pending description, or else the current one, with the candidates so far."""
        return _wrap(self._connection.negotiation.local_description)

    @property
    def currentLocalDescription(self) -> RTCSessionDescription | None:
        """The one last negotiated to the end."""
        return _wrap(self._connection.negotiation.current_local_description)

    @property
    def pendingLocalDescription(self) -> RTCSessionDescription | None:
        """The one in negotiation."""
        return _wrap(self._connection.negotiation.pending_local_description)

    @property
    def remoteDescription(self) -> RTCSessionDescription | None:
        """The pending description, or else the current one, with the candidates so far."""
        return _wrap(self._connection.negotiation.remote_description)

    @property
    def currentRemoteDescription(self) -> RTCSessionDescription | None:
        """The one last negotiated to the end."""
        return _wrap(self._connection.negotiation.current_remote_description)

    @property
    def pendingRemoteDescription(self) -> RTCSessionDescription | None:
        """The one in negotiation."""
        return _wrap(self._connection.negotiation.pending_remote_description)

    def getConfiguration(self) -> RTCConfiguration:
        """The configuration in force."""
        return self._configuration

    def setConfiguration(self, configuration: RTCConfiguration | None = None) -> None:
        """Change the configuration (§4.4.1.6); ICE servers count from the next gathering on.

        :raises InvalidStateError: the connection is closed.
        :raises InvalidModificationError: a part that must not change does.
        """
        configuration = configuration or RTCConfiguration()
        self._check_open()
        configuration.check()
        now = self._configuration
        if configuration.certificates is None:
            configuration.certificates = now.certificates
        if configuration.certificates != now.certificates:
            raise InvalidModificationError("the certificates cannot be changed")
        if configuration.bundlePolicy != now.bundlePolicy:
            raise InvalidModificationError("bundlePolicy cannot be changed")
        if (
            configuration.iceCandidatePoolSize != now.iceCandidatePoolSize
            and self.localDescription is not None
        ):
            raise InvalidModificationError("iceCandidatePoolSize cannot be changed any more")
        configuration.transport = now.transport
        self._configuration = configuration

    async def createOffer(self, *, iceRestart: bool = False) -> RTCSessionDescription:
        """An offer of what is there now.

        :param iceRestart: draw new ICE credentials, so that setting the offer restarts ICE.
        :raises InvalidStateError: closed, or a remote offer is pending.
        """

        async def operation() -> RTCSessionDescription:
            offer = self._connection.negotiation.create_offer(ice_restart=iceRestart)
            return RTCSessionDescription(sdp=offer.sdp, type=offer.type)

        return await self._operations.chain(operation)

    async def createAnswer(self) -> RTCSessionDescription:
        """An answer to the remote offer.

        :raises InvalidStateError: closed, or there is no remote offer.
        """

        async def operation() -> RTCSessionDescription:
            answer = self._connection.negotiation.create_answer()
            return RTCSessionDescription(sdp=answer.sdp, type=answer.type)

        return await self._operations.chain(operation)

    async def setLocalDescription(self, description: DescriptionInit | None = None) -> None:
        """Set an offer or answer of ours; without argument, make the one that is due first.

        Host candidates are in :attr:`localDescription` when this returns; it waits for no
        server.

        :raises InvalidStateError: wrong state for such a description.
        :raises InvalidModificationError: it is not what ``createOffer`` or ``createAnswer`` gave.
        """
        checked = None if description is None else _description(description)

        async def operation() -> None:
            wanted = None
            if checked is not None:
                wanted = Description(checked.type, checked.sdp)
            applied = self._connection.set_local(wanted, self._driver.now())
            self._applied(applied)
            if applied.local_changed:
                await self._driver.open_sockets()
                self._start_gathering()
            self._driver.wake()

        await self._operations.chain(operation)

    async def setRemoteDescription(self, description: DescriptionInit) -> None:
        """Set the peer's offer or answer. A remote offer rolls a pending local one back.

        :raises InvalidStateError: wrong state for such a description.
        :raises SDPSyntaxError: the SDP is malformed; says in which line.
        :raises InvalidAccessError: it is valid SDP and cannot be applied.
        """
        checked = _description(description)

        async def operation() -> None:
            wanted = Description(checked.type, checked.sdp)
            self._applied(self._connection.set_remote(wanted, self._driver.now()))
            self._driver.wake()

        await self._operations.chain(operation)

    async def addIceCandidate(self, candidate: CandidateInit = None) -> None:
        """Add a candidate of the peer's; ``None`` or an empty one says that there are no more.

        :raises TypeError: neither ``sdpMid`` nor ``sdpMLineIndex`` is given.
        :raises InvalidStateError: no remote description is set.
        :raises OperationError: no such m-section or user fragment, or it cannot be parsed.
        """
        init = RTCIceCandidate(candidate) if isinstance(candidate, Mapping) else candidate

        async def operation() -> None:
            now = self._driver.now()
            if init is None:
                self._connection.add_remote_candidate("", None, None, None, now)
            else:
                self._connection.add_remote_candidate(
                    init.candidate, init.sdpMid, init.sdpMLineIndex, init.usernameFragment, now
                )
            self._driver.wake()

        await self._operations.chain(operation)

    def restartIce(self) -> None:
        """Ask for an ICE restart with the next offer; fires ``negotiationneeded``."""
        if self._closed:
            return
        self._connection.negotiation.restart_ice()
        self._update_negotiation_needed()

    def createDataChannel(
        self,
        label: str,
        ordered: bool = True,
        maxPacketLifeTime: int | None = None,
        maxRetransmits: int | None = None,
        protocol: str = "",
        negotiated: bool = False,
        id: int | None = None,
        priority: Literal["very-low", "low", "medium", "high"] = "low",
    ) -> RTCDataChannel:
        """Create a channel of messages.

        :param ordered: deliver messages in the order in which they were sent.
        :param maxPacketLifeTime: milliseconds for which a message may be (re)transmitted.
        :param maxRetransmits: how often a message may be retransmitted.
        :param protocol: a subprotocol's name.
        :param negotiated: the peer creates the same channel itself, with the same ``id``.
        :param id: the SCTP stream of a negotiated channel, 0 to 65534.
        :param priority: RFC 8831 §6.4.
        :raises InvalidStateError: the connection is closed.
        :raises TypeError: an argument is out of range, or both limits are given.
        :raises OperationError: the id is in use, or there are no more.
        """
        self._check_open()
        check_channel_init(
            label, maxPacketLifeTime, maxRetransmits, protocol, negotiated, id, priority
        )
        core_channel = self._connection.create_channel(
            label=label,
            ordered=ordered,
            max_packet_life_time=maxPacketLifeTime,
            max_retransmits=maxRetransmits,
            protocol=protocol,
            negotiated=negotiated,
            id=id if negotiated else None,
            priority=priority,
            now=self._driver.now() if self._tasks.bound else 0.0,
        )
        channel = RTCDataChannel(self, self._tasks, core_channel)
        self._channels[core_channel] = channel
        self._update_negotiation_needed()
        if self._tasks.bound:
            self._driver.wake()
        return channel

    async def getStats(self, selector: object = None) -> RTCStatsReport:
        """Statistics (webrtc-stats): transport, candidate pairs, candidates, certificates, data
        channels, and the connection itself.

        :param selector: ``None``; there are no tracks to select.
        :raises InvalidAccessError: the selector is no track of this connection.
        """
        if selector is not None:
            raise InvalidAccessError("the selector is not a track of this connection")
        report = collect_stats(
            self._connection,
            self._certificate,
            self._channels.values(),
            self._channels_opened,
            self._channels_closed,
        )
        if self._tasks.bound:
            await self._tasks.runtime().checkpoint()
        return report

    async def close(self) -> None:
        """End it at once, telling the peer; as in the W3C's model no event is fired."""
        if self._closed:
            return
        self._closed = True
        self._operations.closed = True
        self._driver.close()
        for channel in self._channels.values():
            channel.mark_closed()
        self._ice.close()
        self._dtls.close()
        if self._sctp is not None:
            self._sctp.close()
        if self._tasks.bound:
            await self._tasks.runtime().checkpoint()

    def send_message(self, channel: Channel, data: bytes, text: bool) -> None:
        """Hand a message to the SCTP association (called by channels)."""
        self._connection.send(channel, data, text, self._driver.now())
        self._driver.wake()

    def close_channel(self, channel: Channel) -> None:
        """Start the closing procedure (called by channels)."""
        if not self._closed:
            self._connection.close_channel(channel, self._driver.now())
            self._driver.wake()

    def consume(self, size: int) -> None:
        """The application has read that many bytes (called by channels)."""
        if not self._closed:
            self._connection.consume(size, self._driver.now())
            self._driver.wake()

    def max_message_size(self) -> int:
        """The largest message that the peer takes; 0 for no limit (called by channels)."""
        return self._connection.max_message_size

    def __repr__(self) -> str:
        return f"<RTCPeerConnection {self.connectionState}, signaling {self.signalingState}>"

    def _check_open(self) -> None:
        if self._closed:
            raise InvalidStateError("the connection is closed")

    def _applied(self, applied: Applied) -> None:
        """A description has been set: §4.4.1.5, the steps in a queued task."""
        if self._sctp is None and self._connection.application_negotiated:
            self._sctp = RTCSctpTransport(self._connection, self._dtls, self._tasks)
        if applied.after != applied.before:
            self.dispatchEvent(Event("signalingstatechange"))
        if applied.after == "stable":
            self._negotiation_needed = False
            self._update_negotiation_needed()

    def _start_gathering(self) -> None:
        """Ask the servers, and say which kinds are not spoken yet."""
        stun = []
        for server in self._configuration.iceServers or []:
            urls = [server.urls] if isinstance(server.urls, str) else server.urls
            for text, url in zip(urls, server.parsed(), strict=True):
                if url.scheme == "stun":
                    stun.append(url)
                else:
                    self._report_unusable(text, url.scheme)
        if stun and self._configuration.iceTransportPolicy == "all":
            runtime = self._tasks.runtime()

            async def gather() -> None:
                await self._driver.gather_from(stun)
                self._connection.end_gathering(self._driver.now())
                self._driver.wake()

            runtime.spawn(gather, name="STUN gathering")
        else:
            self._connection.end_gathering(self._driver.now())

    def _report_unusable(self, url: str, scheme: str) -> None:
        event = RTCPeerConnectionIceErrorEvent(
            "icecandidateerror",
            address=None,
            port=None,
            url=url,
            errorCode=701,  # the server could not be reached (WebRTC 1.0 §4.8.3)
            errorText=f"{scheme}: servers are not supported by this version",
        )
        self._tasks.post(lambda: self.dispatchEvent(event))

    def _chain_emptied(self) -> None:
        if self._update_on_empty_chain:
            self._update_on_empty_chain = False
            self._update_negotiation_needed()

    def _update_negotiation_needed(self) -> None:
        """§4.7.3, update the negotiation-needed flag."""
        if self._closed:
            return
        if not self._operations.empty:
            self._update_on_empty_chain = True
            return
        self._tasks.post(self._fire_negotiation_needed)

    def _fire_negotiation_needed(self) -> None:
        if self._closed:
            return
        if not self._operations.empty:
            self._update_on_empty_chain = True
            return
        if self.signalingState != "stable":
            return
        if not self._connection.negotiation.negotiation_needed:
            self._negotiation_needed = False
            return
        if not self._negotiation_needed:
            self._negotiation_needed = True
            self.dispatchEvent(Event("negotiationneeded"))

    def _on_event(self, event: core.ConnectionEvent) -> None:
        """An event of the connection, in a task of its own."""
        if self._closed:
            return
        match event:
            case core.MessagesReceived(messages):
                channels = self._channels
                for core_channel, message, size in messages:
                    channels[core_channel].deliver(message, size)
            case core.ChannelTransmitted(core_channel, size):
                if (channel := self._channels.get(core_channel)) is not None:
                    channel.transmitted(size)
            case core.ChannelAnnounced(core_channel):
                channel = RTCDataChannel(self, self._tasks, core_channel)
                self._channels[core_channel] = channel
                self._channels_opened += 1
                channel.mark_open()
                self.dispatchEvent(RTCDataChannelEvent("datachannel", channel))
                channel.announce_open()
            case core.ChannelOpened(core_channel):
                self._channels_opened += 1
                self._channels[core_channel].announce_open()
            case core.ChannelClosing(core_channel):
                self._channels[core_channel].announce_closing()
            case core.ChannelClosed(core_channel, error, cause):
                self._channels_closed += 1
                failure = None
                if error:
                    detail = "sctp-failure" if cause is not None else "data-channel-failure"
                    failure = RTCError(error, errorDetail=detail, sctpCauseCode=cause)
                self._channels.pop(core_channel).announce_closed(failure)
            case core.NameToResolve(name):
                self._driver.resolve_name(name)
            case _:
                self._on_transport_event(event)

    def _on_transport_event(self, event: core.ConnectionEvent) -> None:
        match event:
            case core.LocalCandidate(text, mid, index, ufrag, url):
                candidate = RTCIceCandidate(text, mid, index, ufrag)
                candidate.url = url
                self.dispatchEvent(RTCPeerConnectionIceEvent("icecandidate", candidate, url))
            case core.IceGatheringStateChanged(state):
                self._ice.set_gathering_state(state)
                self._ice_gathering_state = state
                self.dispatchEvent(Event("icegatheringstatechange"))
                if state == "complete":
                    self.dispatchEvent(RTCPeerConnectionIceEvent("icecandidate", None, None))
            case core.IceConnectionStateChanged(state):
                self._ice.set_state(state)
                self._ice_connection_state = state
                self.dispatchEvent(Event("iceconnectionstatechange"))
            case core.ConnectionStateChanged(state):
                self._connection_state = state
                self.dispatchEvent(Event("connectionstatechange"))
            case core.SelectedPairChanged():
                self._ice.dispatchEvent(Event("selectedcandidatepairchange"))
            case core.DtlsStateChanged(state, error, sent_alert, received_alert):
                self._dtls.set_state(state)
                if state == "failed":
                    failure = RTCError(
                        error,
                        errorDetail="dtls-failure",
                        sentAlert=sent_alert,
                        receivedAlert=received_alert,
                    )
                    self._dtls.dispatchEvent(RTCErrorEvent("error", failure))
            case core.SctpStateChanged(state) if self._sctp is not None:
                self._sctp.set_state(state)


def _certificate(configuration: RTCConfiguration) -> RTCCertificate:
    certificates = configuration.certificates
    if not certificates:
        return RTCCertificate.generate()
    for certificate in certificates:
        if certificate.expired:
            raise InvalidAccessError("a certificate of the configuration has expired")
    return certificates[0]


def _description(init: DescriptionInit) -> RTCSessionDescription:
    if isinstance(init, RTCSessionDescription):
        return RTCSessionDescription(sdp=init.sdp, type=init.type)
    if isinstance(init, Mapping):
        return RTCSessionDescription(sdp=init.get("sdp", ""), type=init.get("type", ""))
    raise TypeError(f"a description is an RTCSessionDescription, not {type(init).__name__}")


def _wrap(description: Description | None) -> RTCSessionDescription | None:
    if description is None:
        return None
    return RTCSessionDescription(sdp=description.sdp, type=description.type)
