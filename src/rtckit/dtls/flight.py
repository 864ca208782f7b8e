"""Flights: the handshake messages that one side sends in one go, and sends again.

RFC 6347 §4.2.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .config import Config
from .handshake_messages import HEADER_LENGTH, Fragment
from .record import ContentType, RecordWriter

__all__ = ["Flight", "FlightMessage", "pack_flight"]

#: RFC 6347 §4.1.1.1: repeated loss may mean that the path takes only smaller datagrams.
_SMALL_MTU = 548
_ATTEMPTS_BEFORE_SMALL_MTU = 3
#: A fragment is not begun at the end of a datagram for less than this.
_MIN_FRAGMENT = 32


@dataclass(frozen=True, slots=True)
class FlightMessage:
    """A handshake message, or a ChangeCipherSpec.

    :ivar epoch: of the records that carry it, however often it is sent.
    :ivar content_type: handshake or change_cipher_spec.
    :ivar message_type: of a handshake message.
    :ivar message_seq: of a handshake message; a retransmission keeps it.
    :ivar body: without the handshake header.
    """

    epoch: int
    content_type: ContentType
    message_type: int
    message_seq: int
    body: bytes


def pack_flight(
    messages: Sequence[FlightMessage], writers: Mapping[int, RecordWriter], mtu: int
) -> list[bytes]:
    """Records in datagrams of ``mtu`` bytes at most, as few as possible.

    Every call numbers the records anew (RFC 6347 §4.2.4: a retransmission takes new record
    sequence numbers).
    """
    datagrams: list[bytes] = []
    datagram = b""
    for message in messages:
        writer = writers[message.epoch]
        if message.content_type is not ContentType.HANDSHAKE:
            if len(datagram) + writer.overhead + len(message.body) > mtu:
                datagrams.append(datagram)
                datagram = b""
            datagram += writer.seal(message.content_type, message.body)
            continue
        length = len(message.body)
        overhead = writer.overhead + HEADER_LENGTH
        offset = 0
        while True:
            room = mtu - len(datagram) - overhead
            if datagram and room < min(length - offset, _MIN_FRAGMENT):
                datagrams.append(datagram)
                datagram = b""
                room = mtu - overhead
            data = message.body[offset : offset + room]
            fragment = Fragment(message.message_type, length, message.message_seq, offset, data)
            datagram += writer.seal(ContentType.HANDSHAKE, bytes(fragment))
            offset += len(data)
            if offset == length:
                break
    if datagram:
        datagrams.append(datagram)
    return datagrams


class Flight:
    """The flight that was sent last, and when it is to be sent again.

    :ivar deadline: when the retransmission timer expires, or ``None``.
    """

    __slots__ = ("_attempts", "_config", "_interval", "_messages", "_sent_at", "deadline")

    def __init__(self, config: Config) -> None:
        self._config = config
        self._messages: Sequence[FlightMessage] = ()
        self._interval = config.retransmit_initial
        self._attempts = 0
        self._sent_at = 0.0
        self.deadline: float | None = None

    def send(
        self,
        messages: Sequence[FlightMessage],
        writers: Mapping[int, RecordWriter],
        now: float,
        *,
        timed: bool,
    ) -> list[bytes]:
        """A new flight. The last of a handshake is not timed: it is sent again only when the
        peer shows that it missed it."""
        self._messages = messages
        self._interval = self._config.retransmit_initial
        self._attempts = 0
        return self._transmit(writers, now, timed=timed)

    def handle_timeout(self, writers: Mapping[int, RecordWriter], now: float) -> list[bytes]:
        """Send the flight again if it is time; the interval doubles (RFC 6347 §4.2.4.1)."""
        if self.deadline is None or now < self.deadline:
            return []
        self._attempts += 1
        self._interval = min(2 * self._interval, self._config.retransmit_maximum)
        return self._transmit(writers, now, timed=True)

    def handle_duplicate(self, writers: Mapping[int, RecordWriter], now: float) -> list[bytes]:
        """The peer sent its last flight again: it has not got all of ours.

        RFC 6347 §4.2.4 answers at once. No oftener than twice an interval, though, lest two
        impatient endpoints answer each other's answers.
        """
        if not self._messages or now < self._sent_at + self._interval / 2:
            return []
        return self._transmit(writers, now, timed=self.deadline is not None)

    def clear(self) -> None:
        """The peer has it all: forget the flight."""
        self.deadline = None
        self._messages = ()

    def _transmit(
        self, writers: Mapping[int, RecordWriter], now: float, *, timed: bool
    ) -> list[bytes]:
        self._sent_at = now
        self.deadline = now + self._interval if timed else None
        mtu = self._config.mtu
        if self._attempts >= _ATTEMPTS_BEFORE_SMALL_MTU:
            mtu = min(mtu, _SMALL_MTU)
        return pack_flight(self._messages, writers, mtu)
