"""The public test kit: virtual time and a seeded, simulated network.

Weeks of connection run in seconds: nothing here sleeps, opens a socket or reads a clock. A
:class:`Simulation` owns the time, a :class:`Network` (or a pair of :class:`Link`) carries the
datagrams under :class:`Conditions`, and every random choice comes from one seed, so that a run
that fails can be repeated to the byte.
"""

from __future__ import annotations

from .conditions import Conditions
from .entropy import seeded_entropy
from .link import Link
from .network import Network
from .simulation import Host, Simulation, SimulationTimeout

__all__ = [
    "Conditions",
    "Host",
    "Link",
    "Network",
    "Simulation",
    "SimulationTimeout",
    "seeded_entropy",
]
