"""Bulk transfers: content that shows any fault, and a receiver that measures it."""

from __future__ import annotations

import hashlib
import json

import pytest

from rtckit.server.demo.bulk import (
    CHUNK_SIZE,
    Control,
    ControlError,
    End,
    Get,
    Got,
    Progress,
    Put,
    Receiver,
    Stop,
    content,
    decode,
    encode,
)

HASH = "ab" * 32


@pytest.mark.parametrize(
    ("control", "wire"),
    [
        (Get(bytes=10), {"op": "get", "bytes": 10, "seconds": None}),
        (Get(seconds=1.5), {"op": "get", "bytes": None, "seconds": 1.5}),
        (Stop(), {"op": "stop"}),
        (Put(), {"op": "put"}),
        (End(10, HASH), {"op": "end", "bytes": 10, "sha256": HASH}),
        (End(10, None), {"op": "end", "bytes": 10, "sha256": None}),
        (Progress(10, 0.25), {"op": "progress", "bytes": 10, "seconds": 0.25}),
        (Got(10, 0.25, HASH), {"op": "got", "bytes": 10, "seconds": 0.25, "sha256": HASH}),
    ],
)
def test_every_control_message_has_its_json(control: Control, wire: dict[str, object]) -> None:
    assert json.loads(encode(control)) == wire
    assert decode(json.dumps(wire)) == control


def test_a_browser_may_ask_for_all_there_is() -> None:
    assert decode('{"op":"get"}') == Get()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 1000,
        " " * 2000,
        '{"op":"rm"}',
        '{"op":"get","bytes":-1}',
        '{"op":"get","bytes":1e3}',
        '{"op":"get","bytes":true}',
        '{"op":"get","seconds":NaN}',
        '{"op":"get","seconds":Infinity}',
        '{"op":"get","seconds":"1"}',
        '{"op":"end"}',
        '{"op":"end","bytes":1,"sha256":"short"}',
    ],
)
def test_what_is_no_control_message_is_refused(text: str) -> None:
    with pytest.raises(ControlError):
        decode(text)


def test_content_is_cut_to_size_and_never_repeats_in_a_row() -> None:
    chunks = list(content(3 * CHUNK_SIZE + 5))
    assert [len(chunk) for chunk in chunks] == [CHUNK_SIZE] * 3 + [5]
    assert len({chunk[:5] for chunk in chunks}) == 4


def test_a_receiver_counts_times_and_hashes() -> None:
    chunks = list(content(4 * CHUNK_SIZE))
    receiver = Receiver()
    reports = [
        receiver.receive(chunk, now)
        for chunk, now in zip(chunks, (10.0, 10.05, 10.12, 10.2), strict=True)
    ]
    # The first report is due 100 ms after the first message.
    assert [report and report.bytes for report in reports] == [None, None, 3 * CHUNK_SIZE, None]
    got = receiver.finish()
    assert got.bytes == 4 * CHUNK_SIZE
    assert got.seconds == pytest.approx(0.2)
    assert got.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()


def test_a_swap_shows_in_the_hash() -> None:
    first, second = content(2 * CHUNK_SIZE)
    straight, swapped = Receiver(), Receiver()
    for chunk in (first, second):
        straight.receive(chunk, 0)
    for chunk in (second, first):
        swapped.receive(chunk, 0)
    assert straight.finish().sha256 != swapped.finish().sha256
