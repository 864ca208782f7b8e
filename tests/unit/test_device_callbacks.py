"""Callbacks: in order, on one thread, none lost silently, and none that can stop the others."""

from __future__ import annotations

import threading

import pytest

from rtckit.device.callbacks import Callbacks
from rtckit.device.dispatcher import Dispatcher
from rtckit.device.limits import Limits


@pytest.fixture(scope="module")
def dispatcher() -> Dispatcher:
    return Dispatcher()


@pytest.fixture
def callbacks(dispatcher: Dispatcher) -> Callbacks:
    return Callbacks(dispatcher, Limits(unheard_events=3, unheard_bytes=10, inbox_bytes=100))


def flush(dispatcher: Dispatcher) -> None:
    assert dispatcher.flush(5)


def test_all_kinds_come_in_order_on_one_thread(
    dispatcher: Dispatcher, callbacks: Callbacks
) -> None:
    heard: list[object] = []
    threads: set[threading.Thread] = set()

    def hear(value: object) -> None:
        heard.append(value)
        threads.add(threading.current_thread())

    for kind in ("offer", "answer", "ice", "data", "state"):
        callbacks.set(kind, hear)
    callbacks.tell("state", 9)
    callbacks.tell("offer", "sdp")
    callbacks.tell("ice", "candidate:1")
    callbacks.tell("data", b"x")
    callbacks.tell("state", 7)
    flush(dispatcher)
    assert heard == [9, "sdp", "candidate:1", b"x", 7]
    assert len(threads) == 1
    assert threading.current_thread() not in threads
    assert callbacks.take_count() == 5
    assert callbacks.take_count() == 0


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_a_callback_that_raises_is_logged_and_the_next_is_called(
    dispatcher: Dispatcher,
    callbacks: Callbacks,
    error: BaseException,
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[object] = []

    def fail(value: object) -> None:
        heard.append(value)
        raise error

    callbacks.set("data", fail)
    callbacks.tell("data", b"1")
    callbacks.tell("data", b"2")
    flush(dispatcher)
    assert heard == [b"1", b"2"]
    assert "a callback raised" in caplog.text


def test_data_before_the_callback_is_set_comes_once_it_is(
    dispatcher: Dispatcher, callbacks: Callbacks
) -> None:
    callbacks.tell("data", b"first")
    callbacks.tell("data", b"second"[:5])
    flush(dispatcher)
    heard: list[bytes] = []
    callbacks.set("data", heard.append)
    flush(dispatcher)
    flush(dispatcher)
    assert heard == [b"first", b"secon"]


def test_what_is_kept_is_bounded_and_the_rest_counted(
    dispatcher: Dispatcher, callbacks: Callbacks, caplog: pytest.LogCaptureFixture
) -> None:
    for count in range(5):
        callbacks.tell("ice", f"candidate:{count}")
    callbacks.tell("data", b"123456")
    callbacks.tell("data", b"7890-")
    flush(dispatcher)
    assert callbacks.drops == {"ice": 2, "data": 1}
    assert "on_data is not set" in caplog.text
    heard: list[bytes] = []
    callbacks.set("data", heard.append)
    flush(dispatcher)
    flush(dispatcher)
    assert heard == [b"123456"]


def test_states_are_not_told_late(dispatcher: Dispatcher, callbacks: Callbacks) -> None:
    callbacks.tell("state", 6)
    flush(dispatcher)
    heard: list[int] = []
    callbacks.set("state", heard.append)
    flush(dispatcher)
    flush(dispatcher)
    assert heard == []


def test_an_offer_of_a_connection_that_is_over_is_forgotten(
    dispatcher: Dispatcher, callbacks: Callbacks
) -> None:
    callbacks.tell("offer", "old")
    callbacks.forget("offer", "answer", "ice")
    callbacks.tell("offer", "new")
    flush(dispatcher)
    heard: list[str] = []
    callbacks.set("offer", heard.append)
    flush(dispatcher)
    flush(dispatcher)
    assert heard == ["new"]


def test_a_callback_that_lags_holds_the_remote_side_back(
    dispatcher: Dispatcher, callbacks: Callbacks
) -> None:
    going_on = threading.Event()
    room = threading.Event()
    callbacks.set("data", lambda data: going_on.wait(5))
    callbacks.tell("data", b"x" * 60)
    assert not callbacks.full()
    callbacks.tell("data", b"x" * 60)
    assert callbacks.full()
    callbacks.when_room(room.set)
    assert not room.is_set()
    going_on.set()
    assert room.wait(5)
    assert not callbacks.full()


def test_nothing_is_told_after_the_end(dispatcher: Dispatcher, callbacks: Callbacks) -> None:
    heard: list[object] = []
    callbacks.set("state", heard.append)
    callbacks.tell("state", 8)
    callbacks.mute()
    callbacks.tell("state", 7)
    flush(dispatcher)
    assert heard == [8]


def test_only_what_can_be_called_can_be_set(callbacks: Callbacks) -> None:
    with pytest.raises(TypeError, match="callable"):
        callbacks.set("data", "print")  # type: ignore[arg-type]


def test_a_callback_does_not_wait_for_itself(dispatcher: Dispatcher) -> None:
    answers: list[bool] = []
    dispatcher.post(lambda: answers.append(dispatcher.flush(5)))
    flush(dispatcher)
    assert answers == [False]
