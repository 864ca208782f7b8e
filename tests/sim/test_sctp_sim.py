"""Two associations over a seeded path in virtual time."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable

import pytest

from rtckit.sctp import (
    Association,
    Closed,
    Config,
    Connected,
    Event,
    IncomingStreamsReset,
    MessagesReceived,
    OutgoingStreamsReset,
    Restarted,
    State,
)
from rtckit.seam import Entropy
from rtckit.testing import Conditions, Link, seeded_entropy


class Pair:
    """Two associations and a path each way. ``reads`` says which application reads."""

    def __init__(
        self,
        seed: int | str,
        conditions: Conditions,
        config: Config | None = None,
        back: Conditions | None = None,
    ) -> None:
        self.now = 1000.0
        self.seed = seed
        rng = random.Random(f"pair {seed}")
        config = config or Config()
        self.ends = [Association(config, entropy=seeded_entropy(f"{seed} {side}")) for side in "ab"]
        self.links: list[Link[None]] = [Link(conditions, rng), Link(back or conditions, rng)]
        self.reads = [True, True]
        self.messages: list[list[tuple[int, int, bytes]]] = [[], []]
        self.received = [0, 0]
        self.unread = [[0, 0], [0, 0]]
        self.events: list[list[Event]] = [[], []]
        self.keep = True
        self.windows: list[int] = []

    @property
    def a(self) -> Association:
        return self.ends[0]

    @property
    def b(self) -> Association:
        return self.ends[1]

    def connect(self) -> None:
        for end in self.ends:
            end.connect(self.now)
        self.run_until(lambda: all(self.has(side, Connected) for side in (0, 1)), 60)

    def has(self, side: int, kind: type) -> bool:
        return any(isinstance(event, kind) for event in self.events[side])

    def drain(self) -> None:
        for side, end in enumerate(self.ends):
            while (event := end.next_event()) is not None:
                if not isinstance(event, MessagesReceived):
                    self.events[side].append(event)
                    continue
                self.received[side] += event.size
                if self.keep:
                    self.messages[side] += event.messages
                self.unread[side][0] += event.size
                self.unread[side][1] += len(event.messages)
                if self.reads[side]:
                    self.read(side)
            while (packets := end.poll_transmit(self.now)) is not None:
                for packet in packets:
                    assert len(packet) <= 1160
                    self.links[side].send(packet, None, self.now)

    def read(self, side: int) -> None:
        size, count = self.unread[side]
        self.unread[side] = [0, 0]
        self.ends[side].consume(size, self.now, messages=count)

    def step(self, limit: float) -> None:
        """To the next thing that happens, but no further than ``limit``."""
        self.drain()
        arrivals = [link.next_arrival() for link in self.links]
        deadlines = [end.next_timeout() for end in self.ends]
        times = [time for time in (*arrivals, *deadlines) if time is not None]
        self.now = max(self.now, min([*times, limit]))
        for side, link in enumerate(self.links):
            arrived = [packet for packet, _ in link.receive(self.now)]
            if arrived:
                self.ends[1 - side].receive(arrived, self.now)
        for end in self.ends:
            deadline = end.next_timeout()
            if deadline is not None and deadline <= self.now:
                end.handle_timeout(self.now)
        self.drain()

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.step(end)

    def wait_for(self, side: int, kind: type, count: int) -> None:
        events = self.events[side]
        self.run_until(lambda: sum(isinstance(e, kind) for e in events) == count, 200)

    def run_until(self, done: Callable[[], object], seconds: float) -> None:
        end = self.now + seconds
        while not done():
            assert self.now < end, f"seed {self.seed}: not done after {seconds} s"
            self.step(end)


def traffic(rng: random.Random, count: int) -> list[tuple[int, bool, bytes]]:
    return [
        (
            rng.randrange(6),
            rng.random() < 0.7,
            index.to_bytes(4, "big") + rng.randbytes(rng.choice((0, 10, 100, 1200, 5000, 40_000))),
        )
        for index in range(count)
    ]


def check_delivery(
    sent: list[tuple[int, bool, bytes]], got: list[tuple[int, int, bytes]], seed: object
) -> None:
    assert len(sent) == len(got), f"seed {seed}"
    assert sorted((s, d) for s, _, d in sent) == sorted((s, d) for s, _, d in got), f"seed {seed}"
    ordered_sent: dict[int, list[bytes]] = defaultdict(list)
    ordered = {data for _, is_ordered, data in sent if is_ordered}
    for stream, is_ordered, data in sent:
        if is_ordered:
            ordered_sent[stream].append(data)
    ordered_got: dict[int, list[bytes]] = defaultdict(list)
    for stream, _, data in got:
        if data in ordered:
            ordered_got[stream].append(data)
    assert ordered_sent == ordered_got, f"seed {seed}"


@pytest.mark.parametrize("seed", range(24))
def test_every_reliable_message_arrives_once_and_in_order(seed: int) -> None:
    rng = random.Random(seed)
    conditions = Conditions(
        delay=rng.choice((0.0005, 0.02, 0.1)),
        jitter=0.005,
        loss=rng.uniform(0, 0.1),
        reorder=rng.uniform(0, 0.1),
        duplicate=rng.uniform(0, 0.05),
        corrupt=rng.uniform(0, 0.02),
    )
    pair = Pair(seed, conditions)
    pair.connect()
    sent = [traffic(rng, 150), traffic(rng, 60)]
    for side in (0, 1):
        for stream, ordered, data in sent[side]:
            pair.ends[side].send(stream, 53, data, pair.now, ordered=ordered)
    pair.run_until(
        lambda: len(pair.messages[1]) >= len(sent[0]) and len(pair.messages[0]) >= len(sent[1]),
        600,
    )
    pair.run(5)
    check_delivery(sent[0], pair.messages[1], seed)
    check_delivery(sent[1], pair.messages[0], seed)
    assert pair.a.unacknowledged == pair.b.unacknowledged == 0


@pytest.mark.parametrize("seed", range(12))
def test_the_handshake_survives_heavy_loss(seed: int) -> None:
    pair = Pair(seed, Conditions(delay=0.02, loss=0.3, duplicate=0.1))
    pair.connect()
    pair.a.send(0, 51, b"here", pair.now)
    pair.run_until(lambda: pair.messages[1], 120)
    assert pair.messages[1] == [(0, 51, b"here")]


def from_entropy(tsn: int, seed: int) -> Entropy:
    """Entropy whose third draw, the initial TSN, is ``tsn``."""
    draws = iter([bytes(32), seed.to_bytes(4, "big"), tsn.to_bytes(4, "big")])
    rest = seeded_entropy(seed)
    return lambda size: next(draws, None) or rest(size)


@pytest.mark.parametrize("seed", range(1, 9))
def test_tsn_and_ssn_wrap_under_loss(seed: int) -> None:
    pair = Pair(seed, Conditions(delay=0.01, loss=0.03, reorder=0.03), Config())
    for side in (0, 1):
        entropy = from_entropy(2**32 - 700 - side, 7 + seed + side)
        pair.ends[side] = Association(Config(), entropy=entropy)
    pair.connect()
    # 70,000 small messages wrap the 16 bits of one stream's sequence number.
    total = 70_000
    sent = 0
    pair.keep = seed == 1
    while pair.received[1] < total * 4:
        while sent < total and pair.a.queued < 100_000:
            pair.a.send(3, 53, sent.to_bytes(4, "big"), pair.now)
            sent += 1
        pair.step(pair.now + 1)
        if seed > 1 and sent > 4000:
            total = sent
    pair.run(1)
    assert pair.received[1] == total * 4
    if pair.keep:
        got = [int.from_bytes(data, "big") for _, _, data in pair.messages[1]]
        assert got == list(range(total))


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("mode", ["retransmits", "lifetime"])
def test_partial_reliability_keeps_order_and_what_is_reliable(seed: int, mode: str) -> None:
    rng = random.Random(seed)
    pair = Pair(f"{mode}{seed}", Conditions(delay=0.02, loss=0.08, reorder=0.02))
    pair.connect()
    reliable: list[bytes] = []
    for index in range(300):
        data = index.to_bytes(4, "big") + rng.randbytes(rng.choice((1, 100, 3000, 20_000)))
        if index % 5 == 0:
            reliable.append(data)
            pair.a.send(1, 53, data, pair.now)
        elif mode == "retransmits":
            pair.a.send(2, 53, data, pair.now, max_retransmits=rng.choice((0, 1)))
        else:
            pair.a.send(2, 53, data, pair.now, lifetime=rng.choice((0.0, 0.03, 0.2)))
        if index % 20 == 0:
            pair.run(0.03)
    last = b"the end"
    pair.a.send(1, 53, last, pair.now)
    pair.a.send(2, 53, last, pair.now)
    pair.run_until(lambda: sum(data == last for _, _, data in pair.messages[1]) == 2, 120)
    pair.run_until(lambda: not pair.a.unacknowledged, 60)
    pair.run(2)
    got = {stream: [d for s, _, d in pair.messages[1] if s == stream] for stream in (1, 2)}
    assert got[1] == [*reliable, last]
    numbers = [int.from_bytes(data[:4], "big") for data in got[2][:-1]]
    assert numbers == sorted(set(numbers))
    assert pair.a.stats.messages_abandoned > 0
    assert pair.a.unacknowledged == 0
    # Nothing of what was given up stays in the receiver.
    assert pair.b.stats.receive_window == Config().receive_window


@pytest.mark.parametrize("seed", range(6))
def test_unordered_unreliable_never_stalls(seed: int) -> None:
    pair = Pair(seed, Conditions(delay=0.05, loss=0.1))
    pair.connect()
    for index in range(2000):
        data = index.to_bytes(4, "big") * 50
        pair.a.send(0, 53, data, pair.now, ordered=False, max_retransmits=0)
        if index % 50 == 0:
            pair.run(0.01)
    # A tenth lost leaves a window of some four packets, but it must never stop.
    pair.run_until(lambda: not pair.a.unacknowledged, 20)
    got = [int.from_bytes(data[:4], "big") for _, _, data in pair.messages[1]]
    assert len(set(got)) == len(got) > 1600
    assert pair.a.unacknowledged == 0


def test_a_window_closed_for_a_minute_and_reopened() -> None:
    pair = Pair("window", Conditions(delay=0.01), Config(receive_window=600_000))
    pair.connect()
    pair.reads[1] = False
    payload = random.Random(5).randbytes(50_000)
    for _ in range(40):
        pair.a.send(0, 53, payload, pair.now)
    pair.run(1)
    before = pair.received[1]
    assert before <= 600_000
    pair.run(60)
    assert pair.received[1] - before <= 50_000
    assert pair.a.state is State.ESTABLISHED
    assert pair.a.stats.packets_sent < 3000
    pair.reads[1] = True
    reopened = pair.now
    pair.read(1)
    pair.run_until(lambda: pair.received[1] == 2_000_000, 20)
    assert pair.now - reopened < 5


def test_a_lost_window_update_is_found_by_probing() -> None:
    pair = Pair("probe", Conditions(delay=0.01), Config(receive_window=600_000))
    pair.connect()
    pair.reads[1] = False
    for _ in range(40):
        pair.a.send(0, 53, bytes(50_000), pair.now)
    pair.run(5)
    pair.links[1].conditions = Conditions(delay=0.01, loss=1.0)
    pair.reads[1] = True
    pair.read(1)
    pair.run(0.1)
    pair.links[1].conditions = Conditions(delay=0.01)
    pair.run_until(lambda: pair.received[1] == 2_000_000, 30)


def test_a_long_fat_path_is_filled() -> None:
    # 100 ms round trip at 100 Mbit/s, with a queue of one bandwidth-delay product.
    rate = 100e6 / 8
    conditions = Conditions(delay=0.05, rate=rate, queue=int(rate * 0.1))
    pair = Pair("fat", conditions, back=Conditions(delay=0.05))
    pair.keep = False
    pair.connect()
    payload = bytes(65_536)

    def feed(seconds: float) -> int:
        start, end = pair.received[1], pair.now + seconds
        while pair.now < end:
            while pair.a.queued < 1_000_000:
                pair.a.send(0, 53, payload, pair.now)
            pair.step(end)
        return pair.received[1] - start

    feed(2)
    goodput = feed(5) / 5
    assert goodput > 0.8 * rate, f"{goodput / rate:.0%}"


# Additive increase and halving give 1.22 * packet / (round trip * sqrt(loss)) (Mathis et al. 1997),
# which is 3.6 % and 1.1 % of this path; slow start adds to it.
@pytest.mark.parametrize(("loss", "share"), [(0.001, 0.04), (0.01, 0.0135)])
def test_loss_costs_no_more_than_congestion_control_says(loss: float, share: float) -> None:
    rate = 100e6 / 8
    pair = Pair("lossy", Conditions(delay=0.05, rate=rate, loss=loss, queue=1_250_000))
    pair.keep = False
    pair.connect()
    end = pair.now + 10
    while pair.now < end:
        while pair.a.queued < 1_000_000:
            pair.a.send(0, 53, bytes(65_536), pair.now)
        pair.step(end)
    assert pair.received[1] > share * rate * 10, pair.received[1] / rate / 10


def test_one_big_message_does_not_starve_other_streams() -> None:
    pair = Pair("fair", Conditions(delay=0.01, rate=1e6))
    pair.connect()
    for _ in range(8):
        pair.a.send(1, 53, bytes(100_000), pair.now)
    pair.a.send(2, 51, b"small", pair.now)
    pair.run_until(lambda: any(m[0] == 2 for m in pair.messages[1]), 10)
    assert sum(m[0] == 1 for m in pair.messages[1]) <= 2


@pytest.mark.parametrize("seed", range(10))
def test_streams_are_reset_and_used_again_under_loss(seed: int) -> None:
    pair = Pair(seed, Conditions(delay=0.02, loss=0.1, reorder=0.05))
    pair.connect()
    expected = []
    for life in range(4):
        for index in range(20):
            data = f"{life} {index}".encode() * 50
            pair.a.send(5, 51, data, pair.now)
            expected.append(data)
        pair.a.reset_streams([5], pair.now)
        with pytest.raises(ValueError, match="being reset"):
            pair.a.send(5, 51, b"too early", pair.now)
        pair.wait_for(0, OutgoingStreamsReset, life + 1)
        assert sum(isinstance(e, IncomingStreamsReset) for e in pair.events[1]) == life + 1
    pair.run(2)
    assert [data for _, _, data in pair.messages[1]] == expected


@pytest.mark.parametrize("seed", range(8))
def test_shutdown_delivers_everything_first(seed: int) -> None:
    pair = Pair(seed, Conditions(delay=0.02, loss=0.1))
    pair.connect()
    for index in range(50):
        pair.a.send(0, 53, index.to_bytes(4, "big") * 500, pair.now)
        pair.b.send(0, 53, index.to_bytes(4, "big") * 10, pair.now)
    pair.a.shutdown(pair.now)
    with pytest.raises(RuntimeError, match="shutdown-pending"):
        pair.a.send(0, 53, b"late", pair.now)
    if seed % 2:
        pair.b.shutdown(pair.now)
    pair.run_until(lambda: pair.has(0, Closed) and pair.has(1, Closed), 60)
    assert len(pair.messages[0]) == len(pair.messages[1]) == 50
    assert all(e.cause is None for side in pair.events for e in side if isinstance(e, Closed))
    assert pair.a.next_timeout() is None and pair.b.next_timeout() is None


def test_a_restarted_peer_is_taken_back() -> None:
    pair = Pair("restart", Conditions(delay=0.01))
    pair.connect()
    pair.a.send(0, 51, b"one", pair.now)
    pair.b.send(0, 51, b"lost", pair.now)
    pair.run(1)
    pair.ends[0] = Association(Config(), entropy=seeded_entropy("another"))
    pair.events[0].clear()
    pair.a.connect(pair.now)
    pair.run_until(lambda: pair.has(0, Connected), 5)
    assert pair.has(1, Restarted)
    pair.a.send(0, 51, b"two", pair.now)
    pair.b.send(0, 51, b"three", pair.now)
    pair.run(1)
    assert [m[2] for m in pair.messages[1]] == [b"one", b"two"]
    assert pair.messages[0][-1][2] == b"three"


def test_a_dead_path_is_noticed_with_and_without_data() -> None:
    for data in (True, False):
        pair = Pair("dead", Conditions(delay=0.01), Config(max_retransmits=5))
        pair.connect()
        for link in pair.links:
            link.conditions = Conditions(loss=1.0)
        if data:
            pair.a.send(0, 51, b"into the void", pair.now)
        start = pair.now
        pair.wait_for(0, Closed, 1)
        assert "path" in next(e.reason for e in pair.events[0] if isinstance(e, Closed))
        assert pair.now - start < 90
        assert pair.a.next_timeout() is None


def test_an_idle_association_stays_up_for_a_day() -> None:
    pair = Pair("idle", Conditions(delay=0.03))
    pair.connect()
    pair.run(86_400)
    assert pair.a.state is pair.b.state is State.ESTABLISHED
    assert 2000 < pair.a.stats.packets_sent < 12_000
    pair.a.send(0, 51, b"morning", pair.now)
    pair.run(0.1)
    assert pair.messages[1] == [(0, 51, b"morning")]


def test_the_timeout_backs_off_and_recovers() -> None:
    pair = Pair("rto", Conditions(delay=0.05))
    pair.connect()
    pair.a.send(0, 51, b"x", pair.now)
    pair.run(1)
    steady = pair.a.stats.rto
    assert steady < 0.4
    pair.links[0].conditions = Conditions(delay=0.05, loss=1.0)
    pair.a.send(0, 51, b"y", pair.now)
    pair.run(5)
    assert pair.a.stats.rto >= 8 * steady or pair.a.stats.rto == Config().rto_max
    assert pair.a.stats.packets_sent < 40
    pair.links[0].conditions = Conditions(delay=0.05)
    pair.run(20)
    pair.a.send(0, 51, b"z", pair.now)
    pair.run(1)
    assert [m[2] for m in pair.messages[1]] == [b"x", b"y", b"z"]
    assert pair.a.stats.rto < 0.6


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_a_lost_tail_is_found_by_a_probe_and_not_by_the_timer(lost: int) -> None:
    pair = Pair(f"tail {lost}", Conditions(delay=0.02))
    pair.connect()
    for _ in range(20):
        pair.a.send(0, 53, bytes(8 * 1100), pair.now)
        pair.run(0.1)
    assert pair.a.stats.retransmissions == 0
    for _ in range(9):
        pair.a.send(0, 53, bytes(1100), pair.now)
    train = pair.a.poll_transmit(pair.now)
    assert train is not None and len(train) == 9
    for packet in train[:-lost]:
        pair.links[0].send(packet, None, pair.now)
    start, before = pair.now, pair.received[1]
    pair.run_until(lambda: pair.received[1] == before + 9 * 1100, 5)
    # A round trip until the last acknowledgement, two until the probe, one for what it shows,
    # and the peer's delay; with T3 it would be 260 ms.
    assert pair.now - start < 0.185
    pair.run(0.1)
    assert pair.a.stats.loss_events == 1
    assert pair.a.stats.retransmissions == lost


def test_a_lone_message_is_not_sent_twice_for_a_peer_that_acknowledges_late() -> None:
    pair = Pair("late", Conditions(delay=0.005))
    pair.ends[1] = Association(Config(sack_delay=0.15), entropy=seeded_entropy("late"))
    pair.connect()
    for _ in range(30):
        pair.a.send(0, 53, bytes(5000), pair.now)
        pair.run(0.1)
    for _ in range(100):
        pair.a.send(0, 53, b"tick", pair.now)
        pair.run(0.5)
    assert len(pair.messages[1]) == 130
    # A few are, until it is known how late.
    assert 0 < pair.a.stats.retransmissions < 10 and pair.a.stats.loss_events == 0


def test_all_streams_there_are() -> None:
    pair = Pair("streams", Conditions(delay=0.001))
    pair.connect()
    for stream in range(65_535):
        pair.a.send(stream, 53, stream.to_bytes(2, "big"), pair.now)
    with pytest.raises(ValueError, match="65535"):
        pair.a.send(65_535, 53, b"one too many", pair.now)
    pair.run_until(lambda: len(pair.messages[1]) == 65_535, 60)
    assert all(data == stream.to_bytes(2, "big") for stream, _, data in pair.messages[1])
    pair.a.reset_streams(range(65_535), pair.now)
    pair.run_until(
        lambda: (
            sum(len(e.stream_ids) for e in pair.events[1] if isinstance(e, IncomingStreamsReset))
            == 65_535
        ),
        60,
    )
    pair.wait_for(0, OutgoingStreamsReset, -(-65_535 // 400))
    assert all(e.performed for e in pair.events[0] if isinstance(e, OutgoingStreamsReset))
    pair.a.send(65_534, 53, b"again", pair.now)
    pair.run(1)
    assert pair.messages[1][-1] == (65_534, 53, b"again")
