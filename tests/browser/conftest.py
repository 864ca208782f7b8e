"""Fixtures of the tests with real browsers."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.interop.harness.matrix")

from tests.interop.harness.fixtures import address, anyio_backend, meet, near  # noqa: E402

__all__ = ["address", "anyio_backend", "meet", "near"]
