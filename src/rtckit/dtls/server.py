"""The server's side of the handshake. RFC 6347 §4.2, RFC 5246 §7.4; flights as in client.py."""

from __future__ import annotations

import hmac
from collections import Counter

from rtckit.seam import Entropy

from .alert import AlertDescription, HandshakeError
from .certificate import Certificate
from .cipher_suite import CipherSuite, suite_parameters
from .config import Config
from .extensions import (
    ExtensionType,
    pack_use_srtp,
    parse_uint16_list,
    parse_use_srtp,
    parse_versions,
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
from .record import DTLS_1_0, DTLS_1_2
from .signature_scheme import (
    SIGNATURE_SCHEMES,
    certificate_public_key,
    select_scheme,
    sign,
    verify,
)
from .srtp_profile import SrtpProfile
from .wire import vector8, vector16

__all__ = ["ServerHandshake"]

_EMPTY_RENEGOTIATION_INFO_SCSV = 0x00FF
_NULL_COMPRESSION = 0


class ServerHandshake(Handshake):
    """A server: always asks for the client's certificate, and insists.

    :param client_address: what a cookie is bound to.
    """

    is_client = False

    def __init__(
        self,
        certificate: Certificate,
        config: Config,
        entropy: Entropy,
        drops: Counter[str],
        client_address: bytes,
    ) -> None:
        super().__init__(certificate, config, entropy, drops)
        self._client_address = client_address
        self._cookie_secret = config.cookie_secret or entropy(32)
        self._exchange: KeyExchange | None = None
        # Which message is due when: the whole state machine.
        self._handlers = {
            (State.CLIENT_HELLO, HandshakeType.CLIENT_HELLO): self._client_hello,
            (State.CERTIFICATE, HandshakeType.CERTIFICATE): self._client_certificate,
            (State.CLIENT_KEY_EXCHANGE, HandshakeType.CLIENT_KEY_EXCHANGE): (
                self._client_key_exchange
            ),
            (State.CERTIFICATE_VERIFY, HandshakeType.CERTIFICATE_VERIFY): (
                self._certificate_verify
            ),
            (State.FINISHED, HandshakeType.FINISHED): self._finished,
        }

    def start(self) -> None:
        """Wait for a ClientHello."""
        self.state = State.CLIENT_HELLO

    def _client_hello(self, body: bytes, packed: bytes) -> None:
        hello = ClientHello.parse(body)
        # RFC 6347 §4.2.2: the server's first message takes the number of the ClientHello it
        # answers; a server without state could know no other.
        self._next_seq = int.from_bytes(packed[4:6], "big")
        if self._config.cookies and not self._cookie_is_good(hello):
            # RFC 6347 §4.2.1: a wrong cookie is treated as none.
            request = HelloVerifyRequest(DTLS_1_0, self._cookie(hello))
            self._add_unhashed(HandshakeType.HELLO_VERIFY_REQUEST, bytes(request))
            self._send_flight(timed=False)
            return
        self._check_version(hello)
        if _NULL_COMPRESSION not in hello.compression_methods:
            raise HandshakeError(AlertDescription.ILLEGAL_PARAMETER, "client insists to compress")
        check_hello_extensions(hello.extensions)
        self.cipher_suite = self._select_suite(hello)
        self.group = self._select_group(hello)
        self.srtp_profile = self._select_srtp_profile(hello)
        schemes = hello.extensions.get(ExtensionType.SIGNATURE_ALGORITHMS)
        # RFC 5246 §7.4.1.4.1: its absence means SHA-1, which is not made here.
        offered = parse_uint16_list(schemes) if schemes is not None else ()
        scheme = select_scheme(self._certificate.private_key, offered)
        if scheme is None:
            raise HandshakeError(
                AlertDescription.HANDSHAKE_FAILURE, "client takes no signature of our key"
            )
        self._client_random = hello.random
        self._server_random = self._entropy(32)
        self._transcript += packed
        self._add(HandshakeType.SERVER_HELLO, bytes(self._answer(hello)))
        self._add(HandshakeType.CERTIFICATE, pack_chain((self._certificate.der,)))
        self._exchange = KeyExchange.generate(self.group, self._entropy)
        public_key = self._exchange.public_key
        parameters = ServerKeyExchange.pack_parameters(self.group, public_key)
        signature = sign(
            self._certificate.private_key,
            scheme,
            self._client_random + self._server_random + parameters,
        )
        key_exchange = ServerKeyExchange(self.group, public_key, scheme, signature)
        self._add(HandshakeType.SERVER_KEY_EXCHANGE, bytes(key_exchange))
        request_body = bytes(CertificateRequest.offer(SIGNATURE_SCHEMES))
        self._add(HandshakeType.CERTIFICATE_REQUEST, request_body)
        self._add(HandshakeType.SERVER_HELLO_DONE, b"")
        self._send_flight(timed=True)
        self.state = State.CERTIFICATE

    def _cookie(self, hello: ClientHello) -> bytes:
        """RFC 6347 §4.2.1: a MAC over the client's address and its parameters."""
        suites = b"".join(suite.to_bytes(2, "big") for suite in hello.cipher_suites)
        bound = (
            vector16(self._client_address)
            + hello.version.to_bytes(2, "big")
            + hello.random
            + vector8(hello.session_id)
            + vector16(suites)
            + vector8(hello.compression_methods)
        )
        return hmac.digest(self._cookie_secret, bound, "sha256")

    def _cookie_is_good(self, hello: ClientHello) -> bool:
        return hmac.compare_digest(hello.cookie, self._cookie(hello))

    def _check_version(self, hello: ClientHello) -> None:
        # Versions of DTLS count down: 0xFEFF is 1.0, 0xFEFD is 1.2.
        acceptable = hello.version >> 8 == 0xFE and hello.version <= DTLS_1_2
        versions = hello.extensions.get(ExtensionType.SUPPORTED_VERSIONS)
        if versions is not None:
            # RFC 8446 §4.2.1: a client of DTLS 1.3 lists what else it takes.
            acceptable = DTLS_1_2 in parse_versions(versions)
        if not acceptable:
            raise HandshakeError(AlertDescription.PROTOCOL_VERSION, "client does not take DTLS 1.2")

    def _select_suite(self, hello: ClientHello) -> CipherSuite:
        is_ecdsa = self._certificate.is_ecdsa
        for suite in self._config.cipher_suites:
            if suite in hello.cipher_suites and suite_parameters(suite).ecdsa == is_ecdsa:
                return suite
        raise HandshakeError(AlertDescription.HANDSHAKE_FAILURE, "no cipher suite in common")

    def _select_group(self, hello: ClientHello) -> NamedGroup:
        body = hello.extensions.get(ExtensionType.SUPPORTED_GROUPS)
        # RFC 8422 §4: a client that does not say is taken to support all.
        offered = parse_uint16_list(body) if body is not None else (NamedGroup.SECP256R1,)
        for group in self._config.groups:
            if group in offered:
                return group
        raise HandshakeError(AlertDescription.HANDSHAKE_FAILURE, "no group in common")

    def _select_srtp_profile(self, hello: ClientHello) -> SrtpProfile | None:
        body = hello.extensions.get(ExtensionType.USE_SRTP)
        if body is None:
            return None
        offered, _ = parse_use_srtp(body)
        for profile in self._config.srtp_profiles:
            if profile in offered:
                return profile
        # RFC 5764 §4.1.1: without a common profile the extension is not answered.
        return None

    def _answer(self, hello: ClientHello) -> ServerHello:
        assert self.cipher_suite is not None
        extensions = {int(ExtensionType.EXTENDED_MASTER_SECRET): b""}
        # RFC 5746 §3.6: the answer to either of the two ways to say it.
        if (
            ExtensionType.RENEGOTIATION_INFO in hello.extensions
            or _EMPTY_RENEGOTIATION_INFO_SCSV in hello.cipher_suites
        ):
            extensions[ExtensionType.RENEGOTIATION_INFO] = vector8(b"")
        if ExtensionType.EC_POINT_FORMATS in hello.extensions:
            extensions[ExtensionType.EC_POINT_FORMATS] = vector8(b"\x00")
        if self.srtp_profile is not None:
            # RFC 5764 §4.1.1: an MKI that the client proposes need not be taken.
            extensions[ExtensionType.USE_SRTP] = pack_use_srtp((self.srtp_profile,))
        return ServerHello(
            version=DTLS_1_2,
            random=self._server_random,
            session_id=b"",
            cipher_suite=self.cipher_suite,
            compression_method=_NULL_COMPRESSION,
            extensions=extensions,
        )

    def _client_certificate(self, body: bytes, packed: bytes) -> None:
        chain = parse_chain(body)
        if not chain:
            # RFC 5246 §7.4.6; RFC 8827 §6.5: both sides authenticate.
            raise HandshakeError(AlertDescription.HANDSHAKE_FAILURE, "client sent no certificate")
        self._peer_key = certificate_public_key(chain[0])
        self.peer_certificate = chain[0]
        self._transcript += packed
        self.state = State.CLIENT_KEY_EXCHANGE

    def _client_key_exchange(self, body: bytes, packed: bytes) -> None:
        message = ClientKeyExchange.parse(body)
        assert self._exchange is not None
        premaster_secret = self._exchange.exchange(message.public_key)
        self._exchange = None
        self._transcript += packed
        self._derive_keys(premaster_secret)
        self.state = State.CERTIFICATE_VERIFY

    def _certificate_verify(self, body: bytes, packed: bytes) -> None:
        message = CertificateVerify.parse(body)
        assert self._peer_key is not None
        verify(self._peer_key, message.scheme, message.signature, bytes(self._transcript))
        self._transcript += packed
        self.state = State.FINISHED

    def _finished(self, body: bytes, packed: bytes) -> None:
        self._check_finished(body, packed)
        self._add_finished()
        self._send_flight(timed=False)
        self._complete()
