"""The argument checks of ``createDataChannel`` (WebRTC 1.0 §6.1)."""

from __future__ import annotations

__all__ = ["check_channel_init"]

_MAX_TEXT = 65535  # bytes that DCEP's length fields hold
_MAX_ID = 65534  # 65535 is no stream (RFC 8832 §6)
_PRIORITIES = ("very-low", "low", "medium", "high")


def check_channel_init(
    label: str,
    max_packet_life_time: int | None,
    max_retransmits: int | None,
    protocol: str,
    negotiated: bool,
    id: int | None,
    priority: str,
) -> None:
    """Raise ``TypeError`` for what the W3C does not allow."""
    for name, text in (("label", label), ("protocol", protocol)):
        if not isinstance(text, str):
            raise TypeError(f"{name} must be str, not {type(text).__name__}")
        if len(text.encode("utf-8", "surrogatepass")) > _MAX_TEXT:
            raise TypeError(f"{name} is longer than {_MAX_TEXT} bytes")
    limits = {"maxPacketLifeTime": max_packet_life_time, "maxRetransmits": max_retransmits}
    for name, value in limits.items():
        if value is not None and (not isinstance(value, int) or not 0 <= value <= 65535):
            raise TypeError(f"{name} must be 0 to 65535, not {value!r}")
    if max_packet_life_time is not None and max_retransmits is not None:
        raise TypeError("maxPacketLifeTime and maxRetransmits exclude each other")
    if negotiated and id is None:
        raise TypeError("a negotiated channel needs an id")
    if negotiated and (not isinstance(id, int) or not 0 <= id <= _MAX_ID):
        raise TypeError(f"id must be 0 to {_MAX_ID}, not {id!r}")
    if priority not in _PRIORITIES:
        raise TypeError(f"priority must be one of {', '.join(_PRIORITIES)}, not {priority!r}")
