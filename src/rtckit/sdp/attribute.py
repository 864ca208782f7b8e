"""One line of a description, and the table of the attributes whose grammar is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rtckit.sdp.channel import SctpMap, parse_max_message_size, parse_sctp_port
from rtckit.sdp.connectivity import (
    check_candidate,
    parse_ice_options,
    parse_ice_pwd,
    parse_ice_ufrag,
    parse_remote_candidates,
)
from rtckit.sdp.grammar import is_token, require_token
from rtckit.sdp.media_format import (
    ExtensionMap,
    FormatParameters,
    RtcpAddress,
    RtcpFeedback,
    RtpMap,
)
from rtckit.sdp.media_source import Group, Msid, Rid, Simulcast, Ssrc, SsrcGroup
from rtckit.sdp.security import Fingerprint, parse_setup, parse_tls_id
from rtckit.seam import ParseError

__all__ = ["SINGLE_ATTRIBUTES", "Line", "check_attribute", "parse_mid"]


def parse_mid(value: str) -> str:
    """The identification tag of a media section (RFC 5888 §4)."""
    return require_token(value.strip(), "mid")


def _check_duration(value: str) -> None:
    whole, _, fraction = value.strip().partition(".")
    if not (whole + fraction).isascii() or not (whole + fraction).isdigit() or not whole:
        raise ParseError(f"not a number of milliseconds: {value[:40]!r}")


#: Attribute name → what raises ParseError when its value is malformed. Attributes that are not
#: here, known or unknown, are kept as they are (RFC 8866 §5.13: unknown ones are ignored).
_CHECKS: Final[dict[str, Callable[[str], object]]] = {
    "candidate": check_candidate,
    "extmap": ExtensionMap.parse,
    "fingerprint": Fingerprint.parse,
    "fmtp": FormatParameters.parse,
    "group": Group.parse,
    "ice-options": parse_ice_options,
    "ice-pwd": parse_ice_pwd,
    "ice-ufrag": parse_ice_ufrag,
    "max-message-size": parse_max_message_size,
    "maxptime": _check_duration,
    "mid": parse_mid,
    "msid": Msid.parse,
    "ptime": _check_duration,
    "remote-candidates": parse_remote_candidates,
    "rid": Rid.parse,
    "rtcp": RtcpAddress.parse,
    "rtcp-fb": RtcpFeedback.parse,
    "rtpmap": RtpMap.parse,
    "sctp-port": parse_sctp_port,
    "sctpmap": SctpMap.parse,
    "setup": parse_setup,
    "simulcast": Simulcast.parse,
    "ssrc": Ssrc.parse,
    "ssrc-group": SsrcGroup.parse,
    "tls-id": parse_tls_id,
}

#: Attributes of which a section has one; a second line with another value is an error.
SINGLE_ATTRIBUTES: Final = frozenset(
    {"ice-pwd", "ice-ufrag", "max-message-size", "mid", "sctp-port", "setup", "tls-id"}
)


def check_attribute(name: str, value: str) -> None:
    """Check an attribute against its grammar, if it is one that is known.

    :raises ParseError: it does not follow it.
    """
    if not is_token(name):
        raise ParseError(f"attribute name is not a token: {name[:40]!r}")
    check = _CHECKS.get(name)
    if check is not None:
        check(value)


@dataclass(frozen=True, slots=True)
class Line:
    """One line, as written.

    :ivar type: the letter before the equals sign.
    :ivar text: what follows it.
    :ivar number: which line of the parsed text this was, from 1; 0 for a line made here.
    """

    type: str
    text: str
    number: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """The attribute's name, ``""`` when the line is no attribute."""
        return self.text.partition(":")[0] if self.type == "a" else ""

    @property
    def value(self) -> str:
        """What follows the attribute's name and colon; ``""`` when nothing does."""
        return self.text.partition(":")[2] if self.type == "a" else self.text

    @classmethod
    def attribute(cls, name: str, value: str | None = None) -> Line:
        """The line ``a=name:value``, or the flag ``a=name``."""
        return cls("a", name if value is None else f"{name}:{value}")

    def __str__(self) -> str:
        return f"{self.type}={self.text}"
