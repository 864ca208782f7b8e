"""STUN and TURN servers, in the forms in which scripts name them."""

from __future__ import annotations

import pytest

from rtckit.device import Peer
from rtckit.device.servers import ice_servers


def test_no_server_is_needed() -> None:
    assert ice_servers(None, None) == []


def test_a_stun_server_by_its_url() -> None:
    (server,) = ice_servers("stun:stun.example.org:19302", None)
    assert server.urls == ["stun:stun.example.org:19302"]


def test_a_turn_server_with_its_credentials_in_the_url() -> None:
    (server,) = ice_servers(None, "turn:me:se%3Acret@[2001:db8::1]:3478?transport=tcp")
    assert server.urls == ["turn:[2001:db8::1]:3478?transport=tcp"]
    assert (server.username, server.credential) == ("me", "se:cret")


def test_a_turn_server_as_browsers_have_it() -> None:
    urls = ["turn:t.example.org", "turns:t.example.org:443?transport=tcp"]
    (server,) = ice_servers(None, {"urls": urls, "username": "me", "credential": "pw"})
    assert server.urls == urls
    assert (server.username, server.credential) == ("me", "pw")


def test_several_servers() -> None:
    servers = ice_servers(
        ["stun:a.example.org", "stun:b.example.org"],
        [
            "turn:u:p@c.example.org",
            {"urls": "turn:d.example.org", "username": "x", "credential": "y"},
        ],
    )
    assert [server.urls for server in servers] == [
        ["stun:a.example.org"],
        ["stun:b.example.org"],
        ["turn:c.example.org"],
        ["turn:d.example.org"],
    ]


@pytest.mark.parametrize(
    ("stun", "turn"),
    [
        ("http://stun.example.org", None),
        ("stun:", None),
        ("", None),
        ("stun:host:99999", None),
        ("stun:host:0", None),
        ("turn:u:p@host", None),
        (None, "stun:host"),
        (None, "turn:host"),
        (None, {"urls": "turn:host", "username": "me"}),
        (None, {"username": "me", "credential": "pw"}),
        (None, {"urls": [], "username": "me", "credential": "pw"}),
        (None, ["turn:u:p@host?transport=carrier-pigeon"]),
    ],
)
def test_a_server_that_cannot_be_used_is_an_error_of_the_constructor(
    stun: str | None, turn: str | None
) -> None:
    with pytest.raises(OSError, match="unusable"):
        Peer("controlling", stun, turn)
