"""SCTP over DTLS (RFC 9260, 3758, 6525, 8261), sans-IO.

:class:`Association` is the machine; ``chunk`` has the codecs. TSNs and stream sequence numbers,
windows and timers stay inside: the owner hands over messages and gets messages.
"""

from __future__ import annotations

from rtckit.sctp.association import Association
from rtckit.sctp.config import Config, Limits
from rtckit.sctp.events import (
    BufferedAmountDecreased,
    Closed,
    Connected,
    Event,
    IncomingStreamsReset,
    Message,
    MessagesReceived,
    OutgoingStreamsReset,
    Restarted,
)
from rtckit.sctp.state import State
from rtckit.sctp.stats import Stats
from rtckit.sctp.streams import SendBufferFull

__all__ = [
    "Association",
    "BufferedAmountDecreased",
    "Closed",
    "Config",
    "Connected",
    "Event",
    "IncomingStreamsReset",
    "Limits",
    "Message",
    "MessagesReceived",
    "OutgoingStreamsReset",
    "Restarted",
    "SendBufferFull",
    "State",
    "Stats",
]
