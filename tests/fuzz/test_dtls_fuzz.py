"""DTLS parsers fail only with ParseError, and no input makes a connection raise or grow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.dtls_peers import CLIENT, SERVER, seeded, sent

from rtckit.dtls import Config, Connection, Fingerprint, Role
from rtckit.dtls.alert import Alert
from rtckit.dtls.extensions import (
    parse_ec_point_formats,
    parse_renegotiation_info,
    parse_uint16_list,
    parse_use_srtp,
    parse_versions,
)
from rtckit.dtls.handshake_messages import (
    CertificateRequest,
    CertificateVerify,
    ClientHello,
    ClientKeyExchange,
    Fragment,
    HelloVerifyRequest,
    ServerHello,
    ServerKeyExchange,
    parse_chain,
    parse_fragments,
)
from rtckit.dtls.record import RecordWriter, parse_records
from rtckit.seam import ParseError, Train

PARSERS: list[Callable[[bytes], object]] = [
    Alert.parse,
    CertificateRequest.parse,
    CertificateVerify.parse,
    ClientHello.parse,
    ClientKeyExchange.parse,
    HelloVerifyRequest.parse,
    ServerHello.parse,
    ServerKeyExchange.parse,
    parse_chain,
    parse_ec_point_formats,
    parse_fragments,
    parse_renegotiation_info,
    parse_uint16_list,
    parse_use_srtp,
    parse_versions,
]


def connection(role: Role) -> Connection:
    ours, theirs = (CLIENT, SERVER) if role is Role.CLIENT else (SERVER, CLIENT)
    made = Connection(
        role,
        ours,
        entropy=seeded(role.value),
        config=Config(mtu=400),
        remote_fingerprints=[theirs.fingerprint()],
    )
    made.start(0.0)
    return made


def transcript() -> list[tuple[Role, bytes]]:
    """Every datagram of an honest handshake and some data, with who receives it."""
    one, other = connection(Role.CLIENT), connection(Role.SERVER)
    carried: list[tuple[Role, bytes]] = []
    for step in range(6):
        for sender, receiver in ((one, other), (other, one)):
            if step == 4 and sender.state == "connected":
                sender.send([b"data"] * 3)
            for datagram in sent(sender):
                carried.append((receiver.role, datagram))
                receiver.receive([datagram], 0.0)
    assert (one.state, other.state) == ("connected", "connected")
    return carried


HONEST = transcript()


@pytest.mark.parametrize("parser", PARSERS)
@settings(deadline=None, derandomize=True, max_examples=150)
@given(data=st.binary(max_size=200))
def test_parsers_fail_only_with_parse_error(parser: Callable[[bytes], object], data: bytes) -> None:
    try:
        parser(data)
    except ParseError as error:
        assert 0 <= error.offset <= len(data) + 1


@settings(deadline=None, derandomize=True, max_examples=150)
@given(text=st.text(max_size=120))
def test_fingerprints_fail_only_with_parse_error(text: str) -> None:
    for candidate in (text, "sha-256 " + text):
        try:
            fingerprint = Fingerprint.parse(candidate)
        except ParseError:
            continue
        assert Fingerprint.parse(str(fingerprint)) == fingerprint


@settings(deadline=None, derandomize=True, max_examples=200)
@given(data=st.binary(max_size=300))
def test_records_are_told_apart_or_the_error_is_told(data: bytes) -> None:
    records, error = parse_records(data)
    length = sum(13 + len(record.payload) for record in records)
    assert length <= len(data)
    assert (error is None) == (length == len(data))


def bounded(made: Connection) -> None:
    limits = made._config.limits
    messages = made._reassembly._messages
    assert len(messages) <= limits.messages_ahead
    assert sum(len(each.body) for each in messages.values()) <= (
        limits.messages_ahead * limits.handshake_message
    )
    assert all(len(each.ranges) <= limits.message_gaps + 1 for each in messages.values())
    assert len(made._early) <= limits.early_records
    assert len(made._held) <= limits.held_packets
    assert len(made.drops) < 60


def settle(made: Connection) -> None:
    bounded(made)
    sent(made)
    while made.next_event() is not None:
        pass


@pytest.mark.parametrize("role", list(Role))
@settings(deadline=None, derandomize=True, max_examples=60)
@given(data=st.data())
def test_no_rubbish_makes_receive_raise(role: Role, data: st.DataObject) -> None:
    made = connection(role)
    for now in range(2):
        shape = st.binary(max_size=120) | st.builds(
            lambda kind, number, payload: (
                bytes((kind,)) + b"\xfe\xfd" + number + len(payload).to_bytes(2, "big") + payload
            ),
            st.integers(18, 27),
            st.sampled_from([bytes(8), b"\x00\x01" + bytes(6), b"\x00\x02" + bytes(6)]),
            st.binary(max_size=100),
        )
        datagrams = data.draw(st.lists(shape, max_size=6))
        made.receive(datagrams, float(now))
        made.handle_timeout(float(now))
        settle(made)


@pytest.mark.parametrize("role", list(Role))
@settings(deadline=None, derandomize=True, max_examples=60)
@given(data=st.data())
def test_no_handshake_message_makes_receive_raise(role: Role, data: st.DataObject) -> None:
    made = connection(role)
    writer = RecordWriter(0)
    for _ in range(5):
        body = data.draw(st.binary(max_size=80))
        length = data.draw(st.sampled_from([len(body), len(body) + 3, 16384, 0xFFFFFF]))
        fragment = Fragment(
            data.draw(st.sampled_from([0, 1, 2, 3, 11, 12, 13, 14, 15, 16, 20, 200])),
            length,
            data.draw(st.integers(0, 20)),
            data.draw(st.sampled_from([0, 0, length - len(body)])),
            body,
        )
        made.receive([writer.seal(22, bytes(fragment))], 0.0)
        settle(made)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(data=st.data())
def test_an_honest_handshake_with_damage_never_raises(data: st.DataObject) -> None:
    """Both roles are driven with honest datagrams, some of them damaged, cut or repeated."""
    peers = {role: connection(role) for role in Role}
    for role, datagram in HONEST:
        changed = bytearray(datagram)
        what = data.draw(st.sampled_from(["keep", "keep", "flip", "cut", "twice", "lose"]))
        if what == "flip":
            changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
        elif what == "cut":
            del changed[data.draw(st.integers(0, len(changed))) :]
        for _ in range({"twice": 2, "lose": 0}.get(what, 1)):
            peers[role].receive([bytes(changed)], 0.0)
        settle(peers[role])


@settings(deadline=None, derandomize=True, max_examples=200)
@given(data=st.binary(max_size=400), segment=st.integers(1, 120))
def test_no_train_makes_a_connected_peer_raise(data: bytes, segment: int) -> None:
    one, other = CONNECTED
    one.receive(Train(data, segment), 0.0)
    prefix = b"\x17\xfe\xfd\x00\x01" + bytes(6)
    one.receive([prefix + len(data).to_bytes(2, "big") + data], 0.0)
    other.receive([prefix + data], 0.0)
    settle(one)
    settle(other)
    assert one.state == other.state == "connected"


def connected() -> tuple[Connection, Connection]:
    one, other = connection(Role.CLIENT), connection(Role.SERVER)
    for _ in range(5):
        other.receive(sent(one), 0.0)
        one.receive(sent(other), 0.0)
    return one, other


CONNECTED = connected()
