"""One DTLS connection behind the five doors: records in, records out. RFC 6347."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Literal, TypeAlias

from rtckit.seam import Entropy, ParseError, Train

from .alert import Alert, AlertDescription, AlertLevel, HandshakeError
from .certificate import Certificate
from .client import ClientHandshake
from .config import Config
from .event import AlertReceived, ApplicationData, Closed, Event, HandshakeCompleted
from .fingerprint import Fingerprint, matches_fingerprints
from .flight import Flight
from .handshake import Handshake, State
from .handshake_messages import Fragment, HandshakeType, parse_fragments
from .reassembly import Reassembly
from .record import (
    DTLS_1_2,
    MAX_PLAINTEXT,
    ContentType,
    Record,
    RecordReader,
    RecordWriter,
    parse_records,
)
from .server import ServerHandshake

__all__ = ["Connection", "ConnectionState", "Role"]

#: ``RTCDtlsTransportState`` of W3C WebRTC §5.5.1.
ConnectionState: TypeAlias = Literal["new", "connecting", "connected", "closed", "failed"]

#: Sequence numbers kept back for the alert that says that they have run out.
_RESERVED_SEQUENCE = 8


class Role(Enum):
    """Who speaks first; in SDP ``a=setup:active`` is the client."""

    CLIENT = "client"
    SERVER = "server"


class Connection:
    """A DTLS 1.2 connection: handshake, application data, alerts.

    Before the peer's certificate has been matched to ``remote_fingerprints`` no application
    data, event of completion or keying material comes out, in either role.

    :param role: client or server.
    :param certificate: our own; its fingerprint is in our SDP.
    :param entropy: the source of all randomness.
    :param config: what is offered, and limits.
    :param remote_fingerprints: from the peer's SDP; ``None`` if they are not known yet.
    :param verify: ``False`` leaves the check of the peer's certificate to the caller, who finds
        it in :attr:`peer_certificate`. Only without ``remote_fingerprints``.
    :param client_address: of a server's client, in any form of bytes: what its cookie is bound
        to, if ``config.cookies`` is set.

    :ivar state: as the W3C's ``RTCDtlsTransportState``.
    :ivar drops: how many records and messages of the peer's were dropped, by reason.
    """

    def __init__(
        self,
        role: Role,
        certificate: Certificate,
        *,
        entropy: Entropy,
        config: Config | None = None,
        remote_fingerprints: Iterable[Fingerprint] | None = None,
        verify: bool = True,
        client_address: bytes = b"",
    ) -> None:
        self.role = role
        self.state: ConnectionState = "new"
        self.drops: Counter[str] = Counter()
        self._config = config or Config()
        self._verify = verify
        self._fingerprints: tuple[Fingerprint, ...] | None = None
        if remote_fingerprints is not None:
            if not verify:
                raise ValueError("remote_fingerprints are given, yet not to be verified")
            self._fingerprints = tuple(remote_fingerprints)
        self._handshake: Handshake
        if role is Role.CLIENT:
            self._handshake = ClientHandshake(certificate, self._config, entropy, self.drops)
        else:
            self._handshake = ServerHandshake(
                certificate, self._config, entropy, self.drops, client_address
            )
        self._flight = Flight(self._config)
        self._reassembly = Reassembly(self._config.limits, self.drops)
        self._plaintext_writer = RecordWriter(0)
        self._writers: dict[int, RecordWriter] = {0: self._plaintext_writer}
        self._write_epoch = 0
        self._reader: RecordReader | None = None
        self._peer_authenticated = False
        self._early: list[Record] = []
        self._held: list[bytes] = []
        self._packets: list[bytes] = []
        self._deadline: float | None = None
        self._outgoing: deque[Train] = deque()
        self._events: deque[Event] = deque()

    def start(self, now: float) -> None:
        """Begin the handshake: a client's first flight is ready at once.

        Raises ``RuntimeError`` if it has begun.
        """
        if self.state != "new":
            raise RuntimeError("the connection has been started")
        self.state = "connecting"
        self._deadline = now + self._config.handshake_timeout
        self._handshake.start()
        self._follow_handshake(now)

    def receive(self, datagrams: Iterable[bytes], now: float) -> None:
        """Take datagrams, e.g. a :class:`~rtckit.seam.Train`.

        Never raises for what is in them. A server that was not started is started by it.
        """
        if self.state == "connected":
            datagrams = self._receive_packets(datagrams)
        elif self.state == "new" and self.role is Role.SERVER:
            self.start(now)
        for datagram in datagrams:
            if self.state not in ("connecting", "connected"):
                self.drops["not open"] += 1
                continue
            records, error = parse_records(datagram)
            if error is not None:
                self.drops[error.reason] += 1
            for record in records:
                self._receive_record(record, now)
        self._flush_packets()

    def send(self, packets: Sequence[bytes]) -> None:
        """Seal application data: every packet becomes one record, alone in its datagram.

        Once the connection has ended packets are dropped and counted.

        Raises ``RuntimeError`` before it is connected, ``ValueError`` for a packet of more than
        16,384 bytes; then nothing was sent.
        """
        if self.state != "connected":
            if self.state in ("closed", "failed"):
                self.drops["sent after the end"] += len(packets)
                return
            raise RuntimeError("the connection is not connected")
        if not packets:
            return
        if max(map(len, packets)) > MAX_PLAINTEXT:
            raise ValueError("a packet is longer than 16384 bytes")
        writer = self._writers[1]
        if writer.remaining < len(packets) + _RESERVED_SEQUENCE:
            # RFC 6347 §4.1: a sequence number must not wrap, and there is no new epoch.
            self._end("closed", "sequence numbers are exhausted", AlertDescription.CLOSE_NOTIFY)
            return
        self._outgoing.extend(writer.seal_packets(packets))

    def close(self) -> None:
        """Send close_notify and end. Harmless if the connection has ended."""
        if self.state in ("closed", "failed"):
            return
        alert = AlertDescription.CLOSE_NOTIFY if self.state != "new" else None
        self._end("closed", "closed by this side", alert)

    def set_remote_fingerprints(self, fingerprints: Iterable[Fingerprint]) -> None:
        """Say what the peer's certificate must be, if that was not known before.

        If the handshake is done already, it completes or fails now.

        Raises ``RuntimeError`` if the connection is not to verify.
        """
        if not self._verify:
            raise RuntimeError("the connection does not verify fingerprints")
        self._fingerprints = tuple(fingerprints)
        if self.state not in ("connecting", "connected"):
            return
        if self._check_fingerprints():
            self._complete_if_verified()

    def export_keying_material(self, label: bytes, context: bytes | None, length: int) -> bytes:
        """Keying material for another protocol, e.g. SRTP (RFC 5705, RFC 5764 §4.2).

        :param context: ``None`` for none, which is not the same as an empty one.
        :param length: in bytes.

        Raises ``RuntimeError`` unless the connection is connected.
        """
        if self.state != "connected":
            raise RuntimeError("there is no keying material before the handshake has completed")
        assert self._handshake.schedule is not None
        return self._handshake.schedule.export(label, context, length)

    @property
    def peer_certificate(self) -> bytes | None:
        """The peer's certificate in DER, as soon as it has come; maybe not verified yet."""
        return self._handshake.peer_certificate

    def poll_transmit(self, now: float) -> Train | None:
        """The next datagrams to send, or ``None``."""
        return self._outgoing.popleft() if self._outgoing else None

    def next_event(self) -> Event | None:
        """What the owner should know next, or ``None``."""
        return self._events.popleft() if self._events else None

    def next_timeout(self) -> float | None:
        """When to call :meth:`handle_timeout`, or ``None``."""
        retransmission = self._flight.deadline
        if retransmission is None or self._deadline is None:
            return self._deadline
        return min(retransmission, self._deadline)

    def handle_timeout(self, now: float) -> None:
        """Send the flight again if it is time, or give the handshake up."""
        if self._deadline is not None and now >= self._deadline:
            self._end("failed", "the handshake timed out", None)
            return
        self._transmit(self._flight.handle_timeout(self._writers, now))

    def _receive_packets(self, datagrams: Iterable[bytes]) -> list[bytes]:
        """Take the application data, and give back all else."""
        reader = self._reader
        assert reader is not None
        trains = (datagrams,) if isinstance(datagrams, Train) else Train.join(list(datagrams))
        packets: list[bytes] = []
        rest: list[bytes] = []
        for train in trains:
            rest += reader.open_train(train, packets)
        if packets:
            self._events.append(ApplicationData(packets))
        return rest

    def _receive_record(self, record: Record, now: float) -> None:
        if self.state not in ("connecting", "connected"):
            self.drops["not open"] += 1
        elif record.epoch == 0:
            self._receive_plaintext(record, now)
        elif record.epoch == 1:
            if self._reader is None:
                self._keep_early(record)
                return
            plaintext = self._reader.open(record)
            if plaintext is not None:
                self._receive_sealed(record.content_type, plaintext, now)
        else:
            # There is no epoch 2 without renegotiation, which is refused.
            self.drops["wrong epoch"] += 1

    def _keep_early(self, record: Record) -> None:
        """RFC 6347 §4.2.4: a reordered record of the next epoch may be kept until its keys."""
        if len(self._early) >= self._config.limits.early_records:
            self.drops["too many early records"] += 1
            return
        self._early.append(record)

    def _receive_plaintext(self, record: Record, now: float) -> None:
        """Epoch 0: nothing in it is authenticated."""
        content_type = record.content_type
        if self._handshake.state is State.COMPLETE:
            # RFC 6347 §4.1: late or forged. A peer that missed our last flight says so with
            # a Finished, which is sealed.
            self.drops["plaintext after the handshake"] += 1
        elif content_type == ContentType.HANDSHAKE:
            self._receive_handshake(record.payload, 0, now)
        elif content_type == ContentType.ALERT:
            if self._peer_authenticated:
                self.drops["unauthenticated alert"] += 1
                return
            self._receive_alert(record.payload, authenticated=False)
        elif content_type == ContentType.CHANGE_CIPHER_SPEC:
            # The epoch in the header of every record says what this says once (RFC 6347 §4.1);
            # so a lost or forged one changes nothing.
            if record.payload != b"\x01":
                self.drops["malformed change cipher spec"] += 1
        elif content_type == ContentType.APPLICATION_DATA:
            self.drops["application data in plaintext"] += 1
        else:
            self.drops["unknown content type"] += 1

    def _receive_sealed(self, content_type: int, plaintext: bytes, now: float) -> None:
        """Epoch 1: whoever sent it has the keys, though not yet finished, maybe."""
        self._peer_authenticated = True
        if content_type == ContentType.APPLICATION_DATA:
            if self.state == "connected":
                self._packets.append(plaintext)
            elif len(self._held) < self._config.limits.held_packets:
                self._held.append(plaintext)
            else:
                self.drops["too many held packets"] += 1
        elif content_type == ContentType.HANDSHAKE:
            self._receive_handshake(plaintext, 1, now)
        elif content_type == ContentType.ALERT:
            self._receive_alert(plaintext, authenticated=True)
        else:
            self.drops["unknown content type"] += 1

    def _receive_handshake(self, payload: bytes, epoch: int, now: float) -> None:
        try:
            fragments = parse_fragments(payload)
        except ParseError as error:
            self.drops[error.reason] += 1
            return
        for fragment in fragments:
            message_type = fragment.message_type
            # The only sealed message of a handshake is Finished, and Finished must be sealed:
            # else it would prove nothing.
            if (message_type == HandshakeType.FINISHED) != (epoch == 1):
                if epoch == 1 and self._handshake.state is State.COMPLETE:
                    self._refuse_renegotiation(fragment)
                else:
                    self.drops["handshake message in the wrong epoch"] += 1
                continue
            if (
                fragment.message_seq == self._reassembly.next_seq - 1
                and fragment.offset + len(fragment.data) == fragment.message_length
            ):
                # The end of a flight that has been answered.
                self._transmit(self._flight.handle_duplicate(self._writers, now))
            if self._handshake.state is State.COMPLETE:
                self.drops["duplicate handshake message"] += 1
                continue
            self._reassembly.add(fragment)
        self._receive_messages(now)

    def _refuse_renegotiation(self, fragment: Fragment) -> None:
        """RFC 5746 §4.5 and RFC 5246 §7.2.2: a warning, and on as before."""
        self.drops["renegotiation"] += 1
        if fragment.offset == 0 and fragment.message_type in (
            HandshakeType.HELLO_REQUEST,
            HandshakeType.CLIENT_HELLO,
        ):
            self._send_alert(AlertLevel.WARNING, AlertDescription.NO_RENEGOTIATION)

    def _receive_messages(self, now: float) -> None:
        """Hand the messages that are whole to the handshake, as far as they are due."""
        handshake = self._handshake
        while self.state == "connecting":
            if handshake.state is State.CLIENT_HELLO:
                message = self._reassembly.pop_any()
            else:
                message = self._reassembly.pop()
            if message is None:
                return
            message_type, message_seq, body = message
            try:
                handshake.receive(message_type, message_seq, body)
            except ParseError as error:
                self.drops[error.reason] += 1
                continue
            except HandshakeError as error:
                self._end("failed", error.reason, error.alert)
                return
            if handshake.state is not State.CLIENT_HELLO:
                self._reassembly.accept(message_seq)
            if not self._check_fingerprints():
                return
            self._follow_handshake(now)

    def _follow_handshake(self, now: float) -> None:
        """Do what the handshake wants after a step of it."""
        handshake = self._handshake
        if handshake.writer is not None and 1 not in self._writers:
            self._writers[1] = handshake.writer
        outgoing = handshake.outgoing
        if outgoing is not None:
            handshake.outgoing = None
            self._write_epoch = outgoing.messages[-1].epoch
            self._transmit(
                self._flight.send(outgoing.messages, self._writers, now, timed=outgoing.timed)
            )
        if handshake.state is State.COMPLETE:
            if self.role is Role.CLIENT:
                # RFC 6347 §4.2.4: only who sent the last flight may have to send it again.
                self._flight.clear()
            self._deadline = None
            self._reassembly.clear()
            self._complete_if_verified()
        if handshake.reader is not None and self._reader is None:
            self._reader = handshake.reader
            early = self._early
            self._early = []
            for record in early:
                self._receive_record(record, now)

    def _check_fingerprints(self) -> bool:
        """Whether the peer's certificate, if both it and the fingerprints are known, is right.

        RFC 8122 §6.2: if not, the connection ends with bad_certificate.
        """
        certificate = self._handshake.peer_certificate
        if certificate is None or self._fingerprints is None:
            return True
        if matches_fingerprints(certificate, self._fingerprints):
            return True
        self._end(
            "failed",
            "the certificate does not match the fingerprints",
            AlertDescription.BAD_CERTIFICATE,
        )
        return False

    def _complete_if_verified(self) -> None:
        handshake = self._handshake
        if self.state != "connecting" or handshake.state is not State.COMPLETE:
            return
        if self._verify and self._fingerprints is None:
            return
        assert handshake.cipher_suite is not None
        assert handshake.group is not None
        assert handshake.peer_certificate is not None
        self.state = "connected"
        self._events.append(
            HandshakeCompleted(
                DTLS_1_2,
                handshake.cipher_suite,
                handshake.group,
                handshake.srtp_profile,
                handshake.peer_certificate,
            )
        )
        if self._held:
            self._events.append(ApplicationData(self._held))
            self._held = []

    def _receive_alert(self, payload: bytes, *, authenticated: bool) -> None:
        try:
            alert = Alert.parse(payload)
        except ParseError as error:
            self.drops[error.reason] += 1
            return
        fatal = alert.level is AlertLevel.FATAL
        # What came in the same train before the alert comes out before it.
        self._flush_packets()
        self._events.append(AlertReceived(fatal, alert.description, authenticated))
        if alert.description == AlertDescription.CLOSE_NOTIFY:
            # RFC 5246 §7.2.1: answered with the same.
            self._end(
                "closed",
                "closed by the peer",
                AlertDescription.CLOSE_NOTIFY,
                received=alert.description,
            )
        elif fatal:
            self._end("failed", "the peer sent a fatal alert", None, received=alert.description)

    def _flush_packets(self) -> None:
        if self._packets:
            self._events.append(ApplicationData(self._packets))
            self._packets = []

    def _end(
        self,
        state: Literal["closed", "failed"],
        reason: str,
        alert: AlertDescription | None,
        received: int | None = None,
    ) -> None:
        if alert is not None:
            level = (
                AlertLevel.WARNING if alert is AlertDescription.CLOSE_NOTIFY else AlertLevel.FATAL
            )
            self._send_alert(level, alert)
        self.state = state
        self._deadline = None
        self._flight.clear()
        self._reassembly.clear()
        self._early.clear()
        self._held.clear()
        self._events.append(Closed(reason, alert, received))

    def _send_alert(self, level: AlertLevel, description: AlertDescription) -> None:
        writer = self._writers[self._write_epoch]
        if writer.remaining:
            record = writer.seal(ContentType.ALERT, bytes(Alert(level, description)))
            self._outgoing.append(Train(record))

    def _transmit(self, datagrams: list[bytes]) -> None:
        self._outgoing.extend(Train.join(datagrams))
