"""Stream re-configuration (RFC 6525), both directions."""

from __future__ import annotations

from collections import deque
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
from rtckit.sctp.events import Event, IncomingStreamsReset, OutgoingStreamsReset
from rtckit.sctp.inbound import Inbound
from rtckit.sctp.outbound import Outbound

__all__ = ["Reconfiguration"]

_MASK32: Final = 0xFFFFFFFF
_HALF32: Final = 0x80000000
#: Streams in one request, so that it fits a packet.
_STREAMS_PER_REQUEST: Final = 400
_MAX_STREAMS: Final = 65_535
#: The answers that call for sending the same request again.
_WAIT: Final = (ResetResult.IN_PROGRESS, ResetResult.ALREADY_IN_PROGRESS)
_SUCCESS: Final = (ResetResult.NOTHING_TO_DO, ResetResult.PERFORMED)


class Reconfiguration:
    """The requests we make, one at a time, and the answers to the peer's.

    :ivar in_progress: whether a request of ours waits for its answer.
    :ivar is_answered: whether the peer has said that it is at work on it.
    """

    __slots__ = (
        "_answered",
        "_deferred",
        "_events",
        "_inbound",
        "_last_result",
        "_outbound",
        "_request",
        "_request_number",
        "_response_to",
        "_waiting",
        "is_answered",
    )

    def __init__(
        self,
        inbound: Inbound,
        outbound: Outbound,
        initial_tsn: int,
        peer_initial_tsn: int,
        events: deque[Event],
    ) -> None:
        self._inbound = inbound
        self._outbound = outbound
        self._events = events
        # RFC 6525 §4.1: the numbers start with the initial TSNs.
        self._request_number = initial_tsn
        self._answered = (peer_initial_tsn - 1) & _MASK32
        self._last_result = int(ResetResult.NOTHING_TO_DO)
        self._deferred: OutgoingResetRequest | None = None
        self._request: OutgoingResetRequest | None = None
        self._waiting: list[int] = []
        self.is_answered = False
        #: Incoming reset requests that our next request answers.
        self._response_to: int | None = None

    @property
    def in_progress(self) -> bool:
        return self._request is not None

    # -- our requests ----------------------------------------------------------------------

    def reset(self, stream_ids: tuple[int, ...]) -> None:
        """Reset these outgoing streams once all that is queued on them has been sent.

        :raises ValueError: if one of them is being reset already.
        """
        self._outbound.streams.begin_reset(stream_ids)
        self._waiting.extend(stream_ids)

    def next_request(self) -> bytes | None:
        """The RE-CONFIG chunk of a new request, if one can be made now (RFC 6525 §5.1.2)."""
        if self._request is not None or not self._waiting:
            return None
        is_drained = self._outbound.streams.is_drained
        ready = [stream for stream in self._waiting if is_drained(stream)][:_STREAMS_PER_REQUEST]
        if not ready:
            return None
        chosen = set(ready)
        self._waiting = [stream for stream in self._waiting if stream not in chosen]
        answers = self._answered if self._response_to is None else self._response_to
        self._response_to = None
        self.is_answered = False
        self._request = OutgoingResetRequest(
            self._request_number,
            answers,
            (self._outbound.flight.next_tsn - 1) & _MASK32,
            tuple(ready),
        )
        self._request_number = (self._request_number + 1) & _MASK32
        return self.repeat_request()

    def repeat_request(self) -> bytes | None:
        """The RE-CONFIG chunk of the request under way, for its retransmission."""
        request = self._request
        return None if request is None else encode_re_config(request.encode())

    def _receive_response(self, response: ReconfigurationResponse) -> None:
        request = self._request
        if request is None or response.response != request.request:
            return
        if response.result in _WAIT:
            # RFC 6525 §5.2.7 H2: the timer runs on, and the request is sent again.
            self.is_answered = True
            return
        self._request = None
        performed = response.result in _SUCCESS
        self._outbound.streams.end_reset(request.streams, performed)
        self._events.append(OutgoingStreamsReset(request.streams, performed))

    # -- the peer's requests ---------------------------------------------------------------

    def receive(self, value: bytes) -> bytes | None:
        """Process a RE-CONFIG chunk; give the chunk that answers it, if it needs one.

        :raises ParseError: if a parameter is malformed.
        """
        answers: list[bytes] = []
        for kind, parameter in split_parameters(value):
            if kind == ParameterType.RECONFIGURATION_RESPONSE:
                self._receive_response(ReconfigurationResponse.parse(parameter))
            elif kind in (
                ParameterType.OUTGOING_RESET_REQUEST,
                ParameterType.INCOMING_RESET_REQUEST,
                ParameterType.SSN_TSN_RESET_REQUEST,
                ParameterType.ADD_OUTGOING_STREAMS,
                ParameterType.ADD_INCOMING_STREAMS,
            ):
                answers.append(self._receive_request(kind, parameter))
        return encode_re_config(*answers) if answers else None

    def _receive_request(self, kind: int, value: bytes) -> bytes:
        number = parse_request_number(value)
        # RFC 6525 §5.2.1: a retransmission gets the answer of the first time, or, if that was
        # "in progress", the answer of this time.
        if number != self._answered:
            if number != (self._answered + 1) & _MASK32:
                return ReconfigurationResponse(number, ResetResult.BAD_SEQUENCE_NUMBER).encode()
            # Parse before the number counts as used: a malformed request changes nothing.
            result = self._perform(kind, value)
            self._answered = number
            self._last_result = result
        return ReconfigurationResponse(number, self._last_result).encode()

    def _perform(self, kind: int, value: bytes) -> int:
        if kind == ParameterType.OUTGOING_RESET_REQUEST:
            return self._reset_incoming(OutgoingResetRequest.parse(value))
        if kind == ParameterType.INCOMING_RESET_REQUEST:
            return self._answer_incoming(IncomingResetRequest.parse(value))
        if kind == ParameterType.ADD_OUTGOING_STREAMS:
            count = parse_add_streams(value).count
            if self._inbound.streams + count > _MAX_STREAMS:
                return ResetResult.DENIED
            self._inbound.streams += count
            return ResetResult.PERFORMED
        # RFC 6525 §5.2.4, §5.2.6: we have no use for either, and may deny them.
        return ResetResult.DENIED

    def _reset_incoming(self, request: OutgoingResetRequest) -> int:
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
        self._events.append(IncomingStreamsReset(request.streams))

    def advance(self) -> bytes | None:
        """More data has arrived: do a deferred reset if it is time, and say so."""
        request = self._deferred
        if request is None:
            return None
        behind = (request.last_tsn - self._inbound.cumulative_tsn) & _MASK32
        if 0 < behind < _HALF32:
            return None
        self._apply(request)
        self._last_result = ResetResult.PERFORMED
        response = ReconfigurationResponse(request.request, ResetResult.PERFORMED)
        return encode_re_config(response.encode())

    def _answer_incoming(self, request: IncomingResetRequest) -> int:
        """RFC 6525 §5.2.3: reset our outgoing streams, if they are not at it already."""
        streams = self._outbound.streams
        wanted = [stream for stream in request.streams if not streams.is_resetting(stream)]
        if not wanted:
            return ResetResult.NOTHING_TO_DO if request.streams else ResetResult.DENIED
        self._response_to = request.request
        self.reset(tuple(dict.fromkeys(wanted)))
        return ResetResult.PERFORMED
