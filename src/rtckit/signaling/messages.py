"""What two peers say to each other before they can talk: one JSON object a message.

========================  =======================================================================
``type``                  further keys
========================  =======================================================================
``hello``                 ``service``, ``protocol`` (number), ``version``: the server's first words
``offer``, ``answer``     ``sdp``
``candidate``             ``candidate``, ``sdpMid``, ``sdpMLineIndex``, ``usernameFragment`` (as
                          RTCIceCandidateInit, WebRTC 1.0 §4.8.1)
``end-of-candidates``     none (RFC 8838 §13)
``request-offer``         none: the other side should make the offer
``error``                 ``reason``, in plain words
========================  =======================================================================

Unknown keys are ignored, so that either side may grow; unknown types are not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "MAX_MESSAGE_SIZE",
    "Candidate",
    "Description",
    "EndOfCandidates",
    "Failure",
    "Hello",
    "Message",
    "MessageError",
    "OfferRequest",
    "decode",
    "encode",
]

#: The longest message either side accepts, in bytes of UTF-8; an offer is seldom over 4 KiB.
MAX_MESSAGE_SIZE = 64 * 1024

_MAX_LINE = 1024


class MessageError(ValueError):
    """A signaling message that cannot be understood; the text says why."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The server's first message.

    :ivar service: what it serves, e.g. ``"rtckit-demo"``.
    :ivar protocol: the version of the protocol spoken over the channels.
    :ivar version: the version of the software, for people.
    """

    service: str
    protocol: int
    version: str


@dataclass(frozen=True, slots=True)
class Description:
    """A session description.

    :ivar type: ``"offer"`` or ``"answer"``.
    :ivar sdp: its text.
    """

    type: Literal["offer", "answer"]
    sdp: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One trickled candidate, with the fields of RTCIceCandidateInit.

    :ivar candidate: ``candidate:...``, without ``a=``.
    :ivar mid: the media section it belongs to, if named.
    :ivar line_index: the index of that section, if numbered.
    :ivar ufrag: the ICE generation it belongs to, if named.
    """

    candidate: str
    mid: str | None = None
    line_index: int | None = None
    ufrag: str | None = None


@dataclass(frozen=True, slots=True)
class EndOfCandidates:
    """No more candidates will come in this generation."""


@dataclass(frozen=True, slots=True)
class OfferRequest:
    """The other side is asked to make the offer."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the sender is giving up.

    :ivar reason: in plain words, fit to be shown.
    """

    reason: str


Message: TypeAlias = Hello | Description | Candidate | EndOfCandidates | OfferRequest | Failure


def encode(message: Message) -> str:
    """``message`` as the JSON text that goes on the wire."""
    fields: dict[str, str | int | None]
    match message:
        case Hello(service, protocol, version):
            fields = {
                "type": "hello",
                "service": service,
                "protocol": protocol,
                "version": version,
            }
        case Description(kind, sdp):
            fields = {"type": kind, "sdp": sdp}
        case Candidate(candidate, mid, line_index, ufrag):
            fields = {
                "type": "candidate",
                "candidate": candidate,
                "sdpMid": mid,
                "sdpMLineIndex": line_index,
                "usernameFragment": ufrag,
            }
        case EndOfCandidates():
            fields = {"type": "end-of-candidates"}
        case OfferRequest():
            fields = {"type": "request-offer"}
        case Failure(reason):
            fields = {"type": "error", "reason": reason}
    return json.dumps(fields, separators=(",", ":"))


def decode(text: str) -> Message:
    """The message that ``text`` carries.

    :raises MessageError: if it is too long, no JSON object, of an unknown type, or lacks a field.
    """
    fields = _object(text)
    kind = fields.get("type")
    if kind == "hello":
        return Hello(
            _string(fields, "service", _MAX_LINE),
            _integer(fields, "protocol"),
            _string(fields, "version", _MAX_LINE),
        )
    if kind == "offer" or kind == "answer":
        return Description(kind, _string(fields, "sdp", MAX_MESSAGE_SIZE))
    if kind == "candidate":
        return _candidate(fields)
    if kind == "end-of-candidates":
        return EndOfCandidates()
    if kind == "request-offer":
        return OfferRequest()
    if kind == "error":
        return Failure(_string(fields, "reason", _MAX_LINE))
    raise MessageError(f"unknown message type {str(kind)[:40]!r}")


def _object(text: str) -> dict[str, object]:
    # Characters first: counting them costs nothing.
    if len(text) > MAX_MESSAGE_SIZE or len(text.encode("utf-8", "replace")) > MAX_MESSAGE_SIZE:
        raise MessageError(f"message longer than {MAX_MESSAGE_SIZE} bytes")
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageError("message is not JSON") from error
    if not isinstance(value, dict):
        raise MessageError("message is not a JSON object")
    return value


def _candidate(fields: dict[str, object]) -> Message:
    candidate = _string(fields, "candidate", _MAX_LINE)
    if not candidate:
        # An empty candidate is how RTCIceCandidateInit spells the end of a generation.
        return EndOfCandidates()
    mid = None if fields.get("sdpMid") is None else _string(fields, "sdpMid", _MAX_LINE)
    line = None if fields.get("sdpMLineIndex") is None else _integer(fields, "sdpMLineIndex")
    ufrag = (
        None
        if fields.get("usernameFragment") is None
        else _string(fields, "usernameFragment", _MAX_LINE)
    )
    if mid is None and line is None:
        raise MessageError("candidate names neither sdpMid nor sdpMLineIndex")
    return Candidate(candidate, mid, line, ufrag)


def _string(fields: dict[str, object], key: str, longest: int) -> str:
    value = fields.get(key)
    if not isinstance(value, str):
        raise MessageError(f"{key} is missing or not a string")
    if len(value) > longest:
        raise MessageError(f"{key} is longer than {longest} characters")
    if not value.isascii():
        # JSON can spell a lone surrogate, which no later layer could write out again.
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise MessageError(f"{key} is not Unicode text") from error
    return value


def _integer(fields: dict[str, object], key: str) -> int:
    value = fields.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise MessageError(f"{key} is missing or not a number")
    if not 0 <= value <= 65535:
        raise MessageError(f"{key} is out of range")
    return value
