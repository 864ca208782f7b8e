"""RTCKit and Pion."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.interop.harness.call import Traits
from tests.interop.harness.matrix import DataChannelMatrix
from tests.interop.harness.programs import start_pion
from tests.interop.harness.wire import Peer


@pytest.fixture(scope="module")
def traits() -> Traits:
    # Pion's default reader takes 65,536 bytes, which it says in its description.
    return Traits(largest_message=65_536)


@pytest.fixture(scope="module")
async def far(anyio_backend: str) -> AsyncIterator[Peer]:
    peer = await start_pion()
    yield peer
    await peer.stop()


class TestPion(DataChannelMatrix):
    pass
