"""Signaling: how two peers find each other's descriptions and candidates.

:mod:`~rtckit.signaling.messages` is the vocabulary and its JSON form,
:class:`~rtckit.signaling.negotiation.Negotiation` drives a peer connection with it, and
:class:`~rtckit.signaling.websocket.WebSocketSignaling` carries it (needs the extra ``server``).
"""

from __future__ import annotations

from .messages import (
    MAX_MESSAGE_SIZE,
    Candidate,
    Description,
    EndOfCandidates,
    Failure,
    Hello,
    Message,
    MessageError,
    OfferRequest,
    decode,
    encode,
)
from .negotiation import Negotiation
from .websocket import SignalingError, WebSocketSignaling

__all__ = [
    "MAX_MESSAGE_SIZE",
    "Candidate",
    "Description",
    "EndOfCandidates",
    "Failure",
    "Hello",
    "Message",
    "MessageError",
    "Negotiation",
    "OfferRequest",
    "SignalingError",
    "WebSocketSignaling",
    "decode",
    "encode",
]
