"""The body of a WHIP PATCH (RFC 8840 §9)."""

from __future__ import annotations

import pytest

from rtckit.sdp import SdpFragment
from rtckit.seam import ParseError

# RFC 8840 §9.2's example, with credentials of the length that RFC 8839 asks for.
FRAGMENT = (
    "a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh12\r\n"
    "a=ice-ufrag:9uB6\r\n"
    "a=ice-options:trickle\r\n"
    "m=audio 9 RTP/AVP 0\r\n"
    "a=mid:1\r\n"
    "a=candidate:1 1 UDP 1694498815 192.0.2.33 10000 typ host\r\n"
    "a=candidate:2 1 UDP 1694498813 192.0.2.34 10000 typ srflx raddr 192.0.2.1 rport 1\r\n"
    "a=end-of-candidates\r\n"
    "m=audio 9 RTP/AVP 0\r\n"
    "a=mid:2\r\n"
)


def test_a_fragment_is_read_and_written() -> None:
    fragment = SdpFragment.parse(FRAGMENT)
    assert str(fragment) == FRAGMENT
    assert (fragment.ice_ufrag, fragment.ice_pwd) == ("9uB6", "YH75Fviy6338Vbrhrlp8Yh12")
    assert [media.mid for media in fragment.media] == ["1", "2"]
    assert len(fragment.media[0].candidates) == 2
    assert fragment.media[0].end_of_candidates
    assert not fragment.end_of_candidates


def test_a_fragment_is_no_description() -> None:
    with pytest.raises(ParseError, match="does not belong"):
        SdpFragment.parse("v=0\r\n")
    with pytest.raises(ParseError) as caught:
        SdpFragment.parse(FRAGMENT + "a=candidate:1\r\n")
    assert caught.value.offset == 11
