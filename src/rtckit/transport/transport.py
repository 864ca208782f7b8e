"""The demultiplexer of RFC 7983 over one ICE agent, one DTLS connection, one SCTP association.

Routing only: what each protocol has to tell its owner passes through :meth:`Transport.next_event`
untouched, but for the application data of DTLS, which is the SCTP association's input.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TypeAlias

from rtckit import dtls, ice, sctp
from rtckit.seam import Address, Train, Transmit

__all__ = ["Transport", "TransportCounters", "TransportEvent"]

TransportEvent: TypeAlias = (
    ice.Event | dtls.HandshakeCompleted | dtls.AlertReceived | dtls.Closed | sctp.Event
)


@dataclass(slots=True)
class TransportCounters:
    """What the transport has carried, STUN included (for RTCTransportStats).

    :ivar packets_sent: datagrams.
    :ivar packets_received: datagrams.
    :ivar bytes_sent: their payload bytes.
    :ivar bytes_received: their payload bytes.
    """

    packets_sent: int = 0
    packets_received: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0


class Transport:
    """Composes the machines of one transport.

    :param agent: the ICE agent; always there.
    """

    #: DTLS datagrams kept that come before the DTLS role is known: a ClientHello may overtake
    #: the answer. More are dropped; their sender repeats them.
    MAX_EARLY_DATAGRAMS = 16

    def __init__(self, agent: ice.Agent) -> None:
        self.ice = agent
        self.dtls: dtls.Connection | None = None
        self.sctp: sctp.Association | None = None
        self.counters = TransportCounters()
        self.drops: Counter[str] = Counter()
        self._early: list[bytes] = []
        self._events: deque[TransportEvent] = deque()
        self._dtls_started = False
        self._sctp_started = False
        self._closing: list[Transmit] = []
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` has been called."""
        return self._closed

    def start_dtls(self, connection: dtls.Connection, now: float) -> None:
        """Run DTLS over the pair that ICE selects, as soon as there is one."""
        self.dtls = connection
        early, self._early = self._early, []
        if early:
            self._open_records(connection, early, now)
        self._step(now)

    def start_sctp(self, association: sctp.Association, now: float) -> None:
        """Run SCTP over DTLS, as soon as that is connected."""
        self.sctp = association
        self._step(now)

    def renew_dtls(self) -> None:
        """Drop DTLS and SCTP; new ones follow (RFC 8842 §4)."""
        self.dtls = None
        self.sctp = None
        self._dtls_started = self._sctp_started = False

    def receive(self, train: Train, local: Address, remote: Address, now: float) -> None:
        """A train from ``remote`` has arrived at our address ``local``."""
        if self._closed:
            return
        counters = self.counters
        counters.bytes_received += len(train.data)
        counters.packets_received += len(train)
        # RFC 7983 §7: 0-3 STUN, 20-63 DTLS, 64-79 TURN channel, 128-191 RTP and RTCP.
        firsts = train.data[:: train.segment]
        if firsts and min(firsts) > 19 and max(firsts) < 64:
            self._receive_dtls(train, local, remote, now)
            self._step(now)
            return
        records: list[bytes] = []
        for datagram in train:
            first = datagram[0] if datagram else 255
            if 19 < first < 64:
                records.append(datagram)
            elif first < 4:
                self.ice.receive(datagram, local, remote, now)
            else:
                self.drops["unknown-protocol"] += 1
        if records:
            self._receive_dtls(records, local, remote, now)
        self._step(now)

    def poll_transmit(self, now: float) -> Transmit | None:
        """The next train to send, or ``None``."""
        transmit = self._closing.pop(0) if self._closed and self._closing else None
        if transmit is None and not self._closed:
            transmit = self.ice.poll_transmit(now) or self._poll_dtls(now)
        if transmit is not None:
            self.counters.packets_sent += len(transmit.train)
            self.counters.bytes_sent += len(transmit.train.data)
        return transmit

    def next_timeout(self) -> float | None:
        """When :meth:`handle_timeout` is due, or ``None``."""
        if self._closed:
            return None
        earliest = self.ice.next_timeout()
        for machine in (self.dtls, self.sctp if self._sctp_started else None):
            if machine is not None:
                deadline = machine.next_timeout()
                if deadline is not None and (earliest is None or deadline < earliest):
                    earliest = deadline
        return earliest

    def handle_timeout(self, now: float) -> None:
        """Let every machine do what is due."""
        if self._closed:
            return
        self.ice.handle_timeout(now)
        if self.dtls is not None:
            self.dtls.handle_timeout(now)
        if self.sctp is not None and self._sctp_started:
            self.sctp.handle_timeout(now)
        self._step(now)

    def next_event(self) -> TransportEvent | None:
        """What the owner should know, in the order in which it happened."""
        return self._events.popleft() if self._events else None

    def collect(self, now: float) -> None:
        """Gather the events of machines that the owner has called directly."""
        self._step(now)

    def close(self, now: float) -> None:
        """End it: ABORT, close_notify, and no more than what :meth:`poll_transmit` still gives."""
        if self._closed:
            return
        while transmit := self.ice.poll_transmit(now):
            self._closing.append(transmit)
        while transmit := self._poll_dtls(now):
            self._closing.append(transmit)
        if self.sctp is not None:
            self.sctp.abort(now, "closed by the application")
        while transmit := self._poll_dtls(now):
            self._closing.append(transmit)
        if self.dtls is not None:
            self.dtls.close()
            while transmit := self._poll_dtls(now):
                self._closing.append(transmit)
        self.ice.close()
        self._closed = True

    def _receive_dtls(
        self, records: Train | list[bytes], local: Address, remote: Address, now: float
    ) -> None:
        # A ClientHello from an address that no connectivity check has vouched for is an attack
        # (CVE-2023-51443): drop it before DTLS sees it.
        if not self.ice.authenticated(remote, local):
            self.drops["dtls-from-unchecked-address"] += len(records)
        elif self.dtls is None:
            for record in records:
                if len(self._early) < self.MAX_EARLY_DATAGRAMS:
                    self._early.append(record)
                else:
                    self.drops["dtls-before-role"] += 1
        else:
            self._open_records(self.dtls, records, now)

    def _open_records(
        self, connection: dtls.Connection, records: Train | list[bytes], now: float
    ) -> None:
        if not self._dtls_started and connection.role is dtls.Role.CLIENT:
            self.drops["dtls-before-client-hello"] += len(records)
            return
        # A server is started by what it receives.
        self._dtls_started = True
        connection.receive(records, now)

    def _poll_dtls(self, now: float) -> Transmit | None:
        connection = self.dtls
        pair = self.ice.selected_pair
        if connection is None or pair is None or not self._dtls_started:
            return None
        train = connection.poll_transmit(now)
        if train is None and self._sctp_started and self.sctp is not None:
            packets = self.sctp.poll_transmit(now)
            if packets:
                connection.send(packets)
                train = connection.poll_transmit(now)
        if train is None:
            return None
        return Transmit(train, pair.base, pair.remote_address)

    def _step(self, now: float) -> None:
        """Route what the machines have to say to each other, and keep the rest for the owner."""
        events = self._events
        while (ice_event := self.ice.next_event()) is not None:
            events.append(ice_event)
        connection = self.dtls
        association = self.sctp
        if connection is None:
            return
        if not self._dtls_started and self.ice.selected_pair is not None:
            # Not before, or the time that a handshake may take would run out on slow signaling.
            self._dtls_started = True
            connection.start(now)
        while (dtls_event := connection.next_event()) is not None:
            if isinstance(dtls_event, dtls.ApplicationData):
                if association is not None:
                    association.receive(dtls_event.packets, now)
                    # What the packets say comes before the alert that follows them.
                    self._collect(association)
                else:
                    self.drops["sctp-before-negotiation"] += len(dtls_event.packets)
            else:
                if isinstance(dtls_event, dtls.Closed):
                    self._sctp_started = False
                events.append(dtls_event)
        if association is not None:
            if not self._sctp_started and connection.state == "connected":
                self._sctp_started = True
                association.connect(now)
            self._collect(association)

    def _collect(self, association: sctp.Association) -> None:
        while (event := association.next_event()) is not None:
            self._events.append(event)
