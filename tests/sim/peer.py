"""Whole peer connections as hosts of the simulated network."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from datetime import UTC, datetime

from rtckit.connection import (
    ChannelAnnounced,
    ChannelClosed,
    ChannelOpened,
    Connection,
    ConnectionEvent,
    LocalCandidate,
    MessagesReceived,
    Settings,
)
from rtckit.datachannel import Channel
from rtckit.dtls import Certificate
from rtckit.jsep import Description
from rtckit.seam import Address, Train
from rtckit.testing import Conditions, Network, Simulation, seeded_entropy

__all__ = ["FACTOR", "Peer", "connect", "negotiate", "pair", "rough"]

A, B = "10.0.0.1", "10.0.0.2"

#: ``SEEDS`` in the environment: how many times the usual number of seeds each story runs.
FACTOR = int(os.environ.get("SEEDS", "1"))

NOW_UTC = datetime(2026, 1, 1, tzinfo=UTC)


class Peer:
    """Drives a :class:`Connection` and keeps what it says.

    :ivar received: messages by channel label, in order of arrival.
    :ivar announced: channels that the other side has opened, by label.
    """

    def __init__(self, seed: str, *addresses: str, settings: Settings | None = None) -> None:
        entropy = seeded_entropy(seed)
        certificate = Certificate.generate(NOW_UTC, entropy=entropy)
        self.connection = Connection(
            settings or Settings(), certificate=certificate, entropy=entropy
        )
        self.bases: list[Address] = [(address, 5000) for address in addresses]
        self.received: dict[str, list[str | bytes]] = {}
        self.announced: dict[str, Channel] = {}
        self.opened: list[Channel] = []
        self.closed: list[tuple[Channel, str]] = []
        self.candidates: list[LocalCandidate] = []
        self.reading = True
        self.unread = 0

    def channel(self, label: str, now: float, **options: object) -> Channel:
        """Create a data channel."""
        arguments: dict[str, object] = {
            "ordered": True,
            "max_packet_life_time": None,
            "max_retransmits": None,
            "protocol": "",
            "negotiated": False,
            "id": None,
            "priority": "low",
        }
        arguments.update(options)
        return self.connection.create_channel(label=label, now=now, **arguments)  # type: ignore[arg-type]

    def gather(self, now: float) -> None:
        """Open the sockets there are."""
        for base in self.bases:
            self.connection.add_local_address(base, now)
        self.connection.end_gathering(now)

    def receive(self, datagrams: list[tuple[bytes, Address, Address]], now: float) -> None:
        for datagram, source, destination in datagrams:
            self.connection.receive(Train(datagram), destination, source, now)

    def transmit(self, now: float) -> Iterable[tuple[bytes, Address, Address]]:
        sent: list[tuple[bytes, Address, Address]] = []
        while True:
            while (event := self.connection.next_event()) is not None:
                self.on_event(event, now)
            transmit = self.connection.poll_transmit(now)
            if transmit is None:
                if (event := self.connection.next_event()) is None:
                    return sent
                self.on_event(event, now)
                continue
            sent += [(each, transmit.source, transmit.destination) for each in transmit.train]

    def next_timeout(self) -> float | None:
        return self.connection.next_timeout()

    def handle_timeout(self, now: float) -> None:
        self.connection.handle_timeout(now)

    def on_event(self, event: ConnectionEvent, now: float) -> None:
        match event:
            case MessagesReceived(messages):
                for channel, message, size in messages:
                    self.received.setdefault(channel.label, []).append(message)
                    if self.reading:
                        self.connection.consume(size, now)
                    else:
                        self.unread += size
            case ChannelAnnounced(channel):
                self.announced[channel.label] = channel
            case ChannelOpened(channel):
                self.opened.append(channel)
            case ChannelClosed(channel, error):
                self.closed.append((channel, error))
            case LocalCandidate():
                self.candidates.append(event)


def negotiate(simulation: Simulation, offerer: Peer, answerer: Peer) -> None:
    """Exchange descriptions, candidates included, as fast as signaling can."""
    now = simulation.now
    offerer.connection.set_local(None, now)
    offerer.gather(now)
    offer = offerer.connection.negotiation.local_description
    assert offer is not None
    answerer.connection.set_remote(Description("offer", offer.sdp), now)
    answerer.connection.set_local(None, now)
    answerer.gather(now)
    answer = answerer.connection.negotiation.local_description
    assert answer is not None
    offerer.connection.set_remote(Description("answer", answer.sdp), now)


def connect(simulation: Simulation, offerer: Peer, answerer: Peer, limit: float = 60.0) -> float:
    """Negotiate, and run until a first channel of the offerer's is open at both ends."""
    offerer.channel("first", simulation.now)
    negotiate(simulation, offerer, answerer)
    return simulation.run_until(
        lambda: bool(offerer.opened) and "first" in answerer.announced, limit
    )


def pair(
    seed: int | str, conditions: Conditions, settings: Settings | None = None
) -> tuple[Simulation, Peer, Peer]:
    simulation = Simulation(Network(seed, conditions))
    offerer = Peer(f"offerer {seed}", A, settings=settings)
    answerer = Peer(f"answerer {seed}", B, settings=settings)
    simulation.attach(offerer, A)
    simulation.attach(answerer, B)
    return simulation, offerer, answerer


def rough(seed: int, loss: float) -> Conditions:
    """Loss, and a little of everything but corruption.

    DTLS sends its first flights in the clear, so that a changed byte there ends the handshake,
    as it must; corruption is for what comes after.
    """
    rng = random.Random(seed)
    return Conditions(
        delay=rng.choice([0.001, 0.02, 0.1]),
        jitter=rng.random() * 0.01,
        loss=loss,
        reorder=rng.random() * 0.1,
        reorder_delay=rng.random() * 0.03,
        duplicate=rng.random() * 0.05,
    )
