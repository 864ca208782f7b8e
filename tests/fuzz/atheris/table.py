"""All fuzz targets: hypothesis runs them in the suite, atheris for as long as one likes."""

from __future__ import annotations

from . import (
    candidate,
    certificate,
    connected_pair,
    dcep,
    device,
    dtls_connection,
    dtls_handshake,
    dtls_record,
    ice_agent,
    mdns,
    sctp_association,
    sctp_packet,
    sdp,
    sdp_fragment,
    signaling,
    stun,
)
from .target import Target

__all__ = ["MODULES", "TARGETS"]

_ROOMS = (
    stun,
    candidate,
    mdns,
    sdp,
    sdp_fragment,
    dtls_record,
    dtls_handshake,
    certificate,
    sctp_packet,
    dcep,
    signaling,
    device,
    ice_agent,
    dtls_connection,
    sctp_association,
    connected_pair,
)

#: By name.
TARGETS: dict[str, Target] = {target.name: target for room in _ROOMS for target in room.TARGETS}
#: The module that a target is in, by the target's name.
MODULES: dict[str, str] = {target.name: room.__name__ for room in _ROOMS for target in room.TARGETS}
