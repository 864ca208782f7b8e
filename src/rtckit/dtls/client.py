"""The client's side of the handshake. RFC 6347 §4.2, RFC 5246 §7.4.

::

    Client                                   Server
    ClientHello             -------->                        flight 1
                            <--------        HelloVerifyRequest   2
    ClientHello             -------->                             3
                                                    ServerHello
                                                    Certificate
                                              ServerKeyExchange   4
                                             CertificateRequest
                            <--------           ServerHelloDone
    Certificate
    ClientKeyExchange
    CertificateVerify                                             5
    [ChangeCipherSpec]
    Finished                -------->
                                             [ChangeCipherSpec]   6
                            <--------                  Finished
"""

from __future__ import annotations

from collections import Counter

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from rtckit.seam import Entropy, ParseError

from .alert import AlertDescription, HandshakeError
from .certificate import Certificate
from .cipher_suite import CipherSuite, suite_parameters
from .config import Config
from .extensions import (
    ExtensionType,
    pack_uint16_list,
    pack_use_srtp,
    parse_use_srtp,
)
from .handshake import Handshake, State, check_hello_extensions
from .handshake_messages import (
    CertificateRequest,
    CertificateVerify,
    ClientHello,
    ClientKeyExchange,
    HandshakeType,
    HelloVerifyRequest,
    ServerHello,
    ServerKeyExchange,
    pack_chain,
    parse_chain,
)
from .named_group import KeyExchange, NamedGroup
from .record import DTLS_1_2
from .signature_scheme import (
    SIGNATURE_SCHEMES,
    SignatureScheme,
    certificate_public_key,
    select_scheme,
    sign,
    verify,
)
from .srtp_profile import SrtpProfile
from .wire import vector8

__all__ = ["ClientHandshake"]


