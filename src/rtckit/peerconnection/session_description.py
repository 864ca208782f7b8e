"""RTCSessionDescription (WebRTC 1.0 §4.6.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from rtckit.jsep import Description

__all__ = ["DescriptionInit", "RTCSessionDescription", "read_description", "wrap_description"]

_TYPES = ("offer", "pranswer", "answer", "rollback")


@dataclass(slots=True, eq=True)
class RTCSessionDescription:
    """A session description to set, or one that is set.

    :param sdp: the SDP; empty for a rollback.
    :param type: ``"offer"``, ``"pranswer"``, ``"answer"`` or ``"rollback"``.
    :raises TypeError: the type is another, or the SDP is not a string.
    """

    sdp: str = ""
    type: str = ""

    def __post_init__(self) -> None:
        if self.type not in _TYPES:
            raise TypeError(
                f"RTCSessionDescription type must be one of {', '.join(_TYPES)}, not {self.type!r}"
            )
        if not isinstance(self.sdp, str):
            raise TypeError(f"RTCSessionDescription sdp must be str, not {type(self.sdp).__name__}")

    def toJSON(self) -> dict[str, str]:
        """``{"type": ..., "sdp": ...}``, as a browser's ``JSON.stringify`` gives it."""
        return {"type": self.type, "sdp": self.sdp}


#: RTCSessionDescriptionInit: the object, or a mapping of its members.
DescriptionInit: TypeAlias = RTCSessionDescription | Mapping[str, str]


def read_description(init: DescriptionInit, default_type: str = "") -> RTCSessionDescription:
    """A copy of what was given, checked.

    :param default_type: what stands for a type that is not there.
    :raises TypeError: it is no description.
    """
    if isinstance(init, RTCSessionDescription):
        return RTCSessionDescription(sdp=init.sdp, type=init.type)
    if isinstance(init, Mapping):
        return RTCSessionDescription(sdp=init.get("sdp", ""), type=init.get("type", default_type))
    raise TypeError(f"a description is an RTCSessionDescription, not {type(init).__name__}")


def wrap_description(description: Description | None) -> RTCSessionDescription | None:
    """The W3C's object for a description of the negotiation."""
    if description is None:
        return None
    return RTCSessionDescription(sdp=description.sdp, type=str(description.type))
