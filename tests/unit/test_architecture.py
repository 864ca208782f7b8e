"""What the import contracts cannot see: what is loaded when a room is entered."""

from __future__ import annotations

import subprocess
import sys

import rtckit

# What the rooms below may import, so that what that drags in is not counted against them.
ALLOWED = """
import sys
import cryptography.x509, cryptography.hazmat.primitives.serialization, google_crc32c
import base64, hashlib, hmac, ipaddress, zlib
before = set(sys.modules)
"""
FORBIDDEN = {"asyncio", "trio", "anyio", "socket", "select", "time", "random", "secrets"}


def new_modules(statement: str) -> set[str]:
    program = f"{ALLOWED}\n{statement}\nprint(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_whole_sans_io_connection_loads_no_clock_socket_or_loop() -> None:
    modules = new_modules("import rtckit.connection")
    assert "rtckit" in modules
    assert not modules & (FORBIDDEN | {"threading", "pyee", "ifaddr"})


def test_the_w3c_objects_load_no_event_loop() -> None:
    modules = new_modules("from rtckit import RTCPeerConnection, UdpEndpoint")
    assert not modules & {"asyncio", "trio", "anyio"}


def test_the_facade_has_every_name_that_it_lists() -> None:
    for name in rtckit.__all__:
        assert getattr(rtckit, name).__name__ == name
    assert set(rtckit.__all__) <= set(dir(rtckit))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(rtckit, "RTCNothing")
