"""Fixtures shared by the interoperability and the browser tests."""

from __future__ import annotations

import functools
import ipaddress
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from typing import NoReturn

import ifaddr
import pytest
from tests.interop.harness import call
from tests.interop.harness.call import Traits
from tests.interop.harness.library import LIBRARY
from tests.interop.harness.matrix import Meet
from tests.interop.harness.wire import LocalPeer, Peer

__all__ = ["absent", "address", "anyio_backend", "meet", "near"]

_MEETING_POINT = "10.99.0.1/24"


def absent(reason: str) -> NoReturn:
    """A program is not there: the test skips, but fails where CI is set."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def _is_reachable(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_link_local)


@pytest.fixture(scope="session")
def address() -> None:
    """The machine has an address that browsers and others show: they hide loopback ones.

    Where there is none, as in a bare network namespace, a pair of interfaces is made that has
    one, and left there: other test processes use it too. The loopback interface will not do,
    whatever its addresses: Pion and libdatachannel pass over it.
    """
    ips = (ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips)
    if any(_is_reachable(ip if isinstance(ip, str) else ip[0]) for ip in ips):
        return
    tool = shutil.which("ip")
    if tool is None or os.geteuid() != 0:
        absent("no address but loopback, and no means to add one")
    # Another test process may have been faster, so only the address itself must succeed.
    for command in (
        "link add rtckit0 type veth peer name rtckit1",
        "link set rtckit1 up",
        "link set rtckit0 up",
    ):
        subprocess.run([tool, *command.split()], check=False, capture_output=True)
    subprocess.run([tool, "address", "replace", _MEETING_POINT, "dev", "rtckit0"], check=True)
    # Firefox gathers on the way to the default route alone, and fails where there is none.
    route = "route add default dev rtckit0"
    subprocess.run([tool, *route.split()], check=False, capture_output=True)


@pytest.fixture(scope="module")
async def near(anyio_backend: str, address: None) -> AsyncIterator[LocalPeer]:
    """The library under test."""
    peer = LocalPeer(LIBRARY)
    yield peer
    await peer.stop()


@pytest.fixture
async def meet(near: LocalPeer, far: Peer, traits: Traits) -> Meet:
    """Opens a call between the library under test and the module's peer."""
    return functools.partial(call.meet, near, far, traits)
