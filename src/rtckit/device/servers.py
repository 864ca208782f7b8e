"""The ``stun_server`` and ``turn_server`` arguments, as ICE servers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias
from urllib.parse import unquote

from rtckit import RTCIceServer

__all__ = ["ServerArgument", "ice_servers"]

#: A URL; or a mapping with ``urls``, ``username`` and ``credential``; or several of them.
ServerArgument: TypeAlias = str | Mapping[str, object] | Iterable[str | Mapping[str, object]] | None

# RFC 7064 §3.1 and RFC 7065 §3.1, with the credentials that these leave out.
_URL = re.compile(
    r"(?P<scheme>stuns?|turns?):(?://)?"
    r"(?:(?P<user>[^:@]+):(?P<password>[^@]+)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9_.-]+)"
    r"(?::(?P<port>\d{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)


def ice_servers(stun_server: ServerArgument, turn_server: ServerArgument) -> list[RTCIceServer]:
    """The servers of both arguments.

    :raises OSError: a server that cannot be used, and why.
    """
    return [
        *(_server(entry, "stun") for entry in _entries(stun_server)),
        *(_server(entry, "turn") for entry in _entries(turn_server)),
    ]


def _entries(argument: ServerArgument) -> list[str | Mapping[str, object]]:
    if argument is None:
        return []
    if isinstance(argument, str | Mapping):
        return [argument]
    return list(argument)


def _server(entry: str | Mapping[str, object], kind: str) -> RTCIceServer:
    if isinstance(entry, str):
        url, user, password = _split(entry, kind)
        urls = [url]
    else:
        given = entry.get("urls", entry.get("url"))
        listed = [given] if isinstance(given, str) else given
        if not isinstance(listed, Iterable) or not (texts := [str(url) for url in listed]):
            raise OSError(f"unusable {kind} server: {dict(entry)!r} names no urls")
        parts = [_split(text, kind) for text in texts]
        urls = [url for url, _, _ in parts]
        user = _text(entry.get("username")) or parts[0][1]
        password = _text(entry.get("credential", entry.get("password"))) or parts[0][2]
    if kind == "stun":
        return RTCIceServer(urls=urls)
    if not user or not password:
        raise OSError(f"unusable turn server: {urls[0]!r} lacks user and password")
    return RTCIceServer(urls=urls, username=user, credential=password)


def _split(text: str, kind: str) -> tuple[str, str, str]:
    """A URL without its credentials, the user and the password."""
    found = _URL.fullmatch(text.strip())
    if found is None or not found["scheme"].startswith(kind):
        raise OSError(f"unusable {kind} server: {text!r}")
    if found["port"] is not None and not 0 < int(found["port"]) < 65_536:
        raise OSError(f"unusable {kind} server: {text!r} has no such port")
    url = f"{found['scheme']}:{found['host']}"
    if found["port"] is not None:
        url += f":{found['port']}"
    if found["transport"] is not None:
        url += f"?transport={found['transport']}"
    return url, unquote(found["user"] or ""), unquote(found["password"] or "")


def _text(value: object) -> str:
    return "" if value is None else str(value)
