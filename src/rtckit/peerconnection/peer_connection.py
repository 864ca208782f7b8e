"""RTCPeerConnection (WebRTC 1.0 §4.4)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self

from rtckit import connection as core
from rtckit.connection import Connection
from rtckit.errors import InvalidAccessError
from rtckit.jsep import Applied, SignalingState

from .certificate import RTCCertificate
from .configuration import ConfigurationInit, RTCConfiguration, read_configuration
from .data_channel import RTCDataChannel
from .data_channel_init import DataChannelInit
from .data_channels import DataChannels
from .descriptions import Descriptions
from .driver import Driver
from .event_target import EventHandler, EventTarget
from .events import Event
from .gathering import Gathering
from .ice_candidate import CandidateInit, RTCIceCandidate
from .negotiation_needed import NegotiationNeeded
from .operations import Operations
from .session_description import (
    DescriptionInit,
    RTCSessionDescription,
    read_description,
    wrap_description,
)
from .stats import RTCStatsReport
from .stats_collector import collect_stats
from .task_queue import TaskQueue
from .transport_events import TransportEvents
from .transports import RTCSctpTransport

__all__ = ["RTCPeerConnection"]


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

    What the W3C has return a promise is a coroutine function here: an operation enters the
    operations chain when its coroutine begins to run, as it does when it is awaited.

    :param configuration: copied; ``None`` for the defaults.
    :raises TypeError, InvalidAccessError, SyntaxDOMException: it is wrong; see
        :meth:`RTCConfiguration.check`.
    """

    def __init__(self, configuration: ConfigurationInit | None = None) -> None:
        super().__init__(TaskQueue())
        self.onnegotiationneeded: EventHandler | None = None
        self.onicecandidate: EventHandler | None = None
        self.onicecandidateerror: EventHandler | None = None
        self.onsignalingstatechange: EventHandler | None = None
        self.oniceconnectionstatechange: EventHandler | None = None
        self.onicegatheringstatechange: EventHandler | None = None
        self.onconnectionstatechange: EventHandler | None = None
        self.ondatachannel: EventHandler | None = None

        self._configuration = configuration = read_configuration(configuration)
        self._certificate = (configuration.certificates or [RTCCertificate.generate()])[0]
        tasks = self._tasks
        self._connection = connection = Connection(
            _settings(configuration),
            certificate=self._certificate.certificate,
            entropy=os.urandom,
        )
        self._operations = Operations(tasks)
        self._negotiation_needed = NegotiationNeeded(
            connection.negotiation,
            self._operations,
            tasks,
            lambda: self.dispatchEvent(Event("negotiationneeded")),
        )
        self._driver = Driver(connection, tasks, configuration.transport, self._receive)
        self._transports = TransportEvents(connection, tasks, self)
        self._channels = DataChannels(connection, self._driver, tasks, self)
        self._gathering = Gathering(connection, self._driver, tasks, self)
        self._descriptions = Descriptions(
            connection, self._driver, self._description_set, self._gather
        )
        self._local_description_set = False

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

        :param keygenAlgorithm: see :meth:`RTCCertificate.generate`.
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
        return self._transports.ice_gathering_state

    @property
    def iceConnectionState(self) -> str:
        """RTCIceConnectionState."""
        return "closed" if self._closed else self._transports.ice_connection_state

    @property
    def connectionState(self) -> str:
        """RTCPeerConnectionState."""
        return "closed" if self._closed else self._transports.connection_state

    @property
    def canTrickleIceCandidates(self) -> bool | None:
        """Whether the peer takes candidates one by one; ``None`` until its description is set."""
        return self._connection.negotiation.can_trickle_ice_candidates

    @property
    def sctp(self) -> RTCSctpTransport | None:
        """What carries the data channels, or ``None`` until negotiated."""
        return self._transports.sctp

    @property
    def localDescription(self) -> RTCSessionDescription | None:
        """The pending description, or else the current one, with the candidates so far."""
        return wrap_description(self._connection.negotiation.local_description)

    @property
    def currentLocalDescription(self) -> RTCSessionDescription | None:
        """The one last negotiated to the end."""
        return wrap_description(self._connection.negotiation.current_local_description)

    @property
    def pendingLocalDescription(self) -> RTCSessionDescription | None:
        """The one in negotiation."""
        return wrap_description(self._connection.negotiation.pending_local_description)

    @property
    def remoteDescription(self) -> RTCSessionDescription | None:
        """The pending description, or else the current one, with the candidates so far."""
        return wrap_description(self._connection.negotiation.remote_description)

    @property
    def currentRemoteDescription(self) -> RTCSessionDescription | None:
        """The one last negotiated to the end."""
        return wrap_description(self._connection.negotiation.current_remote_description)

    @property
    def pendingRemoteDescription(self) -> RTCSessionDescription | None:
        """The one in negotiation."""
        return wrap_description(self._connection.negotiation.pending_remote_description)

    def getConfiguration(self) -> RTCConfiguration:
        """A copy of the configuration in force."""
        return self._configuration.copied()

    def setConfiguration(self, configuration: ConfigurationInit | None = None) -> None:
        """Change the configuration (§4.4.1.6); ICE servers count from the next gathering on.

        :raises InvalidStateError: the connection is closed.
        :raises InvalidModificationError: a part that must not change does.
        :raises TypeError, InvalidAccessError, SyntaxDOMException: see
            :meth:`RTCConfiguration.check`.
        """
        wanted = read_configuration(configuration)
        self._operations.check_open()
        wanted.check_change(self._configuration, gathered=self._local_description_set)
        wanted.transport = self._configuration.transport
        self._configuration = wanted

    async def createOffer(self, *, iceRestart: bool = False) -> RTCSessionDescription:
        """An offer of what is there now.

        :param iceRestart: draw new ICE credentials, so that setting the offer restarts ICE.
        :raises InvalidStateError: closed, or a remote offer is pending.
        """

        async def operation() -> RTCSessionDescription:
            offer = self._connection.negotiation.create_offer(ice_restart=iceRestart)
            return RTCSessionDescription(sdp=offer.sdp, type=str(offer.type))

        return await self._operations.chain(operation)

    async def createAnswer(self) -> RTCSessionDescription:
        """An answer to the remote offer.

        :raises InvalidStateError: closed, or there is no remote offer.
        """

        async def operation() -> RTCSessionDescription:
            answer = self._connection.negotiation.create_answer()
            return RTCSessionDescription(sdp=answer.sdp, type=str(answer.type))

        return await self._operations.chain(operation)

    async def setLocalDescription(self, description: DescriptionInit | None = None) -> None:
        """Set an offer or answer of ours; without argument, or without SDP, make it first.

        Host candidates are in :attr:`localDescription` when this returns; it waits for no
        server.

        :raises InvalidStateError: wrong state for such a description.
        :raises InvalidModificationError: it is not what ``createOffer`` or ``createAnswer`` gave.
        """
        if isinstance(description, Mapping) and "type" not in description:
            # RTCLocalSessionDescriptionInit: the type may be left to the signaling state.
            given = read_description(description, "offer")
            kind, sdp = None, given.sdp
        elif description is None:
            kind, sdp = None, ""
        else:
            given = read_description(description)
            kind, sdp = given.type, given.sdp
        self._local_description_set = True

        async def operation() -> None:
            await self._descriptions.set_local(kind, sdp)

        await self._operations.chain(operation)

    async def setRemoteDescription(self, description: DescriptionInit) -> None:
        """Set the peer's offer or answer. A remote offer rolls a pending local one back.

        :raises InvalidStateError: wrong state for such a description.
        :raises SDPSyntaxError: the SDP is malformed; says in which line.
        :raises InvalidAccessError: it is valid SDP and cannot be applied.
        """
        checked = read_description(description)

        async def operation() -> None:
            await self._descriptions.set_remote(checked.type, checked.sdp)

        await self._operations.chain(operation)

    async def addIceCandidate(
        self, candidate: RTCIceCandidate | Mapping[str, object] | None = None
    ) -> None:
        """Add a candidate of the peer's; ``None`` or an empty one says that there are no more.

        :raises TypeError: a candidate with neither ``sdpMid`` nor ``sdpMLineIndex``.
        :raises InvalidStateError: no remote description is set.
        :raises OperationError: no such m-section or user fragment, or it cannot be parsed.
        """
        init = CandidateInit.read(candidate)

        async def operation() -> None:
            self._connection.add_remote_candidate(
                init.candidate,
                init.sdpMid,
                init.sdpMLineIndex,
                init.usernameFragment,
                self._driver.now(),
            )
            self._driver.wake()

        await self._operations.chain(operation)

    def restartIce(self) -> None:
        """Ask for an ICE restart with the next offer; fires ``negotiationneeded``."""
        self._connection.negotiation.restart_ice()
        self._negotiation_needed.update()

    def createDataChannel(
        self,
        label: str,
        maxPacketLifeTime: int | None = None,
        maxRetransmits: int | None = None,
        ordered: bool = True,
        protocol: str = "",
        negotiated: bool = False,
        id: int | None = None,
        priority: Literal["very-low", "low", "medium", "high"] = "low",
    ) -> RTCDataChannel:
        """Create a channel of messages.

        :param maxPacketLifeTime: milliseconds for which a message may be (re)transmitted.
        :param maxRetransmits: how often a message may be retransmitted.
        :param ordered: deliver messages in the order in which they were sent.
        :param protocol: a subprotocol's name.
        :param negotiated: the peer creates the same channel itself, with the same ``id``.
        :param id: the SCTP stream of a negotiated channel, 0 to 65534.
        :param priority: RFC 8831 §6.4.
        :raises InvalidStateError: the connection is closed.
        :raises TypeError: an argument is out of range, or both limits are given.
        :raises OperationError: the id is in use, or there are no more.
        """
        self._operations.check_open()
        channel = self._channels.create(
            DataChannelInit.check(
                label,
                ordered,
                maxPacketLifeTime,
                maxRetransmits,
                protocol,
                negotiated,
                id,
                priority,
            )
        )
        self._negotiation_needed.update()
        return channel

    async def getStats(self, selector: object = None) -> RTCStatsReport:
        """Statistics (webrtc-stats): transport, candidate pairs, candidates, certificates, data
        channels, and the connection itself.

        :param selector: ``None``; there are no tracks to select.
        :raises InvalidAccessError: the selector is no track of this connection.
        """
        if selector is not None:
            raise InvalidAccessError("the selector is not a track of this connection")
        channels = self._channels
        report = collect_stats(
            self._connection, self._certificate, channels.all, channels.opened, channels.closed
        )
        await self._tasks.runtime().checkpoint()
        return report

    async def close(self) -> None:
        """End it at once, telling the peer; as in the W3C's model no event is fired.

        What the channels have not sent yet is lost; see :meth:`RTCDataChannel.close`.
        """
        if not self._closed:
            self._operations.closed = True
            self._channels.close()
            self._driver.close()
            self._transports.close()
        if self._tasks.bound:
            await self._tasks.runtime().checkpoint()

    def __repr__(self) -> str:
        return f"<RTCPeerConnection {self.connectionState}, signaling {self.signalingState}>"

    @property
    def _closed(self) -> bool:
        return self._operations.closed

    def _description_set(self, applied: Applied) -> None:
        """§4.4.1.5, what is done in the queued task once a description is applied."""
        self._transports.negotiated()
        if applied.after is SignalingState.STABLE:
            self._negotiation_needed.clear()
            self._negotiation_needed.update()
        if applied.after is not applied.before:
            self.dispatchEvent(Event("signalingstatechange"))

    def _gather(self) -> None:
        if not self._closed:
            self._gathering.start(self._configuration)

    def _receive(self, events: list[core.ConnectionEvent]) -> None:
        """Events of the connection, each as a task of its own would handle it."""
        for event in events:
            if self._closed:
                return
            match event:
                case (
                    core.MessagesReceived()
                    | core.ChannelTransmitted()
                    | core.ChannelAnnounced()
                    | core.ChannelOpened()
                    | core.ChannelClosing()
                    | core.ChannelClosed()
                ):
                    self._transports.settle()
                    self._channels.receive(event)
                case core.NameToResolve(name):
                    self._driver.resolve_name(name)
                case _:
                    self._transports.receive(event)
        self._transports.settle()


def _settings(configuration: RTCConfiguration) -> core.Settings:
    options = configuration.transport
    return core.Settings(
        local_credentials=options.local_credentials,
        remote_credentials=options.remote_credentials,
        ice_lite=options.ice_lite,
        relay_only=configuration.iceTransportPolicy == "relay",
        dtls_role=options.dtls_role,
        verify_fingerprint=options.verify_fingerprint,
        srtp_profiles=None if options.srtp_profiles is None else tuple(options.srtp_profiles),
        max_message_size=options.max_message_size,
        receive_window=options.receive_window,
    )
