"""The life of a connection: flights, lost and reordered records, alerts, the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rtckit.dtls import (
    AlertReceived,
    ApplicationData,
    Certificate,
    CipherSuite,
    Closed,
    Config,
    Connection,
    Event,
    HandshakeCompleted,
    Limits,
    NamedGroup,
    Role,
    SrtpProfile,
)
from rtckit.dtls.extensions import ExtensionType, pack_uint16_list
from rtckit.dtls.handshake_messages import ClientHello, Fragment, HandshakeType, parse_fragments
from rtckit.dtls.record import MAX_SEQUENCE, Record, RecordWriter, parse_records
from rtckit.dtls.wire import vector8
from rtckit.seam import Entropy, Train


def seeded(seed: str) -> Entropy:
    counter = 0

    def entropy(length: int) -> bytes:
        nonlocal counter
        counter += 1
        return hashlib.shake_256(f"{seed} {counter}".encode()).digest(length)

    return entropy


NOW = datetime(2030, 1, 1, tzinfo=UTC)
CLIENT = Certificate.generate(NOW, entropy=seeded("client"))
SERVER = Certificate.generate(NOW, entropy=seeded("server"))


def client(config: Config | None = None) -> Connection:
    return Connection(
        Role.CLIENT,
        CLIENT,
        entropy=seeded("client handshake"),
        config=config,
        remote_fingerprints=[SERVER.fingerprint()],
    )


def server(config: Config | None = None, address: bytes = b"") -> Connection:
    return Connection(
        Role.SERVER,
        SERVER,
        entropy=seeded("server handshake"),
        config=config,
        remote_fingerprints=[CLIENT.fingerprint()],
        client_address=address,
    )


def sent(connection: Connection, now: float = 0.0) -> list[bytes]:
    """All datagrams that wait to be sent."""
    datagrams: list[bytes] = []
    while (train := connection.poll_transmit(now)) is not None:
        datagrams += train
    return datagrams


def events(connection: Connection) -> list[Event]:
    found: list[Event] = []
    while (event := connection.next_event()) is not None:
        found.append(event)
    return found


def state_of(connection: Connection) -> str:
    return connection.state


def exchange(one: Connection, other: Connection, now: float = 0.0) -> None:
    """Carry datagrams until none moves; no time passes."""
    moved = True
    while moved:
        moved = False
        for sender, receiver in ((one, other), (other, one)):
            datagrams = sent(sender, now)
            if datagrams:
                receiver.receive(datagrams, now)
                moved = True


def connected(config: Config | None = None) -> tuple[Connection, Connection]:
    one, other = client(config), server(config)
    one.start(0.0)
    other.start(0.0)
    exchange(one, other)
    assert (one.state, other.state) == ("connected", "connected")
    events(one)
    events(other)
    return one, other


def flight_five(config: Config | None = None) -> tuple[Connection, Connection, list[bytes]]:
    """A client that has sent its last flight, a server that waits for it, and the flight."""
    one, other = client(config), server(config)
    one.start(0.0)
    other.start(0.0)
    other.receive(sent(one), 0.0)
    one.receive(sent(other), 0.0)
    return one, other, sent(one)


def records(datagrams: Iterable[bytes]) -> list[Record]:
    found: list[Record] = []
    for datagram in datagrams:
        parsed, error = parse_records(datagram)
        assert error is None
        found += parsed
    return found


def types(datagrams: Iterable[bytes]) -> list[str]:
    """What is in plain sight: handshake types, other content types, ``sealed``."""
    names: list[str] = []
    for record in records(datagrams):
        if record.epoch:
            names.append("sealed")
        elif record.content_type == 22:
            fragments = parse_fragments(record.payload)
            names += [HandshakeType(each.message_type).name.lower() for each in fragments]
        else:
            names.append({20: "ccs", 21: "alert"}[record.content_type])
    return names


def plaintext(content_type: int, payload: bytes) -> bytes:
    return RecordWriter(0).seal(content_type, payload)


def test_the_flights_are_those_of_the_rfc() -> None:
    one, other = client(), server()
    assert state_of(one) == "new"
    one.start(0.0)
    other.start(0.0)
    assert state_of(one) == "connecting"
    first = sent(one)
    assert types(first) == ["client_hello"]
    other.receive(first, 0.0)
    fourth = sent(other)
    assert types(fourth) == [
        "server_hello", "certificate", "server_key_exchange", "certificate_request",
        "server_hello_done",
    ]  # fmt: skip
    assert len(fourth) == 1
    one.receive(fourth, 0.0)
    fifth = sent(one)
    assert types(fifth) == [
        "certificate", "client_key_exchange", "certificate_verify", "ccs", "sealed",
    ]  # fmt: skip
    other.receive(fifth, 0.0)
    assert other.state == "connected"
    sixth = sent(other)
    assert types(sixth) == ["ccs", "sealed"]
    one.receive(sixth, 0.0)
    assert one.state == "connected"
    assert sent(one) == []
    assert one.next_timeout() is None
    assert other.next_timeout() is None


def test_a_connection_starts_once() -> None:
    one = client()
    one.start(0.0)
    with pytest.raises(RuntimeError):
        one.start(0.0)


def test_a_server_is_started_by_what_it_receives() -> None:
    one, other = client(), server()
    one.start(0.0)
    other.receive(sent(one), 0.0)
    assert other.state == "connecting"
    assert sent(other)


@pytest.mark.parametrize("suite", [CipherSuite(0xC02B), CipherSuite(0xC02C), CipherSuite(0xCCA9)])
@pytest.mark.parametrize("group", list(NamedGroup))
def test_suites_and_groups_are_the_configured_ones(suite: CipherSuite, group: NamedGroup) -> None:
    config = Config(cipher_suites=(suite,), groups=(group,), srtp_profiles=())
    one, other = client(config), server()
    one.start(0.0)
    exchange(one, other)
    [event] = events(one)
    assert event == HandshakeCompleted(0xFEFD, suite, group, None, SERVER.der)


def test_the_servers_order_of_srtp_profiles_decides() -> None:
    profiles = (SrtpProfile.SRTP_AES128_CM_HMAC_SHA1_32, SrtpProfile.SRTP_AEAD_AES_128_GCM)
    one, other = (
        client(Config(srtp_profiles=profiles[::-1])),
        server(Config(srtp_profiles=profiles)),
    )
    one.start(0.0)
    exchange(one, other)
    [event] = events(one)
    assert isinstance(event, HandshakeCompleted)
    assert event.srtp_profile is profiles[0]


def test_without_a_common_srtp_profile_there_is_none() -> None:
    one = client(Config(srtp_profiles=(SrtpProfile.SRTP_AEAD_AES_128_GCM,)))
    other = server(Config(srtp_profiles=(SrtpProfile.SRTP_AES128_CM_HMAC_SHA1_80,)))
    one.start(0.0)
    exchange(one, other)
    [event] = events(one)
    assert isinstance(event, HandshakeCompleted)
    assert event.srtp_profile is None


def test_a_client_hello_in_the_manner_of_a_browser_with_dtls_1_3() -> None:
    """GREASE, unknown suites, groups and extensions, 1.3 offered first, and cut in pieces."""
    one, other = client(), server()
    one.start(0.0)
    [fragment] = parse_fragments(records(sent(one))[0].payload)
    hello = ClientHello.parse(fragment.data)
    extensions = {
        0x2A2A: b"",
        **hello.extensions,
        int(ExtensionType.SUPPORTED_GROUPS): pack_uint16_list((0x1A1A, 4588, 29, 23)),
        int(ExtensionType.SUPPORTED_VERSIONS): vector8(b"\x4a\x4a\xfe\xfc\xfe\xfd"),
        35: b"",
        51: bytes(1400),
        0xFAFA: b"\x00",
    }
    suites = (0x8A8A, 0x1301, 0x1302, *hello.cipher_suites, 0xC009, 0x00FF)
    changed = bytes(replace(hello, extensions=extensions, cipher_suites=suites))
    pieces = [
        bytes(Fragment(1, len(changed), 0, offset, changed[offset : offset + 900]))
        for offset in range(0, len(changed), 900)
    ]
    other.receive([plaintext(22, piece) for piece in pieces], 0.0)
    assert types(sent(other))[0] == "server_hello"


def test_flights_are_sent_again_after_50_ms_and_then_half_as_often() -> None:
    one = client(Config(retransmit_maximum=0.4))
    one.start(10.0)
    assert len(sent(one)) == 1
    times: list[float] = []
    while (deadline := one.next_timeout()) is not None and one.state == "connecting":
        one.handle_timeout(deadline - 0.001)
        assert sent(one) == []
        one.handle_timeout(deadline)
        if sent(one):
            times.append(round(deadline - 10.0, 3))
    assert times[:6] == [0.05, 0.15, 0.35, 0.75, 1.15, 1.55]
    assert events(one) == [Closed("the handshake timed out", None, None)]
    assert one.state == "failed"


def test_a_late_timeout_catches_up() -> None:
    one = client()
    one.start(0.0)
    sent(one)
    one.handle_timeout(5.0)
    assert types(sent(one)) == ["client_hello"]
    deadline = one.next_timeout()
    assert deadline is not None
    assert deadline > 5.0
    one.handle_timeout(200.0)
    assert one.state == "failed"
    assert one.next_timeout() is None
    one.handle_timeout(300.0)


def test_retransmissions_take_new_record_numbers_and_old_message_numbers() -> None:
    one = client()
    one.start(0.0)
    [first] = records(sent(one))
    one.handle_timeout(0.05)
    [second] = records(sent(one))
    assert second.number == first.number + 1
    assert second.payload == first.payload


def test_every_datagram_of_the_handshake_keeps_to_the_mtu() -> None:
    one, other = client(Config(mtu=200)), server(Config(mtu=200))
    one.start(0.0)
    while one.state != "connected" or other.state != "connected":
        for sender, receiver in ((one, other), (other, one)):
            datagrams = sent(sender)
            assert all(len(datagram) <= 200 for datagram in datagrams)
            receiver.receive(datagrams[::-1], 0.0)


def test_after_repeated_loss_datagrams_get_smaller() -> None:
    """RFC 6347 §4.1.1.1."""
    one, other = client(), server()
    one.start(0.0)
    other.receive(sent(one), 0.0)
    assert max(map(len, sent(other))) > 548
    for _ in range(3):
        deadline = other.next_timeout()
        assert deadline is not None
        other.handle_timeout(deadline)
        last = sent(other)
    assert max(map(len, last)) <= 548


def test_every_record_doubled_and_every_flight_reversed() -> None:
    one, other = client(Config(mtu=150)), server(Config(mtu=150))
    one.start(0.0)
    for _ in range(4):
        for sender, receiver in ((one, other), (other, one)):
            receiver.receive([each for each in sent(sender)[::-1] for _ in range(2)], 0.0)
    assert (one.state, other.state) == ("connected", "connected")
    one.send([b"data"])
    other.receive(sent(one), 0.0)
    assert events(other)[-1] == ApplicationData([b"data"])


def test_a_peer_that_lost_the_last_flight_gets_it_again() -> None:
    one, other, flight = flight_five()
    other.receive(flight, 0.0)
    assert other.state == "connected"
    assert sent(other)
    one.handle_timeout(0.05)
    other.receive(sent(one), 0.05)
    again = sent(other)
    assert types(again) == ["ccs", "sealed"]
    one.receive(again, 0.05)
    assert one.state == "connected"


def test_a_replayed_last_flight_is_not_answered_again() -> None:
    """Only a fresh Finished is; the datagram repeated by the network is a replay."""
    _, other, flight = flight_five()
    other.receive(flight, 0.0)
    sent(other)
    other.receive(flight, 1.0)
    assert sent(other) == []
    assert other.drops["replayed record"] == 1


def test_two_that_have_completed_do_not_answer_each_others_answers() -> None:
    one, other, flight = flight_five()
    one.handle_timeout(0.05)
    doubled = sent(one)
    other.receive(flight, 0.05)
    other.receive(doubled, 1.0)
    answers = sent(other)
    assert types(answers) == ["ccs", "sealed", "ccs", "sealed"]
    one.receive(answers, 1.0)
    one.receive(sent(other), 2.0)
    assert sent(one) == []
    assert one.drops["duplicate handshake message"] == 1


def test_finished_before_all_else_of_its_flight() -> None:
    _, other, flight = flight_five()
    parts = [b"".join(remake(each)) for each in ([r] for r in records(flight))]
    other.receive(parts[::-1], 0.0)
    assert other.state == "connected"


def remake(found: list[Record]) -> list[bytes]:
    return [
        bytes((each.content_type,))
        + each.version.to_bytes(2, "big")
        + each.number.to_bytes(8, "big")
        + len(each.payload).to_bytes(2, "big")
        + each.payload
        for each in found
    ]


def test_a_lost_change_cipher_spec_changes_nothing() -> None:
    _, other, flight = flight_five()
    kept = [each for each in records(flight) if each.content_type != 20]
    other.receive(remake(kept), 0.0)
    assert other.state == "connected"


def test_application_data_that_overtakes_finished_waits_for_it() -> None:
    one, other, flight = flight_five()
    other.receive(flight, 0.0)
    last = sent(other)
    other.send([b"early", b"bird"])
    data = sent(other)
    one.receive(data, 0.0)
    assert events(one) == []
    assert one.state == "connecting"
    one.receive(last, 0.0)
    assert events(one)[1:] == [ApplicationData([b"early", b"bird"])]


def test_what_overtakes_its_keys_is_kept_and_limited() -> None:
    limits = Limits(early_records=2, held_packets=3)
    one, other, flight = flight_five(Config(limits=limits))
    assert isinstance(flight, list)
    other.receive(flight, 0.0)
    fresh = client(Config(limits=limits))
    fresh.start(0.0)
    other.send([b"%d" % i for i in range(10)])
    data = sent(other)
    fresh.receive(data, 0.0)
    assert fresh.drops["too many early records"] == 8 + 1
    one.receive(data[1:], 0.0)
    assert one.drops["too many held packets"] == 7


def test_finished_in_plaintext_proves_nothing() -> None:
    """A man in the middle who drops the sealed Finished and brings one in epoch 0."""
    one, other, flight = flight_five()
    schedule = one._handshake.schedule
    assert schedule is not None
    plain = [each for each in records(flight) if each.epoch == 0]
    [last] = [each for each in records(flight) if each.epoch == 1]
    other.receive(remake(plain), 0.0)
    reader = other._reader
    assert reader is not None
    opened = reader.open(last)
    assert opened is not None
    other.receive([plaintext(22, opened)], 0.0)
    assert other.state == "connecting"
    assert other.drops["handshake message in the wrong epoch"] == 1


def test_only_finished_is_sealed() -> None:
    one, other, flight = flight_five()
    writer = one._writers[1]
    parts = records(flight)
    sealed = [writer.seal(22, each.payload) for each in parts if each.epoch == 0][:3]
    other.receive([*sealed, *remake([each for each in parts if each.epoch == 1])], 0.0)
    assert other.state == "connecting"
    other.receive([sealed[0], *remake(parts[1:])], 0.0)
    assert other.state == "connecting"


def test_application_data_in_plaintext_is_dropped() -> None:
    one, _ = connected()
    one.receive([plaintext(23, b"forged")], 0.0)
    fresh = client()
    fresh.start(0.0)
    fresh.receive([plaintext(23, b"forged")], 0.0)
    assert events(one) == []
    assert events(fresh) == []
    assert one.drops["plaintext after the handshake"] == 1
    assert fresh.drops["application data in plaintext"] == 1


def test_records_of_an_epoch_that_cannot_be_are_dropped() -> None:
    one, other = connected()
    other.send([b"data"])
    [datagram] = sent(other)
    one.receive([datagram[:4] + b"\x02" + datagram[5:]], 0.0)
    assert events(one) == []
    assert one.drops["wrong epoch"] == 1


def test_data_goes_both_ways_in_trains() -> None:
    one, other = connected()
    for sender, receiver in ((one, other), (other, one)):
        packets = [bytes((i,)) * 1200 for i in range(50)]
        sender.send(packets)
        train = sender.poll_transmit(0.0)
        assert isinstance(train, Train)
        assert len(train) == 50
        assert sender.poll_transmit(0.0) is None
        receiver.receive(train, 0.0)
        assert events(receiver) == [ApplicationData(packets)]


def test_data_may_share_a_datagram() -> None:
    one, other = connected()
    one.send([b"a"])
    one.send([b"b"])
    one.close()
    other.receive([b"".join(sent(one))], 0.0)
    data, alert, closed = events(other)
    assert data == ApplicationData([b"a", b"b"])
    assert isinstance(alert, AlertReceived)
    assert isinstance(closed, Closed)


def test_a_replayed_or_tampered_datagram_gives_nothing() -> None:
    one, other = connected()
    one.send([b"data"])
    [datagram] = sent(one)
    other.receive([datagram[:-1] + bytes((datagram[-1] ^ 1,))], 0.0)
    assert events(other) == []
    other.receive([datagram], 0.0)
    other.receive([datagram, datagram], 0.0)
    assert events(other) == [ApplicationData([b"data"])]
    assert other.drops == {"bad record mac": 1, "replayed record": 2}


def test_nothing_is_sent_before_it_is_connected_or_too_long() -> None:
    one = client()
    with pytest.raises(RuntimeError):
        one.send([b"x"])
    with pytest.raises(RuntimeError):
        one.export_keying_material(b"label", None, 1)
    one, _ = connected()
    with pytest.raises(ValueError, match="16384"):
        one.send([b"x", bytes(16385)])
    assert sent(one) == []
    one.send([])
    assert one.poll_transmit(0.0) is None


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
