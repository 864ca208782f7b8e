"""A connection that carries nothing for a minute still carries data afterwards.

Consent (RFC 7675) ends after 30 s without an answer, and so do address bindings of many NATs:
the minute has to be a real one. All browsers spend it together.
"""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from tests.browser import launch
from tests.interop.harness.call import Call, Traits, meet
from tests.interop.harness.library import LIBRARY
from tests.interop.harness.matrix import transfer
from tests.interop.harness.wire import LocalPeer

IDLE = 60.0

Outcomes = dict[str, BaseException | None]


async def _idle(near: LocalPeer, name: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        far = await launch.start(name)
        stack.push_async_callback(far.stop)
        call: Call = await stack.enter_async_context(meet(near, far, Traits(), "far"))
        near_end, far_end = await call.open_channel("patient")
        await call.connected()
        await asyncio.sleep(IDLE)
        await transfer(near_end, far_end, "text", 1_000)
        await transfer(far_end, near_end, "binary", 100_000, count=5)
        gone = [e for e in call.near.unclaimed("connectionState") if e["state"] != "connecting"]
        assert not gone, call.near.story()


@pytest.fixture(scope="module")
async def outcomes(anyio_backend: str, address: None) -> Outcomes:
    """How the minute went with each browser that there is."""
    names = list(launch.BROWSERS)
    near = LocalPeer(LIBRARY)
    try:
        results = await asyncio.gather(*(_idle(near, n) for n in names), return_exceptions=True)
    finally:
        await near.stop()
    return dict(zip(names, results, strict=True))


@pytest.mark.anyio
@pytest.mark.parametrize("browser", launch.BROWSERS)
async def test_data_passes_after_a_minute_of_silence(browser: str, outcomes: Outcomes) -> None:
    launch.program(browser)
    if (failure := outcomes[browser]) is not None:
        raise failure
