"""Chunk and packet codecs, against fixed bytes."""

from __future__ import annotations

import google_crc32c
import pytest

from rtckit.sctp.chunk import (
    ChunkType,
    ForwardTsn,
    Init,
    OutgoingResetRequest,
    ParameterType,
    ReconfigurationResponse,
    Sack,
    encode_abort,
    encode_cause,
    encode_heartbeat,
    encode_re_config,
    encode_shutdown,
    parse_causes,
    parse_heartbeat_info,
    split_chunks,
    split_parameters,
)
from rtckit.sctp.packet import Header, parse_header
from rtckit.sctp.ranges import TsnRanges, subtract
from rtckit.seam import ParseError


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        # RFC 3720 Appendix B.4, and the check value of the CRC catalogue.
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
        (b"123456789", 0xE3069283),
    ],
)
def test_crc32c_known_answers(data: bytes, crc: int) -> None:
    assert google_crc32c.value(data) == crc


def test_the_header_checksum_is_that_of_the_packet_with_zeros_in_its_place() -> None:
    packet = Header(5000, 5001, 0xDEADBEEF).seal(b"\x0b\0\0\4")
    zeroed = packet[:8] + bytes(4) + packet[12:]
    assert packet[:8].hex() == "13881389deadbeef"
    assert int.from_bytes(packet[8:12], "little") == google_crc32c.value(zeroed)
    assert parse_header(packet) == (5000, 5001, 0xDEADBEEF)
    for position in range(len(packet)):
        broken = bytearray(packet)
        broken[position] ^= 1
        with pytest.raises(ParseError, match="checksum"):
            parse_header(bytes(broken))


def test_init_is_laid_out_as_in_rfc_9260() -> None:
    init = Init(1, 0x20000, 0xFFFF, 0x0800, 7, [(ParameterType.FORWARD_TSN_SUPPORTED, b"")])
    wire = init.encode(ChunkType.INIT)
    assert wire.hex() == "010000180000000100020000ffff080000000007c0000004"
    assert Init.parse(wire[4:]) == init


def test_sack_is_laid_out_as_in_rfc_9260() -> None:
    sack = Sack(100, 5000, [(2, 3), (5, 9)], [99])
    wire = sack.encode()
    assert wire.hex() == ("0300001c000000640000138800020001000200030005000900000063")
    assert Sack.parse(wire[4:]) == sack


def test_gap_blocks_in_disorder_are_sorted_and_joined() -> None:
    assert Sack.parse(Sack(0, 0, [(8, 9), (2, 4), (3, 6)], []).encode()[4:]).gaps == [
        (2, 6),
        (8, 9),
    ]
    for bad in ((0, 3), (5, 4)):
        with pytest.raises(ParseError):
            Sack.parse(Sack(0, 0, [bad], []).encode()[4:])


def test_forward_tsn_and_re_config() -> None:
    forward = ForwardTsn(0x01020304, [(5, 6), (7, 8)])
    assert forward.encode().hex() == "c0000010010203040005000600070008"
    assert ForwardTsn.parse(forward.encode()[4:]) == forward
    request = OutgoingResetRequest(1, 2, 3, (4,))
    wire = encode_re_config(request.encode())
    assert wire.hex() == "82000016000d001200000001000000020000000300040000"
    ((_, _, value),) = split_chunks(wire, 0)
    ((kind, parameter),) = split_parameters(value)
    assert kind == ParameterType.OUTGOING_RESET_REQUEST
    assert OutgoingResetRequest.parse(parameter) == request
    response = ReconfigurationResponse(9, 1)
    assert response.encode().hex() == "0010000c0000000900000001"


def test_small_chunks() -> None:
    assert encode_shutdown(5).hex() == "0700000800000005"
    assert encode_abort(reflected=True).hex() == "06010004"
    heartbeat = encode_heartbeat(b"12345")
    # The last parameter's padding is the chunk's, and not counted.
    assert heartbeat.hex() == "0400000d000100093132333435000000"
    assert parse_heartbeat_info(split_chunks(heartbeat, 0)[0][2]) == b"12345"
    assert parse_causes(encode_cause(12, b"bye")) == [(12, b"bye")]


@pytest.mark.parametrize("wire", ["00", "0000", "00000003", "00000008", "0300000400"])
def test_chunk_lengths_are_checked(wire: str) -> None:
    with pytest.raises(ParseError):
        split_chunks(bytes.fromhex(wire), 0)


def test_ranges_are_a_sorted_set() -> None:
    ranges = TsnRanges()
    for tsn in (10, 14, 12, 11, 20, 13, 9, 22, 21):
        assert tsn not in ranges
        ranges.add(tsn)
        assert tsn in ranges
    assert ranges.spans(9) == [(9, 14), (20, 22)]
    assert ranges.would_grow(17) and not ranges.would_grow(15) and not ranges.would_grow(19)
    assert ranges.advance(8) == 14
    assert ranges.advance(17) == 17
    assert ranges.advance(20) == 22 and not ranges


def test_difference_of_ranges() -> None:
    assert subtract([(1, 10)], []) == [(1, 10)]
    assert subtract([(1, 10)], [(3, 4), (8, 12)]) == [(1, 2), (5, 7)]
    assert subtract([(1, 3), (5, 9)], [(2, 6)]) == [(1, 1), (7, 9)]
    assert subtract([(4, 6)], [(1, 9)]) == []
