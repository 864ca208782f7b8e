"""Runs a small device's script on this machine."""

from __future__ import annotations

import runpy
import sys
import time
import types
from pathlib import Path

from rtckit.device import httpserver, webrtc
from rtckit.device.lifetime import LIFETIME

__all__ = ["run_script"]


def run_script(path: Path, arguments: list[str]) -> int:
    """Run the script and, after its last line, whatever it started, until that ends or Ctrl-C.

    :param path: a script that may say ``import webrtc, httpserver``.
    :param arguments: its ``sys.argv[1:]``.
    :returns: the exit status.
    """
    _install_modules()
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        runpy.run_path(str(path), run_name="__main__")
        address = httpserver.url()
        if address is not None:
            print(f"Listening on {address} (Ctrl-C ends)", file=sys.stderr, flush=True)
        LIFETIME.wait()
    except KeyboardInterrupt:
        print("Ending.", file=sys.stderr, flush=True)
    finally:
        LIFETIME.close_all()
    return 0


def _install_modules() -> None:
    """Give MicroPython's names for what such scripts import."""
    esp32 = types.ModuleType("esp32")
    esp32.__dict__.update(webrtc=webrtc, httpserver=httpserver)
    for name, module in {
        "webrtc": webrtc,
        "httpserver": httpserver,
        "esp32": esp32,
        "utime": _utime(),
        "network": _network(),
    }.items():
        sys.modules[name] = module
    for name in ("json", "os", "re", "struct", "binascii", "hashlib", "socket", "asyncio"):
        sys.modules.setdefault(f"u{name}", __import__(name))


def _utime() -> types.ModuleType:
    module = types.ModuleType("utime")
    module.__dict__.update(
        {name: getattr(time, name) for name in ("time", "sleep", "localtime", "gmtime")}
    )
    module.__dict__.update(
        sleep_ms=lambda milliseconds: time.sleep(milliseconds / 1e3),
        sleep_us=lambda microseconds: time.sleep(microseconds / 1e6),
        ticks_ms=lambda: time.monotonic_ns() // 1_000_000,
        ticks_us=lambda: time.monotonic_ns() // 1_000,
        ticks_add=lambda ticks, delta: ticks + delta,
        ticks_diff=lambda later, earlier: later - earlier,
    )
    return module


class _Wlan:
    """A network interface that is up: this machine's network is not a script's to switch."""

    def __init__(self, interface: int = 0) -> None:
        self._interface = interface

    def active(self, up: bool | None = None) -> bool:
        """Whether it is on; it stays so."""
        return True

    def connect(self, ssid: str = "", password: str = "") -> None:
        """Nothing to do: it is connected."""

    def isconnected(self) -> bool:
        """Whether it is connected; it is."""
        return True

    def ifconfig(self) -> tuple[str, str, str, str]:
        """Address, netmask, gateway and name server; the address is the server's."""
        address = httpserver.url() or "http://127.0.0.1/"
        host = address.partition("://")[2].split("/")[0].rpartition(":")[0]
        return (host, "255.255.255.0", "", "")


def _network() -> types.ModuleType:
    module = types.ModuleType("network")
    module.__dict__.update(WLAN=_Wlan, STA_IF=0, AP_IF=1)
    return module
