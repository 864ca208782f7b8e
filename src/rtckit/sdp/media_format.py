"""The attributes of RTP formats: ``rtpmap``, ``fmtp``, ``rtcp-fb``, ``extmap``, ``rtcp``."""

from __future__ import annotations

from dataclasses import dataclass

from rtckit.sdp.grammar import integer, require_token, words
from rtckit.seam import ParseError

__all__ = ["ExtensionMap", "FormatParameters", "RtcpAddress", "RtcpFeedback", "RtpMap"]

_DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})


@dataclass(frozen=True, slots=True)
class RtpMap:
    """``a=rtpmap``: what a payload type stands for (RFC 8866 §6.6).

    :ivar payload_type: 0 to 127.
    :ivar encoding: the format's name as written, e.g. ``"opus"``, ``"VP8"``.
    :ivar clock_rate: in Hz.
    :ivar parameters: the channels of an audio format, as text; ``""`` when not given.
    """

    payload_type: int
    encoding: str
    clock_rate: int
    parameters: str = ""

    @classmethod
    def parse(cls, value: str) -> RtpMap:
        fields = words(value, "rtpmap", 2)
        parts = fields[1].split("/")
        if len(parts) < 2:
            raise ParseError("rtpmap has no clock rate")
        return cls(
            integer(fields[0], "payload type", 127),
            require_token(parts[0], "encoding name"),
            integer(parts[1], "clock rate", (1 << 32) - 1),
            "/".join(parts[2:]),
        )

    def __str__(self) -> str:
        text = f"{self.payload_type} {self.encoding}/{self.clock_rate}"
        return f"{text}/{self.parameters}" if self.parameters else text


@dataclass(frozen=True, slots=True)
class FormatParameters:
    """``a=fmtp``: the parameters of a format (RFC 8866 §6.15).

    :ivar format: the payload type as text.
    :ivar text: the parameters as written.
    """

    format: str
    text: str

    @classmethod
    def parse(cls, value: str) -> FormatParameters:
        name, _, text = value.strip().partition(" ")
        return cls(require_token(name, "fmt"), text.strip())

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters by lower-case name; those without ``=`` have the value ``""``."""
        found: dict[str, str] = {}
        for part in self.text.split(";"):
            name, _, value = part.strip().partition("=")
            if name:
                found[name.strip().lower()] = value.strip()
        return found

    def __str__(self) -> str:
        return f"{self.format} {self.text}"


@dataclass(frozen=True, slots=True)
class RtcpFeedback:
    """``a=rtcp-fb``: a kind of feedback that a format may get (RFC 4585 §4.2).

    :ivar format: the payload type as text, or ``"*"``.
    :ivar type: ``"nack"``, ``"ccm"``, ``"transport-cc"`` ...
    :ivar parameter: ``"pli"``, ``"fir"`` ..., ``""`` when there is none.
    """

    format: str
    type: str
    parameter: str = ""

    @classmethod
    def parse(cls, value: str) -> RtcpFeedback:
        fields = words(value, "rtcp-fb", 2)
        return cls(
            require_token(fields[0], "fmt"),
            require_token(fields[1], "feedback type"),
            " ".join(fields[2:]),
        )

    def __str__(self) -> str:
        return " ".join(part for part in (self.format, self.type, self.parameter) if part)


@dataclass(frozen=True, slots=True)
class ExtensionMap:
    """``a=extmap``: the identifier of an RTP header extension (RFC 8285 §5).

    :ivar id: 1 to 14, to 255 with two-byte headers, or 4096 to 4351 when only proposed.
    :ivar uri: names the extension.
    :ivar direction: ``"sendonly"`` ... or ``""`` for that of the section.
    :ivar attributes: the extension's own, as written.
    """

    id: int
    uri: str
    direction: str = ""
    attributes: str = ""

    @classmethod
    def parse(cls, value: str) -> ExtensionMap:
        fields = words(value, "extmap", 2)
        number, slash, direction = fields[0].partition("/")
        if slash and direction not in _DIRECTIONS:
            raise ParseError(f"extmap has no such direction: {direction[:40]!r}")
        return cls(
            integer(number, "extension id", 4351, 1), fields[1], direction, " ".join(fields[2:])
        )

    def __str__(self) -> str:
        direction = f"/{self.direction}" if self.direction else ""
        attributes = f" {self.attributes}" if self.attributes else ""
        return f"{self.id}{direction} {self.uri}{attributes}"


@dataclass(frozen=True, slots=True)
class RtcpAddress:
    """``a=rtcp``: where RTCP goes when it is not multiplexed (RFC 3605 §2.1).

    :ivar port: the port.
    :ivar connection: ``"IN IP4 192.0.2.1"`` or ``""``.
    """

    port: int
    connection: str = ""

    @classmethod
    def parse(cls, value: str) -> RtcpAddress:
        fields = words(value, "rtcp", 1)
        if len(fields) not in (1, 4):
            raise ParseError("rtcp needs a port, or a port and an address")
        return cls(integer(fields[0], "port", 65535), " ".join(fields[1:]))

    def __str__(self) -> str:
        return f"{self.port} {self.connection}" if self.connection else str(self.port)
