"""What a remote side, or a slow script, can make grow, and how far."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one peer.

    :ivar message_size: bytes of one message to :meth:`Peer.send`; of a text, its UTF-8.
    :ivar outbox_bytes: bytes waiting to be sent, beyond which ``send`` waits.
    :ivar outbox_wait: seconds that ``send`` waits for room before it fails.
    :ivar inbox_bytes: bytes received and waiting for ``on_data``, beyond which no more is read
        from the channel, so that the remote's window closes.
    :ivar unheard_events: events of a kind kept while their callback is not set.
    :ivar unheard_bytes: bytes of messages kept while ``on_data`` is not set.
    :ivar remote_candidates: candidates kept until a remote description comes.
    :ivar channels: data channels listened to at once; further ones are closed.
    :ivar gathering: seconds to wait for candidates (of STUN and TURN servers) before an offer or
        answer goes out without the missing ones.
    :ivar offer_wait: seconds that ``set_remote_sdp`` waits for an offer of ours that it needs.
    :ivar channel_grace: seconds to wait for the remote's own channel before ours alone counts.
    :ivar disconnect_grace: seconds that a silent connection may take to come back.
    :ivar close_wait: seconds that ``close()`` gives to what is still to be sent.
    """

    message_size: int = 65_535
    outbox_bytes: int = 1 << 20
    outbox_wait: float = 10.0
    inbox_bytes: int = 4 << 20
    unheard_events: int = 256
    unheard_bytes: int = 1 << 20
    remote_candidates: int = 64
    channels: int = 32
    gathering: float = 3.0
    offer_wait: float = 5.0
    channel_grace: float = 0.25
    disconnect_grace: float = 5.0
    close_wait: float = 1.0
