"""DTLS records and alerts."""

from __future__ import annotations

from rtckit.dtls.alert import Alert
from rtckit.dtls.record import RecordWriter, parse_records

from .target import Target, parser

__all__ = ["TARGETS"]


def read(data: bytes) -> None:
    records, error = parse_records(data)
    length = sum(13 + len(record.payload) for record in records)
    assert (error is None) == (length == len(data))


_writer = RecordWriter(0)

TARGETS: list[Target] = [
    parser("dtls-record", read, _writer.seal(22, b"hello") + _writer.seal(20, b"\1")),
    parser("dtls-alert", Alert.parse, b"\2\x28", b"\1\0"),
]
