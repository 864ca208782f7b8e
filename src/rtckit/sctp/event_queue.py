"""Events waiting for the owner."""

from __future__ import annotations

from collections import deque

from rtckit.sctp.events import Event, Message, MessagesReceived

__all__ = ["EventQueue"]


class EventQueue:
    """Events in the order in which they happened. Messages that follow each other without
    another event between them make one event.

    :ivar messages: those delivered since the last event.
    :ivar size: the sum of their data, in bytes.
    """

    __slots__ = ("_events", "messages", "size")

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self.messages: list[Message] = []
        self.size = 0

    def push(self, event: Event) -> None:
        """Something else than a message: it comes after the messages there are."""
        if self.messages:
            self._events.append(self._take_messages())
        self._events.append(event)

    def pop(self) -> Event | None:
        """The first event, or ``None``."""
        if self._events:
            return self._events.popleft()
        return self._take_messages() if self.messages else None

    def _take_messages(self) -> MessagesReceived:
        event = MessagesReceived(self.messages, self.size)
        self.messages = []
        self.size = 0
        return event
