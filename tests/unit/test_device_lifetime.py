"""How long a process lives whose script has come to its end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from rtckit.device.lifetime import Lifetime


class Thing:
    """Ends when it is closed, or never."""

    def __init__(self, lifetime: Lifetime, *, ends: bool = True) -> None:
        self.lifetime = lifetime
        self.ends = ends
        self.closed = 0

    def close(self) -> None:
        self.closed += 1
        if self.ends:
            self.lifetime.release(self)


@pytest.fixture
def lifetime() -> Iterator[Lifetime]:
    before = signal.getsignal(signal.SIGINT)
    lifetime = Lifetime()
    yield lifetime
    lifetime.close_all(0)
    signal.signal(signal.SIGINT, before)


def keepers() -> list[threading.Thread]:
    return [
        thread
        for thread in threading.enumerate()
        if thread.name == "rtckit-device" and not thread.daemon
    ]


def test_a_thread_that_python_waits_for_lives_while_something_is_held(lifetime: Lifetime) -> None:
    before = set(keepers())
    first, second = Thing(lifetime), Thing(lifetime)
    lifetime.hold(first)
    lifetime.hold(first)
    lifetime.hold(second)
    (keeper,) = set(keepers()) - before
    lifetime.release(first)
    assert not lifetime.wait(0)
    assert keeper.is_alive()
    lifetime.release(second)
    assert lifetime.wait(5)
    keeper.join(5)
    assert not keeper.is_alive()


def test_it_keeps_again_what_comes_later(lifetime: Lifetime) -> None:
    for _ in range(3):
        thing = Thing(lifetime)
        lifetime.hold(thing)
        assert not lifetime.wait(0)
        lifetime.release(thing)
        assert lifetime.wait(5)


def test_all_is_closed_at_the_end(lifetime: Lifetime) -> None:
    things = [Thing(lifetime), Thing(lifetime)]
    for thing in things:
        lifetime.hold(thing)
    assert lifetime.close_all(5)
    assert [thing.closed for thing in things] == [1, 1]


def test_what_does_not_end_holds_nothing_up_for_ever(lifetime: Lifetime) -> None:
    lifetime.hold(Thing(lifetime, ends=False))
    assert not lifetime.close_all(0.05)
    assert lifetime.wait(5)
