"""RTCIceCandidate (WebRTC 1.0 §4.8.1)."""

from __future__ import annotations

from collections.abc import Mapping

from rtckit.ice import Candidate
from rtckit.seam import ParseError

__all__ = ["RTCIceCandidate"]


class RTCIceCandidate:
    """An address at which a peer may be reached.

    Made from what a browser's ``JSON.stringify(candidate)`` gives, as a mapping or as keyword
    arguments::

        RTCIceCandidate({"candidate": "candidate:1 1 udp ...", "sdpMid": "0"})
        RTCIceCandidate(candidate="candidate:1 1 udp ...", sdpMid="0")

    or from its parts: ``RTCIceCandidate(component=1, foundation="1", ip="192.0.2.1", port=9,
    priority=1, protocol="udp", type="host", sdpMid="0")``.

    A text that cannot be parsed is kept as it is, as in browsers; its parts are ``None``, and
    ``addIceCandidate`` will refuse it.

    :raises TypeError: neither ``sdpMid`` nor ``sdpMLineIndex`` is given.
    """

    __slots__ = (
        "_parsed",
        "candidate",
        "relayProtocol",
        "sdpMLineIndex",
        "sdpMid",
        "url",
        "usernameFragment",
    )

    def __init__(
        self,
        candidate: str | Mapping[str, object] = "",
        sdpMid: str | None = None,
        sdpMLineIndex: int | None = None,
        usernameFragment: str | None = None,
        *,
        component: int = 1,
        foundation: str | None = None,
        ip: str | None = None,
        port: int = 0,
        priority: int = 0,
        protocol: str = "udp",
        type: str = "host",
        relatedAddress: str | None = None,
        relatedPort: int | None = None,
        tcpType: str | None = None,
    ) -> None:
        if isinstance(candidate, Mapping):
            init = candidate
            candidate = _text(init, "candidate") or ""
            sdpMid = _text(init, "sdpMid")
            index = init.get("sdpMLineIndex")
            if index is not None and not isinstance(index, int):
                raise TypeError("sdpMLineIndex must be an integer")
            sdpMLineIndex = index
            usernameFragment = _text(init, "usernameFragment")
        if ip is not None:
            parts = f"{foundation} {component} {protocol} {priority} {ip} {port} typ {type}"
            if relatedAddress is not None:
                parts += f" raddr {relatedAddress} rport {relatedPort or 0}"
            if tcpType is not None:
                parts += f" tcptype {tcpType}"
            candidate = "candidate:" + parts
        if sdpMid is None and sdpMLineIndex is None:
            raise TypeError("RTCIceCandidate needs sdpMid or sdpMLineIndex")
        self.candidate = candidate
        self.sdpMid = sdpMid
        self.sdpMLineIndex = sdpMLineIndex
        self.relayProtocol: str | None = None
        self.url: str | None = None
        self._parsed: Candidate | None = None
        if candidate:
            try:
                self._parsed = Candidate.parse(candidate)
            except ParseError:
                self._parsed = None
        if usernameFragment is None and self._parsed is not None:
            usernameFragment = dict(self._parsed.extensions).get("ufrag")
        self.usernameFragment = usernameFragment

    @property
    def foundation(self) -> str | None:
        """Equal for candidates of one type, base and server (RFC 8445 §5.1.1.3)."""
        return self._parsed.foundation if self._parsed else None

    @property
    def component(self) -> str | None:
        """``"rtp"`` or ``"rtcp"``."""
        return ("rtp" if self._parsed.component == 1 else "rtcp") if self._parsed else None

    @property
    def priority(self) -> int | None:
        """RFC 8445 §5.1.2."""
        return self._parsed.priority if self._parsed else None

    @property
    def address(self) -> str | None:
        """IP address, or a ``.local`` name."""
        return self._parsed.address if self._parsed else None

    @property
    def ip(self) -> str | None:
        """The same as :attr:`address`."""
        return self.address

    @property
    def protocol(self) -> str | None:
        """``"udp"`` or ``"tcp"``."""
        return self._parsed.transport.lower() if self._parsed else None

    @property
    def port(self) -> int | None:
        """UDP or TCP port."""
        return self._parsed.port if self._parsed else None

    @property
    def type(self) -> str | None:
        """``"host"``, ``"srflx"``, ``"prflx"`` or ``"relay"``."""
        return str(self._parsed.typ) if self._parsed else None

    @property
    def tcpType(self) -> str | None:
        """``"active"``, ``"passive"`` or ``"so"``, for TCP (RFC 6544)."""
        return self._parsed.tcptype if self._parsed else None

    @property
    def relatedAddress(self) -> str | None:
        """The base's or mapped address of a derived candidate."""
        related = self._parsed.related if self._parsed else None
        return related[0] if related else None

    @property
    def relatedPort(self) -> int | None:
        """The port to :attr:`relatedAddress`."""
        related = self._parsed.related if self._parsed else None
        return related[1] if related else None

    def toJSON(self) -> dict[str, object]:
        """What a browser's ``JSON.stringify`` gives."""
        return {
            "candidate": self.candidate,
            "sdpMid": self.sdpMid,
            "sdpMLineIndex": self.sdpMLineIndex,
            "usernameFragment": self.usernameFragment,
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RTCIceCandidate) and self.toJSON() == other.toJSON()

    def __hash__(self) -> int:
        return hash((self.candidate, self.sdpMid, self.sdpMLineIndex, self.usernameFragment))

    def __repr__(self) -> str:
        return f"RTCIceCandidate({self.candidate!r}, sdpMid={self.sdpMid!r})"


def _text(init: Mapping[str, object], name: str) -> str | None:
    value = init.get(name)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    return value
