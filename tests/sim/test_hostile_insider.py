"""What a peer with the right keys may say: it harms its own connection at most.

Nothing comes out of ``receive`` or ``poll_transmit`` but datagrams, and memory has its limits.
"""

from __future__ import annotations

import random
import struct

import pytest
from tests.sim.hostile import A, B, Insider, footprint

from rtckit.connection.channels import Channels
from rtckit.datachannel import ChannelType, DataChannelOpen
from rtckit.errors import OperationError
from rtckit.sctp.chunk import (
    ChunkType,
    IncomingResetRequest,
    OutgoingResetRequest,
    encode_abort,
    encode_cause,
    encode_chunk,
    encode_error,
    encode_parameter,
    encode_re_config,
    encode_shutdown,
)


def open_message(label: str = "x", protocol: str = "") -> bytes:
    return DataChannelOpen(ChannelType.RELIABLE, True, 0, 256, label, protocol).encode()


def test_an_opening_that_is_followed_by_an_abort_in_the_same_packet() -> None:
    insider = Insider("open and abort")
    insider.say(insider.data(6, open_message(), ppid=50), encode_abort())
    assert insider.victim.connection.transport.sctp is not None
    assert {channel.label for channel, _ in insider.victim.closed} == {"first", "x"}


def test_an_opening_that_is_followed_by_a_shutdown_in_the_same_packet() -> None:
    insider = Insider("open and shutdown")
    insider.say(insider.data(6, open_message(), ppid=50), encode_shutdown(0))


def test_an_opening_on_a_stream_that_the_peer_has_had_reset() -> None:
    """RFC 6525 §5.2.3 lets it ask; that it never answers our request is its own trouble."""
    insider = Insider("open while reset")
    request = IncomingResetRequest(insider.next_request(), (6,))
    insider.say(encode_re_config(request.encode()))
    insider.say(insider.data(6, open_message(), ppid=50))
    insider.say(insider.data(6, open_message(), ppid=50, ssn=1))
    assert "x" in insider.victim.announced


def test_sending_and_closing_on_a_stream_that_the_peer_has_had_reset() -> None:
    insider = Insider("send while reset")
    victim = insider.victim.connection
    now = insider.pair.simulation.now
    channel = insider.victim.announced["first"]
    assert channel.id is not None
    request = IncomingResetRequest(insider.next_request(), (channel.id,))
    insider.say(encode_re_config(request.encode()))
    try:
        victim.send(channel, b"word", False, now)
    except OperationError as error:
        assert "reset" in str(error)
    victim.close_channel(channel, now)
    number = insider.next_request()
    reset = OutgoingResetRequest(number, 0, insider.tsn - 1, (channel.id,))
    insider.say(encode_re_config(reset.encode()))
    assert channel.state != "open"


def test_labels_have_a_common_limit() -> None:
    """65,535 channels with a label and a protocol of 65,535 bytes each would be 8 GiB."""
    insider = Insider("labels")
    before = footprint(insider.victim.connection)
    label = "l" * 60_000
    for stream in range(3, 403, 2):
        for ssn, part in enumerate((open_message(label),)):
            pieces = [part[at : at + 12_000] for at in range(0, len(part), 12_000)]
            for index, piece in enumerate(pieces):
                flags = (2 if index == 0 else 0) | (1 if index == len(pieces) - 1 else 0)
                insider.say(insider.data(stream, piece, ppid=50, ssn=ssn, flags=flags))
    victim = insider.victim.connection
    assert victim.channels.drops["too-long-labels"] > 100
    insider.victim.announced.clear()
    assert footprint(victim) - before < 2 * Channels.MAX_ANNOUNCED_TEXT


def test_a_flood_of_openings_and_resets_leaves_nothing_behind() -> None:
    insider = Insider("openings and resets")
    victim = insider.victim.connection
    rng = random.Random(1)
    before = 0
    for turn in range(300):
        stream = rng.randrange(3, 40)
        reset = OutgoingResetRequest(insider.next_request(), 0, insider.tsn - 1, (stream,))
        insider.say(encode_re_config(reset.encode()), insider.data(stream, open_message(), ppid=50))
        if turn == 50:
            before = footprint(victim)
        insider.victim.closed.clear()
    assert footprint(victim) < before + 100_000
    assert victim.transport.sctp is not None


@pytest.mark.parametrize("seed", range(6))
def test_nonsense_behind_the_right_keys(seed: int) -> None:
    """Valid packets of any chunks, any parameters, any causes, among honest data."""
    insider = Insider(f"nonsense {seed}")
    rng = random.Random(seed)
    kinds = [*ChunkType, 0, 0, 130, 130, 63, 64, 255]
    for _ in range(150):
        chunks = []
        for _ in range(rng.randrange(1, 5)):
            kind = int(rng.choice(kinds))
            if kind in (6, 7, 8, 14) and rng.random() < 0.95:
                # These end the association, after which there is little to see.
                continue
            body = rng.randbytes(rng.choice([0, 1, 3, 4, 8, 12, 16, 40]))
            if kind == 0:
                body = insider.data(rng.choice([0, 1, 6, 65535]), body)[4:]
            elif kind == 130:
                body = b"".join(
                    encode_parameter(
                        rng.choice([13, 14, 15, 16, 17, 18, 99]),
                        struct.pack("!I", insider.next_request()) + rng.randbytes(8),
                    )
                    for _ in range(rng.randrange(4))
                )
            chunks.append(encode_chunk(kind, rng.randrange(256), body))
        if chunks:
            insider.say(*chunks, tag=0 if rng.random() < 0.05 else None)
    due = insider.victim.next_timeout()
    assert due is None or due > insider.pair.simulation.now
    assert footprint(insider.victim.connection) < 40_000_000


def test_an_init_with_more_unknown_parameters_than_an_answer_holds() -> None:
    insider = Insider("init")
    unknown = b"\xc1\x23\0\4" * 4000
    init = struct.pack("!IIHHI", 77, 100_000, 10, 10, 1) + unknown
    insider.say(encode_chunk(1, 0, init), tag=0)
    insider.pair.still_talk()


def test_errors_of_every_code_are_counted_in_few_lines() -> None:
    insider = Insider("errors")
    for first in range(0, 65_536, 4000):
        codes = range(first, min(first + 4000, 65_536))
        insider.say(encode_error(b"".join(encode_cause(code) for code in codes)))
    insider.pair.still_talk()
    association = insider.victim.connection.transport.sctp
    assert association is not None and len(association.drops) < 100


def test_an_error_changes_nothing() -> None:
    insider = Insider("error")
    insider.say(encode_error(b"".join(encode_cause(code) for code in range(14))))
    insider.pair.still_talk()


def test_a_wrong_port_or_tag_or_checksum_is_dropped() -> None:
    insider = Insider("wrong packets")
    association = insider.victim.connection.transport.sctp
    assert association is not None
    good = insider.header.seal(insider.data(1, b"x"))
    insider.tsn -= 1
    for wrong in (
        b"\0\0" + good[2:],
        good[:4] + bytes(4) + good[8:],
        good[:8] + bytes(4) + good[12:],
        good[:11],
        b"",
    ):
        insider.say_packets([wrong])
    assert insider.victim.received == {}
    insider.pair.still_talk()
    assert {A, B} == {insider.peer.bases[0][0], insider.victim.bases[0][0]}
