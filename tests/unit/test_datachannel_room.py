"""DCEP on the wire, payload identifiers, channel parameters and the table of identifiers."""

from __future__ import annotations

import pytest

from rtckit.datachannel import (
    Channel,
    ChannelState,
    ChannelTable,
    ChannelType,
    DataChannelAck,
    DataChannelOpen,
    Ppid,
    TableError,
    decode_payload,
    encode_payload,
    parse_dcep,
)
from rtckit.seam import ParseError

#: Laid out by hand from RFC 8832 §5.1: unordered, 3 retransmissions, priority 512.
OPEN = bytes.fromhex("038102000000000300050004") + b"h\xc3\xa9lochat"


def test_open_is_laid_out_as_in_rfc_8832() -> None:
    message = DataChannelOpen(ChannelType.PARTIAL_RELIABLE_REXMIT, False, 3, 512, "hélo", "chat")
    assert message.encode() == OPEN
    assert parse_dcep(OPEN) == message
    assert DataChannelAck().encode() == b"\x02" and parse_dcep(b"\x02") == DataChannelAck()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        OPEN[:8],
        OPEN[:-1],
        OPEN + b"x",
        b"\x03\x07" + OPEN[2:],
        OPEN[:12] + b"\xff" * 9,
    ],
)
def test_malformed_dcep_is_a_parse_error(data: bytes) -> None:
    with pytest.raises(ParseError):
        parse_dcep(data)


def test_a_channel_keeps_its_parameters_across_the_wire() -> None:
    for kwargs in ({}, {"max_retransmits": 0}, {"max_packet_life_time": 1500}, {"ordered": False}):
        channel = Channel(label="l", protocol="p", priority=1024, **kwargs)
        message = parse_dcep(channel.open_message().encode())
        assert isinstance(message, DataChannelOpen)
        other = Channel.from_open(message, 5)
        for name in ("label", "protocol", "priority", "ordered", "max_retransmits"):
            assert getattr(other, name) == getattr(channel, name)
        assert other.max_packet_life_time == channel.max_packet_life_time
        assert other.id == 5 and other.state is ChannelState.OPEN
        assert other.priority_name == "high"


@pytest.mark.parametrize(
    ("data", "text", "ppid", "payload"),
    [
        (b"hi", True, Ppid.STRING, b"hi"),
        (b"hi", False, Ppid.BINARY, b"hi"),
        (b"", True, Ppid.STRING_EMPTY, b"\0"),
        (b"", False, Ppid.BINARY_EMPTY, b"\0"),
    ],
)
def test_payload_identifiers(data: bytes, text: bool, ppid: int, payload: bytes) -> None:
    assert encode_payload(data, text) == (ppid, payload)
    assert decode_payload(ppid, payload) == (data.decode() if text else data)


def test_what_is_no_user_message_and_no_utf_8() -> None:
    assert decode_payload(Ppid.DCEP, b"x") is None and decode_payload(0, b"x") is None
    assert decode_payload(Ppid.STRING, b"\xff") == "\N{REPLACEMENT CHARACTER}"


def test_identifiers_go_by_dtls_role_and_are_used_again() -> None:
    table = ChannelTable()
    even = [Channel(label="") for _ in range(3)]
    odd = Channel(label="")
    for channel in even:
        table.allocate(channel, client=True)
    table.allocate(odd, client=False)
    assert [channel.id for channel in even] == [0, 2, 4] and odd.id == 1
    table.remove(even[1])
    assert table.get(2) is None
    again = Channel(label="")
    table.allocate(again, client=True)
    assert again.id == 2 and len(table) == 4


def test_the_table_refuses_what_is_illegal() -> None:
    table = ChannelTable(limit=2)
    with pytest.raises(TableError):
        table.add(Channel(label="", id=65_535))
    table.add(Channel(label="", id=65_534))
    with pytest.raises(TableError, match="in use"):
        table.add(Channel(label="", id=65_534))
    table.add(Channel(label="", id=7))
    with pytest.raises(TableError, match="already"):
        table.add(Channel(label="", id=9))
    small = ChannelTable()
    small.streams = 2
    small.allocate(Channel(label=""), client=True)
    with pytest.raises(TableError):
        small.allocate(Channel(label=""), client=True)
