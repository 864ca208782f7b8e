"""RTCKit and Firefox."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.browser import launch
from tests.interop.harness.call import Traits
from tests.interop.harness.matrix import DataChannelMatrix
from tests.interop.harness.wire import Peer


@pytest.fixture(scope="module")
def traits() -> Traits:
    return Traits()


@pytest.fixture(scope="module")
async def far(anyio_backend: str) -> AsyncIterator[Peer]:
    peer = await launch.start("firefox")
    yield peer
    await peer.stop()


class TestFirefox(DataChannelMatrix):
    pass
