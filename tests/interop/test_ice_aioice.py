"""ICE against aioice over loopback: either side controlling, data both ways."""

from __future__ import annotations

import asyncio
import os

import pytest

from rtckit.ice import Agent, Candidate, Credentials, IceState
from rtckit.seam import Address
from rtckit.stun import is_stun

aioice = pytest.importorskip("aioice")


class Endpoint(asyncio.DatagramProtocol):
    """An agent on a loopback socket and a real clock."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.local: Address = ("127.0.0.1", 0)
        self.data: asyncio.Queue[bytes] = asyncio.Queue()
        self.changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def start(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport
        self.local = transport.get_extra_info("sockname")[:2]
        self.agent.add_local_candidate(Candidate.host(self.local), self._loop.time())
        self.agent.end_local_candidates(self._loop.time())

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if is_stun(data):
            self.agent.receive(data, self.local, addr[:2], self._loop.time())
            self.drain()
        elif self.agent.authenticated(addr[:2], self.local):
            self.data.put_nowait(data)

    def drain(self) -> None:
        now = self._loop.time()
        while transmit := self.agent.poll_transmit(now):
            for datagram in transmit.train:
                self.transport.sendto(datagram, transmit.destination)
        while self.agent.next_event():
            self.changed.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.agent.next_timeout()
        if due is not None:
            self._timer = self._loop.call_at(due, self._expired)

    def _expired(self) -> None:
        self.agent.handle_timeout(self._loop.time())
        self.drain()

    async def reach(self, state: IceState) -> None:
        while self.agent.state is not state:
            self.changed.clear()
            await self.changed.wait()

    def close(self) -> None:
        self.agent.close()
        self.drain()
        self.transport.close()


async def exchange(controlling: bool) -> None:
    loop = asyncio.get_running_loop()
    agent = Agent(controlling=controlling, entropy=os.urandom)
    transport, ours = await loop.create_datagram_endpoint(
        lambda: Endpoint(agent), local_addr=("127.0.0.1", 0)
    )
    ours.start(transport)
    theirs = aioice.Connection(ice_controlling=not controlling)
    await theirs.gather_candidates()
    theirs.remote_username = agent.local_credentials.ufrag
    theirs.remote_password = agent.local_credentials.pwd
    for candidate in agent.local_candidates:
        sdp = str(candidate).removeprefix("candidate:")
        await theirs.add_remote_candidate(aioice.Candidate.from_sdp(sdp))
    await theirs.add_remote_candidate(None)

    now = loop.time()
    agent.set_remote_credentials(Credentials(theirs.local_username, theirs.local_password), now)
    for candidate in theirs.local_candidates:
        agent.add_remote_candidate(Candidate.parse(f"candidate:{candidate.to_sdp()}"), now)
    agent.end_remote_candidates(now)
    ours.drain()
    try:
        await asyncio.gather(theirs.connect(), ours.reach(IceState.COMPLETED))
        assert agent.controlling == controlling
        pair = agent.selected_pair
        assert pair is not None and pair.nominated
        await theirs.send(b"from aioice")
        assert await ours.data.get() == b"from aioice"
        ours.transport.sendto(b"from rtckit", pair.remote_address)
        assert await theirs.recv() == b"from rtckit"
    finally:
        await theirs.close()
        ours.close()


@pytest.mark.parametrize("controlling", [True, False])
def test_aioice_connects_and_exchanges_data(controlling: bool) -> None:
    async def run() -> None:
        await asyncio.wait_for(exchange(controlling), 15.0)

    asyncio.run(run())
