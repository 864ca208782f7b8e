"""What an endpoint offers and how much it lets a peer take."""

from __future__ import annotations

from dataclasses import dataclass, field

from .cipher_suite import CIPHER_SUITES, CipherSuite
from .named_group import NAMED_GROUPS, NamedGroup
from .srtp_profile import SRTP_PROFILES, SrtpProfile

__all__ = ["Config", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a peer can make grow, and how far.

    :ivar handshake_message: the longest handshake message, in bytes.
    :ivar messages_ahead: how many handshake messages are put together at a time.
    :ivar message_gaps: in how many separate parts one of these may have come.
    :ivar early_records: how many records that came before their keys are kept.
    :ivar held_packets: how many packets of application data are kept until the handshake is
        complete and the peer's fingerprint is known.
    :ivar hello_verify_requests: how many cookies a client sends back.
    """

    handshake_message: int = 16384
    messages_ahead: int = 8
    message_gaps: int = 64
    early_records: int = 16
    held_packets: int = 256
    hello_verify_requests: int = 3


@dataclass(frozen=True, slots=True)
class Config:
    """How a :class:`~rtckit.dtls.Connection` goes about its handshake.

    :ivar cipher_suites: offered and accepted, the most preferred first.
    :ivar groups: for the key exchange, the most preferred first.
    :ivar srtp_profiles: for ``use_srtp``, the most preferred first; empty for no SRTP.
    :ivar cookies: as a server, ask for a cookie (HelloVerifyRequest) before anything costly
        is done or kept. ICE has already shown that the peer receives; so off by default.
    :ivar cookie_secret: what cookies are made with; by default drawn for each connection.
    :ivar mtu: the longest datagram of the handshake, in bytes. Application data is never cut.
    :ivar retransmit_initial: after how many seconds a flight is first sent again; it doubles.
    :ivar retransmit_maximum: the longest that this becomes.
    :ivar handshake_timeout: after how many seconds the handshake is given up. Long, as ICE may
        connect before a person has carried our answer to a peer that cannot speak DTLS till then.
    :ivar limits: what a peer can make grow.
    """

    cipher_suites: tuple[CipherSuite, ...] = CIPHER_SUITES
    groups: tuple[NamedGroup, ...] = NAMED_GROUPS
    srtp_profiles: tuple[SrtpProfile, ...] = SRTP_PROFILES
    cookies: bool = False
    cookie_secret: bytes | None = None
    mtu: int = 1200
    retransmit_initial: float = 0.05
    retransmit_maximum: float = 3.0
    handshake_timeout: float = 120.0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self.cipher_suites:
            raise ValueError("no cipher suites")
        if not self.groups:
            raise ValueError("no groups")
        if self.mtu < 128:
            raise ValueError("the MTU is below 128 bytes")
        if not 0 < self.retransmit_initial <= self.retransmit_maximum:
            raise ValueError("the retransmission intervals are not in order")
        if self.cookie_secret is not None and len(self.cookie_secret) < 16:
            raise ValueError("the cookie secret is shorter than 16 bytes")
