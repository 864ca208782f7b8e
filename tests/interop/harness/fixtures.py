"""Fixtures shared by the interoperability and the browser tests."""

from __future__ import annotations

import functools
import os
from collections.abc import AsyncIterator
from typing import NoReturn

import pytest

from tests.interop.harness import call
from tests.interop.harness.call import Traits
from tests.interop.harness.library import LIBRARY
from tests.interop.harness.matrix import Meet
from tests.interop.harness.wire import LocalPeer, Peer

__all__ = ["absent", "anyio_backend", "meet", "near"]


def absent(reason: str) -> NoReturn:
    """A program is not there: the test skips, but fails where CI is set."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def near(anyio_backend: str) -> AsyncIterator[LocalPeer]:
    """The library under test."""
    peer = LocalPeer(LIBRARY)
    yield peer
    await peer.stop()


@pytest.fixture
async def meet(near: LocalPeer, far: Peer, traits: Traits) -> Meet:
    """Opens a call between the library under test and the module's peer."""
    return functools.partial(call.meet, near, far, traits)
