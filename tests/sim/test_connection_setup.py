"""Two whole peer connections find each other, however bad the network: every seed must."""

from __future__ import annotations

import pytest
from tests.sim.peer import FACTOR, connect, pair, rough

SEEDS = 200 * FACTOR


@pytest.mark.parametrize("block", range(8))
def test_every_seed_connects_under_thirty_percent_loss(block: int) -> None:
    failed = []
    for seed in range(block * SEEDS, (block + 1) * SEEDS):
        simulation, offerer, answerer = pair(seed, rough(seed, 0.3))
        try:
            connect(simulation, offerer, answerer, limit=60)
        except AssertionError as error:
            failed.append((seed, str(error)))
    assert not failed, failed
