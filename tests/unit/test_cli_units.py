"""Sizes and times as people write them, and words that must not steer a terminal."""

from __future__ import annotations

import pytest

from rtckit.cli.units import format_bytes, format_milliseconds, parse_size, printable


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("512B", 512),
        ("16MB", 16_000_000),
        ("16 mb", 16_000_000),
        ("1.5k", 1500),
        ("512KiB", 524_288),
        ("1GiB", 1 << 30),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1", "1e6", "ten", "1 TB", "0x10"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (999_600, "1.00 MB"),
        (16_000_000, "16.0 MB"),
        (123_456_789, "123 MB"),
        (1 << 30, "1.07 GB"),
    ],
)
def test_sizes_are_written_with_three_digits(size: int, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.000123, "0.12 ms"), (0.0123, "12.3 ms"), (1.5, "1500 ms")]
)
def test_times_are_written_in_milliseconds(seconds: float, text: str) -> None:
    assert format_milliseconds(seconds) == text


def test_a_peer_cannot_steer_the_terminal() -> None:
    assert printable("ok \x1b[2J\x07\nmore") == "ok �[2J��more"
    assert printable("grüße 你好") == "grüße 你好"
