"""Files of the package, served by an allow list: a path is looked up, never opened."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["Pages"]

_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

# The pages run their own scripts and talk to their own server; nothing else, in no frame.
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class _Page:
    body: bytes
    headers: dict[str, str]


class Pages:
    """The files ``names`` of the folder ``rtckit/web/<folder>``, read once.

    :param folder: the folder under ``rtckit/web``.
    :param names: the files that may be asked for, and no others.
    """

    def __init__(self, folder: str, names: tuple[str, ...]) -> None:
        root = files("rtckit") / "web" / folder
        self._pages: dict[str, _Page] = {}
        for name in names:
            body = (root / name).read_bytes()
            headers = {
                **_HEADERS,
                "Content-Type": _TYPES[name.rpartition(".")[2]],
                "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
            }
            self._pages[name] = _Page(body, headers)

    def response(self, request: Request, name: str) -> Response:
        """The file called ``name``, 304 if the client has it, or 404."""
        page = self._pages.get(name)
        if page is None:
            return Response("Not found\n", 404, {**_HEADERS, "Content-Type": "text/plain"})
        if request.headers.get("if-none-match") == page.headers["ETag"]:
            return Response(status_code=304, headers=page.headers)
        return Response(page.body, headers=page.headers)
