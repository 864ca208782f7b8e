"""Peers of ours that lie: what they send is changed before it enters their own transcript,
so that only the check in question can tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest
from tests.unit.dtls_peers import CLIENT, NOW, SERVER, client, events, seeded, server

from rtckit.dtls import (
    AlertDescription,
    ApplicationData,
    Certificate,
    Closed,
    Config,
    Connection,
    HandshakeCompleted,
)
from rtckit.dtls.client import ClientHandshake
from rtckit.dtls.handshake_messages import (
    HandshakeType,
    ServerKeyExchange,
)
from rtckit.dtls.server import ServerHandshake
from rtckit.dtls.signature_scheme import SignatureScheme, sign

Lie: TypeAlias = Callable[[bytes], bytes | None]
Lies: TypeAlias = dict[HandshakeType, Lie]


STRANGER = Certificate.generate(NOW, entropy=seeded("stranger"))


class LyingClient(ClientHandshake):
    lies: Lies

    def _add(self, message_type: HandshakeType, body: bytes, *, epoch: int = 0) -> None:
        lie = self.lies.get(message_type)
        said = lie(body) if lie is not None else body
        if said is not None:
            super()._add(message_type, said, epoch=epoch)


class LyingServer(ServerHandshake):
    lies: Lies

    def _add(self, message_type: HandshakeType, body: bytes, *, epoch: int = 0) -> None:
        lie = self.lies.get(message_type)
        said = lie(body) if lie is not None else body
        if said is not None:
            super()._add(message_type, said, epoch=epoch)

    def sign_again(self, message: ServerKeyExchange) -> bytes:
        """A ServerKeyExchange that was changed, with a signature that is right."""
        signed = self._client_random + self._server_random + message.parameters
        key = self._certificate.private_key
        scheme = SignatureScheme.ECDSA_SECP256R1_SHA256
        return bytes(replace(message, signature=sign(key, scheme, signed), scheme=scheme))


def lying_client(lies: Lies, config: Config | None = None) -> Connection:
    connection = client(config)
    handshake = LyingClient(CLIENT, config or Config(), seeded("lies"), connection.drops)
    handshake.lies = lies
    connection._handshake = handshake
    return connection


def lying_server(lies: Lies, config: Config | None = None) -> Connection:
    connection = server(config)
    handshake = LyingServer(SERVER, config or Config(), seeded("lies"), connection.drops, b"")
    handshake.lies = lies
    connection._handshake = handshake
    return connection


def handshake_of(connection: Connection) -> LyingServer:
    assert isinstance(connection._handshake, LyingServer)
    return connection._handshake


def run(one: Connection, other: Connection) -> None:
    """Carry everything at once; when nothing moves, let time pass, up to two minutes."""
    now = 0.0
    for connection in (one, other):
        if connection.state == "new":
            connection.start(now)
    while now < 120.0:
        moved = False
        for sender, receiver in ((one, other), (other, one)):
            while (train := sender.poll_transmit(now)) is not None:
                receiver.receive(train, now)
                moved = True
        if moved:
            continue
        deadlines = [each for each in (one.next_timeout(), other.next_timeout()) if each]
        if not deadlines:
            return
        now = max(now, min(deadlines))
        one.handle_timeout(now)
        other.handle_timeout(now)


def assert_refused(honest: Connection, alert: AlertDescription, reason: str) -> None:
    seen = events(honest)
    assert [event for event in seen if isinstance(event, Closed)] == [Closed(reason, alert, None)]
    assert not [each for each in seen if isinstance(each, HandshakeCompleted | ApplicationData)]
    assert honest.state == "failed"
    with pytest.raises(RuntimeError):
        honest.export_keying_material(b"label", None, 20)


def assert_never_completes(honest: Connection, drop: str) -> None:
    assert events(honest)[-1] == Closed("the handshake timed out", None, None)
    assert honest.drops[drop] > 0


def flip_last(body: bytes) -> bytes:
    return body[:-1] + bytes((body[-1] ^ 1,))
