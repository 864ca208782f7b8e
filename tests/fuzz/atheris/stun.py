"""STUN messages, and the look at them before they are known to be good."""

from __future__ import annotations

from rtckit.ice import Mux
from rtckit.stun import (
    Message,
    MessageClass,
    Method,
    binding_username,
    is_stun,
    nonce_features,
    sign,
    verify,
    verify_sha256,
)
from rtckit.stun.attributes import (
    ERROR_CODE,
    ICE_CONTROLLING,
    NONCE,
    PRIORITY,
    USERNAME,
    XOR_MAPPED_ADDRESS,
)
from rtckit.stun.error_code import ErrorCode, ErrorValue

from .target import Target, parser

__all__ = ["TARGETS"]


def read(data: bytes) -> None:
    message = Message.parse(data)
    verify(message, b"key")
    verify_sha256(message, b"key")
    repr(message)
    message.error(ErrorCode.UNKNOWN_ATTRIBUTE).encode()
    nonce = message.get(NONCE)
    if nonce is not None:
        nonce_features(nonce)


def peek(data: bytes) -> None:
    is_stun(data)
    binding_username(data)
    mux: Mux[int] = Mux()
    mux.register("ours", 1)
    mux.sent(data, 1)
    mux.route(data, ("192.0.2.1", 5))


def _sample(message_class: MessageClass) -> bytes:
    message = Message(Method.BINDING, message_class, bytes(12))
    message.add(USERNAME, "ours:them").add(PRIORITY, 1).add(ICE_CONTROLLING, 5)
    message.add(XOR_MAPPED_ADDRESS, ("2001:db8::1", 5)).add(NONCE, "obMatJos2AAAAx")
    message.add(ERROR_CODE, ErrorValue.of(ErrorCode.ROLE_CONFLICT))
    return sign(message, b"key")


_SAMPLES = tuple(_sample(each) for each in MessageClass)

TARGETS: list[Target] = [
    parser("stun-message", read, *_SAMPLES),
    parser("stun-peek", peek, *_SAMPLES),
]
