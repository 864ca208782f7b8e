"""One SCTP association over DTLS, sans-IO (RFC 9260, 8261).

The chapters of the protocol are objects of their own: :mod:`~rtckit.sctp.handshake`,
:mod:`~rtckit.sctp.transfer`, :mod:`~rtckit.sctp.reconfiguration`, :mod:`~rtckit.sctp.shutdown`
and :mod:`~rtckit.sctp.path`. What they share is in :mod:`~rtckit.sctp.tcb`. Here they are put
together: a packet's chunks are given to the chapter they belong to, and what the chapters have
to send is put into packets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rtckit.sctp.chunk import (
    COOKIE_ACK,
    CauseCode,
    ChunkType,
    RawChunk,
    encode_chunk,
    encode_heartbeat_ack,
    parse_causes,
    split_chunks,
)
from rtckit.sctp.config import Config
from rtckit.sctp.events import BufferedAmountDecreased, Connected, Event, Restarted
from rtckit.sctp.failure import AssociationFailure
from rtckit.sctp.handshake import Handshake
from rtckit.sctp.inbound import Inbound
from rtckit.sctp.loss import Flight
from rtckit.sctp.negotiation import Peer
from rtckit.sctp.packet import HEADER_SIZE, parse_header
from rtckit.sctp.path import Path
from rtckit.sctp.reconfiguration import Reconfiguration
from rtckit.sctp.shutdown import Shutdown
from rtckit.sctp.state import CHUNK_STATES, TRANSMITTING_STATES, UP_STATES, State
from rtckit.sctp.stats import Stats
from rtckit.sctp.stray import answer_early_shutdown_ack, receive_stray
from rtckit.sctp.streams import OutboundStreams, PartialReliability, SendBufferFull
from rtckit.sctp.tcb import ControlBlock
from rtckit.sctp.transfer import Transfer
from rtckit.seam import Entropy, ParseError

__all__ = ["Association"]


@dataclass(frozen=True, slots=True)
class _Chapters:
    """What there is once the handshake is done."""

    transfer: Transfer
    reconfiguration: Reconfiguration
    shutdown: Shutdown


class Association:
    """The machine. Five doors (see :mod:`rtckit.seam`), and what the application asks for.

    It answers a peer that connects and connects itself on :meth:`connect`; both at once is the
    normal case in WebRTC (RFC 8841 §10.2) and gives one association.

    :ivar drops: what was dropped, counted by reason.
    """

    __slots__ = (
        "_bytes_received",
        "_bytes_sent",
        "_chapters",
        "_config",
        "_flight",
        "_handshake",
        "_idle",
        "_inbound",
        "_packets_received",
        "_packets_sent",
        "_path",
        "_streams",
        "_tcb",
        "drops",
    )

    def __init__(self, config: Config, *, entropy: Entropy) -> None:
        self._config = config
        self._tcb = ControlBlock(config, entropy)
        self.drops: Counter[str] = self._tcb.drops
        self._handshake = Handshake(self._tcb)
        self._path = Path(self._tcb)
        self._streams = OutboundStreams()
        self._chapters: _Chapters | None = None
        # Whether there is nothing to send until something changes.
        self._idle = False
        # Parts of it that every message or packet meets.
        self._flight: Flight | None = None
        self._inbound: Inbound | None = None
        self._packets_sent = self._packets_received = 0
        self._bytes_sent = self._bytes_received = 0

    # -- what the application asks for -----------------------------------------------------

    @property
    def state(self) -> State:
        """Where the association stands."""
        return self._tcb.state

    def connect(self, now: float) -> None:
        """Begin the handshake (RFC 9260 §5.1).

        :raises RuntimeError: if it has begun already.
        """
        self._idle = False
        if self._tcb.state is not State.CLOSED:
            raise RuntimeError(f"connect() in state {self._tcb.state.value}")
        self._handshake.begin(now)

    def send(
        self,
        stream_id: int,
        ppid: int,
        data: bytes,
        now: float,
        *,
        ordered: bool = True,
        max_retransmits: int | None = None,
        lifetime: float | None = None,
    ) -> None:
        """Queue a message; it goes out as soon as the handshake and the windows allow.

        :param stream_id: 0 to 65,534, and below the negotiated number of streams.
        :param ppid: payload protocol identifier, 32 bits, not looked at.
        :param data: at least one byte, at most ``config.max_message_size``.
        :param ordered: whether it waits for the stream's earlier messages at the receiver.
        :param max_retransmits: give up after that many retransmissions (RFC 7496 §3.2).
        :param lifetime: give up after so many seconds (RFC 3758 §4.1).
        :raises ValueError: if an argument is out of range or the stream is being reset.
        :raises SendBufferFull: if too much is unacknowledged already.
        :raises RuntimeError: if the association is shutting down or over.
        """
        self._idle = False
        tcb = self._tcb
        if not tcb.accepts_messages:
            raise RuntimeError(f"send() in state {tcb.state.value}")
        config = self._config
        size = len(data)
        if not 0 < size <= config.max_message_size:
            raise ValueError(f"message of {size} bytes; 1 to {config.max_message_size} fit")
        most = tcb.peer.outbound_streams if tcb.peer is not None else config.outbound_streams
        if not 0 <= stream_id < most:
            raise ValueError(f"stream {stream_id} is not one of {most}")
        queued = self._streams.total
        if self._flight is not None:
            queued += self._flight.outstanding
        if queued + size > config.limits.send_buffer:
            raise SendBufferFull(f"{queued} bytes are waiting")
        policy = None
        if max_retransmits is not None or lifetime is not None:
            expires = float("inf")
            if lifetime is not None:
                expires = now + lifetime
                tcb.timers.set_earlier("lifetime", expires)
            policy = PartialReliability(max_retransmits, expires)
        self._streams.push(stream_id, (data, ppid, ordered, policy))

    def buffered_amount(self, stream_id: int) -> int:
        """Bytes of the stream not yet handed to the network for the first time."""
        return self._streams.buffered(stream_id)

    @property
    def queued(self) -> int:
        """Bytes of all streams not yet handed to the network."""
        return self._streams.total

    @property
    def unacknowledged(self) -> int:
        """Bytes handed over and not acknowledged: the queued, and the sent with their headers."""
        flight = self._flight
        return self._streams.total + (0 if flight is None else flight.outstanding)

    def reset_streams(self, stream_ids: Iterable[int], now: float) -> None:
        """Start these outgoing streams anew once everything queued on them has been sent
        (RFC 6525 §5.1.2); the answer is an :class:`OutgoingStreamsReset` event.

        :raises RuntimeError: if the association is not established or the peer cannot do it.
        :raises ValueError: if a stream is out of range or being reset already.
        """
        self._idle = False
        ids = tuple(dict.fromkeys(stream_ids))
        peer = self._tcb.peer
        if self._chapters is None or peer is None or self._tcb.state is not State.ESTABLISHED:
            raise RuntimeError(f"reset_streams() in state {self._tcb.state.value}")
        if not peer.re_config:
            raise RuntimeError("the peer does not support stream re-configuration")
        for stream_id in ids:
            if not 0 <= stream_id < peer.outbound_streams:
                raise ValueError(f"stream {stream_id} is not one of {peer.outbound_streams}")
        self._chapters.reconfiguration.reset(ids)

    def consume(self, size: int, now: float, *, messages: int = 1) -> None:
        """The application has taken ``messages`` messages of ``size`` bytes in all: their room
        in the receive window is free again.

        :raises ValueError: if a number is negative.
        """
        self._idle = False
        if self._chapters is not None:
            self._chapters.transfer.consume(size, messages)

    def shutdown(self, now: float) -> None:
        """Close gracefully: what was handed over is delivered first (RFC 9260 §9.2)."""
        self._idle = False
        if self._tcb.state is State.ESTABLISHED and self._chapters is not None:
            self._chapters.shutdown.begin(now)
        elif self._tcb.state in (State.CLOSED, State.COOKIE_WAIT, State.COOKIE_ECHOED):
            self._tcb.end("shut down before it was established", None, remote=False)

    def abort(self, now: float, reason: str = "") -> None:
        """Close at once, and tell the peer why (RFC 9260 §9.1)."""
        self._idle = False
        self._tcb.abort(CauseCode.USER_INITIATED_ABORT, reason.encode(), reason or "aborted")

    @property
    def stats(self) -> Stats:
        """A snapshot of the counters."""
        transfer = self._chapters.transfer if self._chapters is not None else None
        flight = self._flight
        return Stats(
            congestion_window=transfer.outbound.congestion.window if transfer else 0,
            bytes_in_flight=flight.in_flight if flight is not None else 0,
            peer_receive_window=flight.peer_window if flight is not None else 0,
            receive_window=transfer.inbound.window if transfer else self._config.receive_window,
            srtt=self._path.rto.srtt,
            rto=self._path.rto.value,
            retransmissions=flight.retransmissions if flight is not None else 0,
            loss_events=flight.loss_events if flight is not None else 0,
            messages_abandoned=flight.abandoned if flight is not None else 0,
            packets_sent=self._packets_sent,
            packets_received=self._packets_received,
            bytes_sent=self._bytes_sent,
            bytes_received=self._bytes_received,
        )

    # -- the doors -------------------------------------------------------------------------

    def receive(self, packets: Sequence[bytes], now: float) -> None:
        """Packets that arrived together. One SACK at most answers all of them."""
        self._idle = False
        self._packets_received += len(packets)
        self._bytes_received += sum(map(len, packets))
        tcb = self._tcb
        for packet in packets:
            header = tcb.header_from_peer
            try:
                if packet[:8] == header.prefix and tcb.exists and len(packet) > HEADER_SIZE + 3:
                    if not header.verify(packet):
                        raise ParseError("checksum", 8)
                    offset = HEADER_SIZE
                    if tcb.accepts_data and packet[offset] == 0 and self._inbound is not None:
                        tcb.heard_at = now
                        offset = self._inbound.receive_data(packet, offset)
                    if offset < len(packet):
                        self._receive_chunks(packet, now, offset)
                else:
                    self._receive_other_tag(packet, now)
            except ParseError as error:
                self.drops[error.reason] += 1
            except AssociationFailure as failure:
                tcb.abort(failure.code, failure.information, failure.reason)
        chapters = self._chapters
        if chapters is not None and tcb.exists and chapters.transfer.finish_train(now):
            chapters.reconfiguration.data_arrived()
            chapters.shutdown.data_arrived(now)

    def poll_transmit(self, now: float) -> list[bytes] | None:
        """The next packets to send, or ``None``."""
        if self._idle:
            return None
        packets = self._tcb.outbox.take_packets()
        if self._chapters is not None and self._tcb.state in UP_STATES:
            self._collect_packets(self._chapters, packets, now)
        # A train that is not full leaves nothing behind; then only a call or a timer brings more.
        self._idle = len(packets) < self._config.limits.train and self._tcb.outbox.empty
        if not packets:
            return None
        self._packets_sent += len(packets)
        self._bytes_sent += sum(map(len, packets))
        return packets

    def next_timeout(self) -> float | None:
        """When to call :meth:`handle_timeout`, or ``None``."""
        return self._tcb.timers.next()

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        self._idle = False
        for name in self._tcb.timers.expire(now):
            try:
                self._expire(name, now)
            except AssociationFailure as failure:
                self._tcb.abort(failure.code, failure.information, failure.reason)

    def next_event(self) -> Event | None:
        """What happened, in order, or ``None``."""
        event = self._tcb.events.pop()
        if event is not None:
            return event
        drained = self._streams.take_drained()
        return None if drained is None else BufferedAmountDecreased(drained)

    # -- what is due -----------------------------------------------------------------------

    def _expire(self, name: str, now: float) -> None:
        """The timer ``name`` has expired; "pace" only has to be waited for."""
        chapters = self._chapters
        if name == "t1":
            self._handshake.t1_expired(now)
        elif name == "heartbeat":
            self._path.heartbeat_due(now)
        elif name == "heartbeat-ack":
            self._path.heartbeat_missed(now)
        elif chapters is None or self._tcb.state is State.ENDED:
            return
        elif name == "sack":
            chapters.transfer.sack_expired()
        elif name == "t3":
            chapters.transfer.t3_expired(now)
        elif name == "lifetime":
            chapters.transfer.lifetime_expired(now)
        elif name == "t2":
            chapters.shutdown.t2_expired(now)
        elif name == "t5":
            chapters.shutdown.t5_expired()
        elif name == "reconfig":
            chapters.reconfiguration.timer_expired(now)

    def _collect_packets(self, chapters: _Chapters, packets: list[bytes], now: float) -> None:
        outbox = self._tcb.outbox
        lead = outbox.take_control()
        chapters.transfer.acknowledge(lead, now)
        if lead:
            lead = outbox.bundle(packets, lead)
        if self._tcb.state in TRANSMITTING_STATES:
            chapters.transfer.fill(packets, lead, now)
            chapters.reconfiguration.add_request(lead, now)
            chapters.shutdown.advance(now)
        if lead:
            rest = outbox.bundle(packets, lead)
            packets.append(outbox.header.seal(b"".join(rest)))

    # -- receiving -------------------------------------------------------------------------

    def _receive_chunks(self, packet: bytes, now: float, offset: int) -> None:
        """The chunks from ``offset`` on of a packet with our verification tag."""
        tcb = self._tcb
        tcb.heard_at = now
        end = len(packet)
        while offset < end and tcb.state is not State.ENDED:
            if packet[offset] == 0 and tcb.accepts_data and self._inbound is not None:
                offset = self._inbound.receive_data(packet, offset)
                continue
            kind = packet[offset]
            if offset + 4 > end:
                raise ParseError("truncated chunk header", offset)
            length = packet[offset + 2] << 8 | packet[offset + 3]
            if length < 4 or offset + length > end:
                raise ParseError("chunk length", offset)
            value = packet[offset + 4 : offset + length]
            if not self._receive_chunk((kind, packet[offset + 1], value), now):
                return
            offset += (length + 3) & ~3

    def _receive_chunk(self, chunk: RawChunk, now: float) -> bool:
        """Act on one chunk; whether to go on with the packet."""
        kind, _, value = chunk
        states = CHUNK_STATES.get(kind)
        if states is None:
            return self._receive_unknown(chunk)
        if kind == ChunkType.INIT:
            # RFC 9260 §8.5.1 A: INIT carries no tag of ours.
            raise ParseError("INIT with a verification tag or company", HEADER_SIZE)
        if self._tcb.state not in states:
            self._receive_unexpected(kind)
        elif kind in _ESTABLISHED_CHUNKS:
            self._receive_established(kind, value, now)
        elif kind == ChunkType.HEARTBEAT:
            # RFC 9260 §8.3.
            self._tcb.outbox.send(encode_heartbeat_ack(value))
        elif kind == ChunkType.HEARTBEAT_ACK:
            self._path.receive_heartbeat_ack(value, now)
        elif kind == ChunkType.INIT_ACK:
            self._handshake.receive_init_ack(value, now)
        elif kind == ChunkType.COOKIE_ECHO:
            self._receive_cookie_echo(value, self._tcb.local_tag, now)
        elif kind == ChunkType.COOKIE_ACK:
            assert self._tcb.peer is not None
            self._establish(self._tcb.peer, now)
        elif kind == ChunkType.ABORT:
            self._receive_abort(value)
        else:
            self._receive_error(value)
        return True

    def _receive_established(self, kind: int, value: bytes, now: float) -> None:
        """A chunk of an association that is established, or being shut down."""
        chapters = self._chapters
        assert chapters is not None
        if kind == ChunkType.SACK:
            chapters.transfer.receive_sack(value, now)
            chapters.shutdown.advance(now)
        elif kind == ChunkType.FORWARD_TSN:
            chapters.transfer.receive_forward_tsn(value)
        elif kind == ChunkType.RE_CONFIG:
            if chapters.reconfiguration.receive(value):
                # RFC 6525 §5.2.1: a SACK goes with the answer.
                chapters.transfer.sack_due = True
        elif kind == ChunkType.SHUTDOWN:
            chapters.shutdown.receive_shutdown(value, now)
        elif kind == ChunkType.SHUTDOWN_ACK:
            chapters.shutdown.receive_shutdown_ack()
        else:
            self._tcb.end("shut down", None, remote=True)

    def _receive_other_tag(self, packet: bytes, now: float) -> None:
        """A packet without our verification tag, or without an association."""
        source, destination, tag = parse_header(packet)
        if (source, destination) != (self._config.remote_port, self._config.local_port):
            raise ParseError("port", 0)
        chunks = split_chunks(packet, HEADER_SIZE)
        tcb = self._tcb
        kind, _, value = chunks[0]
        if kind == ChunkType.INIT:
            if tag or len(chunks) > 1:
                raise ParseError("INIT with a verification tag or company", HEADER_SIZE)
            self._handshake.receive_init(value, now)
        elif kind == ChunkType.COOKIE_ECHO and tcb.state is not State.ENDED:
            self._receive_cookie_echo(value, tag, now)
            if tcb.exists and tcb.local_tag == tag:
                self._receive_chunks(packet, now, HEADER_SIZE + ((7 + len(value)) & ~3))
        else:
            chunk = receive_stray(tcb, chunks, tag)
            if chunk is not None:
                self._receive_chunk(chunk, now)

    def _receive_unknown(self, chunk: RawChunk) -> bool:
        """The two high bits say what to do (RFC 9260 §3.2)."""
        kind, _, _ = chunk
        self.drops["unknown chunk type"] += 1
        if kind & 0x40:
            self._tcb.outbox.report(CauseCode.UNRECOGNIZED_CHUNK_TYPE, encode_chunk(*chunk))
        return bool(kind & 0x80)

    def _receive_unexpected(self, kind: int) -> None:
        self.drops[f"{ChunkType(kind).name} in state {self._tcb.state.value}"] += 1
        if kind == ChunkType.SHUTDOWN_ACK:
            answer_early_shutdown_ack(self._tcb, self._tcb.local_tag)

    def _receive_abort(self, value: bytes) -> None:
        causes = parse_causes(value)
        code = causes[0][0] if causes else None
        reason = "aborted by the peer"
        if causes and causes[0][1]:
            reason += ": " + causes[0][1][:200].decode("utf-8", "replace")
        self._tcb.end(reason, code, remote=True)

    def _receive_error(self, value: bytes) -> None:
        for code, _ in parse_causes(value):
            known = code in _CAUSE_CODES
            self.drops[f"peer reported error {code if known else '(unknown)'}"] += 1
            if code == CauseCode.STALE_COOKIE:
                self._handshake.receive_stale_cookie()

    # -- beginning and beginning anew ------------------------------------------------------

    def _receive_cookie_echo(self, value: bytes, tag: int, now: float) -> None:
        cookie = self._handshake.receive_cookie_echo(value, tag, now)
        if cookie is None:
            return
        if cookie.tag != self._tcb.local_tag:
            self._forget()
            self._tcb.identify(cookie.tag, cookie.initial_tsn)
            self._establish(cookie.peer, now)
        elif self._tcb.state not in UP_STATES:
            self._establish(cookie.peer, now)
        self._tcb.outbox.send(COOKIE_ACK)

    def _forget(self) -> None:
        """RFC 9260 §5.2.4.1: the peer has forgotten everything, so we do too."""
        tcb = self._tcb
        tcb.timers.clear()
        tcb.outbox.clear()
        self._streams = OutboundStreams()
        self._path = Path(tcb)
        tcb.events.push(Restarted())

    def _establish(self, peer: Peer, now: float) -> None:
        tcb = self._tcb
        self._handshake.finish()
        tcb.meet(peer)
        self._streams.discard_beyond(peer.outbound_streams)
        transfer = Transfer(tcb, self._path, peer, self._streams)
        self._chapters = _Chapters(
            transfer,
            Reconfiguration(tcb, self._path, peer, transfer),
            Shutdown(tcb, self._path, transfer),
        )
        self._flight = transfer.outbound.flight
        self._inbound = transfer.inbound
        self._path.begin(now)
        transfer.lifetime_expired(now)
        tcb.enter(State.ESTABLISHED)
        tcb.events.push(
            Connected(peer.inbound_streams, peer.outbound_streams, peer.forward_tsn, peer.re_config)
        )


_CAUSE_CODES = frozenset(CauseCode)

_ESTABLISHED_CHUNKS = frozenset(
    {
        ChunkType.SACK,
        ChunkType.FORWARD_TSN,
        ChunkType.RE_CONFIG,
        ChunkType.SHUTDOWN,
        ChunkType.SHUTDOWN_ACK,
        ChunkType.SHUTDOWN_COMPLETE,
    }
)
