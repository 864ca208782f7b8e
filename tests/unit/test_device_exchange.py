"""What a handler gets to read and to send with."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from rtckit.device.exchange import Request, Response

Sent = list[tuple[int, dict[str, str], bytes]]


def response() -> tuple[Response, Sent]:
    sent: Sent = []
    return Response(lambda status, headers, body: sent.append((status, headers, body))), sent


def test_a_body_is_read_at_once_or_in_parts() -> None:
    request = Request("POST", "/x", "a=1&a=2", {"X": "y"}, b"0123456789", "127.0.0.1")
    assert request.query == {"a": ["1", "2"]}
    assert [request.read(4), request.read(), request.read()] == [b"0123", b"456789", b""]
    assert request.body == b"0123456789"


def test_a_body_is_read_as_json_whatever_was_read_before() -> None:
    request = Request("POST", "/x", "", {}, b'{"type": "offer"}', "127.0.0.1")
    request.read()
    assert request.json() == {"type": "offer"}
    with pytest.raises(json.JSONDecodeError):
        Request("POST", "/x", "", {}, b"", "127.0.0.1").json()


def test_each_kind_of_content_has_its_type() -> None:
    cases: list[tuple[Callable[[Response], None], str, bytes]] = [
        (lambda r: r.send_json({"a": 1}), "application/json", b'{"a": 1}'),
        (lambda r: r.send_html("<p>ü"), "text/html; charset=utf-8", "<p>ü".encode()),
        (lambda r: r.send("ü"), "text/plain; charset=utf-8", "ü".encode()),
        (lambda r: r.send(b"\0"), "application/octet-stream", b"\0"),
    ]
    for call, content_type, body in cases:
        answer, sent = response()
        call(answer)
        assert sent == [(200, {"Content-Type": content_type}, body)]


def test_status_and_headers() -> None:
    answer, sent = response()
    answer.status = 404
    answer.headers["X-Why"] = "gone"
    answer.send_json({})
    assert sent[0][0] == 404
    assert sent[0][1]["X-Why"] == "gone"
    answer, sent = response()
    answer.send_json({}, 409)
    assert sent[0][0] == 409


def test_a_response_is_sent_once() -> None:
    answer, _ = response()
    answer.send("x")
    with pytest.raises(RuntimeError, match="has been sent"):
        answer.send("y")
