"""Sending content over the channel ``bulk``, no faster than it leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from rtckit import RTCDataChannel

from .bulk import End, Put, content, encode

__all__ = ["send_content"]


async def send_content(
    channel: RTCDataChannel,
    size: int,
    going_on: Callable[[int], bool],
) -> End:
    """Send up to ``size`` bytes of noise between a ``put`` and an ``end``.

    :param going_on: asked before every message, with the bytes sent so far; ``False`` ends it.
    :raises InvalidStateError: if the channel closes meanwhile.
    """
    digest = hashlib.sha256()
    sent = 0
    channel.send(encode(Put()))
    for chunk in content(size):
        if not going_on(sent):
            break
        channel.send(chunk)
        digest.update(chunk)
        sent += len(chunk)
        await channel.drain()
    end = End(sent, digest.hexdigest())
    channel.send(encode(end))
    return end