class ClientHandshake(Handshake):
    """A client: speaks first."""

    is_client = True

    def __init__(
        self, certificate: Certificate, config: Config, entropy: Entropy, drops: Counter[str]
    ) -> None:
        super().__init__(certificate, config, entropy, drops)
        self._hello: ClientHello | None = None
        self._hello_verify_requests = 0
        self._premaster_secret = b""
        self._client_public_key = b""
        self._scheme: SignatureScheme | None = None
        self._certificate_requested = False
        # Which message is due when: the whole state machine.
        self._handlers = {
            (State.SERVER_HELLO, HandshakeType.HELLO_VERIFY_REQUEST): self._hello_verify_request,
            (State.SERVER_HELLO, HandshakeType.SERVER_HELLO): self._server_hello,
            (State.CERTIFICATE, HandshakeType.CERTIFICATE): self._server_certificate,
            (State.SERVER_KEY_EXCHANGE, HandshakeType.SERVER_KEY_EXCHANGE): (
                self._server_key_exchange
            ),
            (State.CERTIFICATE_REQUEST, HandshakeType.CERTIFICATE_REQUEST): (
                self._certificate_request
            ),
            (State.CERTIFICATE_REQUEST, HandshakeType.SERVER_HELLO_DONE): self._server_hello_done,
            (State.SERVER_HELLO_DONE, HandshakeType.SERVER_HELLO_DONE): self._server_hello_done,
            (State.FINISHED, HandshakeType.FINISHED): self._finished,
        }

    def start(self) -> None:
        """Send ClientHello."""
        self._client_random = self._entropy(32)
        extensions = {
            int(ExtensionType.EXTENDED_MASTER_SECRET): b"",
            int(ExtensionType.RENEGOTIATION_INFO): vector8(b""),
            int(ExtensionType.SUPPORTED_GROUPS): pack_uint16_list(self._config.groups),
            int(ExtensionType.EC_POINT_FORMATS): vector8(b"\x00"),
            int(ExtensionType.SIGNATURE_ALGORITHMS): pack_uint16_list(SIGNATURE_SCHEMES),
        }
        if self._config.srtp_profiles:
            extensions[ExtensionType.USE_SRTP] = pack_use_srtp(self._config.srtp_profiles)
        self._send_hello(
            ClientHello(
                version=DTLS_1_2,
                random=self._client_random,
                session_id=b"",
                cookie=b"",
                cipher_suites=self._config.cipher_suites,
                compression_methods=b"\x00",
                extensions=extensions,
            )
        )

    def _send_hello(self, hello: ClientHello) -> None:
        # RFC 6347 §4.2.1: the first ClientHello and HelloVerifyRequest are not hashed.
        self._transcript.clear()
        self._hello = hello
        self._add(HandshakeType.CLIENT_HELLO, bytes(hello))
        self._send_flight(timed=True)
        self.state = State.SERVER_HELLO

    def _hello_verify_request(self, body: bytes, packed: bytes) -> None:
        request = HelloVerifyRequest.parse(body)
        if self._hello_verify_requests >= self._config.limits.hello_verify_requests:
            raise ParseError("too many HelloVerifyRequests", 0)
        self._hello_verify_requests += 1
        hello = self._hello
        assert hello is not None
        # RFC 6347 §4.2.1: the same parameters as before, and the cookie.
        self._send_hello(
            ClientHello(
                version=hello.version,
                random=hello.random,
                session_id=hello.session_id,
                cookie=request.cookie,
                cipher_suites=hello.cipher_suites,
                compression_methods=hello.compression_methods,
                extensions=hello.extensions,
            )
        )

    def _server_hello(self, body: bytes, packed: bytes) -> None:
        hello = ServerHello.parse(body)
        if hello.version != DTLS_1_2:
            raise HandshakeError(
                AlertDescription.PROTOCOL_VERSION, f"server chose version 0x{hello.version:04x}"
            )
        if hello.cipher_suite not in self._config.cipher_suites:
            raise HandshakeError(
                AlertDescription.ILLEGAL_PARAMETER, "server chose a cipher suite not offered"
            )
        if hello.compression_method != 0:
            raise HandshakeError(AlertDescription.ILLEGAL_PARAMETER, "server chose compression")
        assert self._hello is not None
        # RFC 5246 §7.4.1.4: a server answers extensions and brings none of its own.
        if not hello.extensions.keys() <= self._hello.extensions.keys():
            raise HandshakeError(
                AlertDescription.UNSUPPORTED_EXTENSION, "server sent an extension not offered"
            )
        check_hello_extensions(hello.extensions)
        use_srtp = hello.extensions.get(ExtensionType.USE_SRTP)
        if use_srtp is not None:
            profiles, mki = parse_use_srtp(use_srtp)
            # RFC 5764 §4.1.1: one of those offered, and the MKI that was offered: none.
            if len(profiles) != 1 or profiles[0] not in self._config.srtp_profiles or mki:
                raise HandshakeError(
                    AlertDescription.ILLEGAL_PARAMETER, "server chose an SRTP profile not offered"
                )
            self.srtp_profile = SrtpProfile(profiles[0])
        self.cipher_suite = CipherSuite(hello.cipher_suite)
        self._server_random = hello.random
        self._transcript += packed
        self.state = State.CERTIFICATE

    def _server_certificate(self, body: bytes, packed: bytes) -> None:
        chain = parse_chain(body)
        if not chain:
            # RFC 5246 §7.4.2: a server's is never empty.
            raise HandshakeError(AlertDescription.BAD_CERTIFICATE, "server sent no certificate")
        assert self.cipher_suite is not None
        key = certificate_public_key(chain[0])
        # RFC 8422 §5.3: the suite says what kind of key the certificate has.
        if isinstance(key, EllipticCurvePublicKey) != suite_parameters(self.cipher_suite).ecdsa:
            raise HandshakeError(
                AlertDescription.ILLEGAL_PARAMETER, "certificate does not fit the cipher suite"
            )
        self._peer_key = key
        self.peer_certificate = chain[0]
        self._transcript += packed
        self.state = State.SERVER_KEY_EXCHANGE

    def _server_key_exchange(self, body: bytes, packed: bytes) -> None:
        message = ServerKeyExchange.parse(body)
        assert self._peer_key is not None
        verify(
            self._peer_key,
            message.scheme,
            message.signature,
            self._client_random + self._server_random + message.parameters,
        )
        if message.group not in self._config.groups:
            raise HandshakeError(
                AlertDescription.ILLEGAL_PARAMETER, "server chose a group not offered"
            )
        self.group = NamedGroup(message.group)
        exchange = KeyExchange.generate(self.group, self._entropy)
        self._premaster_secret = exchange.exchange(message.public_key)
        self._client_public_key = exchange.public_key
        self._transcript += packed
        self.state = State.CERTIFICATE_REQUEST

    def _certificate_request(self, body: bytes, packed: bytes) -> None:
        request = CertificateRequest.parse(body)
        self._certificate_requested = True
        self._scheme = select_scheme(self._certificate.private_key, request.schemes)
        if self._scheme is None:
            raise HandshakeError(
                AlertDescription.HANDSHAKE_FAILURE, "server takes no signature of our key"
            )
        self._transcript += packed
        self.state = State.SERVER_HELLO_DONE

    def _server_hello_done(self, body: bytes, packed: bytes) -> None:
        if body:
            raise ParseError("ServerHelloDone is not empty", 0)
        self._transcript += packed
        if self._certificate_requested:
            self._add(HandshakeType.CERTIFICATE, pack_chain((self._certificate.der,)))
        self._add(
            HandshakeType.CLIENT_KEY_EXCHANGE, bytes(ClientKeyExchange(self._client_public_key))
        )
        self._derive_keys(self._premaster_secret)
        self._premaster_secret = b""
        if self._scheme is not None:
            signature = sign(self._certificate.private_key, self._scheme, bytes(self._transcript))
            self._add(
                HandshakeType.CERTIFICATE_VERIFY, bytes(CertificateVerify(self._scheme, signature))
            )
        self._add_finished()
        self._send_flight(timed=True)
        self.state = State.FINISHED

    def _finished(self, body: bytes, packed: bytes) -> None:
        self._check_finished(body, packed)
        self._complete()
