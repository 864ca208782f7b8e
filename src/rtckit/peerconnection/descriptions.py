"""Setting session descriptions, within an operation of the chain (WebRTC 1.0 §4.4.1.5)."""

from __future__ import annotations

from collections.abc import Callable

from rtckit.connection import Connection
from rtckit.jsep import Applied, Description, SignalingState

from .driver import Driver

__all__ = ["Descriptions"]

# §4.4.2, setLocalDescription: where a description without a type is an offer.
_OFFERING = (
    SignalingState.STABLE,
    SignalingState.HAVE_LOCAL_OFFER,
    SignalingState.HAVE_REMOTE_PRANSWER,
)


class Descriptions:
    """Applies descriptions, opens sockets for what they ask, and rolls back.

    :param applied: told what each description has changed, at once.
    :param gather: asks servers for candidates of a new generation.
    """

    def __init__(
        self,
        connection: Connection,
        driver: Driver,
        applied: Callable[[Applied], None],
        gather: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._driver = driver
        self._applied = applied
        self._gather = gather

    async def set_local(self, kind: str | None, sdp: str) -> None:
        """Set ours.

        :param kind: ``None`` for what is due in the signaling state.
        :param sdp: empty to make it first, or for a rollback.
        """
        if kind is None:
            state = self._connection.negotiation.signaling_state
            kind = "offer" if state in _OFFERING else "answer"
        applied = self._connection.set_local(Description(kind, sdp), self._driver.now())
        self._applied(applied)
        if applied.local_changed:
            await self._driver.open_sockets()
            self._gather()
        self._driver.wake()

    async def set_remote(self, kind: str, sdp: str) -> None:
        """Set the peer's."""
        if kind == "rollback":
            # The same on either side; a restart of ours that is taken back gathers anew.
            await self.set_local(kind, "")
            return
        state = self._connection.negotiation.signaling_state
        if kind == "offer" and state not in (
            SignalingState.STABLE,
            SignalingState.HAVE_REMOTE_OFFER,
        ):
            # Ours is rolled back for good, even if theirs turns out to be unacceptable.
            await self.set_local("rollback", "")
            await self._driver.turn()
        applied = self._connection.set_remote(Description(kind, sdp), self._driver.now())
        self._applied(applied)
        self._driver.wake()
