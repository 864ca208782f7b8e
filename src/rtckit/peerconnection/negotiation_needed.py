"""The negotiation-needed flag (WebRTC 1.0 §4.7.3)."""

from __future__ import annotations

from collections.abc import Callable

from rtckit.jsep import Negotiation, SignalingState

from .operations import Operations
from .task_queue import TaskQueue

__all__ = ["NegotiationNeeded"]


class NegotiationNeeded:
    """Fires ``negotiationneeded`` once, when nothing is being negotiated.

    :param fire: fires the event.
    """

    def __init__(
        self,
        negotiation: Negotiation,
        operations: Operations,
        tasks: TaskQueue,
        fire: Callable[[], None],
    ) -> None:
        self._negotiation = negotiation
        self._operations = operations
        self._tasks = tasks
        self._fire = fire
        self._needed = False
        self._update_on_empty_chain = False
        operations.on_empty = self._chain_emptied

    def clear(self) -> None:
        """Clear the flag, so that it fires anew."""
        self._needed = False

    def update(self) -> None:
        """Update the flag: what is wanted, or what is negotiated, may have changed."""
        if self._operations.closed:
            return
        if not self._operations.empty:
            self._update_on_empty_chain = True
            return
        self._tasks.post(self._check)

    def _check(self) -> None:
        if self._operations.closed:
            return
        if not self._operations.empty:
            self._update_on_empty_chain = True
            return
        if self._negotiation.signaling_state is not SignalingState.STABLE:
            # The question comes up again by itself in the stable state.
            return
        if not self._negotiation.negotiation_needed:
            self._needed = False
        elif not self._needed:
            self._needed = True
            self._fire()

    def _chain_emptied(self) -> None:
        if self._update_on_empty_chain:
            self._update_on_empty_chain = False
            self.update()
