"""Two peers in one process, under trio: no asyncio loop, no thread.

Run:  python examples/trio_pair.py
"""

from __future__ import annotations

import trio

from rtckit import RTCDataChannel, RTCPeerConnection

MEGABYTE = 1_000_000


async def send(channel: RTCDataChannel) -> None:
    """Send a megabyte, waiting whenever too much of it is still here."""
    for _ in range(100):
        channel.send(bytes(MEGABYTE // 100))
        await channel.drain()
    channel.close()


async def main() -> None:
    async with RTCPeerConnection() as alice, RTCPeerConnection() as bob:
        # Each candidate goes to the other peer as soon as it is found.
        alice.onicecandidate = lambda event: bob.addIceCandidate(event.candidate)
        bob.onicecandidate = lambda event: alice.addIceCandidate(event.candidate)

        # Both agree on channel 0 beforehand, so that neither has to announce it.
        source = alice.createDataChannel("bulk", negotiated=True, id=0)
        sink = bob.createDataChannel("bulk", negotiated=True, id=0)
        opened = trio.Event()
        source.on("open", opened.set)

        offer = await alice.createOffer()
        await alice.setLocalDescription(offer)
        await bob.setRemoteDescription(offer)
        answer = await bob.createAnswer()
        await bob.setLocalDescription(answer)
        await alice.setRemoteDescription(answer)
        await opened.wait()

        began = trio.current_time()
        received = 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send, source)
            async for message in sink:  # ends when the channel closes
                received += len(message)
        print(f"{received} bytes in {trio.current_time() - began:.3f} s")


if __name__ == "__main__":
    trio.run(main)
