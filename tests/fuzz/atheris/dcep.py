"""Data channel establishment, and what messages carry."""

from __future__ import annotations

from rtckit.datachannel import Channel, ChannelType, DataChannelOpen, decode_payload, parse_dcep

from .target import Script, Target, parser

__all__ = ["TARGETS"]


def read(data: bytes) -> None:
    message = parse_dcep(data)
    if isinstance(message, DataChannelOpen):
        assert message.encode() == data
        assert Channel.from_open(message, 1).priority_name


def read_payload(data: bytes) -> None:
    script = Script(data)
    assert isinstance(decode_payload(48 + script.below(12), script.blob()), str | bytes | None)


TARGETS: list[Target] = [
    parser(
        "dcep-message",
        read,
        b"\2",
        DataChannelOpen(ChannelType.PARTIAL_RELIABLE_TIMED, False, 9, 256, "label", "p").encode(),
    ),
    parser("dcep-payload", read_payload, b"\3\0\4text"),
]
