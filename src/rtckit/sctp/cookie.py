"""The state cookie, which remembers a handshake for us (RFC 9260 §5.1.3)."""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import Final

from rtckit.sctp.negotiation import Peer
from rtckit.seam import Entropy, ParseError

__all__ = ["Cookie", "CookieJar"]


@dataclass(frozen=True, slots=True)
class Cookie:
    """What we need of the handshake once the peer returns it.

    :ivar created: when, in monotonic seconds.
    :ivar tag: the verification tag we offered in this INIT ACK.
    :ivar initial_tsn: the initial TSN we offered.
    :ivar tie_tags: our tag and the peer's in the association there was, or zeros
        (RFC 9260 §5.2.2).
    :ivar peer: what its INIT said.
    """

    created: float
    tag: int
    initial_tsn: int
    tie_tags: tuple[int, int]
    peer: Peer


_COOKIE: Final = struct.Struct("!dIIIIIIIHHB")
_MAC_SIZE: Final = 32


class CookieJar:
    """Seals cookies with a secret of its own, and opens them again (RFC 9260 §5.1.3)."""

    __slots__ = ("_secret",)

    def __init__(self, entropy: Entropy) -> None:
        self._secret = entropy(32)

    def _mac(self, fields: bytes) -> bytes:
        return hmac.digest(self._secret, fields, hashlib.sha256)

    def seal(self, cookie: Cookie) -> bytes:
        """The State Cookie parameter's value."""
        peer = cookie.peer
        fields = _COOKIE.pack(
            cookie.created,
            cookie.tag,
            cookie.initial_tsn,
            *cookie.tie_tags,
            peer.tag,
            peer.initial_tsn,
            peer.window,
            peer.outbound_streams,
            peer.inbound_streams,
            peer.forward_tsn | peer.re_config << 1,
        )
        return fields + self._mac(fields)

    def open(self, sealed: bytes) -> Cookie:
        """:raises ParseError: if the cookie is not one of ours."""
        if len(sealed) != _COOKIE.size + _MAC_SIZE:
            raise ParseError("cookie length", len(sealed))
        fields, mac = sealed[: _COOKIE.size], sealed[_COOKIE.size :]
        if not hmac.compare_digest(self._mac(fields), mac):
            raise ParseError("cookie authentication", _COOKIE.size)
        (
            created,
            tag,
            tsn,
            tie_own,
            tie_peer,
            peer_tag,
            peer_tsn,
            window,
            outbound,
            inbound,
            bits,
        ) = _COOKIE.unpack(fields)
        peer = Peer(peer_tag, peer_tsn, window, outbound, inbound, bool(bits & 1), bool(bits & 2))
        return Cookie(created, tag, tsn, (tie_own, tie_peer), peer)
