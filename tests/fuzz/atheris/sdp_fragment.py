"""The body of a trickle update."""

from __future__ import annotations

from rtckit.sdp import SdpFragment

from .target import Target, text_parser

__all__ = ["TARGETS"]


def read(text: str) -> None:
    fragment = SdpFragment.parse(text)
    assert str(SdpFragment.parse(str(fragment))) == str(fragment)
    for media in fragment.media:
        assert isinstance(media.candidates, tuple | list)


TARGETS: list[Target] = [
    text_parser(
        "sdp-fragment",
        read,
        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
        "a=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\na=end-of-candidates\r\n",
    )
]
