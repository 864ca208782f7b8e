"""Where the remote peers' programs are; ``.ci/peers`` puts them there."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.interop.harness.fixtures import absent
from tests.interop.harness.wire import ProcessPeer

__all__ = ["start_aiortc", "start_node_datachannel", "start_pion"]

_ROOT = Path(__file__).resolve().parents[3]
_CACHE = _ROOT / ".cache" / "peers"
_SOURCES = _ROOT / "tests" / "interop" / "peers"


async def start_aiortc() -> ProcessPeer:
    if find_spec("aiortc") is None:
        absent("aiortc is not installed")
    module = "tests.interop.peers.python.peer"
    return await ProcessPeer.start("aiortc", sys.executable, "-m", module, "aiortc", cwd=_ROOT)


async def start_node_datachannel() -> ProcessPeer:
    node = shutil.which("node")
    modules = _CACHE / "node" / "node_modules"
    if node is None or not (modules / "node-datachannel").is_dir():
        absent("node-datachannel is not installed; .ci/peers does it")
    program = _SOURCES / "node" / "peer.cjs"
    environment = {**os.environ, "NODE_PATH": str(modules)}
    return await ProcessPeer.start(
        "node-datachannel", node, str(program), cwd=_ROOT, env=environment
    )


async def start_pion() -> ProcessPeer:
    program = _CACHE / "pion" / "peer"
    if not program.is_file():
        absent("the Pion peer is not built; .ci/peers does it")
    return await ProcessPeer.start("pion", str(program), cwd=_ROOT)
