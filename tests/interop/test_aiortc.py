"""RTCKit and aiortc."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.interop.harness.call import Traits
from tests.interop.harness.matrix import DataChannelMatrix
from tests.interop.harness.programs import start_aiortc
from tests.interop.harness.wire import Peer


@pytest.fixture(scope="module")
def traits() -> Traits:
    # It gives up when told that there are no candidates, knows no
    # ICE restart, and announces a label's length in characters (RFC 8832 §5.1 wants bytes).
    return Traits(
        waits_for_candidates=False,
        restarts_ice=False,
        measures_labels_in_bytes=False,
    )


@pytest.fixture(scope="module")
async def far(anyio_backend: str) -> AsyncIterator[Peer]:
    peer = await start_aiortc()
    yield peer
    await peer.stop()


class TestAiortc(DataChannelMatrix):
    pass
