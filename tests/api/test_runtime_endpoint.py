"""One UDP socket shared by many connections, on asyncio and on trio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import trio

from rtckit.runtime import Attachment, Batch, UdpEndpoint, UdpSocket, current_runtime
from rtckit.seam import Address, Train
from rtckit.stun import Message, MessageClass, Method
from rtckit.stun.attributes import USERNAME

Story = Callable[[], Awaitable[None]]
Run = Callable[[Story], None]


def on_asyncio(story: Story) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(main())


def on_trio(story: Story) -> None:
    async def main() -> None:
        with trio.fail_after(20):
            await story()

    trio.run(main)


both = pytest.mark.parametrize("run", [on_asyncio, on_trio], ids=["asyncio", "trio"])

DTLS = b"\x16" * 100


def request(ufrag: str, number: int = 0, peer: str = "peer") -> bytes:
    message = Message(Method.BINDING, MessageClass.REQUEST, number.to_bytes(12, "big"))
    return message.add(USERNAME, f"{ufrag}:{peer}").encode()


def response(number: int = 0) -> bytes:
    return Message(Method.BINDING, MessageClass.SUCCESS, number.to_bytes(12, "big")).encode()


class Connection:
    """A connection that authenticates who sends it a Binding request, if it trusts at all."""

    def __init__(self, endpoint: UdpEndpoint, ufrag: str, trusts: bool = True) -> None:
        self.batches: list[Batch] = []
        self.trusts = trusts
        self.checked: set[Address] = set()
        self.attachment: Attachment = endpoint.attach(
            ufrag, self.receive, authenticated=lambda address: address in self.checked
        )

    def receive(self, batch: Batch, now: float) -> None:
        self.batches.append(batch)
        for train, source in batch:
            if self.trusts and train.data[0] == 0:
                self.checked.add(source)

    @property
    def datagrams(self) -> list[bytes]:
        return [datagram for batch in self.batches for train, _ in batch for datagram in train]


class Peer:
    """The far side: a plain socket, and a way to know that all it sent was read."""

    def __init__(self, udp: UdpSocket, endpoint: UdpEndpoint) -> None:
        self.udp = udp
        self.endpoint = endpoint

    @classmethod
    async def of(cls, endpoint: UdpEndpoint) -> Peer:
        runtime = current_runtime()
        return cls(await runtime.open_udp("127.0.0.1", receive=lambda batch, now: None), endpoint)

    async def sends(self, *datagrams: bytes) -> None:
        before = self.endpoint.counters.datagrams_in
        for datagram in datagrams:
            self.udp.send(Train(datagram), self.endpoint.local_address)
        while self.endpoint.counters.datagrams_in < before + len(datagrams):
            await current_runtime().checkpoint()
        await current_runtime().checkpoint()


@both
def test_each_connection_gets_its_own_in_one_batch(run: Run) -> None:
    async def story() -> None:
        endpoint = await UdpEndpoint.open("127.0.0.1")
        alice, bob = Connection(endpoint, "alice"), Connection(endpoint, "bobby")
        peers = [await Peer.of(endpoint), await Peer.of(endpoint)]
        await peers[0].sends(request("alice"))
        await peers[1].sends(request("bobby"))
        train = Train(DTLS * 7 + b"\x17", 100)
        for _ in range(3):
            for peer in peers:
                peer.udp.send(train, endpoint.local_address)
        while endpoint.counters.datagrams_in < 2 + 6 * 8:
            await current_runtime().checkpoint()
        await current_runtime().checkpoint()
        for connection, ufrag in ((alice, "alice"), (bob, "bobby")):
            assert connection.datagrams == [request(ufrag), *list(train) * 3]
            assert len(connection.batches) == 2
        assert not endpoint.drops
        endpoint.close()
        for peer in peers:
            peer.udp.close()

    run(story)


@both
def test_data_right_behind_the_first_check_is_not_lost(run: Run) -> None:
    async def story() -> None:
        endpoint = await UdpEndpoint.open("127.0.0.1")
        alice = Connection(endpoint, "alice")
        peer = await Peer.of(endpoint)
        await peer.sends(request("alice"), DTLS, DTLS)
        assert alice.datagrams == [request("alice"), DTLS, DTLS]
        endpoint.close()
        peer.udp.close()

    run(story)


@both
def test_data_from_an_address_that_nobody_authenticated_is_dropped(run: Run) -> None:
    async def story() -> None:
        endpoint = await UdpEndpoint.open("127.0.0.1")
        alice = Connection(endpoint, "alice", trusts=False)
        peer = await Peer.of(endpoint)
        await peer.sends(request("alice"), DTLS)
        await peer.sends(DTLS)
        assert alice.datagrams == [request("alice")]
        assert endpoint.drops == {"unknown-source": 2}
        endpoint.close()
        peer.udp.close()

    run(story)


@both
def test_responses_come_back_to_who_asked(run: Run) -> None:
    async def story() -> None:
        endpoint = await UdpEndpoint.open("127.0.0.1")
        alice, bob = Connection(endpoint, "alice"), Connection(endpoint, "bobby")
        peer = await Peer.of(endpoint)
        alice.attachment.send(Train(request("peer", 1, "alice")), peer.udp.local_address)
        bob.attachment.send(Train(request("peer", 2, "bobby")), peer.udp.local_address)
        # Of one size and from one address: the kernel may hand them up as one train.
        peer.udp.send(Train(response(2) + response(1) + response(3), 20), endpoint.local_address)
        while endpoint.counters.datagrams_in < 3:
            await current_runtime().checkpoint()
        await current_runtime().checkpoint()
        assert (alice.datagrams, bob.datagrams) == ([response(1)], [response(2)])
        assert endpoint.drops == {"unknown-source": 1}
        endpoint.close()
        peer.udp.close()

    run(story)


@both
def test_a_request_for_nobody_is_offered_and_can_be_replayed(run: Run) -> None:
    async def story() -> None:
        endpoint = await UdpEndpoint.open("127.0.0.1")
        peer = await Peer.of(endpoint)
        await peer.sends(request("newer"))
        assert endpoint.drops == {"unknown-ufrag": 1}
        offers: list[tuple[str, str, bytes, Address]] = []
        endpoint.on_unknown_binding_request = lambda *offer: offers.append(offer)
        await peer.sends(request("newer"))
        assert offers == [("newer", "peer", request("newer"), peer.udp.local_address)]
        endpoint.replay(*offers[0][2:])
        assert len(offers) == 1
        assert endpoint.drops == {"unknown-ufrag": 2}
        newcomer = Connection(endpoint, "newer")
        endpoint.replay(*offers[0][2:])
        await peer.sends(DTLS)
        assert newcomer.datagrams == [request("newer"), DTLS]
        endpoint.close()
        peer.udp.close()

    run(story)


@both
def test_an_ice_restart_adds_a_ufrag(run: Run) -> None:
    async def story() -> None:
        endpoint = await UdpEndpoint.open("127.0.0.1")
        alice, _ = Connection(endpoint, "alice"), Connection(endpoint, "bobby")
        peer = await Peer.of(endpoint)
        with pytest.raises(ValueError, match="taken"):
            alice.attachment.add_ufrag("bobby")
        alice.attachment.add_ufrag("alice2")
        await peer.sends(request("alice"), request("alice2"))
        alice.attachment.remove_ufrag("alice")
        await peer.sends(request("alice"))
        assert alice.datagrams == [request("alice"), request("alice2")]
        assert endpoint.drops == {"unknown-ufrag": 1}
        endpoint.close()
        peer.udp.close()

    run(story)


@both
def test_a_closed_connection_hears_no_more_and_the_others_do(run: Run) -> None:
    async def story() -> None:
        endpoint = await UdpEndpoint.open("127.0.0.1")
        alice, bob = Connection(endpoint, "alice"), Connection(endpoint, "bobby")
        peer = await Peer.of(endpoint)
        await peer.sends(request("alice"))
        alice.attachment.close()
        alice.attachment.close()
        await peer.sends(request("alice"), DTLS, request("bobby"))
        assert alice.datagrams == [request("alice")]
        assert bob.datagrams == [request("bobby")]
        endpoint.close()
        endpoint.close()
        peer.udp.close()

    run(story)


@both
def test_one_connection_s_fault_is_not_the_others_(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        endpoint = await UdpEndpoint.open("127.0.0.1")

        def fail(*_: object) -> None:
            raise ValueError("faulty")

        endpoint.attach("alice", fail, authenticated=lambda address: False)
        endpoint.on_unknown_binding_request = fail
        bob = Connection(endpoint, "bobby")
        peer = await Peer.of(endpoint)
        await peer.sends(request("alice"), request("nobody"), request("bobby"))
        assert bob.datagrams == [request("bobby")]
        endpoint.close()
        peer.udp.close()

    run(story)
    assert len(caplog.records) == 2
