"""How much a peer may make an agent keep, and how fast the agent goes about its work."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits", "Timing"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on everything that a peer, or its signaling, can make grow.

    :ivar remote_candidates: signalled and learned remote candidates together.
    :ivar pairs: candidate pairs; the lowest priorities are pruned (RFC 8445 §6.1.2.5).
    :ivar peer_reflexive: remote candidates learned from checks, of those above.
    :ivar local_peer_reflexive: local candidates learned from mapped addresses.
    :ivar early_checks: checks remembered until the remote credentials are known.
    :ivar transmits: datagrams waiting to be polled; more replies are dropped.
    """

    remote_candidates: int = 100
    pairs: int = 100
    peer_reflexive: int = 32
    local_peer_reflexive: int = 16
    early_checks: int = 32
    transmits: int = 256


@dataclass(frozen=True, slots=True)
class Timing:
    """Intervals in seconds.

    :ivar ta: between ordinary checks. RFC 8445 §14.2 says 50 ms unless the network is known to
        bear more, and never below 5 ms.
    :ivar rto: before the first retransmission of a check, doubled at each (RFC 8445 §14.3).
    :ivar max_rto: where doubling stops.
    :ivar sends: how often one check is sent in all.
    :ivar gather_rto: before the first retransmission to a STUN server (RFC 8489 §6.2.1).
    :ivar gather_max_rto: where doubling stops.
    :ivar gather_sends: how often a STUN server is asked.
    :ivar nomination_grace: how long a controlling agent that has a valid pair waits for a better.
    :ivar relay_grace: the same when the best so far goes through a relay.
    :ivar consent_interval: the mean time between consent checks (RFC 7675 §5.1).
    :ivar probe_after: how long a consent check goes unanswered before a connectivity check, which
        is retransmitted, follows it.
    :ivar disconnected: how long a consent check goes unanswered before the state says so.
    :ivar consent_expiry: without an answer for so long, sending must stop (RFC 7675 §5.1).
    :ivar patience: without any progress for so long, checking fails, and no sooner: the peer may
        yet reach us from an address that we do not know (RFC 8863 §4).
    """

    ta: float = 0.02
    rto: float = 0.1
    max_rto: float = 1.6
    sends: int = 7
    gather_rto: float = 0.25
    gather_max_rto: float = 2.0
    gather_sends: int = 6
    nomination_grace: float = 0.1
    relay_grace: float = 0.5
    consent_interval: float = 5.0
    probe_after: float = 1.0
    disconnected: float = 5.0
    consent_expiry: float = 30.0
    patience: float = 39.5

    def __post_init__(self) -> None:
        if self.ta < 0.005:
            raise ValueError("ta is at least 5 ms (RFC 8445 §14.2)")
        if self.consent_interval < 5.0:
            # The random factor of 0.8 must not bring it below 4 s (RFC 7675 §5.1).
            raise ValueError("the consent interval is at least 5 s (RFC 7675 §5.1)")
