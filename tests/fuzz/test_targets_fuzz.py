"""Every fuzz target, for a moment and always with the same input: parsers fail with ParseError
alone, machines never, whatever they are told.

``python -m tests.fuzz.atheris`` runs the same targets for longer, led by coverage.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.atheris.table import TARGETS
from tests.fuzz.atheris.target import Target


def changed(seeds: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """A seed with parts of it taken out, doubled or replaced."""

    def apply(seed: bytes, changes: list[tuple[int, int, bytes, bool]]) -> bytes:
        data = seed
        for start, size, filler, again in changes:
            at = start % (len(data) + 1)
            data = data[:at] + filler + (data[at:] if again else data[at + size :])
        return data

    change = st.tuples(
        st.integers(0, 65_535), st.integers(0, 12), st.binary(max_size=12), st.booleans()
    )
    return st.builds(apply, st.sampled_from(seeds), st.lists(change, max_size=4))


@pytest.mark.parametrize("name", list(TARGETS))
def test_any_bytes(name: str) -> None:
    target: Target = TARGETS[name]
    data = st.one_of(st.binary(max_size=300), *([changed(target.seeds)] * bool(target.seeds)))

    @settings(
        max_examples=20 if target.is_machine else 50,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(data)
    def run(data: bytes) -> None:
        target.run(data)

    for seed in target.seeds:
        target.run(seed)
    run()
