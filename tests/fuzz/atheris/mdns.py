"""Multicast DNS, which anybody on the link can write."""

from __future__ import annotations

from rtckit.ice import encode_query, encode_response, parse_mdns

from .target import Target, parser

__all__ = ["TARGETS"]

TARGETS: list[Target] = [
    parser(
        "mdns-message",
        parse_mdns,
        encode_query("0a1b2c3d.local"),
        encode_response("a.local", ["192.0.2.1", "2001:db8::1"]),
        bytes(5) + b"\1" + bytes(6) + b"\1a\xc0\x0c\0\1\0\1",
    )
]
