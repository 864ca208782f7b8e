"""One socket, many agents."""

from __future__ import annotations

import pytest

from rtckit.ice import Mux, Unknown
from rtckit.seam import Address
from rtckit.stun import Message, MessageClass, Method, sign
from rtckit.stun.attributes import USERNAME

PEER: Address = ("192.0.2.1", 1000)
DTLS = b"\x16\xfe\xfd" + bytes(20)


def request(ufrag: str = "ours", number: int = 1) -> bytes:
    message = Message(Method.BINDING, MessageClass.REQUEST, number.to_bytes(12, "big"))
    return sign(message.add(USERNAME, f"{ufrag}:them"), b"key")


def response(number: int = 1) -> bytes:
    return sign(Message(Method.BINDING, MessageClass.SUCCESS, number.to_bytes(12, "big")), b"key")


def test_a_request_goes_by_its_ufrag() -> None:
    mux: Mux[int] = Mux()
    mux.register("ours", 1)
    mux.register("more", 1)
    mux.register("else", 2)
    assert mux.route(request("ours"), PEER) == 1
    assert mux.route(request("more"), PEER) == 1
    assert mux.route(request("else"), PEER) == 2
    with pytest.raises(ValueError, match="taken"):
        mux.register("ours", 2)
    mux.unregister_ufrag("more")
    assert isinstance(mux.route(request("more"), PEER), Unknown)


def test_an_unknown_ufrag_is_shown_and_can_be_replayed() -> None:
    mux: Mux[str] = Mux()
    data = request("new1")
    unknown = mux.route(data, PEER)
    assert unknown == Unknown("new1", "them", data, PEER)
    mux.register("new1", "agent")
    assert mux.route(unknown.datagram, unknown.remote) == "agent"


def test_data_goes_by_authenticated_addresses_only() -> None:
    mux: Mux[int] = Mux()
    mux.register("ours", 1)
    mux.register("evil", 2)
    assert mux.route(DTLS, PEER) is None
    mux.learn(PEER, 1)
    assert mux.route(DTLS, PEER) == 1
    # A request from a forged source names another agent: the address stays where it was.
    assert mux.route(request("evil"), PEER) == 2
    assert mux.route(DTLS, PEER) == 1
    mux.learn(PEER, 2)
    assert mux.route(DTLS, PEER) == 2
    mux.unregister(1)
    assert mux.route(DTLS, PEER) == 2
    mux.unregister(2)
    assert mux.route(DTLS, PEER) is None


def test_responses_go_to_whoever_asked() -> None:
    mux: Mux[int] = Mux(max_transactions=2)
    mux.sent(request(number=1), 1)
    mux.sent(response(number=9), 1)
    assert mux.route(response(1), PEER) == 1
    assert mux.route(response(9), PEER) is None
    mux.sent(request(number=2), 2)
    mux.sent(request(number=3), 2)
    assert mux.route(response(1), PEER) is None
    assert mux.route(response(3), PEER) == 2


def test_learned_addresses_are_capped_for_each_and_for_all() -> None:
    mux: Mux[int] = Mux(max_addresses=6, max_addresses_per_key=3)
    for port in range(10):
        mux.learn(("192.0.2.1", port), 1)
    assert [port for port in range(10) if mux.route(DTLS, ("192.0.2.1", port)) == 1] == [7, 8, 9]
    for key in range(2, 8):
        mux.learn(("192.0.2.2", key), key)
    known = [key for key in range(2, 8) if mux.route(DTLS, ("192.0.2.2", key)) == key]
    assert known == [2, 3, 4, 5, 6, 7]
    assert all(mux.route(DTLS, ("192.0.2.1", port)) is None for port in (7, 8, 9))
