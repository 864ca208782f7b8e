"""The life of a connection: flights, lost and reordered records, data."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.dtls_peers import (
    SERVER,
    client,
    connected,
    events,
    exchange,
    flight_five,
    plaintext,
    records,
    sent,
    server,
    state_of,
    types,
)

from rtckit.dtls import (
    AlertReceived,
    ApplicationData,
    CipherSuite,
    Closed,
    Config,
    HandshakeCompleted,
    Limits,
    NamedGroup,
    SrtpProfile,
)
from rtckit.dtls.extensions import ExtensionType, pack_uint16_list
from rtckit.dtls.handshake_messages import ClientHello, Fragment, parse_fragments
from rtckit.dtls.record import Record
from rtckit.dtls.wire import vector8
from rtckit.seam import Train


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
