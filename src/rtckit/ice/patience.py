"""How long checking goes on without a sign of the peer (RFC 8863)."""

from __future__ import annotations

__all__ = ["Patience"]


class Patience:
    """Runs out when checks bring nothing for long; any sign of the peer renews it.

    An agent whose patience is spent sends no checks but still hears: a person may paste the
    answer minutes later, and then the peer's first check revives the agent.

    :ivar spent: whether it has run out.
    """

    __slots__ = ("_deadline", "_duration", "spent")

    def __init__(self, duration: float) -> None:
        self._duration = duration
        self._deadline: float | None = None
        self.spent = False

    def next_timeout(self) -> float | None:
        return self._deadline

    def renew(self, now: float) -> None:
        """Something has happened."""
        self.spent = False
        self._deadline = now + self._duration

    def watch(self, now: float) -> None:
        """Begin to wait, if that has not begun."""
        if self._deadline is None and not self.spent:
            self._deadline = now + self._duration

    def stop(self) -> None:
        """Nothing is waited for."""
        self._deadline = None
        self.spent = False

    def expire(self, now: float) -> bool:
        """Whether it has just run out."""
        if self._deadline is None or now < self._deadline:
            return False
        self._deadline = None
        self.spent = True
        return True
