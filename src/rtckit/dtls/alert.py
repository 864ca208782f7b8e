"""Alerts: how one endpoint tells the other that it closes, and why. RFC 5246 §7.2."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from rtckit.seam import ParseError

__all__ = ["Alert", "AlertDescription", "AlertLevel", "HandshakeError"]


class AlertLevel(IntEnum):
    """RFC 5246 §7.2."""

    WARNING = 1
    FATAL = 2


class AlertDescription(IntEnum):
    """RFC 5246 §7.2, RFC 6066 §9, RFC 7301 §3.2 and RFC 8446 §6."""

    CLOSE_NOTIFY = 0
    UNEXPECTED_MESSAGE = 10
    BAD_RECORD_MAC = 20
    RECORD_OVERFLOW = 22
    HANDSHAKE_FAILURE = 40
    BAD_CERTIFICATE = 42
    UNSUPPORTED_CERTIFICATE = 43
    CERTIFICATE_REVOKED = 44
    CERTIFICATE_EXPIRED = 45
    CERTIFICATE_UNKNOWN = 46
    ILLEGAL_PARAMETER = 47
    UNKNOWN_CA = 48
    ACCESS_DENIED = 49
    DECODE_ERROR = 50
    DECRYPT_ERROR = 51
    PROTOCOL_VERSION = 70
    INSUFFICIENT_SECURITY = 71
    INTERNAL_ERROR = 80
    INAPPROPRIATE_FALLBACK = 86
    USER_CANCELED = 90
    NO_RENEGOTIATION = 100
    MISSING_EXTENSION = 109
    UNSUPPORTED_EXTENSION = 110
    UNRECOGNIZED_NAME = 112
    CERTIFICATE_REQUIRED = 116
    NO_APPLICATION_PROTOCOL = 120


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as it is on the wire.

    :ivar level: warning or fatal.
    :ivar description: one of :class:`AlertDescription`, or a number that none of them has.
    """

    level: AlertLevel
    description: int

    def __bytes__(self) -> bytes:
        return bytes((self.level, self.description))

    @classmethod
    def parse(cls, data: bytes) -> Alert:
        """Read an alert; raises :class:`ParseError`."""
        if len(data) != 2:
            raise ParseError("alert is not two bytes", len(data))
        if data[0] not in (AlertLevel.WARNING, AlertLevel.FATAL):
            raise ParseError("unknown alert level", 0)
        return cls(AlertLevel(data[0]), data[1])


class HandshakeError(Exception):
    """A check of the handshake failed: the connection ends with this fatal alert.

    Raised and caught inside this package only.
    """

    def __init__(self, alert: AlertDescription, reason: str) -> None:
        super().__init__(reason)
        self.alert = alert
        self.reason = reason
