"""Callbacks, timers and tasks behave the same on asyncio and on trio."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing

from rtckit.runtime import Batch, Event, Runtime, current_runtime
from rtckit.seam import Train

Story = Callable[[], Awaitable[None]]


def on_asyncio(story: Story) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(main())


def on_trio(story: Story) -> None:
    async def main() -> None:
        with trio.fail_after(20):
            await story()

    trio.run(main)


both = pytest.mark.parametrize("run", [on_asyncio, on_trio], ids=["asyncio", "trio"])


async def turns(runtime: Runtime, count: int = 5) -> None:
    for _ in range(count):
        await runtime.checkpoint()


def test_no_runtime_where_no_loop_runs() -> None:
    with pytest.raises(RuntimeError, match="no event loop is running"):
        current_runtime()


def test_one_runtime_per_loop() -> None:
    found: list[Runtime] = []

    async def story() -> None:
        found.append(current_runtime())
        assert current_runtime() is found[-1]

    for run in (on_asyncio, on_trio, on_asyncio, on_trio):
        run(story)
    assert [runtime.name for runtime in found] == ["asyncio", "trio", "asyncio", "trio"]
    assert len(set(map(id, found))) == 4


def test_ended_asyncio_loops_are_forgotten() -> None:
    from rtckit.runtime import asyncio_runtime

    async def story() -> None:
        current_runtime()

    for _ in range(5):
        asyncio.run(story())
    assert len(asyncio_runtime._runtimes) == 1


@both
def test_callbacks_come_after_the_step_and_in_order(run: Callable[[Story], None]) -> None:
    async def story() -> None:
        runtime = current_runtime()
        calls: list[int] = []
        done = runtime.event()

        def third() -> None:
            calls.append(3)
            runtime.call_soon(calls.append, 5)
            runtime.call_soon(done.set)
            calls.append(4)

        runtime.call_soon(calls.append, 1)
        runtime.call_soon(calls.append, 2)
        runtime.call_soon(third)
        assert calls == []
        await done.wait()
        assert calls == [1, 2, 3, 4, 5]

    run(story)


@both
def test_timers_come_in_order_of_their_times(run: Callable[[Story], None]) -> None:
    async def story() -> None:
        runtime = current_runtime()
        calls: list[str] = []
        done = runtime.event()
        start = runtime.now()
        runtime.call_at(start + 0.02, calls.append, "late")
        runtime.call_at(start + 0.03, done.set)
        await turns(runtime)  # the next one is earlier than what is waited for already
        runtime.call_at(start + 0.01, calls.append, "early")
        runtime.call_at(start - 1, calls.append, "overdue")
        await done.wait()
        assert runtime.now() >= start + 0.03
        assert calls == ["overdue", "early", "late"]

    run(story)


@both
def test_a_cancelled_timer_is_not_called(run: Callable[[Story], None]) -> None:
    async def story() -> None:
        runtime = current_runtime()
        calls: list[str] = []
        done = runtime.event()
        now = runtime.now()
        second = runtime.call_at(now + 0.002, calls.append, "second")

        def first() -> None:
            calls.append("first")
            second.cancel()

        timer = runtime.call_at(now + 0.002 - 1e-9, first)
        runtime.call_at(now + 0.004, done.set)
        await done.wait()
        timer.cancel()
        second.cancel()
        assert calls == ["first"]

    run(story)


@both
def test_an_exception_in_a_callback_is_logged_and_no_more(
    run: Callable[[Story], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        runtime = current_runtime()
        done = runtime.event()
        runtime.call_soon(int, "soon")
        runtime.call_at(runtime.now(), int, "timed")
        runtime.call_at(runtime.now() + 0.001, done.set)
        await done.wait()

    with caplog.at_level(logging.ERROR, "rtckit"):
        run(story)
    assert [record.name for record in caplog.records] == ["rtckit", "rtckit"]
    assert "'soon'" in caplog.text
    assert "'timed'" in caplog.text
    assert "Traceback" in caplog.text


@both
def test_an_exception_in_a_task_is_logged_and_no_more(
    run: Callable[[Story], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(word: str) -> None:
        await current_runtime().checkpoint()
        raise ValueError(word)

    async def story() -> None:
        runtime = current_runtime()
        task = runtime.spawn(handler, "spilt", name="a handler")
        assert not task.done
        await task.wait()
        assert task.done
        await task.wait()

    with caplog.at_level(logging.ERROR, "rtckit"):
        run(story)
    assert len(caplog.records) == 1
    assert "ValueError: spilt" in caplog.text


def test_asyncio_tells_the_program_s_own_exception_handler(
    caplog: pytest.LogCaptureFixture,
) -> None:
    contexts: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: contexts.append(context)
        )
        runtime = current_runtime()
        runtime.call_soon(int, "x")
        await turns(runtime)

    asyncio.run(main())
    assert isinstance(contexts[0]["exception"], ValueError)
    assert len(caplog.records) == 1


def test_trio_survives_callbacks_that_exit(caplog: pytest.LogCaptureFixture) -> None:
    def receive(batch: Batch, now: float) -> None:
        runtime = current_runtime()
        runtime.call_soon(sys.exit, 4)
        runtime.call_at(runtime.now() + 0.001, received[0].set)
        sys.exit(5)

    async def story() -> None:
        runtime = current_runtime()
        received.append(runtime.event())
        udp = await runtime.open_udp("127.0.0.1", receive=receive)
        udp.send(Train(b"?"), udp.local_address)
        await received[0].wait()
        udp.close()

    received: list[Event] = []
    on_trio(story)
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["5", "4"]


def test_trio_survives_a_task_that_exits_or_fails_in_a_nursery(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def leave() -> None:
        sys.exit(3)

    async def fail() -> None:
        raise ValueError("in a nursery")

    async def group() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            nursery.start_soon(trio.sleep_forever)

    async def story() -> None:
        runtime = current_runtime()
        await runtime.spawn(leave).wait()
        await runtime.spawn(group).wait()

    on_trio(story)
    assert len(caplog.records) == 2
    assert "in a nursery" in caplog.text


@both
def test_a_cancelled_task_ends_quietly(
    run: Callable[[Story], None], caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[str] = []

    async def job() -> None:
        steps.append("began")
        try:
            await current_runtime().event().wait()
        finally:
            steps.append("ended")

    async def story() -> None:
        runtime = current_runtime()
        never = runtime.spawn(job)
        never.cancel()
        await never.wait()
        assert steps == []
        task = runtime.spawn(job)
        await turns(runtime)
        task.cancel()
        task.cancel()
        await task.wait()
        assert steps == ["began", "ended"]

    run(story)
    assert caplog.records == []


@both
def test_cancelling_one_who_waits_leaves_the_task_alone(run: Callable[[Story], None]) -> None:
    async def story() -> None:
        runtime = current_runtime()
        gate = runtime.event()
        task = runtime.spawn(gate.wait)
        waiter = runtime.spawn(task.wait)
        await turns(runtime)
        waiter.cancel()
        await waiter.wait()
        assert not task.done
        gate.set()
        await task.wait()

    run(story)


@both
def test_tasks_see_the_context_they_were_spawned_in(run: Callable[[Story], None]) -> None:
    word: contextvars.ContextVar[str] = contextvars.ContextVar("word")
    seen: list[str] = []

    async def job() -> None:
        seen.append(word.get())

    async def story() -> None:
        word.set("passed on")
        await current_runtime().spawn(job).wait()

    run(story)
    assert seen == ["passed on"]


@both
def test_what_is_still_running_ends_with_the_loop(
    run: Callable[[Story], None], caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[str] = []

    async def job() -> None:
        try:
            await current_runtime().event().wait()
        finally:
            current_runtime().call_soon(steps.append, "too late")
            steps.append("ended")

    async def story() -> None:
        runtime = current_runtime()
        runtime.spawn(job)
        runtime.call_at(runtime.now() + 3600, steps.append, "never")
        await turns(runtime)

    run(story)
    assert "ended" in steps
    assert "never" not in steps
    assert caplog.records == []


def test_trio_s_mock_clock_moves_the_timers() -> None:
    async def main() -> None:
        runtime = current_runtime()
        done = runtime.event()
        calls: list[float] = []
        start = runtime.now()
        for hours in (3, 1, 2):
            runtime.call_at(start + hours * 3600, lambda: calls.append(runtime.now() - start))
        runtime.call_at(start + 4 * 3600, done.set)
        await done.wait()
        assert calls == [3600, 7200, 10800]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_trio_timers_that_are_put_off_again_and_again_take_no_room() -> None:
    async def main() -> None:
        from rtckit.runtime import trio_runtime

        runtime = trio_runtime.running()
        assert runtime is not None
        for _ in range(10_000):
            runtime.call_at(runtime.now() + 3600, int).cancel()
        assert len(runtime._schedule._timers) < 200

    trio.run(main)


@both
def test_a_literal_address_resolves_to_itself(run: Callable[[Story], None]) -> None:
    async def story() -> None:
        runtime = current_runtime()
        assert await runtime.resolve("192.0.2.7", 3478) == [("192.0.2.7", 3478)]
        assert await runtime.resolve("2001:DB8:0::7", 9) == [("2001:db8::7", 9)]
        assert ("127.0.0.1", 1) in await runtime.resolve("localhost", 1, 4)
        with pytest.raises(OSError):
            await runtime.resolve("192.0.2.7", 1, 6)
        with pytest.raises(ValueError, match="family"):
            await runtime.resolve("192.0.2.7", 1, 5)

    run(story)


STORY = """
    import sys, threading
    import rtckit.runtime
    assert "asyncio" not in sys.modules and "trio" not in sys.modules
    from rtckit.seam import Train

    async def main():
        runtime = rtckit.runtime.current_runtime()
        done = runtime.event()
        async def job():
            await runtime.checkpoint()
        def receive(batch, now):
            runtime.call_at(now + 0.001, done.set)
        udp = await runtime.open_udp("127.0.0.1", receive=receive)
        await runtime.resolve("127.0.0.1", 1)
        udp.send(Train(b"x" * 100, 10), udp.local_address)
        await runtime.spawn(job).wait()
        await done.wait()
        udp.close()
        assert threading.active_count() == 1
"""


@pytest.mark.parametrize(
    ("start", "stranger"),
    [
        ("import trio; trio.run(main)", "asyncio"),
        ("import asyncio; asyncio.run(main())", "trio"),
    ],
    ids=["trio", "asyncio"],
)
def test_one_loop_does_not_bring_in_the_other_nor_a_thread(start: str, stranger: str) -> None:
    program = textwrap.dedent(STORY) + textwrap.dedent(
        f"""
        {start}
        assert threading.active_count() == 1
        assert not [name for name in sys.modules if name.split(".")[0] == {stranger!r}]
        """
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)
