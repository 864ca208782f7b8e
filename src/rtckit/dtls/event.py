"""What a connection tells its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .cipher_suite import CipherSuite
from .named_group import NamedGroup
from .srtp_profile import SrtpProfile

__all__ = ["AlertReceived", "ApplicationData", "Closed", "Event", "HandshakeCompleted"]


@dataclass(frozen=True, slots=True)
class HandshakeCompleted:
    """Both sides have finished, and the peer's certificate is the one signalling promised.

    :ivar version: on the wire: ``0xFEFD`` is DTLS 1.2.
    :ivar cipher_suite: of the records.
    :ivar group: of the key exchange.
    :ivar srtp_profile: what ``use_srtp`` chose, or ``None``.
    :ivar peer_certificate: in DER.
    """

    version: int
    cipher_suite: CipherSuite
    group: NamedGroup
    srtp_profile: SrtpProfile | None
    peer_certificate: bytes


@dataclass(frozen=True, slots=True)
class ApplicationData:
    """Application data arrived.

    :ivar packets: the plaintext of one record each, in the order of arrival.
    """

    packets: list[bytes]


@dataclass(frozen=True, slots=True)
class AlertReceived:
    """The peer sent an alert. If it ends the connection, :class:`Closed` follows.

    :ivar fatal: whether its level was fatal.
    :ivar description: an :class:`~rtckit.dtls.AlertDescription`, or an unknown number.
    :ivar authenticated: whether it came sealed; during the handshake anyone on the path can
        make one.
    """

    fatal: bool
    description: int
    authenticated: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection ended; the state is ``"closed"`` or ``"failed"``. Comes once.

    :ivar reason: in words.
    :ivar sent_alert: the alert that this side sent because of it, or ``None``.
    :ivar received_alert: the alert of the peer's that did it, or ``None``.
    """

    reason: str
    sent_alert: int | None = None
    received_alert: int | None = None


Event: TypeAlias = HandshakeCompleted | ApplicationData | AlertReceived | Closed
