"""The attributes of SCTP over DTLS (RFC 8841), and of its drafts (``sctpmap``)."""

from __future__ import annotations

from dataclasses import dataclass

from rtckit.sdp.grammar import integer, require_token, words

__all__ = ["SctpMap", "parse_max_message_size", "parse_sctp_port"]


@dataclass(frozen=True, slots=True)
class SctpMap:
    """``a=sctpmap``: the SCTP port of ``m=application 9 DTLS/SCTP 5000``.

    Browsers wrote it before RFC 8841 (draft-ietf-mmusic-sctp-sdp-07), and a few devices still do.

    :ivar port: the SCTP port, also the ``m=`` line's format.
    :ivar application: ``"webrtc-datachannel"``.
    :ivar streams: how many streams it can take, ``None`` when it does not say.
    """

    port: int
    application: str
    streams: int | None = None

    @classmethod
    def parse(cls, value: str) -> SctpMap:
        fields = words(value, "sctpmap", 2)
        return cls(
            integer(fields[0], "SCTP port", 65535),
            require_token(fields[1], "application"),
            integer(fields[2], "streams", 65535) if len(fields) > 2 else None,
        )

    def __str__(self) -> str:
        text = f"{self.port} {self.application}"
        return text if self.streams is None else f"{text} {self.streams}"


def parse_sctp_port(value: str) -> int:
    """The SCTP port (RFC 8841 §5.1)."""
    return integer(value.strip(), "sctp-port", 65535)


def parse_max_message_size(value: str) -> int:
    """The largest message in bytes that the side will take; 0: any (RFC 8841 §6.1)."""
    return integer(value.strip(), "max-message-size", (1 << 64) - 1)
