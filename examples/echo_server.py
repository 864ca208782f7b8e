"""A server that echoes whatever comes over any data channel.

Run:   uvicorn examples.echo_server:app   (needs the extra "server")

A client POSTs its offer to /offer as JSON, {"type": "offer", "sdp": "..."}, with all of its
candidates in it, and gets the answer in the same form. In a browser, on a page of the same origin
(the console of http://127.0.0.1:8000/ will do, though there is nothing to see there):

    const peer = new RTCPeerConnection();
    const channel = peer.createDataChannel("chat");
    channel.onopen = () => channel.send("hello");
    channel.onmessage = ({ data }) => console.log(data);
    await peer.setLocalDescription();
    await new Promise((done) => (peer.onicecandidate = (event) => event.candidate ?? done()));
    const body = JSON.stringify(peer.localDescription);
    const answer = await (await fetch("/offer", { method: "POST", body })).json();
    await peer.setRemoteDescription(answer);
"""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from rtckit import (
    RTCDataChannel,
    RTCPeerConnection,
    RTCPeerConnectionIceEvent,
    RTCSessionDescription,
)

# A peer connection lives as long as somebody holds it.
peers: set[RTCPeerConnection] = set()


async def echo(channel: RTCDataChannel) -> None:
    async for message in channel:
        channel.send(message)
        # Whoever does not read its echoes is not read either.
        await channel.drain()


async def offer(request: Request) -> JSONResponse:
    peer = RTCPeerConnection()
    peers.add(peer)
    peer.on("datachannel", echo)
    gathered = asyncio.Event()

    @peer.on("icecandidate")
    def note_the_last(event: RTCPeerConnectionIceEvent) -> None:
        if event.candidate is None:
            gathered.set()

    @peer.on("connectionstatechange")
    async def forget_the_dead() -> None:
        if peer.connectionState in ("failed", "closed"):
            peers.discard(peer)
            await peer.close()

    description = await request.json()
    await peer.setRemoteDescription(
        RTCSessionDescription(sdp=description["sdp"], type=description["type"])
    )
    await peer.setLocalDescription()
    await gathered.wait()
    assert peer.localDescription is not None
    return JSONResponse(peer.localDescription.toJSON())


app = Starlette(routes=[Route("/offer", offer, methods=["POST"])])
