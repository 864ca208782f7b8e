"""Device peers that meet each other in one process, over the machine's own network."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from rtckit.device import Limits, OfferNotReady, webrtc

WAIT = 15.0


class Witness:
    """A peer, and what its callbacks were told."""

    def __init__(self, role: str, limits: Limits | None = None) -> None:
        self.peer = webrtc.Peer(role, limits=limits)
        self.told: list[tuple[str, object]] = []
        self.threads: set[threading.Thread] = set()
        self._changed = threading.Condition()
        self.peer.on_offer(lambda sdp: self._tell("offer", sdp))
        self.peer.on_answer(lambda sdp: self._tell("answer", sdp))
        self.peer.on_ice(lambda candidate: self._tell("ice", candidate))
        self.peer.on_data(lambda data: self._tell("data", data))
        self.peer.on_state(lambda state: self._tell("state", state))

    def _tell(self, kind: str, value: object) -> None:
        with self._changed:
            self.threads.add(threading.current_thread())
            self.told.append((kind, value))
            self._changed.notify_all()

    def all(self, kind: str) -> list[object]:
        return [value for told, value in self.told if told == kind]

    def last(self, kind: str) -> str:
        return str(self.all(kind)[-1])

    def until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, WAIT), self.all("state")

    def until_state(self, state: int, times: int = 1) -> None:
        self.until(lambda: self.all("state").count(state) >= times)

    def until_data(self, *messages: bytes) -> None:
        self.until(lambda: len(self.all("data")) >= len(messages))
        assert self.all("data") == list(messages)


@pytest.fixture
def witness() -> Iterator[Callable[..., Witness]]:
    made: list[Witness] = []

    def make(role: str, limits: Limits | None = None) -> Witness:
        made.append(Witness(role, limits))
        return made[-1]

    yield make
    for each in made:
        each.peer.close_sync()


def introduce(controlling: Witness, controlled: Witness) -> None:
    """Offer, answer, and wait until both can send."""
    controlled.peer.set_remote_sdp(controlling.last("offer"))
    controlling.peer.set_remote_sdp(controlled.last("answer"))
    for side in (controlling, controlled):
        count = side.all("state").count(webrtc.STATE_DATA_CHANNEL_OPENED)
        if not side.peer.is_connected():
            side.until_state(webrtc.STATE_DATA_CHANNEL_OPENED, count + 1)


@pytest.fixture
def pair(witness: Callable[..., Witness]) -> tuple[Witness, Witness]:
    controlling, controlled = witness("controlling"), witness("controlled")
    controlling.peer.create_offer()
    introduce(controlling, controlled)
    return controlling, controlled


def test_two_peers_exchange_text_and_bytes(pair: tuple[Witness, Witness]) -> None:
    one, other = pair
    one.peer.send("grüezi")
    one.peer.send(b"\x00\xff")
    one.peer.send(bytearray(b"array"))
    one.peer.send(b"")
    one.peer.send("")
    other.until_data("grüezi".encode(), b"\x00\xff", b"array", b"", b"")
    other.peer.send(b"back")
    one.until_data(b"back")


def test_states_come_in_order_by_their_numbers(pair: tuple[Witness, Witness]) -> None:
    expected = [
        webrtc.STATE_NEW_CONNECTION,
        webrtc.STATE_CONNECTING,
        webrtc.STATE_CONNECTED,
        webrtc.STATE_DATA_CHANNEL_CONNECTED,
        webrtc.STATE_DATA_CHANNEL_OPENED,
    ]
    for side in pair:
        side.until_state(webrtc.STATE_DATA_CHANNEL_OPENED)
        assert [state for state in side.all("state") if state in expected] == expected


def test_all_callbacks_of_the_process_come_on_one_thread(pair: tuple[Witness, Witness]) -> None:
    assert len(pair[0].threads | pair[1].threads) == 1


def test_the_offer_has_all_candidates_and_is_there_when_create_offer_returns(
    witness: Callable[..., Witness],
) -> None:
    side = witness("controlling")
    side.peer.create_offer()
    (offer,) = side.all("offer")
    candidates = side.all("ice")
    assert candidates
    for candidate in candidates:
        assert str(candidate).startswith("candidate:")
        assert f"a={candidate}" in str(offer)
    assert "a=setup:actpass" in str(offer)


def test_an_answer_without_candidates_will_do(witness: Callable[..., Witness]) -> None:
    controlling, controlled = witness("controlling"), witness("controlled")
    controlling.peer.create_offer()
    controlled.peer.set_remote_sdp(controlling.last("offer"))
    answer = controlled.last("answer").splitlines(keepends=True)
    bare = "".join(line for line in answer if not line.startswith(("a=candidate", "a=end-of")))
    controlling.peer.set_remote_sdp(bare)
    controlling.until_state(webrtc.STATE_DATA_CHANNEL_OPENED)


def test_candidates_may_come_alone_and_early(witness: Callable[..., Witness]) -> None:
    controlling, controlled = witness("controlling"), witness("controlled")
    controlling.peer.create_offer()
    offer = controlling.last("offer").splitlines(keepends=True)
    bare = "".join(line for line in offer if not line.startswith(("a=candidate", "a=end-of")))
    for candidate in controlling.all("ice"):
        controlled.peer.add_ice_candidate("a=" + str(candidate))
    controlled.peer.add_ice_candidate("")
    controlled.peer.set_remote_sdp(bare)
    controlling.peer.set_remote_sdp(controlled.last("answer"))
    for candidate in controlled.all("ice"):
        controlling.peer.add_ice_candidate(str(candidate))
    controlled.until_state(webrtc.STATE_DATA_CHANNEL_OPENED)
    controlling.until_state(webrtc.STATE_DATA_CHANNEL_OPENED)


def test_a_controlling_peer_ignores_an_offer_while_its_own_is_open(
    witness: Callable[..., Witness],
) -> None:
    one, other = witness("controlling"), witness("controlling")
    one.peer.create_offer()
    other.peer.create_offer()
    one.peer.set_remote_sdp(other.last("offer"))
    assert one.all("answer") == []
    assert len(one.all("offer")) == 1


def test_a_controlled_peer_takes_its_offer_back_and_answers(
    witness: Callable[..., Witness],
) -> None:
    controlling, controlled = witness("controlling"), witness("controlled")
    controlling.peer.create_offer()
    controlled.peer.create_offer()
    assert controlled.all("offer")
    introduce(controlling, controlled)
    controlled.peer.send(b"polite")
    controlling.until_data(b"polite")


def test_start_connection_offers_only_when_controlling(witness: Callable[..., Witness]) -> None:
    controlling, controlled = witness("controlling"), witness("controlled")
    controlled.peer.start_connection()
    controlling.peer.start_connection()
    assert controlled.all("offer") == []
    introduce(controlling, controlled)


def test_a_controlling_peer_that_wants_answers_and_offers_nothing_answers(
    witness: Callable[..., Witness],
) -> None:
    one, other = witness("controlling"), witness("controlling")
    one.peer.create_offer()
    introduce(one, other)


def test_without_offer_and_without_on_answer_the_offer_is_not_ready() -> None:
    peer = webrtc.Peer(limits=Limits(offer_wait=0.05))
    remote = webrtc.Peer()
    offers: list[str] = []
    remote.on_offer(offers.append)
    remote.create_offer()
    with pytest.raises(OfferNotReady, match=r"^Failed to set remote SDP$"):
        peer.set_remote_sdp(offers[0])
    peer.close_sync()
    remote.close_sync()


def test_an_offer_that_is_about_to_be_made_is_waited_for() -> None:
    peer, remote = webrtc.Peer(), webrtc.Peer()
    offers: list[str] = []
    remote.on_offer(offers.append)
    remote.create_offer()
    waiting = threading.Thread(target=peer.set_remote_sdp, args=(offers[0],))
    waiting.start()
    peer.create_offer()
    waiting.join(WAIT)
    assert not waiting.is_alive()
    peer.close_sync()
    remote.close_sync()


def test_after_a_disconnect_the_controlling_side_offers_again(
    witness: Callable[..., Witness], pair: tuple[Witness, Witness]
) -> None:
    controlling, controlled = pair
    controlled.peer.close_sync()
    controlling.until_state(webrtc.STATE_DISCONNECTED)
    controlling.until(lambda: len(controlling.all("offer")) == 2)
    assert not controlling.peer.is_connected()
    states = controlling.all("state")
    assert states.index(webrtc.STATE_DATA_CHANNEL_CLOSED) < states.index(webrtc.STATE_DISCONNECTED)
    newcomer = witness("controlled")
    introduce(controlling, newcomer)
    newcomer.peer.send(b"next")
    controlling.until_data(b"next")


def test_another_remote_side_takes_over_and_gets_an_offer_of_its_own(
    witness: Callable[..., Witness], pair: tuple[Witness, Witness]
) -> None:
    controlling, _ = pair
    newcomer = witness("controlled")
    newcomer.peer.create_offer()
    controlling.peer.set_remote_sdp(newcomer.last("offer"))
    assert len(controlling.all("offer")) == 2
    introduce(controlling, newcomer)
    controlling.peer.send(b"to the newcomer")
    newcomer.until_data(b"to the newcomer")


def test_a_controlled_peer_answers_one_remote_side_after_another(
    witness: Callable[..., Witness], pair: tuple[Witness, Witness]
) -> None:
    _, controlled = pair
    newcomer = witness("controlling")
    newcomer.peer.create_offer()
    introduce(newcomer, controlled)
    newcomer.peer.send(b"new")
    controlled.until(lambda: b"new" in controlled.all("data"))


def test_rubbish_does_not_end_a_connection(pair: tuple[Witness, Witness]) -> None:
    for side in pair:
        offer = pair[0].last("offer")
        for rubbish in ("", "hello", "v=0\r\n", offer[:100], "\x00" * 100):
            with pytest.raises(RuntimeError, match=r"^Failed to set remote SDP$"):
                side.peer.set_remote_sdp(rubbish)
        assert side.peer.is_connected()
    pair[0].peer.send(b"still here")
    pair[1].until_data(b"still here")


def test_an_answer_to_an_offer_that_was_answered_is_refused(pair: tuple[Witness, Witness]) -> None:
    controlling, controlled = pair
    with pytest.raises(RuntimeError, match=r"^Failed to set remote SDP$"):
        controlling.peer.set_remote_sdp(controlled.last("answer"))
    with pytest.raises(ValueError, match="type"):
        controlling.peer.set_remote_sdp(controlled.last("answer"), "rollback")
    assert controlling.peer.is_connected()


def test_disconnect_keeps_the_peer(pair: tuple[Witness, Witness]) -> None:
    controlling, controlled = pair
    assert controlling.peer.disconnect() == 0
    assert controlling.all("state")[-1] == webrtc.STATE_DISCONNECTED
    assert not controlling.peer.is_connected()
    controlled.until_state(webrtc.STATE_DISCONNECTED)
    assert len(controlling.all("offer")) == 1
    controlling.peer.create_offer()
    introduce(controlling, controlled)


def test_data_before_on_data_is_set_is_not_lost(witness: Callable[..., Witness]) -> None:
    controlling = witness("controlling")
    silent = webrtc.Peer("controlled")
    answers: list[str] = []
    silent.on_answer(answers.append)
    controlling.peer.create_offer()
    silent.set_remote_sdp(controlling.last("offer"))
    controlling.peer.set_remote_sdp(answers[0])
    controlling.until_state(webrtc.STATE_DATA_CHANNEL_OPENED)
    controlling.peer.send(b"early")
    heard: list[bytes] = []
    arrived = threading.Event()

    def hear(data: bytes) -> None:
        heard.append(data)
        if data == b"late":
            arrived.set()

    silent.process_queue()
    silent.on_data(hear)
    controlling.peer.send(b"late")
    assert arrived.wait(WAIT)
    assert heard == [b"early", b"late"]
    silent.close_sync()


def test_what_was_sent_before_close_arrives(pair: tuple[Witness, Witness]) -> None:
    one, other = pair
    messages = [b"%d" % number * 1000 for number in range(50)]
    for message in messages:
        one.peer.send(message)
    one.peer.close()
    other.until_data(*messages)


def test_a_slow_callback_holds_the_sender_back_and_loses_nothing(
    witness: Callable[..., Witness],
) -> None:
    controlling = witness("controlling", Limits(outbox_bytes=128 * 1024))
    slow = webrtc.Peer("controlled", limits=Limits(inbox_bytes=256 * 1024))
    answers: list[str] = []
    slow.on_answer(answers.append)
    received: list[int] = []
    done, go = threading.Event(), threading.Event()

    def hear(data: bytes) -> None:
        go.wait(WAIT)
        received.append(data[0])
        if len(received) == 200:
            done.set()

    controlling.peer.create_offer()
    slow.set_remote_sdp(controlling.last("offer"))
    controlling.peer.set_remote_sdp(answers[0])
    controlling.until_state(webrtc.STATE_DATA_CHANNEL_OPENED)
    slow.on_data(hear)
    threading.Timer(0.3, go.set).start()
    for number in range(200):
        controlling.peer.send(bytes([number]) * 60_000)
    assert done.wait(WAIT * 2)
    assert received == list(range(200))
    slow.close_sync()


def test_the_largest_message_and_one_byte_more(pair: tuple[Witness, Witness]) -> None:
    one, other = pair
    one.peer.send(b"x" * 65_535)
    other.until_data(b"x" * 65_535)
    for too_large in (b"x" * 65_536, "x" * 65_536, "ü" * 32_768):
        with pytest.raises(ValueError, match=r"^Message too large$"):
            one.peer.send(too_large)
    with pytest.raises(TypeError):
        one.peer.send(5)  # type: ignore[arg-type]


def test_errors_have_the_texts_that_scripts_know(witness: Callable[..., Witness]) -> None:
    side = witness("controlling")
    with pytest.raises(RuntimeError, match=r"^Data channel not open yet$"):
        side.peer.send(b"x")
    with pytest.raises(RuntimeError, match=r"^Failed to set remote SDP$"):
        side.peer.set_remote_sdp("rubbish")
    for rubbish in ("rubbish", "candidate:rubbish", "candidate:1 1 udp x 1.2.3.4 1 typ host"):
        with pytest.raises(RuntimeError, match=r"^Failed to add ICE candidate$"):
            side.peer.add_ice_candidate(rubbish)
    side.peer.add_ice_candidate("candidate:1 1 udp 2113667327 0.0.0.0 9 typ host generation 0")
    with pytest.raises(ValueError, match="role"):
        webrtc.Peer("boss")


def test_a_closed_peer_is_not_initialized(pair: tuple[Witness, Witness]) -> None:
    one, _ = pair
    one.peer.close_sync()
    one.peer.close()
    one.peer.close_sync()
    assert not one.peer.is_connected()
    assert one.all("state")[-1] == webrtc.STATE_CLOSED
    assert one.peer.disconnect() == -1
    for call in (
        one.peer.create_offer,
        one.peer.start_connection,
        lambda: one.peer.set_remote_sdp("v=0"),
        lambda: one.peer.add_ice_candidate("candidate:1"),
        lambda: one.peer.send(b"x"),
    ):
        with pytest.raises(RuntimeError, match=r"^Peer not initialized$"):
            call()


def test_a_closed_channel_fails_a_send_that_waits_for_room(pair: tuple[Witness, Witness]) -> None:
    one, _ = pair
    failures: list[BaseException] = []

    def flood() -> None:
        try:
            while True:
                one.peer.send(b"x" * 65_535)
        except RuntimeError as error:
            failures.append(error)

    flooding = threading.Thread(target=flood)
    flooding.start()
    one.peer.close_sync()
    flooding.join(WAIT)
    assert str(failures[0]) in (
        "Failed to send data",
        "Data channel not open yet",
        "Peer not initialized",
    )


def test_callbacks_may_call_the_peer(witness: Callable[..., Witness]) -> None:
    one, other = witness("controlling"), witness("controlled")
    echoed = threading.Event()
    one.peer.on_offer(other.peer.set_remote_sdp)
    other.peer.on_answer(one.peer.set_remote_sdp)
    other.peer.on_data(lambda data: other.peer.send(b"echo: " + data))

    def greet(state: int) -> None:
        if state == webrtc.STATE_DATA_CHANNEL_OPENED:
            one.peer.send("hello")

    def hear(data: bytes) -> None:
        assert data == b"echo: hello"
        one.peer.close()
        echoed.set()

    one.peer.on_state(greet)
    one.peer.on_data(hear)
    one.peer.create_offer()
    assert echoed.wait(WAIT)


def test_process_queue_waits_and_counts(witness: Callable[..., Witness]) -> None:
    side = witness("controlling")
    assert side.peer.process_queue() == 0
    side.peer.create_offer()
    assert side.peer.process_queue() == len(side.told)
    assert side.peer.process_queue() == 0


def test_the_certificate_can_be_made_ahead() -> None:
    began = time.monotonic()
    assert webrtc.pre_generate_cert() == 0
    assert webrtc.pre_generate_cert() == 0
    assert time.monotonic() - began < 5


def test_one_peer_after_another_leaves_nothing_behind(witness: Callable[..., Witness]) -> None:
    before = threading.active_count()
    for _ in range(3):
        one, other = witness("controlling"), witness("controlled")
        one.peer.create_offer()
        introduce(one, other)
        one.peer.close_sync()
        other.peer.close_sync()
    assert threading.active_count() <= before + 1
