"""``python -m rtckit`` is ``rtckit``."""

from __future__ import annotations

from rtckit.cli import main

main()
