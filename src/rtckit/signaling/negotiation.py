"""Perfect negotiation: offers, answers and candidates between one peer connection and a channel.

Either side may offer at any time. When both do at once, the polite side takes its offer back and
the impolite side ignores the other's (WebRTC 1.0 §10.7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from rtckit import RTCIceCandidate, RTCPeerConnection, RTCSessionDescription

from .messages import Candidate, Description, EndOfCandidates, Message

if TYPE_CHECKING:
    from rtckit import RTCPeerConnectionIceEvent

__all__ = ["Negotiation"]


class Negotiation:
    """Carries the negotiation of one peer connection over any channel for messages.

    :param connection: whose descriptions and candidates to exchange.
    :param send: takes a message for the other side; must not block, and keeps the order.
    :param polite: whether this side gives way when both offer at once; exactly one side must.
    """

    def __init__(
        self,
        connection: RTCPeerConnection,
        send: Callable[[Message], None],
        *,
        polite: bool,
    ) -> None:
        self._connection = connection
        self._send = send
        self._polite = polite
        self._making_offer = False
        self._ignoring_offer = False
        # A candidate means nothing to the other side before the description it belongs to, so
        # those that are found while a description is being applied wait for it to be sent.
        self._describing = 0
        self._held: list[Message] = []
        connection.on("icecandidate", self._on_candidate)

    async def offer(self) -> None:
        """Make an offer and send it."""
        self._making_offer = True
        try:
            await self._describe()
        finally:
            self._making_offer = False

    async def receive(self, message: Description | Candidate | EndOfCandidates) -> None:
        """Act on what the other side sent; an offer is answered.

        :raises DOMException, ValueError: what the peer connection thinks of a bad description or
            candidate.
        """
        if isinstance(message, Description):
            await self._receive_description(message)
        elif not self._ignoring_offer:
            await self._connection.addIceCandidate(
                RTCIceCandidate(
                    candidate=message.candidate,
                    sdpMid=message.mid,
                    sdpMLineIndex=message.line_index,
                    usernameFragment=message.ufrag,
                )
                if isinstance(message, Candidate)
                else None
            )

    async def _receive_description(self, message: Description) -> None:
        connection = self._connection
        collision = message.type == "offer" and (
            self._making_offer or connection.signalingState != "stable"
        )
        self._ignoring_offer = collision and not self._polite
        if self._ignoring_offer:
            return
        await connection.setRemoteDescription(
            RTCSessionDescription(sdp=message.sdp, type=message.type)
        )
        if message.type == "offer":
            await self._describe()

    async def _describe(self) -> None:
        self._describing += 1
        try:
            await self._connection.setLocalDescription()
            description = self._connection.localDescription
            assert description is not None
            kind: Literal["offer", "answer"] = "offer"
            if description.type == "answer":
                kind = "answer"
            self._send(Description(kind, description.sdp))
        finally:
            self._describing -= 1
            if not self._describing:
                held, self._held = self._held, []
                for candidate in held:
                    self._send(candidate)

    def _on_candidate(self, event: RTCPeerConnectionIceEvent) -> None:
        found = event.candidate
        message: Message
        if found is None:
            message = EndOfCandidates()
        elif not found.candidate:
            return
        else:
            message = Candidate(
                found.candidate, found.sdpMid, found.sdpMLineIndex, found.usernameFragment
            )
        if self._describing:
            self._held.append(message)
        else:
            self._send(message)
