"""The fields that are not attributes: ``o=``, ``c=``, ``b=``, ``m=`` (RFC 8866 §5)."""

from __future__ import annotations

from dataclasses import dataclass

from rtckit.sdp.grammar import integer, require_token, words
from rtckit.seam import ParseError

__all__ = ["Bandwidth", "Connection", "MediaLine", "Origin", "check_field"]

_MAX_U64 = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Origin:
    """``o=``: who made the session, and its version (RFC 8866 §5.2).

    :ivar username: ``"-"`` in WebRTC.
    :ivar session_id: a number that names the session.
    :ivar session_version: grows with every change.
    :ivar address: a host name or address, meaningless in WebRTC.
    """

    username: str
    session_id: int
    session_version: int
    network_type: str = "IN"
    address_type: str = "IP4"
    address: str = "0.0.0.0"

    @classmethod
    def parse(cls, value: str) -> Origin:
        fields = words(value, "o=", 6)
        if len(fields) != 6:
            raise ParseError(f"o= needs 6 fields, has {len(fields)}")
        return cls(
            fields[0],
            integer(fields[1], "sess-id", _MAX_U64),
            integer(fields[2], "sess-version", _MAX_U64),
            fields[3],
            fields[4],
            fields[5],
        )

    def __str__(self) -> str:
        return (
            f"{self.username} {self.session_id} {self.session_version} "
            f"{self.network_type} {self.address_type} {self.address}"
        )


@dataclass(frozen=True, slots=True)
class Connection:
    """``c=``: where media goes (RFC 8866 §5.7); only the default candidate's place in ICE.

    :ivar address_type: ``"IP4"`` or ``"IP6"``.
    :ivar address: an address or a host name, with its multicast suffix if it has one.
    """

    address_type: str
    address: str
    network_type: str = "IN"

    @classmethod
    def parse(cls, value: str) -> Connection:
        fields = words(value, "c=", 3)
        if len(fields) != 3:
            raise ParseError(f"c= needs 3 fields, has {len(fields)}")
        return cls(fields[1], fields[2], fields[0])

    def __str__(self) -> str:
        return f"{self.network_type} {self.address_type} {self.address}"


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """``b=``: the bandwidth to use (RFC 8866 §5.8, RFC 3556, RFC 3890).

    :ivar type: ``"AS"``, ``"CT"`` (kb/s), ``"TIAS"``, ``"RR"``, ``"RS"`` (bit/s) ...
    :ivar value: in the unit that the type says.
    """

    type: str
    value: int

    @classmethod
    def parse(cls, value: str) -> Bandwidth:
        kind, colon, amount = value.strip().partition(":")
        if not colon:
            raise ParseError("b= has no colon")
        return cls(require_token(kind, "bwtype"), integer(amount, "bandwidth", _MAX_U64))

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


@dataclass(frozen=True, slots=True)
class MediaLine:
    """``m=``: what a media section is for (RFC 8866 §5.14).

    :ivar kind: ``"audio"``, ``"video"``, ``"application"`` ...
    :ivar port: the default candidate's port; 9 when there is none yet, 0 when the section is
        rejected (or bundle-only).
    :ivar protocol: e.g. ``"UDP/TLS/RTP/SAVPF"``, ``"UDP/DTLS/SCTP"``.
    :ivar formats: payload types, ``"webrtc-datachannel"``, or the SCTP port of old.
    :ivar port_count: the number of ports, 1 when the line gives none.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    port_count: int = 1

    @classmethod
    def parse(cls, value: str) -> MediaLine:
        fields = words(value, "m=", 4)
        port, slash, count = fields[1].partition("/")
        protocol = fields[2]
        for part in protocol.split("/"):
            require_token(part, "proto")
        formats = tuple(require_token(entry, "fmt") for entry in fields[3:])
        return cls(
            require_token(fields[0], "media"),
            integer(port, "port", 65535),
            protocol,
            formats,
            integer(count, "number of ports", 65535, 1) if slash else 1,
        )

    def __str__(self) -> str:
        ports = f"{self.port}/{self.port_count}" if self.port_count != 1 else str(self.port)
        return f"{self.kind} {ports} {self.protocol} {' '.join(self.formats)}"


def check_field(kind: str, value: str) -> None:
    """Check the value of the line ``kind=value``, not an attribute, against its grammar.

    :raises ParseError: it does not follow it.
    """
    if kind == "v":
        if value.strip() != "0":
            raise ParseError(f"v= must be 0, is {value[:40]!r}")
    elif kind == "o":
        Origin.parse(value)
    elif kind == "c":
        Connection.parse(value)
    elif kind == "b":
        Bandwidth.parse(value)
    elif kind == "m":
        MediaLine.parse(value)
    elif kind == "t":
        times = words(value, "t=", 2)
        for time in times[:2]:
            integer(time, "time", _MAX_U64)
