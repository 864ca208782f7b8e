"""RTCIceServer (WebRTC 1.0 §4.2.3) and the URLs of RFC 7064 and 7065."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rtckit.errors import InvalidAccessError, NotSupportedError, SyntaxDOMException

__all__ = ["IceServerURL", "RTCIceServer"]

_URL = re.compile(
    r"(?P<scheme>stuns?|turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)"
    r"(?::(?P<port>\d{1,5}))?(?:\?transport=(?P<transport>[A-Za-z0-9]+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class IceServerURL:
    """A parsed ``stun:``, ``stuns:``, ``turn:`` or ``turns:`` URL."""

    scheme: str
    host: str
    port: int
    transport: str

    @classmethod
    def parse(cls, url: str) -> IceServerURL:
        """Parse it.

        :raises SyntaxDOMException: it is no such URL.
        :raises NotSupportedError: its transport is neither ``udp`` nor ``tcp``.
        """
        match = _URL.fullmatch(url)
        if match is None:
            raise SyntaxDOMException(f"not a stun:, stuns:, turn: or turns: URL: {url!r}")
        scheme = match["scheme"].lower()
        secure = scheme.endswith("s")
        port = int(match["port"] or (5349 if secure else 3478))
        if not 0 < port < 65536:
            raise SyntaxDOMException(f"port {port} out of range in {url!r}")
        transport = (match["transport"] or ("tcp" if secure else "udp")).lower()
        if match["transport"] and scheme.startswith("stun"):
            # RFC 7064 §3.1: a stun URI has no query.
            raise SyntaxDOMException(f"a stun: URL takes no query: {url!r}")
        if transport not in ("udp", "tcp"):
            raise NotSupportedError(f"transport {transport!r} of {url!r} is not supported")
        return cls(scheme, match["host"].strip("[]"), port, transport)


@dataclass(slots=True)
class RTCIceServer:
    """STUN or TURN servers that share credentials.

    :param urls: one URL or several.
    :param username: for TURN.
    :param credential: for TURN.
    :param credentialType: ``"password"``, the only one there is.
    """

    urls: str | list[str]
    username: str | None = None
    credential: str | None = None
    credentialType: str = "password"

    def check_types(self) -> None:
        """Check the members as Web IDL does.

        :raises TypeError: one is of another type.
        """
        urls = [self.urls] if isinstance(self.urls, str) else self.urls
        if not isinstance(urls, list | tuple) or not all(isinstance(url, str) for url in urls):
            raise TypeError(f"urls must be a string or a list of strings, not {self.urls!r}")
        for name, value in (("username", self.username), ("credential", self.credential)):
            if value is not None and not isinstance(value, str):
                raise TypeError(f"{name} must be a string, not {type(value).__name__}")
        if self.credentialType != "password":
            raise TypeError(f"credentialType must be 'password', not {self.credentialType!r}")

    def parsed(self) -> list[IceServerURL]:
        """The URLs, parsed and checked as WebRTC 1.0 §4.4.1.6 says."""
        urls = [self.urls] if isinstance(self.urls, str) else list(self.urls)
        if not urls:
            raise SyntaxDOMException("an ICE server needs at least one URL")
        parsed = [IceServerURL.parse(url) for url in urls]
        if any(url.scheme.startswith("turn") for url in parsed) and (
            self.username is None or self.credential is None
        ):
            raise InvalidAccessError(f"{urls[0]}: a TURN server needs username and credential")
        return parsed
