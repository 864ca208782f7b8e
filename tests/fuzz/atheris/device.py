"""The small-device HTTP server and what it reads off descriptions."""

from __future__ import annotations

import io
from types import SimpleNamespace

from rtckit.device import description
from rtckit.device.exchange import Request, Response
from rtckit.device.listener import HttpLimits, _Exchange

from .target import Target, parser, text_parser

__all__ = ["TARGETS"]


class _Wire:
    """A client that has said everything and waits."""

    def __init__(self, said: bytes) -> None:
        self._said = said
        self.answered = b""

    def makefile(self, mode: str, size: int) -> io.BytesIO:
        return io.BytesIO(self._said)

    def sendall(self, data: bytes) -> None:
        self.answered += data


def _serve(request: Request, response: Response) -> None:
    request.read(3)
    try:
        request.json()
    except (ValueError, RecursionError):
        response.send_json({"error": "no"}, 400)
    else:
        response.send_json({"path": request.path, "query": request.query})


def read_request(data: bytes) -> None:
    wire = _Wire(data)
    server = SimpleNamespace(
        expect_by=lambda connection, seconds: None,
        limits=HttpLimits(body=4096),
        origin="http://localhost",
        serve=_serve,
    )
    _Exchange(wire, ("192.0.2.1", 5), server)  # type: ignore[arg-type]
    # A line of HTTP/0.9 is answered without a head.
    assert wire.answered[:5] in (b"", b"HTTP/", b"<!DOC", b'{"pat', b'{"err')


def read_description(text: str) -> None:
    try:
        description.check_description(text)
    except ValueError as error:
        assert str(error)
    description.infer_type(text, offering=True)
    description.candidates_of(text)
    description.session_of(text)
    description.ufrag_of(text)
    description.is_candidate(text)


TARGETS: list[Target] = [
    parser(
        "device-request",
        read_request,
        b"POST /signal?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"OPTIONS / HTTP/1.1\r\nOrigin: http://localhost\r\n"
        b"Access-Control-Request-Headers: x\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    text_parser(
        "device-description",
        read_description,
        "v=0\r\na=fingerprint:sha-256 AA\r\na=ice-ufrag:abcd\r\na=setup:active\r\n",
        "candidate:1 1 udp 1 192.0.2.1 5 typ host ufrag abcd",
    ),
]
