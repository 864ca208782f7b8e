"""RTCKit and node-datachannel (libdatachannel)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.interop.harness.call import Traits
from tests.interop.harness.matrix import DataChannelMatrix
from tests.interop.harness.programs import start_node_datachannel
from tests.interop.harness.wire import Peer


@pytest.fixture(scope="module")
def traits() -> Traits:
    # libdatachannel tells no ordering and reliability of a channel, and knows no ICE restart.
    return Traits(restarts_ice=False, shows_reliability=False)


@pytest.fixture(scope="module")
async def far(anyio_backend: str) -> AsyncIterator[Peer]:
    peer = await start_node_datachannel()
    yield peer
    await peer.stop()


class TestNodeDataChannel(DataChannelMatrix):
    pass
