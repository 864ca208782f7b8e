"""A whole peer connection without sockets: transport, offer/answer and data channels composed."""

from __future__ import annotations

from collections import Counter, deque

from rtckit import dtls, ice, jsep, sctp, sdp
from rtckit.datachannel import Channel
from rtckit.errors import OperationError
from rtckit.seam import Address, Entropy, ParseError, Train, Transmit
from rtckit.transport import Transport

from .channels import Channels
from .events import (
    ConnectionEvent,
    ConnectionStateChanged,
    DtlsStateChanged,
    IceConnectionStateChanged,
    IceGatheringStateChanged,
    LocalCandidate,
    NameToResolve,
    SctpStateChanged,
    SelectedPairChanged,
)
from .settings import Settings

__all__ = ["Connection"]


class Connection:
    """The peer connection as a sans-IO machine with the five doors of :mod:`rtckit.seam`.

    After :meth:`set_local` with ``local_changed`` the owner opens sockets and reports them; it
    hands in what arrives at them, and sends what :meth:`poll_transmit` gives.
    :attr:`negotiation` makes offers and answers; they are set here, with :meth:`set_local` and
    :meth:`set_remote`.

    :param certificate: by which the peer knows us.
    :param entropy: where all randomness comes from.
    """

    #: What is sent at most, in bytes, even to a peer that takes messages of any size.
    LARGEST_MESSAGE = 1 << 30

    def __init__(
        self, settings: Settings, *, certificate: dtls.Certificate, entropy: Entropy
    ) -> None:
        self._settings = settings
        self._certificate = certificate
        self._entropy = entropy
        self.ice = ice.Agent(
            controlling=not settings.ice_lite,
            entropy=entropy,
            credentials=settings.local_credentials,
            lite=settings.ice_lite,
        )
        credentials = self.ice.local_credentials
        fingerprint = certificate.fingerprint("sha-256")
        self.negotiation = jsep.Negotiation(
            entropy=entropy,
            local=jsep.LocalParameters(
                fingerprints=(sdp.Fingerprint(fingerprint.algorithm, fingerprint.value),),
                sctp_port=settings.sctp_port,
                max_message_size=settings.max_message_size,
                ice_lite=settings.ice_lite,
                dtls_role=settings.dtls_role,
                credentials=jsep.IceCredentials(credentials.ufrag, credentials.pwd),
            ),
        )
        self.transport = Transport(self.ice)
        self.channels = Channels(self.transport)
        self.drops: Counter[str] = Counter()
        self.ice_gathering_state = "new"
        self.ice_connection_state = "new"
        self.dtls_state = "new"
        self.connection_state = "new"
        #: What DTLS agreed on, once it is connected.
        self.dtls_parameters: dtls.HandshakeCompleted | None = None
        self.selected_pair_changes = 0
        self._events: deque[ConnectionEvent] = deque()
        self._bases: dict[Address, int] = {}
        self._role_decided = False
        # Whether the agent has all local candidates of the generation in use.
        self._local_ended = False
        self._dtls_end: dtls.Closed | None = None
        self._closed = False
        self._sent = False

    @property
    def transport_mid(self) -> str | None:
        """The m-section that carries the transport, once there is one."""
        state = self.negotiation.transport
        return state.mid if state is not None else None

    @property
    def application_negotiated(self) -> bool:
        """Whether both sides agreed on data channels, and their association has not ended."""
        association = self.transport.sctp
        return association is not None and association.state is not sctp.State.ENDED

    @property
    def remote_certificate(self) -> bytes | None:
        """The peer's certificate in DER, once DTLS is connected."""
        return self.dtls_parameters.peer_certificate if self.dtls_parameters else None

    @property
    def max_message_size(self) -> int:
        """The largest message that the peer takes, in bytes; 0 for no limit."""
        return self.channels.max_message_size

    @property
    def max_channels(self) -> int | None:
        """How many channels the association has streams for, once it is there."""
        return self.channels.max_channels

    def set_local(self, description: jsep.Description | None, now: float) -> jsep.Applied:
        """Set a description of ours; ``None`` makes the one that is due.

        :raises InvalidStateError, InvalidModificationError: as the W3C says.
        """
        applied = self.negotiation.set_local(description)
        self._apply(applied, now)
        if applied.local_changed:
            self._set_gathering_state("gathering")
        return applied

    def set_remote(self, description: jsep.Description, now: float) -> jsep.Applied:
        """Set the peer's description.

        :raises InvalidStateError, InvalidAccessError, SDPSyntaxError: as the W3C says.
        """
        applied = self.negotiation.set_remote(description)
        self._apply(applied, now)
        return applied

    def add_remote_candidate(
        self,
        candidate: str,
        mid: str | None,
        mline_index: int | None,
        ufrag: str | None,
        now: float,
    ) -> None:
        """Add a candidate of the peer's; an empty one ends them.

        :raises InvalidStateError, OperationError: as the W3C says.
        """
        if candidate:
            text = candidate if candidate.startswith("candidate:") else f"candidate:{candidate}"
            try:
                ice.Candidate.parse(text)
            except ParseError as error:
                raise OperationError(f"candidate {candidate!r}: {error}") from None
        placed = self.negotiation.add_remote_candidate(candidate, mid, mline_index, ufrag)
        if placed is None or not placed.for_transport:
            return
        known = self.ice.remote_credentials
        if known is not None and placed.ufrag != known.ufrag:
            # Of an ICE restart that our answer is to begin: the description has it by then.
            return
        if placed.candidate:
            self._add_remote_candidate(f"candidate:{placed.candidate}", now)
        else:
            self.ice.end_remote_candidates(now)
        self._step(now)

    def add_local_address(self, base: Address, now: float) -> None:
        """The owner has opened a socket at ``base``: a host candidate."""
        preset = self._settings.remote_credentials
        if preset is not None and self.ice.remote_credentials is None and not self._bases:
            # Before the first packet can come.
            self.ice.set_remote_credentials(preset, now)
        if base not in self._bases:
            # RFC 8421 §4: families take turns, so that neither waits for all of the other.
            same_family = sum((":" in known[0]) == (":" in base[0]) for known in self._bases)
            preference = 65535 - 2 * same_family - (":" not in base[0])
            self._bases[base] = preference
        candidate = ice.Candidate.host(base, local_preference=self._bases[base])
        if not self._local_ended:
            self.ice.add_local_candidate(candidate, now)
        if not self._settings.relay_only:
            self._signal(candidate, None)
        self._step(now)

    def end_gathering(self, now: float) -> None:
        """The owner has no more addresses; complete when the servers asked have answered."""
        if self._local_ended:
            # An offer was rolled back, and its credentials are offered or answered again: the
            # agent has these candidates, the application hears of them anew.
            for candidate in self.ice.local_candidates:
                if candidate.typ == "srflx" and not self._settings.relay_only:
                    self._signal(candidate, None)
        else:
            self._local_ended = True
            self.ice.end_local_candidates(now)
        self._step(now)
        if not self.ice.gathering:
            self._end_generation()

    def name_resolved(self, name: str, addresses: list[str], now: float) -> None:
        """Answer a :class:`NameToResolve`; no addresses if nobody knows the name."""
        self.ice.name_resolved(name, addresses, now)
        self._step(now)

    def create_channel(
        self,
        *,
        label: str,
        ordered: bool,
        max_packet_life_time: int | None,
        max_retransmits: int | None,
        protocol: str,
        negotiated: bool,
        id: int | None,
        priority: str,
        now: float,
    ) -> Channel:
        """Create a data channel.

        :raises OperationError: the id is in use, or there are no more.
        """
        channel = self.channels.create(
            label=label,
            ordered=ordered,
            max_packet_life_time=max_packet_life_time,
            max_retransmits=max_retransmits,
            protocol=protocol,
            negotiated=negotiated,
            id=id,
            priority=priority,
            now=now,
        )
        self.negotiation.request_application()
        self._step(now)
        return channel

    def send(self, channel: Channel, data: bytes, text: bool, now: float) -> None:
        """Send a message on an open channel."""
        self.channels.send(channel, data, text, now)

    def close_channel(self, channel: Channel, now: float) -> None:
        """Start the closing procedure."""
        self.channels.close(channel, now)
        self._step(now)

    def consume(self, size: int, now: float) -> None:
        """The application has read that many bytes: the peer may send as many more."""
        self.channels.consume(size, now)

    def receive(self, train: Train, local: Address, remote: Address, now: float) -> None:
        """A train from ``remote`` has arrived at our address ``local``."""
        if not self._closed:
            self.transport.receive(train, local, remote, now)
            self._translate(now)

    def poll_transmit(self, now: float) -> Transmit | None:
        """The next train to send, or ``None``."""
        transmit = self.transport.poll_transmit(now)
        if transmit is not None:
            self._sent = True
        elif self._sent and not self._closed:
            # What has been sent may have told of lower buffered amounts.
            self._sent = False
            self._step(now)
        return transmit

    def next_timeout(self) -> float | None:
        """When :meth:`handle_timeout` is due, or ``None``."""
        return self.transport.next_timeout()

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        self.transport.handle_timeout(now)
        self._translate(now)

    def next_event(self) -> ConnectionEvent | None:
        """What the owner should know, in the order in which it happened."""
        return self._events.popleft() if self._events else None

    def close(self, now: float) -> None:
        """End it at once; :meth:`poll_transmit` still gives what tells the peer."""
        if not self._closed:
            self._closed = True
            self.negotiation.close()
            self.transport.close(now)
            self._events.clear()

    def _apply(self, applied: jsep.Applied, now: float) -> None:
        """Let the transport follow the descriptions."""
        state = applied.transport
        if state is None:
            if applied.type == "answer" and applied.application == "rejected":
                self._turned_down(applied)
            return
        answer = applied.type in ("answer", "pranswer")
        if not self._role_decided and applied.type != "rollback":
            # RFC 8445 §6.1.1: who offers first controls, unless the other side is lite.
            offered_by_us = (applied.side == "local") == (applied.type == "offer")
            self.ice.set_controlling(offered_by_us and not self._settings.ice_lite)
            self._role_decided = answer
        if applied.local_changed and state.local is not None:
            local = ice.Credentials(state.local.ufrag, state.local.pwd)
            if local != self.ice.local_credentials:
                self.ice.restart(now, credentials=local)
                self._local_ended = False
        heard = applied.side == "remote" and applied.type != "rollback"
        if state.remote is not None and (heard or answer or applied.rolled_back):
            self._apply_remote(state.remote, now)
        if answer:
            if applied.dtls_restart and self.transport.dtls is not None:
                self.transport.renew_dtls()
                self.channels.fail("the peer began a new DTLS association")
            self._start(state, now)
        self._step(now)

    def _turned_down(self, applied: jsep.Applied) -> None:
        """No section for data channels is left: they are closed, open or not."""
        in_use = self.transport.dtls is not None
        if in_use:
            self.transport.renew_dtls()
            self._events.append(SctpStateChanged("closed"))
            self._dtls_state_changed("closed")
        if in_use or applied.side == "remote":
            self.channels.fail("the peer turned data channels down")
            self._translate_channels()

    def _apply_remote(self, remote: jsep.TransportParameters, now: float) -> None:
        credentials = ice.Credentials(remote.ufrag, remote.pwd)
        if self.ice.remote_credentials not in (None, credentials):
            # The peer offers an ICE restart: it begins with our answer, and its credentials.
            return
        self.ice.set_remote_credentials(credentials, now, lite=remote.ice_lite)
        for text in remote.candidates:
            self._add_remote_candidate(f"candidate:{text}", now)
        if remote.end_of_candidates:
            self.ice.end_remote_candidates(now)

    def _add_remote_candidate(self, text: str, now: float) -> None:
        try:
            candidate = ice.Candidate.parse(text)
        except ParseError:
            self.drops["malformed-remote-candidate"] += 1
            return
        self.ice.add_remote_candidate(candidate, now)

    def _start(self, state: jsep.TransportState, now: float) -> None:
        """An answer is set: start DTLS, and SCTP if there are data channels."""
        if state.dtls_role is None or state.remote is None:
            return
        if self.transport.dtls is None:
            self._start_dtls(state.dtls_role, state.remote, now)
        parameters = state.sctp
        if parameters is None:
            return
        limit = parameters.max_message_size
        self.channels.max_message_size = limit or 0
        if self.transport.sctp is None:
            association = sctp.Association(
                sctp.Config(
                    local_port=parameters.local_port,
                    remote_port=parameters.remote_port,
                    # The peer's limit is for user messages; those of DCEP must go whatever it is.
                    max_message_size=self.LARGEST_MESSAGE,
                    max_receive_message_size=self._settings.max_message_size,
                    receive_window=self._settings.receive_window,
                ),
                entropy=self._entropy,
            )
            self.transport.start_sctp(association, now)

    def _start_dtls(
        self, role: jsep.DtlsRole, remote: jsep.TransportParameters, now: float
    ) -> None:
        settings = self._settings
        profiles = dtls.SRTP_PROFILES
        if settings.srtp_profiles is not None:
            profiles = tuple(dtls.SrtpProfile(number) for number in settings.srtp_profiles)
        fingerprints = None
        if settings.verify_fingerprint:
            fingerprints = [
                dtls.Fingerprint.from_value(each.algorithm, each.value)
                for each in remote.fingerprints
                if each.algorithm in dtls.FINGERPRINT_ALGORITHMS
            ]
        machine = dtls.Connection(
            dtls.Role(role),
            self._certificate,
            entropy=self._entropy,
            config=dtls.Config(srtp_profiles=profiles),
            remote_fingerprints=fingerprints,
            verify=settings.verify_fingerprint,
        )
        self.transport.start_dtls(machine, now)
        self.channels.assign_ids(client=role == "client")

    def _signal(self, candidate: ice.Candidate, url: str | None) -> None:
        text = str(candidate)
        place = self.negotiation.add_local_candidate(text)
        if place is not None:
            mid = place.mid or ""
            self._events.append(LocalCandidate(text, mid, place.mline_index, place.ufrag, url))

    def _end_generation(self) -> None:
        place = self.negotiation.end_of_local_candidates()
        if place is not None and self.ice_gathering_state == "gathering":
            # WebRTC 1.0 §4.8.1.2: an empty candidate ends a generation.
            mid = place.mid or ""
            self._events.append(LocalCandidate("", mid, place.mline_index, place.ufrag))
            self._set_gathering_state("complete")

    def _set_gathering_state(self, state: str) -> None:
        if state != self.ice_gathering_state:
            self.ice_gathering_state = state
            self._events.append(IceGatheringStateChanged(state))

    def _step(self, now: float) -> None:
        """The machines below have been called directly: hear what they say."""
        self.transport.collect(now)
        self._translate(now)

    def _translate(self, now: float) -> None:
        transport = self.transport
        while (event := transport.next_event()) is not None:
            match event:
                case sctp.MessagesReceived() | sctp.BufferedAmountDecreased():
                    self.channels.receive(event, now)
                case dtls.HandshakeCompleted() | dtls.Closed() | dtls.AlertReceived():
                    self._on_dtls(event)
                case sctp.Connected():
                    self._events.append(SctpStateChanged("connected"))
                    self.channels.receive(event, now)
                case sctp.Closed(reason, cause, _):
                    self._events.append(SctpStateChanged("closed", reason, cause))
                    self.channels.receive(event, now)
                case sctp.IncomingStreamsReset() | sctp.OutgoingStreamsReset() | sctp.Restarted():
                    self.channels.receive(event, now)
                case _:
                    self._on_ice(event)
        if transport.dtls is not None and transport.dtls.state != self.dtls_state:
            self._dtls_state_changed(transport.dtls.state)
        self._translate_channels()

    def _translate_channels(self) -> None:
        while (event := self.channels.next_event()) is not None:
            self._events.append(event)

    def _on_ice(self, event: ice.Event) -> None:
        match event:
            case ice.StateChanged(state):
                self.ice_connection_state = str(state)
                self._events.append(IceConnectionStateChanged(str(state)))
                self._aggregate()
            case ice.SelectedPairChanged(pair):
                if pair is not None:
                    self.selected_pair_changes += 1
                    self._events.append(SelectedPairChanged())
            case ice.LocalCandidateFound(candidate):
                if candidate.typ == "srflx" and not self._settings.relay_only:
                    self._signal(candidate, None)
            case ice.ResolveName(name):
                self._events.append(NameToResolve(name))
            case ice.GatheringFinished() if self._local_ended:
                self._end_generation()

    def _on_dtls(self, event: dtls.HandshakeCompleted | dtls.Closed | dtls.AlertReceived) -> None:
        if isinstance(event, dtls.HandshakeCompleted):
            self.dtls_parameters = event
        elif isinstance(event, dtls.Closed):
            failed = self.transport.dtls is not None and self.transport.dtls.state == "failed"
            self._dtls_end = event
            self._events.append(SctpStateChanged("closed", event.reason))
            self.channels.fail(event.reason if failed else "")

    def _dtls_state_changed(self, state: str) -> None:
        self.dtls_state = state
        end = self._dtls_end
        if end is not None:
            self._events.append(
                DtlsStateChanged(state, end.reason, end.sent_alert, end.received_alert)
            )
        else:
            self._events.append(DtlsStateChanged(state))
        self._aggregate()

    def _aggregate(self) -> None:
        """RTCPeerConnectionState (WebRTC 1.0 §4.3.3)."""
        ice_state, dtls_state = self.ice_connection_state, self.dtls_state
        if "failed" in (ice_state, dtls_state):
            state = "failed"
        elif ice_state == "disconnected":
            state = "disconnected"
        elif ice_state in ("new", "closed") and dtls_state in ("new", "closed"):
            state = "new"
        elif ice_state in ("connected", "completed", "closed") and dtls_state in (
            "connected",
            "closed",
        ):
            state = "connected"
        else:
            state = "connecting"
        if state != self.connection_state:
            self.connection_state = state
            self._events.append(ConnectionStateChanged(state))
