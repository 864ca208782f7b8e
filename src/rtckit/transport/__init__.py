"""One BUNDLE transport: ICE, DTLS and SCTP behind one five-tuple (RFC 8843, RFC 8261)."""

from __future__ import annotations

from .transport import Transport, TransportCounters, TransportEvent

__all__ = ["Transport", "TransportCounters", "TransportEvent"]
