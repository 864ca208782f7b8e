"""Randomness for machines under test."""

from __future__ import annotations

import random

from rtckit.seam import Entropy

__all__ = ["seeded_entropy"]


def seeded_entropy(seed: int | str) -> Entropy:
    """An :data:`~rtckit.seam.Entropy` that gives the same bytes for the same seed."""
    return random.Random(seed).randbytes
