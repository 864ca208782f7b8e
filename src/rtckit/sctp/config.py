"""What an association is told before it starts, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Config", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on everything that a peer or a caller can make grow.

    :ivar send_buffer: bytes handed to ``send`` and not yet acknowledged; beyond, ``send`` raises
        :class:`rtckit.sctp.SendBufferFull`.
    :ivar gap_ranges: separate runs of TSNs received beyond a gap. A chunk that would start one
        more is dropped as if the network had lost it.
    :ivar tsn_span: how far beyond the cumulative TSN a chunk may be; a gap ack block cannot say
        more than 65,535.
    :ivar duplicates: duplicate TSNs reported in one SACK.
    :ivar gap_blocks: gap ack blocks reported in one SACK.
    :ivar message_overhead: bytes that every received message and every parked chunk is charged to
        the receive window beside its data, so that tiny messages cannot outgrow it.
    :ivar train: packets that one ``poll_transmit`` gives at most.
    :ivar control_queue: control chunks waiting to be sent; beyond, answers are not made.
    """

    send_buffer: int = 64 * 1024 * 1024
    gap_ranges: int = 2048
    tsn_span: int = 65_000
    duplicates: int = 20
    gap_blocks: int = 250
    message_overhead: int = 128
    train: int = 48
    control_queue: int = 32


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of one association. Times are seconds, sizes are bytes.

    :ivar local_port: our SCTP port; over DTLS it only has to match the SDP (RFC 8841 §5).
    :ivar remote_port: the peer's SCTP port.
    :ivar packet_size: the largest SCTP packet. 1160 leaves a 1,200-byte datagram the 37 bytes
        that a DTLS 1.2 AES-GCM record adds.
    :ivar outbound_streams: streams we ask to send on (RFC 8831 §6.2: 65,535).
    :ivar inbound_streams: streams we accept at most.
    :ivar max_message_size: the largest message ``send`` takes; the owner learns it from SDP.
    :ivar max_receive_message_size: the largest message accepted; a larger one aborts.
    :ivar receive_window: bytes that may wait for the application.
    :ivar rto_initial: retransmission timeout before the first round-trip sample.
    :ivar rto_min: its lower bound.
    :ivar rto_max: its upper bound.
    :ivar max_retransmits: timeouts in a row after which the path has failed
        (Association.Max.Retrans, RFC 9260 §16).
    :ivar max_init_retransmits: likewise for INIT and COOKIE ECHO; half a minute with
        ``init_rto_max``.
    :ivar init_rto_max: the upper bound of their timeout: someone is waiting for the connection.
    :ivar cookie_lifetime: how long a state cookie is good.
    :ivar sack_delay: longest wait before a received packet is acknowledged.
    :ivar heartbeat_interval: between heartbeats on an idle path; ``None`` for none.
    """

    local_port: int = 5000
    remote_port: int = 5000
    packet_size: int = 1160
    outbound_streams: int = 65_535
    inbound_streams: int = 65_535
    max_message_size: int = 262_144
    max_receive_message_size: int = 262_144
    receive_window: int = 4 * 1024 * 1024
    rto_initial: float = 0.5
    rto_min: float = 0.2
    rto_max: float = 10.0
    max_retransmits: int = 10
    max_init_retransmits: int = 16
    init_rto_max: float = 2.0
    cookie_lifetime: float = 60.0
    sack_delay: float = 0.02
    heartbeat_interval: float | None = 30.0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.packet_size < 256 or self.packet_size % 4:
            raise ValueError("packet_size must be a multiple of 4 and at least 256")
        if not 1 <= self.outbound_streams <= 65_535 or not 1 <= self.inbound_streams <= 65_535:
            raise ValueError("stream counts must be 1 to 65535")
        # Without partial delivery a message that does not fit the window would never arrive.
        if self.receive_window < 2 * self.max_receive_message_size:
            raise ValueError("receive_window must be at least twice max_receive_message_size")
        if not 0 <= self.sack_delay <= 0.5:
            raise ValueError("sack_delay must be 0 to 0.5 s (RFC 9260 §6.2)")
