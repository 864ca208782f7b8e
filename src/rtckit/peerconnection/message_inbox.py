"""Messages that have arrived on a channel and that the application has not taken yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

__all__ = ["MessageInbox"]


class MessageInbox:
    """First in, first out; each message with the receive window that it still occupies.

    While somebody reads, by iterating, a message keeps its place in the receive window until it
    is taken: who does not read holds the peer back. While nobody reads or listens, messages give
    their place back at once, so that a channel that is never looked at cannot stop the others,
    and are kept up to :attr:`HELD_BYTES`.

    :param consume: gives bytes back to the receive window.
    :ivar reading: somebody iterates.
    """

    #: Bytes kept while nobody listens or iterates.
    HELD_BYTES = 1024 * 1024

    __slots__ = ("_consume", "_held", "_messages", "reading")

    def __init__(self, consume: Callable[[int], None]) -> None:
        self._consume = consume
        # (message, bytes that taking it gives back)
        self._messages: deque[tuple[str | bytes, int]] = deque()
        self._held = 0
        self.reading = False

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: str | bytes, size: int) -> None:
        """Add one for the reader."""
        self._messages.append((message, size))

    def hold(self, message: str | bytes, size: int) -> bool:
        """Keep one for a listener or reader to come; false if there is no room for it."""
        self._consume(size)
        if self._held + size > self.HELD_BYTES:
            return False
        self._held += size
        self._messages.append((message, 0))
        return True

    def take(self) -> str | bytes:
        """Take the oldest, which there is."""
        message, size = self._messages.popleft()
        if size:
            self._consume(size)
        if not self._messages:
            self._held = 0
        return message

    def release(self) -> None:
        """Give the whole receive window back: no more will come, what is here stays readable."""
        messages, self._messages = self._messages, deque()
        for message, size in messages:
            self._messages.append((message, 0))
            if size:
                self._consume(size)
