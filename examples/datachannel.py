"""Two peers in one process open a data channel and talk.

Run:  python examples/datachannel.py
"""

from __future__ import annotations

import asyncio

from rtckit import RTCDataChannel, RTCPeerConnection


async def main() -> None:
    async with RTCPeerConnection() as alice, RTCPeerConnection() as bob:

        @bob.on("datachannel")
        async def reply(channel: RTCDataChannel) -> None:
            async for message in channel:
                channel.send(f"you said {message!r}")

        # Each candidate goes to the other peer as soon as it is found.
        alice.onicecandidate = lambda event: bob.addIceCandidate(event.candidate)
        bob.onicecandidate = lambda event: alice.addIceCandidate(event.candidate)

        channel = alice.createDataChannel("chat")
        opened = asyncio.Event()
        channel.on("open", opened.set)

        offer = await alice.createOffer()
        await alice.setLocalDescription(offer)
        await bob.setRemoteDescription(offer)
        answer = await bob.createAnswer()
        await bob.setLocalDescription(answer)
        await alice.setRemoteDescription(answer)
        await opened.wait()

        channel.send("hello")
        async for message in channel:
            print(message)
            break


if __name__ == "__main__":
    asyncio.run(main())
