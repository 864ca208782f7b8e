"""RTCDataChannelInit and the argument checks of ``createDataChannel`` (WebRTC 1.0 §6.1, §6.2)."""

from __future__ import annotations

from dataclasses import dataclass

from .usv_string import usv_string

__all__ = ["DataChannelInit"]

_MAX_TEXT = 65535  # bytes that DCEP's length fields hold
_UNSIGNED_SHORT = 65535
_MAX_ID = 65534  # 65535 is no stream (RFC 8832 §6)
_PRIORITIES = ("very-low", "low", "medium", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChannelInit:
    """Checked arguments.

    :ivar id: ignored unless ``negotiated``.
    """

    label: str
    ordered: bool
    max_packet_life_time: int | None
    max_retransmits: int | None
    protocol: str
    negotiated: bool
    id: int | None
    priority: str

    @classmethod
    def check(
        cls,
        label: str,
        ordered: bool,
        max_packet_life_time: int | None,
        max_retransmits: int | None,
        protocol: str,
        negotiated: bool,
        id: int | None,
        priority: str,
    ) -> DataChannelInit:
        """Check as Web IDL and ``createDataChannel`` do.

        :raises TypeError: the W3C does not allow it.
        """
        shorts = {
            "maxPacketLifeTime": max_packet_life_time,
            "maxRetransmits": max_retransmits,
            "id": id,
        }
        for name, value in shorts.items():
            _check_unsigned_short(name, value)
        if priority not in _PRIORITIES:
            raise TypeError(f"priority must be one of {', '.join(_PRIORITIES)}, not {priority!r}")
        label = _text("label", label)
        protocol = _text("protocol", protocol)
        if negotiated and id is None:
            raise TypeError("a negotiated channel needs an id")
        if max_packet_life_time is not None and max_retransmits is not None:
            raise TypeError("maxPacketLifeTime and maxRetransmits exclude each other")
        if negotiated and id is not None and id > _MAX_ID:
            raise TypeError(f"id must be 0 to {_MAX_ID}, not {id!r}")
        return cls(
            label=label,
            ordered=bool(ordered),
            max_packet_life_time=max_packet_life_time,
            max_retransmits=max_retransmits,
            protocol=protocol,
            negotiated=bool(negotiated),
            id=id,
            priority=priority,
        )


def _check_unsigned_short(name: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, int) or not 0 <= value <= _UNSIGNED_SHORT:
        raise TypeError(f"{name} must be an integer from 0 to {_UNSIGNED_SHORT}, not {value!r}")


def _text(name: str, text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{name} must be str, not {type(text).__name__}")
    text = usv_string(text)
    if len(text.encode()) > _MAX_TEXT:
        raise TypeError(f"{name} is longer than {_MAX_TEXT} bytes of UTF-8")
    return text
