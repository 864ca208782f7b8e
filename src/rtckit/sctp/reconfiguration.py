"""Stream re-configuration (RFC 6525), both directions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from rtckit.sctp.chunk import (
    IncomingResetRequest,
    OutgoingResetRequest,
    ParameterType,
    ReconfigurationResponse,
    ResetResult,
    encode_re_config,
    parse_add_streams,
    parse_request_number,
    split_parameters,
)
from rtckit.sctp.events import IncomingStreamsReset, OutgoingStreamsReset
from rtckit.sctp.negotiation import Peer
from rtckit.sctp.path import Path
from rtckit.sctp.tcb import ControlBlock
from rtckit.sctp.transfer import Transfer

__all__ = ["Reconfiguration"]

_MASK32: Final = 0xFFFFFFFF
_HALF32: Final = 0x80000000
#: Streams in one request, so that it fits a packet.
_STREAMS_PER_REQUEST: Final = 400
#: RFC 6525 §3.1: a chunk has at most two requests.
_REQUESTS_PER_CHUNK: Final = 2
_REQUESTS: Final = frozenset(
    {
        ParameterType.OUTGOING_RESET_REQUEST,
        ParameterType.INCOMING_RESET_REQUEST,
        ParameterType.SSN_TSN_RESET_REQUEST,
        ParameterType.ADD_OUTGOING_STREAMS,
        ParameterType.ADD_INCOMING_STREAMS,
    }
)
#: The answers that call for sending the same request again.
_WAIT: Final = (ResetResult.IN_PROGRESS, ResetResult.ALREADY_IN_PROGRESS)
_SUCCESS: Final = (ResetResult.NOTHING_TO_DO, ResetResult.PERFORMED)


class Reconfiguration:
    """The requests we make, one at a time, and the answers to the peer's."""

    __slots__ = (
        "_answered",
        "_deferred",
        "_inbound",
        "_outbound",
        "_outbound_streams",
        "_path",
        "_peer_is_at_work",
        "_request",
        "_request_number",
        "_response_to",
        "_responses",
        "_tcb",
        "_waiting",
    )

    def __init__(self, tcb: ControlBlock, path: Path, peer: Peer, transfer: Transfer) -> None:
        self._tcb = tcb
        self._path = path
        self._inbound = transfer.inbound
        self._outbound = transfer.outbound
        self._outbound_streams = peer.outbound_streams
        # RFC 6525 §4.1: the numbers start with the initial TSNs.
        self._request_number = tcb.local_tsn
        self._answered = (peer.initial_tsn - 1) & _MASK32
        self._responses: dict[int, ReconfigurationResponse] = {}
        self._deferred: OutgoingResetRequest | None = None
        self._request: OutgoingResetRequest | None = None
        # Streams to reset, each with the TSN to be acknowledged first, once that is known.
        self._waiting: dict[int, int | None] = {}
        self._peer_is_at_work = False
        #: The incoming reset request that our next request answers.
        self._response_to: int | None = None

    # -- our requests ----------------------------------------------------------------------

    def reset(self, stream_ids: tuple[int, ...]) -> None:
        """Reset these outgoing streams once all that is queued on them has been acknowledged.

        :raises ValueError: if one of them is being reset already.
        """
        self._outbound.streams.begin_reset(stream_ids)
        self._waiting.update(dict.fromkeys(stream_ids))

    def add_request(self, lead: list[bytes], now: float) -> None:
        """Add a new request to the control chunks ``lead``, if one can be made now
        (RFC 6525 §5.1.2)."""
        if self._request is not None or not self._waiting:
            return
        ready = self._ready()
        if not ready:
            return
        for stream in ready:
            del self._waiting[stream]
        answers = self._answered if self._response_to is None else self._response_to
        self._response_to = None
        self._peer_is_at_work = False
        last_tsn = (self._outbound.flight.next_tsn - 1) & _MASK32
        request = OutgoingResetRequest(self._request_number, answers, last_tsn, tuple(ready))
        self._request = request
        self._request_number = (self._request_number + 1) & _MASK32
        lead.append(encode_re_config(request.encode()))
        self._tcb.timers.set("reconfig", now + self._path.rto.value)

    def _ready(self) -> list[int]:
        """The streams on which everything has arrived, as many as one request takes.

        RFC 6525 §5.1.2 would let the request go behind the last chunk; but libdatachannel closes
        a channel at the request and loses a message that comes with it.
        """
        flight = self._outbound.flight
        is_drained = self._outbound.streams.is_drained
        ready: list[int] = []
        for stream, awaited in self._waiting.items():
            if awaited is None:
                if not is_drained(stream):
                    continue
                awaited = self._waiting[stream] = flight.next_tsn - 1
            if awaited <= flight.acknowledged:
                ready.append(stream)
                if len(ready) == _STREAMS_PER_REQUEST:
                    break
        return ready

    def timer_expired(self, now: float) -> None:
        """Send the request again (RFC 6525 §5.1.1).

        :raises AssociationFailure: if the peer has not answered for too long.
        """
        request = self._request
        if request is None:
            return
        if not self._peer_is_at_work:
            # RFC 6525 §5.2.7 H2: an answer of "in progress" is no error of the path.
            self._path.timed_out()
            self._path.rto.back_off()
        self._tcb.outbox.send(encode_re_config(request.encode()))
        self._tcb.timers.set("reconfig", now + self._path.rto.value)

    def _receive_response(self, response: ReconfigurationResponse) -> None:
        request = self._request
        if request is None or response.response != request.request:
            return
        self._path.is_alive()
        if response.result in _WAIT:
            # RFC 6525 §5.2.7 H2: the timer runs on, and the request is sent again.
            self._peer_is_at_work = True
            return
        self._request = None
        self._tcb.timers.stop("reconfig")
        performed = response.result in _SUCCESS
        self._outbound.streams.end_reset(request.streams, performed)
        self._tcb.events.push(OutgoingStreamsReset(request.streams, performed))

    # -- the peer's requests ---------------------------------------------------------------

    def receive(self, value: bytes) -> bool:
        """Process a RE-CONFIG chunk; whether there was a request in it, which is answered.

        :raises ParseError: if a parameter is malformed.
        """
        answers: list[bytes] = []
        for kind, parameter in split_parameters(value):
            if kind == ParameterType.RECONFIGURATION_RESPONSE:
                self._receive_response(ReconfigurationResponse.parse(parameter))
            elif kind in _REQUESTS:
                answers.append(self._receive_request(kind, parameter).encode())
        if answers:
            self._tcb.outbox.send(encode_re_config(*answers))
        return bool(answers)

    def _receive_request(self, kind: int, value: bytes) -> ReconfigurationResponse:
        number = parse_request_number(value)
        # RFC 6525 §5.2.1: a retransmission gets the answer of the first time, or, if that was
        # "in progress", the answer of this time.
        response = self._responses.get(number)
        if response is not None:
            return response
        if number != (self._answered + 1) & _MASK32:
            return ReconfigurationResponse(number, ResetResult.BAD_SEQUENCE_NUMBER)
        # Parse before the number counts as used: a malformed request changes nothing.
        response = self._perform(kind, number, value)
        self._answered = number
        if len(self._responses) == _REQUESTS_PER_CHUNK:
            del self._responses[next(iter(self._responses))]
        self._responses[number] = response
        return response

    def _perform(self, kind: int, number: int, value: bytes) -> ReconfigurationResponse:
        if kind == ParameterType.SSN_TSN_RESET_REQUEST:
            # RFC 6525 §5.2.4: we may deny it. D3, D4: the response names the next TSNs, which
            # stay as they were.
            next_tsns = (self._outbound.flight.next_tsn & _MASK32, self._inbound.next_tsn)
            return ReconfigurationResponse(number, ResetResult.DENIED, next_tsns)
        if kind == ParameterType.OUTGOING_RESET_REQUEST:
            result = self._reset_incoming(OutgoingResetRequest.parse(value))
        elif kind == ParameterType.INCOMING_RESET_REQUEST:
            result = self._reset_outgoing(IncomingResetRequest.parse(value))
        elif kind == ParameterType.ADD_OUTGOING_STREAMS:
            result = self._add_incoming(parse_add_streams(value).count)
        else:
            # RFC 6525 §5.2.6: we have no use for more, and may deny it.
            parse_add_streams(value)
            result = ResetResult.DENIED
        return ReconfigurationResponse(number, result)

    def _add_incoming(self, count: int) -> ResetResult:
        """RFC 6525 §5.2.5."""
        if self._inbound.streams + count > self._tcb.config.inbound_streams:
            return ResetResult.DENIED
        self._inbound.streams += count
        return ResetResult.PERFORMED

    def _reset_incoming(self, request: OutgoingResetRequest) -> ResetResult:
        behind = (request.last_tsn - self._inbound.cumulative_tsn) & _MASK32
        if 0 < behind < _HALF32:
            # RFC 6525 §5.2.2 E2: not before everything sent under the old numbers is here.
            # A peer that numbers its repetitions anew repeats the streams too.
            before = self._deferred.streams if self._deferred is not None else request.streams
            merged = tuple(dict.fromkeys((*before, *request.streams)))
            self._deferred = replace(request, streams=merged if request.streams else ())
            return ResetResult.IN_PROGRESS
        self._apply(request)
        return ResetResult.PERFORMED

    def _apply(self, request: OutgoingResetRequest) -> None:
        self._deferred = None
        self._inbound.reset_streams(request.streams)
        self._tcb.events.push(IncomingStreamsReset(request.streams))

    def data_arrived(self) -> None:
        """Do a deferred reset if it is time, and say so (RFC 6525 §5.2.2 E3 to E6)."""
        request = self._deferred
        if request is None:
            return
        behind = (request.last_tsn - self._inbound.cumulative_tsn) & _MASK32
        if 0 < behind < _HALF32:
            return
        self._apply(request)
        response = ReconfigurationResponse(request.request, ResetResult.PERFORMED)
        self._responses[request.request] = response
        self._tcb.outbox.send(encode_re_config(response.encode()))

    def _reset_outgoing(self, request: IncomingResetRequest) -> ResetResult:
        """RFC 6525 §5.2.3: reset our outgoing streams, but those that are at it or at zero."""
        streams = self._outbound.streams
        if any(stream >= self._outbound_streams for stream in request.streams):
            return ResetResult.WRONG_SSN
        asked = request.streams or streams.in_use()
        wanted = tuple(stream for stream in dict.fromkeys(asked) if streams.needs_reset(stream))
        if not wanted:
            return ResetResult.NOTHING_TO_DO
        self._response_to = request.request
        self.reset(wanted)
        return ResetResult.PERFORMED
