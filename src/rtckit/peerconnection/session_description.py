"""RTCSessionDescription (WebRTC 1.0 §4.6.2)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RTCSessionDescription"]

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
