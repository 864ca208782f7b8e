"""Perfect negotiation (WebRTC 1.0 §10.7): both sides offer when they please, one gives way."""

from __future__ import annotations

import random
from collections import deque

import pytest

from rtckit.errors import InvalidStateError, OperationError
from rtckit.jsep import Description, Fingerprint, LocalParameters, Negotiation

FINGERPRINT = Fingerprint("sha-256", ":".join(["AB"] * 32))


class Peer:
    """The Recommendation's example: polite or not, with messages in flight."""

    def __init__(self, seed: int, polite: bool) -> None:
        self.negotiation = Negotiation(
            entropy=random.Random(seed).randbytes,
            local=LocalParameters(fingerprints=(FINGERPRINT,)),
        )
        self.polite = polite
        self.ignoring = False
        self.inbox: deque[Description | tuple[str, str]] = deque()
        self.other: Peer
        self.gave_way = 0
        self.ignored = 0

    def send(self) -> None:
        description = self.negotiation.local_description
        assert description is not None
        self.other.inbox.append(description)
        place = self.negotiation.add_local_candidate("1 1 udp 1 192.0.2.1 5000 typ host")
        if place is not None:
            text = f"1 1 udp 1 192.0.2.1 5000 typ host ufrag {place.ufrag}"
            self.other.inbox.append((text, place.mid or ""))

    def offer_if_needed(self) -> bool:
        if not self.negotiation.negotiation_needed:
            return False
        self.negotiation.set_local()
        self.send()
        return True

    def read(self) -> None:
        message = self.inbox.popleft()
        if isinstance(message, tuple):
            try:
                self.negotiation.add_remote_candidate(*message)
            except (InvalidStateError, OperationError):
                if not self.ignoring:
                    raise
            return
        collision = message.type == "offer" and self.negotiation.signaling_state != "stable"
        self.ignoring = collision and not self.polite
        if self.ignoring:
            self.ignored += 1
            return
        self.gave_way += self.negotiation.set_remote(message).rolled_back
        if message.type == "offer":
            self.negotiation.set_local()
            self.send()


def pair(seed: int) -> tuple[Peer, Peer]:
    polite, impolite = Peer(2 * seed, True), Peer(2 * seed + 1, False)
    polite.other, impolite.other = impolite, polite
    return polite, impolite


def assert_agreed(a: Peer, b: Peer) -> None:
    one, two = a.negotiation.transport, b.negotiation.transport
    assert one is not None
    assert two is not None
    assert one.mid == two.mid
    assert one.local is not None and two.remote is not None
    assert two.local is not None and one.remote is not None
    assert (one.local.ufrag, one.local.pwd) == (two.remote.ufrag, two.remote.pwd)
    assert (two.local.ufrag, two.local.pwd) == (one.remote.ufrag, one.remote.pwd)
    assert {one.dtls_role, two.dtls_role} == {"client", "server"}


def test_two_first_offers_cross() -> None:
    polite, impolite = pair(1)
    for peer in (polite, impolite):
        peer.negotiation.request_application()
        assert peer.offer_if_needed()
    while polite.inbox or impolite.inbox:
        for peer in (polite, impolite):
            if peer.inbox:
                peer.read()
    assert (polite.gave_way, impolite.ignored) == (1, 1)
    assert polite.negotiation.signaling_state == impolite.negotiation.signaling_state == "stable"
    # The accepted offer had what the polite side wanted too.
    assert not polite.negotiation.negotiation_needed
    assert_agreed(polite, impolite)


@pytest.mark.parametrize("seed", range(150))
def test_any_order_of_offers_restarts_and_deliveries_ends_in_agreement(seed: int) -> None:
    order = random.Random(seed)
    polite, impolite = pair(seed)
    peers = (polite, impolite)
    for _ in range(60):
        peer = order.choice(peers)
        action = order.random()
        if action < 0.1:
            peer.negotiation.request_application()
        elif action < 0.2:
            peer.negotiation.restart_ice()
        elif action < 0.5:
            peer.offer_if_needed()
        elif peer.inbox:
            peer.read()
    polite.negotiation.request_application()
    for _ in range(100):
        for peer in peers:
            while peer.inbox:
                peer.read()
            peer.offer_if_needed()
        if not (polite.inbox or impolite.inbox):
            break
    for peer in peers:
        assert peer.negotiation.signaling_state == "stable"
        assert not peer.negotiation.negotiation_needed
    assert_agreed(polite, impolite)
