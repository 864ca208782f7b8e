"""How a connection ends, and what must not end it: alerts, renegotiation, rubbish, cookies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.dtls_peers import (
    client,
    connected,
    events,
    exchange,
    flight_five,
    plaintext,
    records,
    sent,
    server,
    types,
)

from rtckit.dtls import (
    AlertReceived,
    ApplicationData,
    Closed,
    Config,
    Limits,
    Role,
)
from rtckit.dtls.handshake_messages import ClientHello, Fragment, HandshakeType, parse_fragments
from rtckit.dtls.record import MAX_SEQUENCE
from rtckit.dtls.wire import vector8


@pytest.mark.parametrize("role", list(Role))
def test_close_notify_closes_both(role: Role) -> None:
    one, other = connected()
    if role is Role.SERVER:
        one, other = other, one
    one.close()
    assert one.state == "closed"
    exchange(one, other)
    assert other.state == "closed"
    assert events(one) == [Closed("closed by this side", 0, None)]
    assert events(other) == [AlertReceived(False, 0, True), Closed("closed by the peer", 0, 0)]
    one.close()
    one.send([b"late"])
    assert one.drops["sent after the end"] == 1
    assert sent(one) == []
    assert events(one) == []


def test_a_connection_that_was_never_started_closes_without_a_word() -> None:
    one = client()
    one.close()
    assert sent(one) == []
    assert events(one) == [Closed("closed by this side", None, None)]


def test_an_alert_during_the_handshake_is_heard_and_marked_unauthenticated() -> None:
    one = client()
    one.start(0.0)
    one.receive([plaintext(21, b"\x01\x70")], 0.0)
    assert events(one) == [AlertReceived(False, 112, False)]
    one.receive([plaintext(21, b"\x02\x28")], 0.0)
    assert events(one) == [
        AlertReceived(True, 40, False),
        Closed("the peer sent a fatal alert", None, 40),
    ]
    assert one.state == "failed"
    assert sent(one)[1:] == []


def test_once_the_peer_has_sealed_only_sealed_alerts_count() -> None:
    one, other = connected()
    fatal = plaintext(21, b"\x02\x28")
    close = plaintext(21, b"\x01\x00")
    for connection in (one, other):
        connection.receive([fatal, close], 0.0)
        assert connection.state == "connected"
        assert connection.drops["plaintext after the handshake"] == 2
    waiting, peer, flight = flight_five()
    peer.receive(flight, 0.0)
    sent(peer)
    peer.send([b"sealed"])
    waiting.receive(sent(peer), 0.0)
    waiting.receive([fatal], 0.0)
    assert waiting.state == "connecting"
    assert waiting.drops["unauthenticated alert"] == 1


def test_a_sealed_fatal_alert_fails_it() -> None:
    one, other = connected()
    one.receive([other._writers[1].seal(21, b"\x02\x32")], 0.0)
    assert one.state == "failed"
    assert events(one)[-1] == Closed("the peer sent a fatal alert", None, 50)


@pytest.mark.parametrize("payload", [b"", b"\x02", b"\x03\x00", b"\x02\x28\x02\x28"])
def test_a_malformed_alert_is_dropped(payload: bytes) -> None:
    one = client()
    one.start(0.0)
    one.receive([plaintext(21, payload)], 0.0)
    assert one.state == "connecting"
    assert one.drops.total() == 1


@pytest.mark.parametrize("message_type", [HandshakeType.HELLO_REQUEST, HandshakeType.CLIENT_HELLO])
def test_renegotiation_is_refused_with_a_warning(message_type: HandshakeType) -> None:
    one, other = connected()
    fragment = Fragment(message_type, 0, 9, 0, b"")
    one.receive([other._writers[1].seal(22, bytes(fragment))], 0.0)
    assert one.state == "connected"
    assert one.drops["renegotiation"] == 1
    other.receive(sent(one), 0.0)
    assert events(other) == [AlertReceived(False, 100, True)]
    one.send([b"on as before"])
    other.receive(sent(one), 0.0)
    assert events(other) == [ApplicationData([b"on as before"])]


def test_a_second_client_hello_in_plaintext_is_ignored() -> None:
    _, other = connected()
    fresh = client()
    fresh.start(0.0)
    other.receive(sent(fresh), 0.0)
    assert other.state == "connected"
    assert sent(other) == []
    assert other.drops["plaintext after the handshake"] == 1


def test_rubbish_in_epoch_0_does_not_stop_a_handshake() -> None:
    one, other = client(), server()
    one.start(0.0)
    other.start(0.0)
    rubbish = [
        b"", b"\x16", b"\xff" * 40, plaintext(22, b"short"), plaintext(22, b"\xff" * 60),
        plaintext(20, b"\x02"), plaintext(99, b""), plaintext(23, b"x"), plaintext(21, b"\x09\x09"),
        *[plaintext(22, bytes(Fragment(kind, 3, seq, 0, b"abc")))
          for kind in (0, 1, 2, 3, 11, 12, 13, 14, 15, 16, 20, 99) for seq in range(9)],
    ]  # fmt: skip
    for _ in range(4):
        for sender, receiver in ((one, other), (other, one)):
            receiver.receive(rubbish, 0.0)
            receiver.receive(sent(sender), 0.0)
    now = 0.0
    while (one.state, other.state) != ("connected", "connected"):
        deadline = min(each for each in (one.next_timeout(), other.next_timeout()) if each)
        assert deadline < 30.0
        now = max(now, deadline)
        one.handle_timeout(now)
        other.handle_timeout(now)
        exchange(one, other, now)


def test_a_cookie_is_asked_for_before_anything_is_done() -> None:
    one, other = client(), server(Config(cookies=True), b"192.0.2.1:5000")
    one.start(0.0)
    other.receive(sent(one), 0.0)
    asked = sent(other)
    assert types(asked) == ["hello_verify_request"]
    assert len(asked[0]) < 100
    assert other._handshake._transcript == b""
    one.receive(asked, 0.0)
    exchange(one, other)
    assert (one.state, other.state) == ("connected", "connected")


def test_a_lost_cookie_is_asked_for_again() -> None:
    one, other = client(), server(Config(cookies=True))
    one.start(0.0)
    other.receive(sent(one), 0.0)
    sent(other)
    one.handle_timeout(0.05)
    other.receive(sent(one), 0.05)
    exchange(one, other, 0.05)
    assert (one.state, other.state) == ("connected", "connected")


def test_a_cookie_for_another_address_is_none() -> None:
    secret = b"s" * 16
    config = Config(cookies=True, cookie_secret=secret)
    one, elsewhere, other = client(), server(config, b"A"), server(config, b"B")
    one.start(0.0)
    elsewhere.receive(sent(one), 0.0)
    one.receive(sent(elsewhere), 0.0)
    with_cookie = sent(one)
    other.receive(with_cookie, 0.0)
    assert types(sent(other)) == ["hello_verify_request"]
    same_address = server(config, b"A")
    same_address.receive(with_cookie, 0.0)
    assert types(sent(same_address))[0] == "server_hello"


def test_a_cookie_for_another_client_hello_is_none() -> None:
    config = Config(cookies=True)
    one, other = client(), server(config)
    one.start(0.0)
    other.receive(sent(one), 0.0)
    one.receive(sent(other), 0.0)
    [fragment] = parse_fragments(records(sent(one))[0].payload)
    hello = ClientHello.parse(fragment.data)
    for changed in (
        replace(hello, random=bytes(32)),
        replace(hello, cipher_suites=(0xC02B,)),
        replace(hello, cookie=bytes(32)),
        replace(hello, cookie=b""),
    ):
        body = bytes(changed)
        other.receive([plaintext(22, bytes(Fragment(1, len(body), 1, 0, body)))], 0.0)
        assert types(sent(other)) == ["hello_verify_request"]


def test_a_client_does_not_send_cookies_back_for_ever() -> None:
    one = client()
    one.start(0.0)
    for seq in range(8):
        body = b"\xfe\xff" + vector8(b"cookie %d" % seq)
        one.receive([plaintext(22, bytes(Fragment(3, len(body), seq, 0, body)))], 0.0)
    assert types(sent(one)) == ["client_hello"] * 4
    assert one.drops["too many HelloVerifyRequests"] == 1


def test_a_message_longer_than_the_limit_is_not_put_together() -> None:
    one, other = client(Config(limits=Limits(handshake_message=100))), server()
    one.start(0.0)
    other.receive(sent(one), 0.0)
    one.receive(sent(other), 0.0)
    assert one.drops["handshake message too long"] == 2
    assert sent(one) == []


def test_numbers_that_have_run_out_close_the_connection() -> None:
    """RFC 6347 §4.1: they must not wrap, for with them the nonce would."""
    one, other = connected()
    writer = one._writers[1]
    writer._number = (1 << 48) + MAX_SEQUENCE - 8
    one.send([b"last"])
    one.send([b"one too many"])
    assert one.state == "closed"
    other.receive(sent(one), 0.0)
    assert events(other)[0] == ApplicationData([b"last"])
    assert other.state == "closed"


def test_settings_that_make_no_sense() -> None:
    for wrong in (
        {"cipher_suites": ()},
        {"groups": ()},
        {"mtu": 100},
        {"retransmit_initial": 0.0},
        {"cookie_secret": b"short"},
    ):
        with pytest.raises(ValueError):
            Config(**wrong)
