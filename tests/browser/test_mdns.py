"""Browsers as users have them: their addresses hidden behind ``.local`` names.

The names may be resolved, or the browser's checks be learned from; either way it connects.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.browser import launch
from tests.interop.harness.call import Side, Traits, meet
from tests.interop.harness.matrix import transfer
from tests.interop.harness.wire import LocalPeer, Peer


@pytest.fixture(scope="module", params=list(launch.BROWSERS))
async def far(anyio_backend: str, request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    peer = await launch.start(request.param, obfuscated=True)
    yield peer
    await peer.stop()


@pytest.mark.anyio
@pytest.mark.parametrize("offering", ["near", "far"])
async def test_connects_to_hidden_addresses(near: LocalPeer, far: Peer, offering: Side) -> None:
    async with meet(near, far, Traits(), offering) as call:
        near_end, far_end = await call.open_channel("hidden")
        candidate = await call.far.wait("candidate")
        assert ".local " in candidate["candidate"]["candidate"]
        await call.connected()
        await transfer(near_end, far_end, "binary", 10_000)
        await transfer(far_end, near_end, "binary", 10_000)
