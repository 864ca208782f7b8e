"""The STUN server's half of checks: what is believed, what is answered (RFC 8445 §7.3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from rtckit.ice.credentials import Credentials
from rtckit.seam import Address
from rtckit.stun import ErrorCode, Message, sign, verify
from rtckit.stun.attributes import (
    ICE_CONTROLLED,
    ICE_CONTROLLING,
    NOMINATION,
    PRIORITY,
    USE_CANDIDATE,
    USERNAME,
    XOR_MAPPED_ADDRESS,
)

__all__ = ["IncomingCheck", "answer", "authenticate", "read_check", "refuse"]


@dataclass(frozen=True, slots=True)
class IncomingCheck:
    """What an authenticated check says.

    :ivar tie_breaker: the peer's; ``None`` if the check claims no role.
    :ivar controlling: the role that the peer claims.
    :ivar nomination: libwebrtc's renomination count, 0 without.
    """

    priority: int
    use_candidate: bool
    nomination: int
    tie_breaker: int | None
    controlling: bool


def authenticate(
    message: Message, accepted: list[Credentials], drops: Counter[str]
) -> Credentials | None:
    """Our credentials that a request was made with, or ``None``: it is dropped without a reply.

    RFC 8489 §9.1.3 would send 400 or 401. An address that has not shown the password gets
    nothing here, so that an agent can neither be probed nor used to reflect.
    """
    username = message.get(USERNAME)
    if username is None or not message.integrity_offset:
        drops["request without credentials"] += 1
        return None
    ufrag = username.partition(":")[0]
    for credentials in accepted:
        if credentials.ufrag == ufrag:
            if verify(message, credentials.pwd.encode()):
                return credentials
            drops["request integrity"] += 1
            return None
    drops["unknown ufrag"] += 1
    return None


def read_check(message: Message) -> IncomingCheck | None:
    """What an authenticated request says; ``None`` if it has no PRIORITY and so is no check."""
    priority = message.get(PRIORITY)
    if priority is None:
        return None
    controlling = message.get(ICE_CONTROLLING)
    controlled = message.get(ICE_CONTROLLED)
    return IncomingCheck(
        priority,
        USE_CANDIDATE in message,
        message.get(NOMINATION) or 0,
        controlling if controlling is not None else controlled,
        controlling is not None,
    )


def answer(message: Message, credentials: Credentials, remote: Address) -> bytes:
    """The success response, smaller than any check (RFC 8445 §7.3)."""
    host = remote[0].partition("%")[0]
    response = message.response().add(XOR_MAPPED_ADDRESS, (host, remote[1]))
    return sign(response, credentials.pwd.encode())


def refuse(message: Message, credentials: Credentials, code: ErrorCode) -> bytes:
    """An error response, signed: only to those who have shown the password."""
    return sign(message.error(code), credentials.pwd.encode())
