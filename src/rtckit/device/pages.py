"""The pages that a device has without a script's doing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["Page", "find"]

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/trust-cert": ("trust-cert.html", "text/html; charset=utf-8"),
    "/webrtc-device.js": ("webrtc-device.js", "text/javascript; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """A file to serve."""

    body: bytes
    content_type: str


def find(path: str) -> Page | None:
    """The page at ``path``, or ``None``: ``/``, ``/trust-cert``, and what these need."""
    entry = _FILES.get(path)
    return _load(*entry) if entry is not None else None


@cache
def _load(name: str, content_type: str) -> Page:
    file = resources.files("rtckit").joinpath("web", "device", name)
    return Page(file.read_bytes(), content_type)
