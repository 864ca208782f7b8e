"""DTLS against OpenSSL's own programs, over loopback: both roles, every suite, every group."""

from __future__ import annotations

import os
import re
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from rtckit.dtls import (
    AlertReceived,
    ApplicationData,
    Certificate,
    CipherSuite,
    Closed,
    Config,
    Connection,
    Event,
    Fingerprint,
    HandshakeCompleted,
    NamedGroup,
    Role,
    SrtpProfile,
)

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

LABEL = "EXTRACTOR-dtls_srtp"
PATIENCE = 10.0
SRTP = "SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80"

SUITES = [
    (CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (CipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305"),
    (CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256"),
    (CipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384"),
    (CipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305"),
]
GROUPS = [
    (NamedGroup.X25519, "X25519"),
    (NamedGroup.SECP256R1, "P-256"),
    (NamedGroup.SECP384R1, "P-384"),
]
SIGNATURES = [
    "ecdsa_secp256r1_sha256",
    "ECDSA+SHA384",
    "ECDSA+SHA512",
    "rsa_pss_rsae_sha256",
    "rsa_pss_rsae_sha384",
    "rsa_pss_rsae_sha512",
    "RSA+SHA256",
    "RSA+SHA384",
    "RSA+SHA512",
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Certificate, Path]]:
    folder = tmp_path_factory.mktemp("certificates")
    now = datetime.now(UTC)
    made = {
        "ecdsa": Certificate.generate(now, entropy=os.urandom),
        "rsa": Certificate.generate(
            now, entropy=os.urandom, private_key=rsa.generate_private_key(65537, 2048)
        ),
    }
    kept: dict[str, tuple[Certificate, Path]] = {}
    for name, certificate in made.items():
        path = folder / f"{name}.pem"
        path.write_bytes(certificate.to_pem())
        kept[name] = (certificate, path)
    return kept


class Program:
    """One of OpenSSL's programs, and what it has printed."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            ["openssl", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin = self.process.stdin
        self.stdout = self.process.stdout
        self.output = ""

    def read(self) -> bool:
        chunk = os.read(self.stdout.fileno(), 65536)
        self.output += chunk.decode("latin-1")
        return bool(chunk)

    def write(self, text: str) -> None:
        self.stdin.write(text.encode())
        self.stdin.flush()

    def wait_for(self, pattern: str) -> str:
        while (match := re.search(pattern, self.output)) is None:
            assert self.read(), self.output
        return match.group(1)

    @property
    def keying_material(self) -> str | None:
        match = re.search(r"Keying material: ([0-9A-F]{120})", self.output)
        return match.group(1) if match else None


class Driver:
    """Carries datagrams between one connection of ours and one program."""

    def __init__(self, connection: Connection, sock: socket.socket, program: Program) -> None:
        self.connection = connection
        self.sock = sock
        self.program = program
        self.events: list[Event] = []
        self.received: list[bytes] = []
        self.sizes: list[int] = []

    def run_until(self, done: Callable[[], bool]) -> None:
        limit = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, selectors.EVENT_READ)
            selector.register(self.program.stdout, selectors.EVENT_READ)
            while True:
                self.flush()
                if done():
                    return
                now = time.monotonic()
                assert now < limit, (self.events, self.connection.drops, self.program.output)
                deadline = self.connection.next_timeout()
                wait = min(limit, deadline) - now if deadline is not None else limit - now
                for key, _ in selector.select(max(0.0, wait)):
                    if key.fileobj is not self.sock:
                        if not self.program.read():
                            selector.unregister(key.fileobj)
                        continue
                    data, address = self.sock.recvfrom(65536)
                    if self.peer is None:
                        self.sock.connect(address)
                    self.sizes.append(len(data))
                    self.connection.receive([data], time.monotonic())
                self.connection.handle_timeout(time.monotonic())

    @property
    def peer(self) -> object:
        try:
            return self.sock.getpeername()
        except OSError:
            return None

    def flush(self) -> None:
        while (train := self.connection.poll_transmit(time.monotonic())) is not None:
            for datagram in train:
                try:
                    self.sock.send(datagram)
                except ConnectionRefusedError:
                    pass  # the program has ended
        while (event := self.connection.next_event()) is not None:
            self.events.append(event)
            if isinstance(event, ApplicationData):
                self.received += event.packets

    @property
    def completed(self) -> HandshakeCompleted | None:
        found = [event for event in self.events if isinstance(event, HandshakeCompleted)]
        return found[0] if found else None

    @property
    def closed(self) -> Closed | None:
        found = [event for event in self.events if isinstance(event, Closed)]
        return found[0] if found else None

    def exchange_data(self) -> None:
        """Both ways, and both exporters give the same."""
        assert self.connection.state == "connected"
        self.connection.send([b"from rtckit\n"])
        self.program.write("from openssl\n")
        self.run_until(
            lambda: (
                "from rtckit" in self.program.output
                and b"".join(self.received).startswith(b"from openssl")
                and self.program.keying_material is not None
            )
        )
        ours = self.connection.export_keying_material(LABEL.encode(), None, 60)
        assert ours.hex().upper() == self.program.keying_material


@contextmanager
def against_server(
    connection: Connection, pem: Path, *arguments: str, version: str = "-dtls1_2"
) -> Iterator[Driver]:
    """Our client and ``openssl s_server``."""
    program = Program(
        "s_server", version, "-accept", "127.0.0.1:0", "-cert", str(pem), "-key", str(pem),
        "-Verify", "1", "-use_srtp", SRTP, "-keymatexport", LABEL, "-keymatexportlen", "60",
        *arguments,
    )  # fmt: skip
    with program.process, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("127.0.0.1", int(program.wait_for(r"ACCEPT 127\.0\.0\.1:(\d+)"))))
            connection.start(time.monotonic())
            yield Driver(connection, sock, program)
        finally:
            program.process.kill()


@contextmanager
def against_client(
    connection: Connection, pem: Path, *arguments: str, version: str = "-dtls1_2"
) -> Iterator[Driver]:
    """Our server and ``openssl s_client``."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        connection.start(time.monotonic())
        program = Program(
            "s_client", version, "-connect", f"127.0.0.1:{sock.getsockname()[1]}",
            "-cert", str(pem), "-key", str(pem), "-use_srtp", SRTP,
            "-keymatexport", LABEL, "-keymatexportlen", "60", *arguments,
        )  # fmt: skip
        with program.process:
            try:
                yield Driver(connection, sock, program)
            finally:
                program.process.kill()


Certificates = dict[str, tuple[Certificate, Path]]


def make(
    role: Role, certificates: Certificates, kind: str, peer_kind: str, config: Config | None = None
) -> tuple[Connection, Path]:
    """A connection with a certificate of that kind, and the PEM file of its peer."""
    certificate, _ = certificates[kind]
    # Both ends have the same certificate if they are of one kind: its fingerprint is the same.
    peer, path = certificates[peer_kind]
    connection = Connection(
        role,
        certificate,
        entropy=os.urandom,
        config=config,
        remote_fingerprints=[peer.fingerprint("sha-384")],
    )
    return connection, path


@pytest.mark.parametrize(("suite", "name"), SUITES)
def test_our_client_talks_to_s_server_in_every_suite(
    suite: CipherSuite, name: str, certificates: Certificates
) -> None:
    peer_kind = "ecdsa" if "ECDSA" in name else "rsa"
    connection, pem = make(Role.CLIENT, certificates, "ecdsa", peer_kind)
    with against_server(connection, pem, "-cipher", name) as driver:
        driver.run_until(lambda: driver.completed is not None)
        assert driver.completed is not None
        assert driver.completed.cipher_suite is suite
        assert driver.completed.srtp_profile in (
            SrtpProfile.SRTP_AEAD_AES_256_GCM,
            SrtpProfile.SRTP_AES128_CM_HMAC_SHA1_80,
        )
        assert driver.completed.peer_certificate == certificates[peer_kind][0].der
        driver.exchange_data()


@pytest.mark.parametrize(("suite", "name"), SUITES)
def test_s_client_talks_to_our_server_in_every_suite(
    suite: CipherSuite, name: str, certificates: Certificates
) -> None:
    kind = "ecdsa" if "ECDSA" in name else "rsa"
    connection, pem = make(Role.SERVER, certificates, kind, "rsa")
    with against_client(connection, pem, "-cipher", name) as driver:
        driver.run_until(lambda: driver.completed is not None)
        assert driver.completed is not None
        assert driver.completed.cipher_suite is suite
        assert driver.completed.srtp_profile is SrtpProfile.SRTP_AEAD_AES_256_GCM
        driver.exchange_data()
        assert "Extended master secret: yes" in driver.program.output


@pytest.mark.parametrize(("group", "name"), GROUPS)
@pytest.mark.parametrize("role", list(Role))
def test_every_group(role: Role, group: NamedGroup, name: str, certificates: Certificates) -> None:
    connection, pem = make(role, certificates, "rsa", "rsa")
    against = against_server if role is Role.CLIENT else against_client
    with against(connection, pem, "-groups", name) as driver:
        driver.run_until(lambda: driver.completed is not None)
        assert driver.completed is not None
        assert driver.completed.group is group
        driver.exchange_data()


@pytest.mark.parametrize("scheme", SIGNATURES)
@pytest.mark.parametrize("role", list(Role))
def test_every_signature_scheme(role: Role, scheme: str, certificates: Certificates) -> None:
    kind = "ecdsa" if "ecdsa" in scheme.lower() else "rsa"
    connection, pem = make(role, certificates, kind, kind)
    against = against_server if role is Role.CLIENT else against_client
    with against(connection, pem, "-sigalgs", scheme, "-client_sigalgs", scheme) as driver:
        driver.run_until(lambda: driver.completed is not None)
        driver.exchange_data()


@pytest.mark.parametrize("role", list(Role))
def test_messages_cut_small_on_both_sides(role: Role, certificates: Certificates) -> None:
    connection, pem = make(role, certificates, "rsa", "rsa", Config(mtu=256))
    against = against_server if role is Role.CLIENT else against_client
    with against(connection, pem, "-mtu", "300") as driver:
        driver.run_until(lambda: driver.completed is not None)
        assert max(driver.sizes) <= 300
        assert len(driver.sizes) >= 4
        driver.exchange_data()


def test_our_client_returns_the_cookie_of_s_server(certificates: Certificates) -> None:
    connection, pem = make(Role.CLIENT, certificates, "ecdsa", "ecdsa")
    with against_server(connection, pem, "-listen") as driver:
        driver.run_until(lambda: driver.completed is not None)
        driver.exchange_data()


def test_s_client_returns_the_cookie_of_our_server(certificates: Certificates) -> None:
    connection, pem = make(Role.SERVER, certificates, "ecdsa", "ecdsa", Config(cookies=True))
    with against_client(connection, pem, "-msg") as driver:
        driver.run_until(lambda: driver.completed is not None)
        # The program dumps handshake messages in hexadecimal: type 3 with a body of 35 bytes.
        assert "\n    03 00 00 23 00 00" in driver.program.output
        driver.exchange_data()


def test_s_client_closes(certificates: Certificates) -> None:
    # s_server cannot be made to: it closes its socket before it would send close_notify.
    connection, pem = make(Role.SERVER, certificates, "ecdsa", "ecdsa")
    with against_client(connection, pem) as driver:
        driver.run_until(lambda: driver.completed is not None)
        driver.exchange_data()
        driver.program.write("Q\n")
        driver.run_until(lambda: driver.closed is not None)
        assert driver.closed == Closed("closed by the peer", 0, 0)
        assert connection.state == "closed"


@pytest.mark.parametrize("role", list(Role))
def test_we_close(role: Role, certificates: Certificates) -> None:
    connection, pem = make(role, certificates, "ecdsa", "ecdsa")
    against = against_server if role is Role.CLIENT else against_client
    with against(connection, pem, "-state") as driver:
        driver.run_until(lambda: driver.completed is not None)
        driver.exchange_data()
        connection.close()
        driver.run_until(lambda: "read:warning:close notify" in driver.program.output)
        assert driver.closed == Closed("closed by this side", 0, None)


@pytest.mark.parametrize("role", list(Role))
def test_openssl_hears_of_a_wrong_fingerprint(role: Role, certificates: Certificates) -> None:
    certificate, pem = certificates["ecdsa"]
    connection = Connection(
        role,
        certificate,
        entropy=os.urandom,
        remote_fingerprints=[Fingerprint("sha-256", bytes(32))],
    )
    against = against_server if role is Role.CLIENT else against_client
    with against(connection, pem, "-state") as driver:
        driver.run_until(lambda: "read:fatal:bad certificate" in driver.program.output)
        assert driver.completed is None
        assert driver.closed is not None
        assert driver.closed.sent_alert == 42


def test_s_client_without_certificate_is_refused(certificates: Certificates) -> None:
    connection, _ = make(Role.SERVER, certificates, "ecdsa", "ecdsa")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        program = Program("s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}")
        with program.process:
            try:
                driver = Driver(connection, sock, program)
                driver.run_until(lambda: driver.closed is not None)
                assert driver.closed == Closed("client sent no certificate", 40, None)
            finally:
                program.process.kill()


def test_s_client_cannot_renegotiate(certificates: Certificates) -> None:
    connection, pem = make(Role.SERVER, certificates, "ecdsa", "ecdsa")
    with against_client(connection, pem, "-state") as driver:
        driver.run_until(lambda: driver.completed is not None)
        driver.exchange_data()
        driver.program.write("R\n")
        driver.run_until(lambda: "read:warning:no renegotiation" in driver.program.output)
        assert connection.drops["renegotiation"] >= 1
        assert driver.completed is not None
        assert len([each for each in driver.events if isinstance(each, HandshakeCompleted)]) == 1


def test_s_server_cannot_renegotiate(certificates: Certificates) -> None:
    connection, pem = make(Role.CLIENT, certificates, "ecdsa", "ecdsa")
    with against_server(connection, pem, "-state") as driver:
        driver.run_until(lambda: driver.completed is not None)
        driver.exchange_data()
        driver.program.write("r\n")
        driver.run_until(lambda: "read:warning:no renegotiation" in driver.program.output)
        assert connection.drops["renegotiation"] >= 1


def test_s_server_of_dtls_1_0_is_refused(certificates: Certificates) -> None:
    connection, pem = make(Role.CLIENT, certificates, "ecdsa", "ecdsa")
    with against_server(connection, pem, "-cipher", "ALL:@SECLEVEL=0", version="-dtls1") as driver:
        driver.run_until(lambda: driver.closed is not None)
        assert driver.completed is None
        assert connection.state == "failed"


def test_s_client_of_dtls_1_0_is_refused(certificates: Certificates) -> None:
    connection, pem = make(Role.SERVER, certificates, "ecdsa", "ecdsa")
    with against_client(connection, pem, "-cipher", "ALL:@SECLEVEL=0", version="-dtls1") as driver:
        driver.run_until(lambda: driver.closed is not None)
        assert driver.closed is not None
        assert driver.closed.sent_alert == 70
        assert not [each for each in driver.events if isinstance(each, AlertReceived)]
