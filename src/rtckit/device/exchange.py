"""What an HTTP handler gets: the request, and the response to send."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

__all__ = ["Request", "Response"]


class Request:
    """An HTTP request.

    :ivar method: ``"GET"``, ``"POST"`` ...
    :ivar path: the path, without the query.
    :ivar query: the query's values by name, each a list.
    :ivar headers: the headers by name, case-insensitive.
    :ivar addr: the client's IP address.
    """

    __slots__ = ("_body", "_position", "addr", "headers", "method", "path", "query")

    def __init__(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        addr: str,
    ) -> None:
        self.method = method
        self.path = path
        self.query = parse_qs(query)
        self.headers = headers
        self.addr = addr
        self._body = body
        self._position = 0

    @property
    def body(self) -> bytes:
        """The whole body."""
        return self._body

    def read(self, size: int = -1) -> bytes:
        """The body, or the next ``size`` bytes of it."""
        start = self._position
        end = len(self._body) if size < 0 else min(start + size, len(self._body))
        self._position = end
        return self._body[start:end]

    def json(self) -> object:
        """The body as JSON.

        :raises json.JSONDecodeError: it is none; a handler that lets it pass answers 400.
        """
        try:
            return json.loads(self._body)
        except RecursionError:
            raise json.JSONDecodeError("nested too deeply", "", 0) from None


class Response:
    """The answer to a request; sent once.

    :ivar status: the status code, 200 unless set.
    :ivar headers: headers beyond those for the content.
    """

    __slots__ = ("_send", "headers", "sent", "status")

    def __init__(self, send: Callable[[int, dict[str, str], bytes], None]) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.sent = False
        self._send = send

    def send(
        self,
        data: bytes | str = b"",
        content_type: str | None = None,
        status: int | None = None,
    ) -> None:
        """Send a body as it is.

        :raises RuntimeError: something was sent before.
        """
        if self.sent:
            raise RuntimeError("the response has been sent")
        self.sent = True
        if content_type is None:
            text = isinstance(data, str)
            content_type = "text/plain; charset=utf-8" if text else "application/octet-stream"
        body = data.encode() if isinstance(data, str) else bytes(data)
        self._send(status or self.status, {"Content-Type": content_type, **self.headers}, body)

    def send_json(self, value: object, status: int | None = None) -> None:
        """Send ``value`` as JSON."""
        self.send(json.dumps(value), "application/json", status)

    def send_html(self, text: str, status: int | None = None) -> None:
        """Send a page."""
        self.send(text, "text/html; charset=utf-8", status)
