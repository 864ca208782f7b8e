"""DTLS: a handshake over datagrams, and records sealed and opened a train at a time.

A sans-IO machine for both roles of DTLS 1.2 (RFC 6347) as WebRTC uses it (RFC 8827 §6.5): both
sides show self-signed certificates, which signalling vouches for by their fingerprints; keys
for SRTP are exported (RFC 5764). :class:`Connection` is the machine; the rest is what it takes
and gives.
"""

from __future__ import annotations

from .alert import AlertDescription, AlertLevel
from .certificate import Certificate
from .cipher_suite import CIPHER_SUITES, CipherSuite
from .config import Config, Limits
from .connection import Connection, ConnectionState, Role
from .event import AlertReceived, ApplicationData, Closed, Event, HandshakeCompleted
from .fingerprint import FINGERPRINT_ALGORITHMS, Fingerprint
from .named_group import NAMED_GROUPS, NamedGroup
from .srtp_profile import SRTP_PROFILES, SrtpProfile

__all__ = [
    "CIPHER_SUITES",
    "FINGERPRINT_ALGORITHMS",
    "NAMED_GROUPS",
    "SRTP_PROFILES",
    "AlertDescription",
    "AlertLevel",
    "AlertReceived",
    "ApplicationData",
    "Certificate",
    "CipherSuite",
    "Closed",
    "Config",
    "Connection",
    "ConnectionState",
    "Event",
    "Fingerprint",
    "HandshakeCompleted",
    "Limits",
    "NamedGroup",
    "Role",
    "SrtpProfile",
]
