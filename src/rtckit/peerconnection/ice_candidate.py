"""RTCIceCandidate (WebRTC 1.0 §4.8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from rtckit.ice import Candidate
from rtckit.seam import ParseError

__all__ = ["CandidateInit", "RTCIceCandidate"]

_UNSIGNED_SHORT = 65535


@dataclass(frozen=True, slots=True)
class CandidateInit:
    """RTCIceCandidateInit: the four members that travel, checked for their types."""

    candidate: str = ""
    sdpMid: str | None = None
    sdpMLineIndex: int | None = None
    usernameFragment: str | None = None

    @classmethod
    def read(cls, init: RTCIceCandidate | Mapping[str, object] | None) -> Self:
        """What ``addIceCandidate`` was given; ``None`` is an end of all candidates.

        :raises TypeError: it is no candidate, or a candidate without its place.
        """
        if init is None:
            return cls()
        if isinstance(init, Mapping):
            read = cls.of_mapping(init)
        elif isinstance(init, RTCIceCandidate):
            read = cls(init.candidate, init.sdpMid, init.sdpMLineIndex, init.usernameFragment)
        else:
            raise TypeError(f"a candidate is an RTCIceCandidate, not {type(init).__name__}")
        if read.candidate and not read.placed:
            raise TypeError("a candidate needs sdpMid or sdpMLineIndex")
        return read

    @property
    def placed(self) -> bool:
        """Whether it names its m-section."""
        return self.sdpMid is not None or self.sdpMLineIndex is not None

    @classmethod
    def of_mapping(cls, init: Mapping[str, object]) -> Self:
        """What ``JSON.parse`` gives of a candidate.

        :raises TypeError: a member is of another type.
        """
        return cls(
            _text(init.get("candidate"), "candidate") or "",
            _text(init.get("sdpMid"), "sdpMid"),
            _unsigned_short(init.get("sdpMLineIndex"), "sdpMLineIndex"),
            _text(init.get("usernameFragment"), "usernameFragment"),
        )


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
        if ip is not None:
            parts = f"{foundation} {component} {protocol} {priority} {ip} {port} typ {type}"
            if relatedAddress is not None:
                parts += f" raddr {relatedAddress} rport {relatedPort or 0}"
            if tcpType is not None:
                parts += f" tcptype {tcpType}"
            candidate = "candidate:" + parts
        init = CandidateInit.of_mapping(
            candidate
            if isinstance(candidate, Mapping)
            else {
                "candidate": candidate,
                "sdpMid": sdpMid,
                "sdpMLineIndex": sdpMLineIndex,
                "usernameFragment": usernameFragment,
            }
        )
        if not init.placed:
            raise TypeError("RTCIceCandidate needs sdpMid or sdpMLineIndex")
        self.candidate = init.candidate
        self.sdpMid = init.sdpMid
        self.sdpMLineIndex = init.sdpMLineIndex
        self.usernameFragment = init.usernameFragment
        self.relayProtocol: str | None = None
        self.url: str | None = None
        self._parsed: Candidate | None = None
        if init.candidate:
            try:
                self._parsed = Candidate.parse(init.candidate)
            except ParseError:
                self._parsed = None

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


def _text(value: object, name: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    return value


def _unsigned_short(value: object, name: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or not 0 <= value <= _UNSIGNED_SHORT:
        raise TypeError(f"{name} must be an integer from 0 to {_UNSIGNED_SHORT}, not {value!r}")
    return value
