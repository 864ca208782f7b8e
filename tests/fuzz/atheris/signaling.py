"""The messages of the demo: signaling, and control of its measurements."""

from __future__ import annotations

from rtckit.server.demo import bulk
from rtckit.signaling import Candidate, Description, MessageError, decode, encode

from .target import Target, text_parser

__all__ = ["TARGETS"]


def read(text: str) -> None:
    try:
        message = decode(text)
    except MessageError as error:
        assert str(error)
        return
    assert decode(encode(message)) == message


def read_control(text: str) -> None:
    try:
        bulk.encode(bulk.decode(text))
    except bulk.ControlError as error:
        assert str(error)


TARGETS: list[Target] = [
    text_parser(
        "signaling-message",
        read,
        encode(Description("offer", "v=0\r\n")),
        encode(Candidate("candidate:1 1 udp 1 192.0.2.1 5 typ host", "0", 0, "abcd")),
        '{"type":"hello","service":"x","protocol":1,"version":"1"}',
    ),
    text_parser("signaling-control", read_control, '{"op":"put","bytes":9,"seconds":1.5}'),
]
