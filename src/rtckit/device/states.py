"""The numbers that ``on_state`` reports.

The first six are those of the small-device API; the further ones are named as the ESP32's peer
names them and numbered from 8 up, so that they never collide.
"""

from __future__ import annotations

__all__ = [
    "STATE_CLOSED",
    "STATE_CONNECTED",
    "STATE_CONNECTING",
    "STATE_CONNECT_FAILED",
    "STATE_DATA_CHANNEL_CLOSED",
    "STATE_DATA_CHANNEL_CONNECTED",
    "STATE_DATA_CHANNEL_DISCONNECTED",
    "STATE_DATA_CHANNEL_OPENED",
    "STATE_DISCONNECTED",
    "STATE_NEW_CONNECTION",
    "STATE_NONE",
    "STATE_PAIRED",
    "STATE_PAIRING",
]

#: Nothing has been asked of the peer.
STATE_NONE = 0
#: A remote description is set; the two sides look for each other.
STATE_CONNECTING = 3
#: ICE and DTLS are through.
STATE_CONNECTED = 4
#: The SCTP association is up.
STATE_DATA_CHANNEL_CONNECTED = 5
#: ``send`` works from now on.
STATE_DATA_CHANNEL_OPENED = 6
#: A connection that worked is gone. The controlling side makes its next offer by itself.
STATE_DISCONNECTED = 7
#: ``close()`` was called; the last report of a peer.
STATE_CLOSED = 8
#: A new connection was begun: ``create_offer()``, or an offer came.
STATE_NEW_CONNECTION = 9
#: ICE checks candidate pairs.
STATE_PAIRING = 10
#: ICE has found a working pair.
STATE_PAIRED = 11
#: The connection never came about.
STATE_CONNECT_FAILED = 12
#: The last open data channel was closed.
STATE_DATA_CHANNEL_CLOSED = 13
#: The SCTP association is gone; ``STATE_DISCONNECTED`` follows.
STATE_DATA_CHANNEL_DISCONNECTED = 14
