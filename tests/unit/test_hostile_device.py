"""What a stranger may post to a device."""

from __future__ import annotations

import json

import pytest

from rtckit.device.exchange import Request


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 50_000, b"", b"{", b"nul"])
def test_a_body_that_is_no_json_fails_in_one_way(body: bytes) -> None:
    request = Request("POST", "/", "", {}, body, "192.0.2.1")
    with pytest.raises(json.JSONDecodeError):
        request.json()
