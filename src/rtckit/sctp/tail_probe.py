"""Tail loss probes (RFC 8985 §7).

If the last packet of a burst is lost, nothing that comes after it tells the sender, and only T3
would find out. So the last packet is sent once more, about two round trips after it was sent and
if nothing was heard: its acknowledgement shows what is missing. One probe is sent at most until
something new is acknowledged.
"""

from __future__ import annotations

from typing import Final

from rtckit.sctp.rto import RetransmissionTimeout

__all__ = ["TailProbe"]

#: No probe is sent sooner than this after the packet, in seconds.
_SHORTEST: Final = 0.01
#: How long we first expect the peer to delay the acknowledgement of a lone packet, and at most
#: (RFC 9260 §6.2: 200 ms).
_ACK_DELAY: Final = 0.02
_LONGEST_ACK_DELAY: Final = 0.2


class TailProbe:
    """When to probe, and what a probe's answer means.

    :ivar since: when something was last sent or acknowledged.
    :ivar packet: the number of the packet that was the probe, or -1.
    """

    __slots__ = ("_ack_delay", "_is_spent", "_rto", "_sent_at", "packet", "since")

    def __init__(self, rto: RetransmissionTimeout) -> None:
        self._rto = rto
        self._ack_delay = _ACK_DELAY
        self._is_spent = False
        self._sent_at = 0.0
        self.packet = -1
        self.since = 0.0

    def due(self, is_alone: bool) -> float | None:
        """When a probe is to be sent, or ``None`` if none is (RFC 8985 §7.2).

        :param is_alone: whether one packet is out, whose acknowledgement may be delayed.
        """
        srtt = self._rto.srtt
        if self._is_spent or srtt is None:
            return None
        timeout = 2 * srtt
        if is_alone:
            timeout += self._ack_delay
        return self.since + (timeout if timeout > _SHORTEST else _SHORTEST)

    def sent(self, packet: int, now: float) -> None:
        """The packet with this number will be a probe."""
        self.packet = packet
        self._sent_at = now
        self._is_spent = True

    def give_up(self) -> None:
        """T3 has taken over; or there is nothing that may be sent as a probe."""
        self.packet = -1
        self._is_spent = True

    def is_answered(self, largest_packet: int, had_duplicates: bool, now: float) -> bool:
        """Something new was acknowledged, up to ``largest_packet``: whether that shows that what
        the probe repeated was lost (RFC 8985 §7.4)."""
        self.since = now
        self._is_spent = False
        packet = self.packet
        if packet < 0 or largest_packet < packet:
            return False
        self.packet = -1
        # What comes back sooner than ever answers the first transmission (RFC 8985 §6.2).
        if had_duplicates or now - self._sent_at < (self._rto.min_rtt or 0.0):
            self._ack_delay = min(2 * self._ack_delay, _LONGEST_ACK_DELAY)
            return False
        return True
