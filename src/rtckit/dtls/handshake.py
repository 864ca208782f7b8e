"""What client and server have in common in the handshake of DTLS 1.2. RFC 5246 §7.3."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from rtckit.seam import Entropy, ParseError

from .alert import AlertDescription, HandshakeError
from .certificate import Certificate
from .cipher_suite import CipherSuite, suite_parameters
from .config import Config
from .extensions import Extensions, ExtensionType, parse_ec_point_formats, parse_renegotiation_info
from .flight import FlightMessage
from .handshake_messages import HandshakeType, pack_message
from .key_schedule import KeySchedule
from .named_group import NamedGroup
from .record import ContentType, RecordReader, RecordWriter
from .signature_scheme import PublicKey
from .srtp_profile import SrtpProfile

__all__ = ["Handler", "Handshake", "OutgoingFlight", "State", "check_hello_extensions"]

Handler: TypeAlias = Callable[[bytes, bytes], None]

_UNCOMPRESSED = 0


class State(Enum):
    """Which message is due."""

    START = "start"
    CLIENT_HELLO = "client_hello"
    SERVER_HELLO = "server_hello"
    CERTIFICATE = "certificate"
    SERVER_KEY_EXCHANGE = "server_key_exchange"
    CERTIFICATE_REQUEST = "certificate_request"
    SERVER_HELLO_DONE = "server_hello_done"
    CLIENT_KEY_EXCHANGE = "client_key_exchange"
    CERTIFICATE_VERIFY = "certificate_verify"
    FINISHED = "finished"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class OutgoingFlight:
    """Messages to send.

    :ivar messages: in order.
    :ivar timed: whether the flight is sent again until the peer answers.
    """

    messages: tuple[FlightMessage, ...]
    timed: bool


def check_hello_extensions(extensions: Extensions) -> None:
    """What must hold of either side's hello; raises :class:`HandshakeError`."""
    # RFC 7627 §5.2, §5.3: without it the master secret is not bound to this handshake, nor is
    # what is exported from it. All of WebRTC has it.
    if ExtensionType.EXTENDED_MASTER_SECRET not in extensions:
        raise HandshakeError(
            AlertDescription.HANDSHAKE_FAILURE, "peer lacks the extended master secret"
        )
    if extensions[ExtensionType.EXTENDED_MASTER_SECRET]:
        raise ParseError("extended_master_secret is not empty", 0)
    renegotiation_info = extensions.get(ExtensionType.RENEGOTIATION_INFO)
    # RFC 5746 §3.4, §3.6: on a first handshake it must be empty.
    if renegotiation_info is not None and parse_renegotiation_info(renegotiation_info):
        raise HandshakeError(AlertDescription.HANDSHAKE_FAILURE, "peer tries to renegotiate")
    formats = extensions.get(ExtensionType.EC_POINT_FORMATS)
    # RFC 8422 §5.1.2, §5.2.
    if formats is not None and _UNCOMPRESSED not in parse_ec_point_formats(formats):
        raise HandshakeError(
            AlertDescription.ILLEGAL_PARAMETER, "peer does not take uncompressed points"
        )


class Handshake:
    """One side of one handshake: takes whole messages in order, gives flights and keys.

    A message that cannot be parsed or is not due raises :class:`ParseError` and changes
    nothing: it may be forged, and the real one may follow. A message that says something
    wrong raises :class:`HandshakeError`, and ends the connection.

    :ivar state: which message is due.
    :ivar outgoing: the flight to send, until the owner takes it.
    :ivar writer: seals epoch 1, once there are keys.
    :ivar reader: opens epoch 1, once there are keys.
    :ivar schedule: the keys themselves.
    :ivar peer_certificate: in DER, once it came.
    """

    is_client: bool

    def __init__(
        self, certificate: Certificate, config: Config, entropy: Entropy, drops: Counter[str]
    ) -> None:
        self._certificate = certificate
        self._config = config
        self._entropy = entropy
        self._drops = drops
        self._transcript = bytearray()
        self._messages: list[FlightMessage] = []
        self._next_seq = 0
        self._client_random = b""
        self._server_random = b""
        self._peer_key: PublicKey | None = None
        self._handlers: Mapping[tuple[State, int], Handler] = {}
        self.state = State.START
        self.outgoing: OutgoingFlight | None = None
        self.writer: RecordWriter | None = None
        self.reader: RecordReader | None = None
        self.schedule: KeySchedule | None = None
        self.peer_certificate: bytes | None = None
        self.cipher_suite: CipherSuite | None = None
        self.group: NamedGroup | None = None
        self.srtp_profile: SrtpProfile | None = None

    def start(self) -> None:
        """Begin."""
        raise NotImplementedError

    def receive(self, message_type: int, message_seq: int, body: bytes) -> None:
        """Take the message that is due."""
        handler = self._handlers.get((self.state, message_type))
        if handler is None:
            raise ParseError("unexpected handshake message", message_type)
        handler(body, pack_message(message_type, message_seq, body))

    def _add(self, message_type: HandshakeType, body: bytes, *, epoch: int = 0) -> None:
        """Put a message into the flight and the transcript."""
        self._transcript += pack_message(message_type, self._next_seq, body)
        self._add_unhashed(message_type, body, epoch=epoch)

    def _add_unhashed(self, message_type: HandshakeType, body: bytes, *, epoch: int = 0) -> None:
        self._messages.append(
            FlightMessage(epoch, ContentType.HANDSHAKE, message_type, self._next_seq, body)
        )
        self._next_seq += 1

    def _add_finished(self) -> None:
        """ChangeCipherSpec, and Finished as the first message of epoch 1."""
        assert self.schedule is not None
        self._messages.append(FlightMessage(0, ContentType.CHANGE_CIPHER_SPEC, 0, 0, b"\x01"))
        verify_data = self.schedule.verify_data(
            client=self.is_client, transcript=bytes(self._transcript)
        )
        self._add(HandshakeType.FINISHED, verify_data, epoch=1)

    def _send_flight(self, *, timed: bool) -> None:
        self.outgoing = OutgoingFlight(tuple(self._messages), timed)
        self._messages.clear()

    def _derive_keys(self, premaster_secret: bytes) -> None:
        """The transcript reaches to ClientKeyExchange, exactly (RFC 7627 §3)."""
        assert self.cipher_suite is not None
        parameters = suite_parameters(self.cipher_suite)
        self.schedule = KeySchedule(
            parameters.hash_name,
            premaster_secret,
            hashlib.new(parameters.hash_name, self._transcript).digest(),
            self._client_random,
            self._server_random,
        )
        client, server = self.schedule.traffic_keys(parameters.key_length, parameters.iv_length)
        ours, theirs = (client, server) if self.is_client else (server, client)
        self.writer = RecordWriter(1, self.cipher_suite, ours)
        self.reader = RecordReader(1, self.cipher_suite, theirs, self._drops)

    def _check_finished(self, body: bytes, packed: bytes) -> None:
        """The peer's Finished shows that both saw the same handshake (RFC 5246 §7.4.9)."""
        assert self.schedule is not None
        expected = self.schedule.verify_data(
            client=not self.is_client, transcript=bytes(self._transcript)
        )
        if not hmac.compare_digest(body, expected):
            raise HandshakeError(AlertDescription.DECRYPT_ERROR, "Finished is wrong")
        self._transcript += packed

    def _complete(self) -> None:
        self._transcript.clear()
        self._peer_key = None
        self.state = State.COMPLETE
