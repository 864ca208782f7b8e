"""How a connection is set up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rtckit.ice import Credentials

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the owner decides once.

    :ivar local_credentials: our first ICE credentials; ``None`` draws them.
    :ivar remote_credentials: the peer's, when known before its description.
    :ivar ice_lite: answer connectivity checks, never send them.
    :ivar relay_only: signal and use relayed candidates only.
    :ivar dtls_role: force the DTLS role.
    :ivar verify_fingerprint: whether the peer's certificate must match its description.
    :ivar srtp_profiles: numbers of RFC 5764 §4.1.2 to offer; ``None`` for all that there are.
    :ivar sctp_port: our SCTP port, in the description and in packets.
    :ivar max_message_size: the largest message that the peer may send, in bytes.
    :ivar receive_window: bytes of unread messages before the peer is held back.
    """

    local_credentials: Credentials | None = None
    remote_credentials: Credentials | None = None
    ice_lite: bool = False
    relay_only: bool = False
    dtls_role: Literal["client", "server"] | None = None
    verify_fingerprint: bool = True
    srtp_profiles: tuple[int, ...] | None = None
    sctp_port: int = 5000
    max_message_size: int = 262144
    receive_window: int = 4 * 1024 * 1024
