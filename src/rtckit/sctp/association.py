"""One SCTP association over DTLS, sans-IO (RFC 9260, 8261)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rtckit.sctp.chunk import (
    COOKIE_ACK,
    FLAG_T,
    SHUTDOWN_ACK,
    CauseCode,
    ChunkType,
    ForwardTsn,
    Init,
    ParameterType,
    RawChunk,
    Sack,
    encode_abort,
    encode_cause,
    encode_chunk,
    encode_cookie_echo,
    encode_error,
    encode_heartbeat,
    encode_heartbeat_ack,
    encode_parameters,
    encode_shutdown,
    encode_shutdown_complete,
    parse_causes,
    parse_heartbeat_info,
    parse_shutdown,
    split_chunks,
)
from rtckit.sctp.config import Config
from rtckit.sctp.events import (
    BufferedAmountDecreased,
    Closed,
    Connected,
    Event,
    MessagesReceived,
    Restarted,
)
from rtckit.sctp.handshake import (
    Cookie,
    CookieJar,
    Peer,
    accepted_parameters,
    make_init,
    negotiate,
    report_parameters,
)
from rtckit.sctp.inbound import Inbound, NoUserData
from rtckit.sctp.outbound import Outbound
from rtckit.sctp.packet import HEADER_SIZE, Header, parse_header
from rtckit.sctp.reassembly import ProtocolViolation
from rtckit.sctp.reset import Reconfiguration
from rtckit.sctp.rto import RetransmissionTimeout
from rtckit.sctp.state import CHUNK_STATES, TRANSITIONS, State
from rtckit.sctp.streams import OutboundStreams, PartialReliability
from rtckit.seam import Entropy, ParseError, Timers

__all__ = ["Association", "SendBufferFull", "Stats"]

_HEARTBEAT_NONCE: Final = 8


class SendBufferFull(Exception):
    """``send`` would exceed :attr:`Limits.send_buffer <rtckit.sctp.Limits.send_buffer>`."""


@dataclass(frozen=True, slots=True)
class Stats:
    """A snapshot. Sizes are bytes, times are seconds.

    :ivar srtt: smoothed round-trip time, ``None`` before the first sample.
    :ivar receive_window: what we would advertise now.
    """

    congestion_window: int
    bytes_in_flight: int
    peer_receive_window: int
    receive_window: int
    srtt: float | None
    rto: float
    retransmissions: int
    loss_events: int
    messages_abandoned: int
    packets_sent: int
    packets_received: int
    bytes_sent: int
    bytes_received: int


class Association:
    """The machine. Five doors (see :mod:`rtckit.seam`), and what the application asks for.

    It answers a peer that connects and connects itself on :meth:`connect`; both at once is the
    normal case in WebRTC (RFC 8841 §10.2) and gives one association.

    :ivar drops: what was dropped, counted by reason.
    """

    __slots__ = (
        "_accepts_data",
        "_accepts_messages",
        "_bytes_received",
        "_bytes_sent",
        "_config",
        "_control",
        "_cookie_echo",
        "_entropy",
        "_errors",
        "_events",
        "_has_tcb",
        "_heard_at",
        "_heartbeat_nonce",
        "_heartbeat_sent_at",
        "_in_header",
        "_inbound",
        "_init_transmissions",
        "_jar",
        "_local_tag",
        "_local_tsn",
        "_out_header",
        "_outbound",
        "_packets_received",
        "_packets_sent",
        "_peer",
        "_ready",
        "_reconfiguration",
        "_rto",
        "_sack_due",
        "_state",
        "_streams",
        "_timers",
        "_unacknowledged",
        "drops",
    )

    def __init__(self, config: Config, *, entropy: Entropy) -> None:
        self._config = config
        self._entropy = entropy
        self._jar = CookieJar(entropy)
        self._state = State.CLOSED
        self._timers = Timers()
        self._events: deque[Event] = deque()
        self.drops: Counter[str] = Counter()
        self._local_tag = self._random_tag()
        self._local_tsn = int.from_bytes(entropy(4), "big")
        self._in_header = self._header_from_peer(self._local_tag)
        self._out_header = Header(config.local_port, config.remote_port, 0)
        self._streams = OutboundStreams()
        self._rto = self._new_rto()
        self._peer: Peer | None = None
        self._outbound: Outbound | None = None
        self._inbound: Inbound | None = None
        self._reconfiguration: Reconfiguration | None = None
        self._accepts_data = False
        self._accepts_messages = True
        self._has_tcb = False
        # Whole packets that go alone or under another tag, and control chunks to be bundled.
        self._ready: list[bytes] = []
        self._control: list[bytes] = []
        self._cookie_echo = b""
        self._init_transmissions = 0
        self._errors = 0
        self._unacknowledged = 0
        self._sack_due = False
        self._heartbeat_nonce = b""
        self._heartbeat_sent_at = 0.0
        self._heard_at = 0.0
        self._packets_sent = self._packets_received = 0
        self._bytes_sent = self._bytes_received = 0

    # -- what the application asks for -----------------------------------------------------

    @property
    def state(self) -> State:
        """Where the association stands."""
        return self._state

    def connect(self, now: float) -> None:
        """Begin the handshake (RFC 9260 §5.1).

        :raises RuntimeError: if it has begun already.
        """
        if self._state is not State.CLOSED:
            raise RuntimeError(f"connect() in state {self._state.value}")
        self._enter(State.COOKIE_WAIT)
        self._send_init(now)

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
        if not self._accepts_messages:
            raise RuntimeError(f"send() in state {self._state.value}")
        size = len(data)
        if not 0 < size <= self._config.max_message_size:
            raise ValueError(f"message of {size} bytes; 1 to {self._config.max_message_size} fit")
        outbound = self._outbound
        most = self._peer.outbound_streams if self._peer else self._config.outbound_streams
        if not 0 <= stream_id < most:
            raise ValueError(f"stream {stream_id} is not one of {most}")
        queued = self._streams.total
        if outbound is not None:
            queued += outbound.flight.outstanding
        if queued + size > self._config.limits.send_buffer:
            raise SendBufferFull(f"{queued} bytes are waiting")
        policy = None
        if max_retransmits is not None or lifetime is not None:
            expires = float("inf") if lifetime is None else now + lifetime
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
        flight = 0 if self._outbound is None else self._outbound.flight.outstanding
        return self._streams.total + flight

    def reset_streams(self, stream_ids: Iterable[int], now: float) -> None:
        """Start these outgoing streams anew once everything queued on them has been sent
        (RFC 6525 §5.1.2); the answer is an :class:`OutgoingStreamsReset` event.

        :raises RuntimeError: if the association is not established or the peer cannot do it.
        :raises ValueError: if a stream is out of range or being reset already.
        """
        ids = tuple(dict.fromkeys(stream_ids))
        if self._reconfiguration is None or self._peer is None or not self._is_open():
            raise RuntimeError(f"reset_streams() in state {self._state.value}")
        if not self._peer.re_config:
            raise RuntimeError("the peer does not support stream re-configuration")
        for stream_id in ids:
            if not 0 <= stream_id < self._peer.outbound_streams:
                raise ValueError(f"stream {stream_id} is not one of {self._peer.outbound_streams}")
        self._reconfiguration.reset(ids)

    def consume(self, size: int, now: float, *, messages: int = 1) -> None:
        """The application has taken ``messages`` messages of ``size`` bytes in all: their room
        in the receive window is free again.

        :raises ValueError: if a number is negative.
        """
        if self._inbound is not None and self._inbound.consume(size, messages):
            self._sack_due = True

    def shutdown(self, now: float) -> None:
        """Close gracefully: what was handed over is delivered first (RFC 9260 §9.2)."""
        if self._state is State.ESTABLISHED:
            self._enter(State.SHUTDOWN_PENDING)
            # RFC 9260 §9.2: T5 guards the whole procedure.
            self._timers.set("t5", now + 5 * self._config.rto_max)
            self._continue_shutdown(now)
        elif self._state in (State.CLOSED, State.COOKIE_WAIT, State.COOKIE_ECHOED):
            self._end("shut down before it was established", None, remote=False)

    def abort(self, now: float, reason: str = "") -> None:
        """Close at once, and tell the peer why (RFC 9260 §9.1)."""
        if self._state is not State.ENDED:
            self._abort(CauseCode.USER_INITIATED_ABORT, reason, reason or "aborted")

    @property
    def stats(self) -> Stats:
        """A snapshot of the counters."""
        outbound = self._outbound
        inbound = self._inbound
        flight = outbound.flight if outbound else None
        return Stats(
            congestion_window=outbound.congestion.window if outbound else 0,
            bytes_in_flight=flight.in_flight if flight is not None else 0,
            peer_receive_window=flight.peer_window if flight is not None else 0,
            receive_window=inbound.window if inbound else self._config.receive_window,
            srtt=self._rto.srtt,
            rto=self._rto.value,
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
        self._packets_received += len(packets)
        self._bytes_received += sum(map(len, packets))
        for packet in packets:
            header = self._in_header
            try:
                if packet[:8] == header.prefix and self._has_tcb and len(packet) > HEADER_SIZE + 3:
                    if not header.verify(packet):
                        raise ParseError("checksum", 8)
                    self._receive_chunks(packet, now, HEADER_SIZE)
                else:
                    self._receive_other_tag(packet, now)
            except ParseError as error:
                self.drops[error.reason] += 1
            except NoUserData as error:
                # RFC 9260 §6.2.
                information = error.tsn.to_bytes(4, "big")
                self._abort(CauseCode.NO_USER_DATA, information, "DATA without user data")
            except ProtocolViolation as error:
                self._abort(CauseCode.PROTOCOL_VIOLATION, error.reason, error.reason)
        self._finish_train(now)

    def poll_transmit(self, now: float) -> list[bytes] | None:
        """The next packets to send, or ``None``."""
        packets = self._ready
        self._ready = []
        if self._outbound is not None and self._state in _TALKING_STATES:
            self._collect_packets(self._outbound, packets, now)
        if not packets:
            return None
        self._packets_sent += len(packets)
        self._bytes_sent += sum(map(len, packets))
        return packets

    def next_timeout(self) -> float | None:
        """When to call :meth:`handle_timeout`, or ``None``."""
        return self._timers.next()

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        for name in self._timers.expire(now):
            if name == "sack":
                self._sack_due = self._unacknowledged > 0
            elif name == "t3":
                self._t3_expired(now)
            elif name == "t1":
                self._t1_expired(now)
            elif name == "t2":
                self._t2_expired(now)
            elif name == "t5":
                self._abort(CauseCode.USER_INITIATED_ABORT, "", "shutdown took too long")
            elif name == "reconfig":
                self._reconfig_expired(now)
            elif name == "heartbeat":
                self._heartbeat_due(now)
            elif name == "heartbeat-ack":
                self._heartbeat_missed(now)

    def next_event(self) -> Event | None:
        """What happened, in order, or ``None``."""
        if self._events:
            return self._events.popleft()
        drained = self._streams.take_drained()
        return None if drained is None else BufferedAmountDecreased(drained)

    # -- receiving -------------------------------------------------------------------------

    def _receive_chunks(self, packet: bytes, now: float, offset: int) -> None:
        """The chunks from ``offset`` on of a packet with our verification tag."""
        self._heard_at = now
        end = len(packet)
        while offset < end and self._state is not State.ENDED:
            if packet[offset] == 0 and self._accepts_data and self._inbound is not None:
                if offset + 4 > end:
                    raise ParseError("truncated chunk header", offset)
                self._unacknowledged += 1
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
        if self._state not in states:
            return self._receive_unexpected(kind)
        if kind == ChunkType.SACK:
            self._receive_sack(Sack.parse(value), now)
        elif kind == ChunkType.FORWARD_TSN:
            self._receive_forward_tsn(ForwardTsn.parse(value))
        elif kind == ChunkType.HEARTBEAT:
            self._send_control(encode_heartbeat_ack(value))
        elif kind == ChunkType.HEARTBEAT_ACK:
            self._receive_heartbeat_ack(parse_heartbeat_info(value), now)
        elif kind == ChunkType.RE_CONFIG:
            self._receive_re_config(value)
        elif kind == ChunkType.INIT_ACK:
            self._receive_init_ack(value, now)
        elif kind == ChunkType.COOKIE_ECHO:
            self._receive_cookie_echo(value, self._local_tag, now)
        elif kind == ChunkType.COOKIE_ACK:
            if self._peer is not None:
                self._establish(self._peer, now)
        elif kind == ChunkType.ABORT:
            self._receive_abort(value)
        elif kind == ChunkType.ERROR:
            self._receive_error(value)
        elif kind == ChunkType.SHUTDOWN:
            self._receive_shutdown(parse_shutdown(value), now)
        elif kind == ChunkType.SHUTDOWN_ACK:
            self._reply(self._out_header, encode_shutdown_complete(reflected=False))
            self._end("shut down", None, remote=False)
        elif kind == ChunkType.SHUTDOWN_COMPLETE:
            self._end("shut down", None, remote=True)
        else:
            # RFC 9260 §8.5.1 A: INIT carries no tag of ours.
            raise ParseError("INIT with a verification tag", HEADER_SIZE)
        return True

    def _receive_other_tag(self, packet: bytes, now: float) -> None:
        """A packet without our verification tag, or without an association (RFC 9260 §8.4,
        §8.5.1)."""
        source, destination, tag = parse_header(packet)
        if (source, destination) != (self._config.remote_port, self._config.local_port):
            raise ParseError("port", 0)
        chunks = split_chunks(packet, HEADER_SIZE)
        kind, flags, value = chunks[0]
        if kind == ChunkType.INIT:
            if tag or len(chunks) > 1:
                raise ParseError("INIT with a verification tag or company", HEADER_SIZE)
            self._receive_init(value, now)
        elif kind == ChunkType.COOKIE_ECHO and self._state is not State.ENDED:
            self._receive_cookie_echo(value, tag, now)
            if self._has_tcb and self._in_header.verification_tag == tag:
                self._receive_chunks(packet, now, HEADER_SIZE + ((7 + len(value)) & ~3))
        elif not self._has_tcb:
            self._receive_stray(chunks, tag)
        elif (
            kind in (ChunkType.ABORT, ChunkType.SHUTDOWN_COMPLETE)
            and flags & FLAG_T
            and self._peer is not None
            and tag == self._peer.tag
            and self._state in CHUNK_STATES[kind]
        ):
            # RFC 9260 §8.5.1 B, C: the sender had no association, and reflects our tag.
            if kind == ChunkType.ABORT:
                self._receive_abort(value)
            else:
                self._end("shut down", None, remote=True)
        elif kind == ChunkType.SHUTDOWN_ACK and self._state in _HANDSHAKE_STATES:
            # RFC 9260 §8.5.1 E.
            self._reply_reflected(encode_shutdown_complete(reflected=True), tag)
        else:
            raise ParseError("verification tag", 4)

    def _receive_stray(self, chunks: list[RawChunk], tag: int) -> None:
        """Out of the blue (RFC 9260 §8.4)."""
        self.drops["out of the blue"] += 1
        kinds = {chunk[0] for chunk in chunks}
        if kinds & _NEVER_ANSWERED:
            return
        if chunks[0][0] == ChunkType.SHUTDOWN_ACK:
            self._reply_reflected(encode_shutdown_complete(reflected=True), tag)
        else:
            self._reply_reflected(encode_abort(reflected=True), tag)

    def _reply_reflected(self, chunk: bytes, tag: int) -> None:
        self._reply(Header(self._config.local_port, self._config.remote_port, tag), chunk)

    def _reply(self, header: Header, chunk: bytes) -> None:
        """Queue a packet of its own, unless a peer makes us queue too many."""
        if len(self._ready) < self._config.limits.control_queue:
            self._ready.append(header.seal(chunk))
        else:
            self.drops["too many answers"] += 1

    def _receive_unknown(self, chunk: RawChunk) -> bool:
        """The two high bits say what to do (RFC 9260 §3.2)."""
        kind, flags, value = chunk
        self.drops["unknown chunk type"] += 1
        if kind & 0x40:
            room = self._config.packet_size - 64
            encoded = encode_chunk(kind, flags, value)[:room]
            self._send_control(
                encode_error(encode_cause(CauseCode.UNRECOGNIZED_CHUNK_TYPE, encoded))
            )
        return bool(kind & 0x80)

    def _receive_unexpected(self, kind: int) -> bool:
        if kind == ChunkType.INIT:
            # RFC 9260 §8.5.1 A: INIT carries no tag of ours.
            raise ParseError("INIT with a verification tag or company", HEADER_SIZE)
        self.drops[f"{ChunkType(kind).name} in state {self._state.value}"] += 1
        if kind == ChunkType.SHUTDOWN_ACK and self._state in _HANDSHAKE_STATES:
            # RFC 9260 §8.5.1 E.
            self._reply_reflected(encode_shutdown_complete(reflected=True), self._local_tag)
        return True

    def _finish_train(self, now: float) -> None:
        """Once for all packets that came together."""
        inbound = self._inbound
        if inbound is None:
            return
        self._flush_messages()
        if not self._unacknowledged:
            return
        if self._unacknowledged > 1 or inbound.acknowledge_now or inbound.has_gaps:
            # RFC 9260 §6.2: every second packet, and at once if something is missing.
            self._sack_due = True
        else:
            self._timers.set_earlier("sack", now + self._config.sack_delay)
        for stream_id in inbound.take_invalid_streams():
            cause = encode_cause(
                CauseCode.INVALID_STREAM_IDENTIFIER, stream_id.to_bytes(2, "big") + b"\0\0"
            )
            self._send_control(encode_error(cause))
        if self._reconfiguration is not None:
            answer = self._reconfiguration.advance()
            if answer is not None:
                self._send_control(answer)
        if self._state is State.SHUTDOWN_SENT:
            # RFC 9260 §9.2: answered with SHUTDOWN and SACK at once.
            self._sack_due = True
            self._send_shutdown(now)

    def _flush_messages(self) -> None:
        inbound = self._inbound
        if inbound is not None and inbound.messages:
            self._events.append(MessagesReceived(inbound.messages, inbound.received_size))
            inbound.messages = []
            inbound.received_size = 0

    def _receive_sack(self, sack: Sack, now: float) -> None:
        outbound = self._outbound
        if outbound is None:
            return
        progress = outbound.flight.receive_sack(sack, now)
        if progress or sack.a_rwnd < self._config.packet_size:
            # RFC 9260 §8.1, and §6.1 A: a peer that answers probes of its window is alive.
            self._errors = 0
        self._arm_t3(outbound)
        self._continue_shutdown(now)

    def _receive_forward_tsn(self, chunk: ForwardTsn) -> None:
        if self._inbound is not None:
            self._unacknowledged += 1
            self._inbound.receive_forward_tsn(chunk)

    def _receive_re_config(self, value: bytes) -> None:
        if self._reconfiguration is None:
            return
        # What came before the request in its train comes before it in the events.
        self._flush_messages()
        answer = self._reconfiguration.receive(value)
        if answer is not None:
            self._send_control(answer)
            # RFC 6525 §5.2.1: a SACK goes with it.
            self._sack_due = True
        if not self._reconfiguration.in_progress:
            self._timers.stop("reconfig")

    def _receive_abort(self, value: bytes) -> None:
        causes = parse_causes(value)
        code = causes[0][0] if causes else None
        reason = "aborted by the peer"
        if causes and causes[0][1]:
            reason += ": " + causes[0][1][:200].decode("utf-8", "replace")
        self._end(reason, code, remote=True)

    def _receive_error(self, value: bytes) -> None:
        for code, _ in parse_causes(value):
            self.drops[f"peer reported error {code}"] += 1
            if code == CauseCode.STALE_COOKIE and self._state is State.COOKIE_ECHOED:
                # RFC 9260 §5.2.6: begin again.
                self._enter(State.COOKIE_WAIT)
                self._cookie_echo = b""
                self._timers.set_earlier("t1", self._heard_at)

    # -- handshake -------------------------------------------------------------------------

    def _random_tag(self) -> int:
        while not (tag := int.from_bytes(self._entropy(4), "big")):
            pass
        return tag

    def _header_from_peer(self, tag: int) -> Header:
        return Header(self._config.remote_port, self._config.local_port, tag)

    def _new_rto(self) -> RetransmissionTimeout:
        config = self._config
        return RetransmissionTimeout(config.rto_initial, config.rto_min, config.rto_max)

    def _send_init(self, now: float) -> None:
        init = make_init(self._config, self._local_tag, self._local_tsn, [])
        # RFC 9260 §8.5.1 A: the verification tag of INIT is zero.
        header = Header(self._config.local_port, self._config.remote_port, 0)
        self._reply(header, init.encode(ChunkType.INIT))
        self._arm_t1(now)

    def _arm_t1(self, now: float) -> None:
        backoff = self._config.rto_initial * 2.0**self._init_transmissions
        self._init_transmissions += 1
        self._timers.set("t1", now + min(backoff, self._config.rto_max))

    def _t1_expired(self, now: float) -> None:
        if self._init_transmissions > self._config.max_init_retransmits:
            self._end("the peer does not answer", None, remote=False)
        elif self._cookie_echo:
            self._reply(self._out_header, self._cookie_echo)
            self._arm_t1(now)
        else:
            self._send_init(now)

    def _receive_init(self, value: bytes, now: float) -> None:
        init, report = accepted_parameters(Init.parse(value))
        to_peer = Header(self._config.local_port, self._config.remote_port, init.initiate_tag)
        try:
            peer = negotiate(self._config, init)
        except ParseError:
            # RFC 9260 §5.1: an unacceptable INIT is answered with ABORT.
            cause = encode_cause(CauseCode.INVALID_MANDATORY_PARAMETER)
            if init.initiate_tag:
                self._reply(to_peer, encode_abort(cause))
            raise
        if self._state is State.ENDED:
            self._reply(to_peer, encode_abort())
            return
        if self._state is State.SHUTDOWN_ACK_SENT:
            # RFC 9260 §9.2.
            self._send_control(SHUTDOWN_ACK)
            return
        tag, initial_tsn, ties = self._local_tag, self._local_tsn, (0, 0)
        if self._peer is not None:
            ties = (self._local_tag, self._peer.tag)
            if self._state is not State.COOKIE_ECHOED:
                # RFC 9260 §5.2.2: perhaps a restart; the association there is stays untouched.
                tag, initial_tsn = self._random_tag(), int.from_bytes(self._entropy(4), "big")
        cookie = self._jar.seal(Cookie(now, tag, initial_tsn, ties, peer))
        extra = [(ParameterType.STATE_COOKIE.value, cookie), *report_parameters(report)]
        answer = make_init(self._config, tag, initial_tsn, extra)
        self._reply(to_peer, answer.encode(ChunkType.INIT_ACK))

    def _receive_init_ack(self, value: bytes, now: float) -> None:
        init, report = accepted_parameters(Init.parse(value))
        try:
            peer = negotiate(self._config, init)
        except ParseError as error:
            self._out_header = Header(
                self._config.local_port, self._config.remote_port, init.initiate_tag
            )
            self._abort(CauseCode.INVALID_MANDATORY_PARAMETER, b"", f"INIT ACK: {error.reason}")
            return
        self._peer = peer
        self._out_header = Header(self._config.local_port, self._config.remote_port, peer.tag)
        cookie = init.find(ParameterType.STATE_COOKIE)
        if not cookie:
            # RFC 9260 §3.3.10.2: how many are missing, and which.
            missing = b"\0\0\0\1" + ParameterType.STATE_COOKIE.to_bytes(2, "big")
            self._abort(CauseCode.MISSING_MANDATORY_PARAMETER, missing, "INIT ACK without cookie")
            return
        self._cookie_echo = encode_cookie_echo(cookie)
        self._enter(State.COOKIE_ECHOED)
        self._init_transmissions = 0
        packet = self._cookie_echo
        if report:
            # RFC 9260 §3.2.2: after the COOKIE ECHO, which must come first.
            cause = encode_cause(CauseCode.UNRECOGNIZED_PARAMETERS, encode_parameters(report))
            packet += encode_error(cause)
        self._reply(self._out_header, packet)
        self._arm_t1(now)

    def _receive_cookie_echo(self, value: bytes, tag: int, now: float) -> None:
        """RFC 9260 §5.1.5, and the table of §5.2.4."""
        cookie = self._jar.open(value)
        if cookie.tag != tag:
            raise ParseError("verification tag of the cookie", 4)
        peer = self._peer
        same = cookie.tag == self._local_tag
        if self._has_tcb and same and peer is not None and cookie.peer.tag == peer.tag:
            # Case D: ours, whether it is the first or a repetition, however old.
            self._establish(peer, now)
            self._send_control(COOKIE_ACK)
            return
        stale = now - cookie.created - self._config.cookie_lifetime
        if stale > 0:
            # RFC 9260 §5.1.5 step 3, §3.3.10.3: by how many microseconds.
            staleness = min(int(stale * 1e6), 0xFFFFFFFF).to_bytes(4, "big")
            header = Header(self._config.local_port, self._config.remote_port, cookie.peer.tag)
            cause = encode_cause(CauseCode.STALE_COOKIE, staleness)
            self._reply(header, encode_error(cause))
            self.drops["stale cookie"] += 1
            return
        if same and self._state in (State.CLOSED, State.COOKIE_WAIT, State.COOKIE_ECHOED):
            # No association yet, or case B: the peer's INIT crossed ours.
            self._establish(cookie.peer, now)
        elif peer is not None and not same and cookie.tie_tags == (self._local_tag, peer.tag):
            if self._state is State.SHUTDOWN_ACK_SENT:
                # RFC 9260 §5.2.4 A.
                cause = encode_cause(CauseCode.COOKIE_WHILE_SHUTTING_DOWN)
                self._control += [SHUTDOWN_ACK, encode_error(cause)]
                return
            self._restart(cookie, now)
        else:
            # Case C, and whatever the table does not name.
            self.drops["cookie of another association"] += 1
            return
        self._send_control(COOKIE_ACK)

    def _establish(self, peer: Peer, now: float) -> None:
        if self._is_open() or self._state in CHUNK_STATES[ChunkType.SHUTDOWN]:
            return
        self._timers.stop("t1")
        self._cookie_echo = b""
        self._peer = peer
        config = self._config
        self._out_header = Header(config.local_port, config.remote_port, peer.tag)
        self._streams.discard_beyond(peer.outbound_streams)
        self._outbound = Outbound(
            config,
            self._out_header,
            self._local_tsn,
            peer.window,
            peer.forward_tsn,
            self._streams,
            self._rto,
            self.drops,
        )
        self._inbound = Inbound(config, peer.initial_tsn, peer.inbound_streams, self.drops)
        self._reconfiguration = Reconfiguration(
            self._inbound, self._outbound, self._local_tsn, peer.initial_tsn, self._events
        )
        self._errors = 0
        self._unacknowledged = 0
        self._heard_at = now
        self._enter(State.ESTABLISHED)
        if config.heartbeat_interval is not None:
            self._timers.set("heartbeat", now + config.heartbeat_interval)
        self._events.append(
            Connected(peer.inbound_streams, peer.outbound_streams, peer.forward_tsn, peer.re_config)
        )

    def _restart(self, cookie: Cookie, now: float) -> None:
        """RFC 9260 §5.2.4.1: the peer has forgotten everything, so we do too."""
        self._flush_messages()
        self._timers.clear()
        self._control.clear()
        self._streams = OutboundStreams()
        self._rto = self._new_rto()
        self._local_tag = cookie.tag
        self._local_tsn = cookie.initial_tsn
        self._in_header = self._header_from_peer(cookie.tag)
        self._events.append(Restarted())
        self._state = State.COOKIE_ECHOED
        self._establish(cookie.peer, now)

    # -- closing ---------------------------------------------------------------------------

    def _receive_shutdown(self, cumulative_tsn: int, now: float) -> None:
        outbound = self._outbound
        if outbound is None:
            return
        outbound.flight.receive_cumulative(cumulative_tsn, now)
        self._arm_t3(outbound)
        if self._state in (State.ESTABLISHED, State.SHUTDOWN_PENDING):
            self._enter(State.SHUTDOWN_RECEIVED)
            self._timers.set("t5", now + 5 * self._config.rto_max)
        elif self._state in (State.SHUTDOWN_SENT, State.SHUTDOWN_ACK_SENT):
            # RFC 9260 §9.2: both at once, or our SHUTDOWN ACK was lost.
            self._send_shutdown_ack(now)
        self._continue_shutdown(now)

    def _continue_shutdown(self, now: float) -> None:
        """The next step once everything is acknowledged."""
        if self._outbound is None or not self._outbound.is_drained:
            return
        if self._state is State.SHUTDOWN_PENDING:
            self._enter(State.SHUTDOWN_SENT)
            self._send_shutdown(now)
        elif self._state is State.SHUTDOWN_RECEIVED:
            self._send_shutdown_ack(now)

    def _send_shutdown(self, now: float) -> None:
        if self._inbound is not None:
            self._send_control(encode_shutdown(self._inbound.cumulative_tsn))
            self._timers.set("t2", now + self._rto.value)

    def _send_shutdown_ack(self, now: float) -> None:
        if self._state is not State.SHUTDOWN_ACK_SENT:
            self._enter(State.SHUTDOWN_ACK_SENT)
        self._send_control(SHUTDOWN_ACK)
        self._timers.set("t2", now + self._rto.value)

    def _t2_expired(self, now: float) -> None:
        if self._path_error(now):
            return
        self._rto.back_off()
        if self._state is State.SHUTDOWN_SENT:
            self._send_shutdown(now)
        elif self._state is State.SHUTDOWN_ACK_SENT:
            self._send_shutdown_ack(now)

    def _abort(self, code: CauseCode, information: bytes | str, reason: str) -> None:
        if isinstance(information, str):
            information = information.encode()[: self._config.packet_size - 64]
        if self._peer is not None or self._out_header.verification_tag:
            self._ready.append(self._out_header.seal(encode_abort(encode_cause(code, information))))
        self._end(reason, code, remote=False)

    def _end(self, reason: str, cause: int | None, *, remote: bool) -> None:
        if self._state is State.ENDED:
            return
        self._flush_messages()
        self._timers.clear()
        self._control.clear()
        self._enter(State.ENDED)
        self._events.append(Closed(reason, cause, remote))

    def _enter(self, state: State) -> None:
        assert state in TRANSITIONS[self._state], (self._state, state)
        self._state = state
        self._accepts_data = state in CHUNK_STATES[ChunkType.DATA]
        self._accepts_messages = state in _SENDING_STATES
        self._has_tcb = state not in (State.CLOSED, State.ENDED)

    def _is_open(self) -> bool:
        return self._state is State.ESTABLISHED

    # -- sending and timers ----------------------------------------------------------------

    def _send_control(self, chunk: bytes) -> None:
        if len(self._control) < self._config.limits.control_queue:
            self._control.append(chunk)
        else:
            self.drops["too many answers"] += 1

    def _collect_packets(self, outbound: Outbound, packets: list[bytes], now: float) -> None:
        inbound = self._inbound
        reconfiguration = self._reconfiguration
        assert inbound is not None and reconfiguration is not None
        config = self._config
        body = config.packet_size - HEADER_SIZE
        lead = self._control
        self._control = []
        if self._sack_due or (self._unacknowledged and outbound.wants_to_send()):
            lead.append(inbound.make_sack(body).encode())
            self._sack_due = False
            self._unacknowledged = 0
            self._timers.stop("sack")
        forward = outbound.flight.make_forward_tsn(body, now)
        if forward is not None:
            lead.append(forward.encode())
        if lead:
            lead = self._bundle(packets, lead, body)
        if self._state in _DATA_STATES:
            outbound.fill(packets, config.limits.train, lead, now)
            request = reconfiguration.next_request()
            if request is not None:
                lead.append(request)
                self._timers.set("reconfig", now + self._rto.value)
            self._arm_t3(outbound)
            resume_at = outbound.resume_at
            if resume_at is not None:
                self._timers.set("pace", resume_at)
            self._continue_shutdown(now)
        if lead:
            rest = self._bundle(packets, lead, body)
            packets.append(self._out_header.seal(b"".join(rest)))

    def _bundle(self, packets: list[bytes], chunks: list[bytes], body: int) -> list[bytes]:
        """Seal as many chunks as make full packets; give the rest."""
        rest: list[bytes] = []
        size = 0
        for chunk in chunks:
            if size + len(chunk) > body and rest:
                packets.append(self._out_header.seal(b"".join(rest)))
                rest = []
                size = 0
            rest.append(chunk)
            size += len(chunk)
        return rest

    def _arm_t3(self, outbound: Outbound) -> None:
        deadline = outbound.flight.deadline()
        if deadline is not None:
            self._timers.set_earlier("t3", deadline)

    def _t3_expired(self, now: float) -> None:
        outbound = self._outbound
        if outbound is None:
            return
        deadline = outbound.flight.deadline()
        # The entry is not moved while acknowledgements come, so it may be early.
        if deadline is not None and deadline <= now:
            if self._path_error(now):
                return
            outbound.flight.expire(now)
        self._arm_t3(outbound)

    def _path_error(self, now: float) -> bool:
        """Count a timeout; whether it was one too many (RFC 9260 §8.1)."""
        self._errors += 1
        if self._errors <= self._config.max_retransmits:
            return False
        self._abort(CauseCode.USER_INITIATED_ABORT, "path failure", "the path has failed")
        return True

    def _reconfig_expired(self, now: float) -> None:
        if self._reconfiguration is None:
            return
        request = self._reconfiguration.repeat_request()
        if request is None:
            return
        # RFC 6525 §5.2.7 H2: an answer of "in progress" is no error of the path.
        if not self._reconfiguration.is_answered and self._path_error(now):
            return
        self._send_control(request)
        self._timers.set("reconfig", now + self._rto.value)

    def _heartbeat_due(self, now: float) -> None:
        """RFC 9260 §8.3: on a path idle for the interval."""
        interval = self._config.heartbeat_interval
        if interval is None:
            return
        if now - self._heard_at < interval:
            self._timers.set("heartbeat", self._heard_at + interval)
            return
        self._heartbeat_nonce = self._entropy(_HEARTBEAT_NONCE)
        self._heartbeat_sent_at = now
        self._send_control(encode_heartbeat(self._heartbeat_nonce))
        self._timers.set("heartbeat-ack", now + self._rto.value)

    def _heartbeat_missed(self, now: float) -> None:
        if self._path_error(now):
            return
        self._rto.back_off()
        self._heartbeat_due(now)

    def _receive_heartbeat_ack(self, information: bytes, now: float) -> None:
        # RFC 9260 §8.3: the nonce shows that it answers ours.
        if not self._heartbeat_nonce or information != self._heartbeat_nonce:
            raise ParseError("heartbeat nonce", HEADER_SIZE)
        self._heartbeat_nonce = b""
        self._errors = 0
        self._rto.sample(now - self._heartbeat_sent_at)
        self._timers.stop("heartbeat-ack")
        if self._config.heartbeat_interval is not None:
            self._timers.set("heartbeat", now + self._config.heartbeat_interval)


#: RFC 9260 §8.4, 2 to 7.
_NEVER_ANSWERED: Final = frozenset(
    {ChunkType.ABORT, ChunkType.SHUTDOWN_COMPLETE, ChunkType.ERROR, ChunkType.COOKIE_ACK}
)
_HANDSHAKE_STATES: Final = frozenset({State.COOKIE_WAIT, State.COOKIE_ECHOED})
_DATA_STATES: Final = frozenset(
    {State.ESTABLISHED, State.SHUTDOWN_PENDING, State.SHUTDOWN_RECEIVED}
)
_TALKING_STATES: Final = CHUNK_STATES[ChunkType.SHUTDOWN]
_SENDING_STATES: Final = _HANDSHAKE_STATES | {State.CLOSED, State.ESTABLISHED}
