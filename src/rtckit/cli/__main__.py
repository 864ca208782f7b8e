"""``python -m rtckit.cli`` is ``rtckit``."""

from __future__ import annotations

from . import main

main()
