"""Messages waiting to be sent, stream by stream, and whose turn it is."""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["OutboundStreams", "PartialReliability", "Queued", "SendBufferFull"]

_MASK16: Final = 0xFFFF
_NEVER: Final = float("inf")


class SendBufferFull(Exception):
    """``send`` would exceed :attr:`Limits.send_buffer <rtckit.sctp.Limits.send_buffer>`."""


class PartialReliability:
    """When to give up on one message (RFC 3758 §4.1, RFC 7496 §3), and where it went.

    :ivar max_retransmits: how often a chunk of it is retransmitted at most, or ``None``.
    :ivar expires: when it is worth nothing any more, or infinity.
    """

    __slots__ = (
        "abandoned",
        "expires",
        "first_tsn",
        "last_tsn",
        "max_retransmits",
        "ssn",
        "stream",
    )

    def __init__(self, max_retransmits: int | None, expires: float) -> None:
        self.max_retransmits = max_retransmits
        self.expires = expires
        self.abandoned = False
        self.stream = 0
        #: The sequence number, or -1 for an unordered message.
        self.ssn = -1
        self.first_tsn = -1
        self.last_tsn = -1


#: A message in a queue: data, payload protocol, whether ordered, and when to give up on it.
Queued = tuple[bytes, int, bool, PartialReliability | None]


class _Stream:
    __slots__ = ("buffered", "identifier", "next_ssn", "queue", "resetting")

    def __init__(self, identifier: int) -> None:
        self.identifier = identifier
        self.queue: deque[Queued] = deque()
        self.buffered = 0
        self.next_ssn = 0
        self.resetting = False


class OutboundStreams:
    """The send queues. Streams take turns message by message, so that one that sends a lot does
    not starve the others (RFC 8831 §6.4 asks for fairness; without interleaving a message once
    begun must be finished, RFC 9260 §6.9).

    :ivar total: bytes queued on all streams.
    """

    __slots__ = ("_active", "_drained", "_streams", "total")

    def __init__(self) -> None:
        self._streams: dict[int, _Stream] = {}
        self._active: deque[_Stream] = deque()
        self._drained: dict[int, int] = {}
        self.total = 0

    def __bool__(self) -> bool:
        return bool(self._active)

    def push(self, stream_id: int, message: Queued) -> None:
        """Queue a message.

        :raises ValueError: if the stream is being reset.
        """
        stream = self._streams.get(stream_id)
        if stream is None:
            stream = self._streams[stream_id] = _Stream(stream_id)
        if stream.resetting:
            raise ValueError(f"stream {stream_id} is being reset")
        if not stream.queue:
            self._active.append(stream)
        size = len(message[0])
        stream.queue.append(message)
        stream.buffered += size
        self.total += size

    def peek(self) -> Queued:
        """The message whose turn it is; there must be one."""
        return self._active[0].queue[0]

    def pop(self) -> tuple[int, int]:
        """Take the message whose turn it is off its queue, and pass the turn on: its stream and,
        if it is ordered, its sequence number, which is given here and no earlier.

        Its bytes stay buffered until :meth:`sent` says that they went out.
        """
        active = self._active
        stream = active[0]
        queue = stream.queue
        ordered = queue.popleft()[2]
        if not queue:
            active.popleft()
        elif len(active) > 1:
            active.rotate(-1)
        if not ordered:
            return stream.identifier, 0
        ssn = stream.next_ssn
        stream.next_ssn = (ssn + 1) & _MASK16
        return stream.identifier, ssn

    def pop_whole(self) -> tuple[int, int]:
        """Like :meth:`pop` for a message that goes out at once and whole."""
        active = self._active
        stream = active[0]
        queue = stream.queue
        data, _, ordered, _ = queue.popleft()
        if not queue:
            active.popleft()
        elif len(active) > 1:
            active.rotate(-1)
        size = len(data)
        stream.buffered -= size
        self.total -= size
        stream_id = stream.identifier
        drained = self._drained
        drained[stream_id] = drained.get(stream_id, 0) + size
        if not ordered:
            return stream_id, 0
        ssn = stream.next_ssn
        stream.next_ssn = (ssn + 1) & _MASK16
        return stream_id, ssn

    def discard(self) -> int:
        """Give up the message whose turn it is, which has no sequence number yet; its size."""
        active = self._active
        stream = active[0]
        size = len(stream.queue.popleft()[0])
        if not stream.queue:
            active.popleft()
        elif len(active) > 1:
            active.rotate(-1)
        self.sent(stream.identifier, size)
        return size

    def discard_expired(self, now: float) -> tuple[int, float | None]:
        """Give up the messages at the head of their queues whose time is over: how many, and
        when to look again. A message behind one with a longer life waits for that one."""
        count = 0
        following = _NEVER
        for stream in tuple(self._active):
            queue = stream.queue
            size = 0
            while queue and (policy := queue[0][3]) is not None and policy.expires <= now:
                size += len(queue.popleft()[0])
                count += 1
            if size:
                self.sent(stream.identifier, size)
            if not queue:
                self._active.remove(stream)
            elif policy is not None:
                following = min(following, policy.expires)
        return count, following if following != _NEVER else None

    def sent(self, stream_id: int, size: int) -> None:
        """``size`` bytes of the stream went to the network, or were given up."""
        self._streams[stream_id].buffered -= size
        self.total -= size
        drained = self._drained
        drained[stream_id] = drained.get(stream_id, 0) + size

    def take_drained(self) -> dict[int, int] | None:
        """By how much each stream's buffered amount fell since the last call."""
        drained = self._drained
        if not drained:
            return None
        self._drained = {}
        return drained

    def buffered(self, stream_id: int) -> int:
        """Bytes of the stream not yet sent for the first time."""
        stream = self._streams.get(stream_id)
        return stream.buffered if stream is not None else 0

    def discard_beyond(self, count: int) -> None:
        """Give up what was queued, before the handshake, on streams that the peer does not
        take."""
        for stream_id, stream in self._streams.items():
            if stream_id >= count and stream.queue:
                stream.queue.clear()
                self._active.remove(stream)
                self.sent(stream_id, stream.buffered)

    def begin_reset(self, stream_ids: tuple[int, ...]) -> None:
        """No more messages on these streams until :meth:`end_reset`.

        :raises ValueError: if one of them is being reset already.
        """
        for stream_id in stream_ids:
            stream = self._streams.get(stream_id)
            if stream is not None and stream.resetting:
                raise ValueError(f"stream {stream_id} is being reset")
        for stream_id in stream_ids:
            self._streams.setdefault(stream_id, _Stream(stream_id)).resetting = True

    def end_reset(self, stream_ids: tuple[int, ...], performed: bool) -> None:
        """The peer has answered: the streams start from zero, or go on as before."""
        for stream_id in stream_ids:
            stream = self._streams.get(stream_id)
            if stream is None:
                continue
            stream.resetting = False
            if performed:
                # RFC 6525 §5.2.7 H4. A stream without state is a stream at zero.
                del self._streams[stream_id]

    def needs_reset(self, stream_id: int) -> bool:
        """Whether a reset of the stream would change anything, and is not under way."""
        stream = self._streams.get(stream_id)
        return stream is not None and not stream.resetting

    def in_use(self) -> tuple[int, ...]:
        """The streams that were sent on since their last reset."""
        return tuple(self._streams)

    def is_drained(self, stream_id: int) -> bool:
        """Whether everything handed over for the stream has been sent once."""
        stream = self._streams.get(stream_id)
        return stream is None or stream.buffered == 0
