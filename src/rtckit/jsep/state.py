"""The signaling state machine, as a table (RFC 9429 §3.2, WebRTC 1.0 §4.3.1).

::

    stable            -- local offer -->      have-local-offer
    have-local-offer  -- remote pranswer -->  have-remote-pranswer
    have-local-offer  -- remote answer -->    stable
    stable            -- remote offer -->     have-remote-offer
    have-remote-offer -- local pranswer -->   have-local-pranswer
    have-remote-offer -- local answer -->     stable
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["IMPLICIT_ROLLBACK", "TRANSITIONS", "DescriptionType", "Side", "SignalingState"]


class SignalingState(StrEnum):
    """``RTCSignalingState``."""

    STABLE = "stable"
    HAVE_LOCAL_OFFER = "have-local-offer"
    HAVE_REMOTE_OFFER = "have-remote-offer"
    HAVE_LOCAL_PRANSWER = "have-local-pranswer"
    HAVE_REMOTE_PRANSWER = "have-remote-pranswer"
    CLOSED = "closed"


class DescriptionType(StrEnum):
    """``RTCSdpType``."""

    OFFER = "offer"
    PRANSWER = "pranswer"
    ANSWER = "answer"
    ROLLBACK = "rollback"


class Side(StrEnum):
    """Whose description is set."""

    LOCAL = "local"
    REMOTE = "remote"


_S = SignalingState
_T = DescriptionType

#: State, whose description, its type → the state that follows. What is not here is an
#: ``InvalidStateError``.
TRANSITIONS: Final[dict[tuple[SignalingState, Side, DescriptionType], SignalingState]] = {
    (_S.STABLE, Side.LOCAL, _T.OFFER): _S.HAVE_LOCAL_OFFER,
    (_S.STABLE, Side.REMOTE, _T.OFFER): _S.HAVE_REMOTE_OFFER,
    (_S.HAVE_LOCAL_OFFER, Side.LOCAL, _T.OFFER): _S.HAVE_LOCAL_OFFER,
    (_S.HAVE_LOCAL_OFFER, Side.REMOTE, _T.PRANSWER): _S.HAVE_REMOTE_PRANSWER,
    (_S.HAVE_LOCAL_OFFER, Side.REMOTE, _T.ANSWER): _S.STABLE,
    (_S.HAVE_REMOTE_OFFER, Side.REMOTE, _T.OFFER): _S.HAVE_REMOTE_OFFER,
    (_S.HAVE_REMOTE_OFFER, Side.LOCAL, _T.PRANSWER): _S.HAVE_LOCAL_PRANSWER,
    (_S.HAVE_REMOTE_OFFER, Side.LOCAL, _T.ANSWER): _S.STABLE,
    (_S.HAVE_LOCAL_PRANSWER, Side.LOCAL, _T.PRANSWER): _S.HAVE_LOCAL_PRANSWER,
    (_S.HAVE_LOCAL_PRANSWER, Side.LOCAL, _T.ANSWER): _S.STABLE,
    (_S.HAVE_REMOTE_PRANSWER, Side.REMOTE, _T.PRANSWER): _S.HAVE_REMOTE_PRANSWER,
    (_S.HAVE_REMOTE_PRANSWER, Side.REMOTE, _T.ANSWER): _S.STABLE,
    # WebRTC 1.0 §4.4.1.5: an offer of either side is rolled back by either call; provisional
    # answers are not rolled back.
    (_S.HAVE_LOCAL_OFFER, Side.LOCAL, _T.ROLLBACK): _S.STABLE,
    (_S.HAVE_LOCAL_OFFER, Side.REMOTE, _T.ROLLBACK): _S.STABLE,
    (_S.HAVE_REMOTE_OFFER, Side.LOCAL, _T.ROLLBACK): _S.STABLE,
    (_S.HAVE_REMOTE_OFFER, Side.REMOTE, _T.ROLLBACK): _S.STABLE,
}

#: Where a remote offer first rolls back the local one (WebRTC 1.0 §4.4.1.5, setRemoteDescription).
IMPLICIT_ROLLBACK: Final = frozenset({_S.HAVE_LOCAL_OFFER})
