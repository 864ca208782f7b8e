"""Packets without an association, or under another tag than ours (RFC 9260 §8.4, §8.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtckit.sctp.chunk import (
    FLAG_T,
    ChunkType,
    RawChunk,
    encode_abort,
    encode_shutdown_complete,
)
from rtckit.sctp.state import CHUNK_STATES, State
from rtckit.sctp.tcb import ControlBlock
from rtckit.seam import ParseError

__all__ = ["answer_early_shutdown_ack", "receive_stray"]

#: RFC 9260 §8.4, 2 to 7.
_NEVER_ANSWERED: Final = frozenset(
    {ChunkType.ABORT, ChunkType.SHUTDOWN_COMPLETE, ChunkType.ERROR, ChunkType.COOKIE_ACK}
)
_HANDSHAKE_STATES: Final = frozenset({State.COOKIE_WAIT, State.COOKIE_ECHOED})


def receive_stray(tcb: ControlBlock, chunks: Sequence[RawChunk], tag: int) -> RawChunk | None:
    """The first chunk, if it counts in spite of its tag; else the packet is answered or not.

    :raises ParseError: if it is to be dropped.
    """
    kind, flags, _ = chunks[0]
    if not tcb.exists:
        _answer_out_of_the_blue(tcb, chunks, tag)
        return None
    if (
        kind in (ChunkType.ABORT, ChunkType.SHUTDOWN_COMPLETE)
        and flags & FLAG_T
        and tcb.peer is not None
        and tag == tcb.peer.tag
        and tcb.state in CHUNK_STATES[kind]
    ):
        # RFC 9260 §8.5.1 B, C: the sender had no association, and reflects our tag.
        return chunks[0]
    if kind == ChunkType.SHUTDOWN_ACK and answer_early_shutdown_ack(tcb, tag):
        return None
    raise ParseError("verification tag", 4)


def _answer_out_of_the_blue(tcb: ControlBlock, chunks: Sequence[RawChunk], tag: int) -> None:
    tcb.drops["out of the blue"] += 1
    if _NEVER_ANSWERED.intersection(chunk[0] for chunk in chunks):
        return
    if chunks[0][0] == ChunkType.SHUTDOWN_ACK:
        answer = encode_shutdown_complete(reflected=True)
    else:
        answer = encode_abort(reflected=True)
    tcb.outbox.reply(tcb.outbox.header_with(tag), answer)


def answer_early_shutdown_ack(tcb: ControlBlock, tag: int) -> bool:
    """RFC 9260 §8.5.1 E: a SHUTDOWN ACK, while we set up an association, closes the peer's old
    one. Whether we do."""
    if tcb.state not in _HANDSHAKE_STATES:
        return False
    answer = encode_shutdown_complete(reflected=True)
    tcb.outbox.reply(tcb.outbox.header_with(tag), answer)
    return True
