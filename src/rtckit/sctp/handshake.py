"""Setting up an association: INIT to COOKIE ACK, collisions and restarts (RFC 9260 §5)."""

from __future__ import annotations

from typing import Final

from rtckit.sctp.chunk import (
    SHUTDOWN_ACK,
    CauseCode,
    ChunkType,
    Init,
    ParameterType,
    encode_abort,
    encode_cause,
    encode_cookie_echo,
    encode_error,
    encode_parameters,
)
from rtckit.sctp.cookie import Cookie, CookieJar
from rtckit.sctp.failure import AssociationFailure
from rtckit.sctp.negotiation import (
    accepted_parameters,
    make_init,
    negotiate,
    report_parameters,
)
from rtckit.sctp.state import State
from rtckit.sctp.tcb import ControlBlock
from rtckit.seam import ParseError

__all__ = ["Handshake"]

_BEGINNING: Final = frozenset({State.CLOSED, State.COOKIE_WAIT, State.COOKIE_ECHOED})


class Handshake:
    """Both sides of the four-way handshake. It gives the peer that it settled on; that the
    association is then established is its owner's doing."""

    __slots__ = ("_cookie_echo", "_jar", "_tcb", "_transmissions")

    def __init__(self, tcb: ControlBlock) -> None:
        self._tcb = tcb
        self._jar = CookieJar(tcb.random)
        self._cookie_echo = b""
        self._transmissions = 0

    def begin(self, now: float) -> None:
        """Send INIT (RFC 9260 §5.1 A)."""
        self._tcb.enter(State.COOKIE_WAIT)
        self._send_init(now)

    def finish(self) -> None:
        """The association is established."""
        self._tcb.timers.stop("t1")
        self._cookie_echo = b""

    def t1_expired(self, now: float) -> None:
        """INIT or COOKIE ECHO was not answered in time (RFC 9260 §4, §8.1)."""
        tcb = self._tcb
        if self._transmissions > tcb.config.max_init_retransmits:
            tcb.end("the peer does not answer", None, remote=False)
        elif self._cookie_echo:
            tcb.outbox.reply(tcb.outbox.header, self._cookie_echo)
            self._arm_t1(now)
        else:
            self._send_init(now)

    def _send_init(self, now: float) -> None:
        tcb = self._tcb
        init = make_init(tcb.config, tcb.local_tag, tcb.local_tsn, [])
        # RFC 9260 §8.5.1 A: the verification tag of INIT is zero.
        tcb.outbox.reply(tcb.outbox.header_with(0), init.encode(ChunkType.INIT))
        self._arm_t1(now)

    def _arm_t1(self, now: float) -> None:
        config = self._tcb.config
        backoff = config.rto_initial * 2.0**self._transmissions
        self._transmissions += 1
        self._tcb.timers.set("t1", now + min(backoff, config.init_rto_max))

    def receive_init(self, value: bytes, now: float) -> None:
        """Answer with INIT ACK and a cookie; nothing else changes (RFC 9260 §5.1 B, §5.2.1,
        §5.2.2).

        :raises ParseError: if the INIT is not acceptable.
        """
        tcb = self._tcb
        init, report = accepted_parameters(Init.parse(value))
        to_peer = tcb.outbox.header_with(init.initiate_tag)
        try:
            peer = negotiate(tcb.config, init)
        except ParseError:
            # RFC 9260 §5.1: an unacceptable INIT is answered with ABORT.
            if init.initiate_tag:
                cause = encode_cause(CauseCode.INVALID_MANDATORY_PARAMETER)
                tcb.outbox.reply(to_peer, encode_abort(cause))
            raise
        if tcb.state is State.ENDED:
            tcb.outbox.reply(to_peer, encode_abort())
            return
        if tcb.state is State.SHUTDOWN_ACK_SENT:
            # RFC 9260 §9.2: the SHUTDOWN COMPLETE was lost.
            tcb.outbox.send(SHUTDOWN_ACK)
            return
        tag, initial_tsn, ties = tcb.local_tag, tcb.local_tsn, (0, 0)
        if tcb.peer is not None:
            ties = (tcb.local_tag, tcb.peer.tag)
            if tcb.state is not State.COOKIE_ECHOED:
                # RFC 9260 §5.2.2: perhaps a restart; the association there is stays untouched.
                tag, initial_tsn = tcb.draw_identity()
        cookie = self._jar.seal(Cookie(now, tag, initial_tsn, ties, peer))
        extra = [(ParameterType.STATE_COOKIE.value, cookie), *report_parameters(report)]
        answer = make_init(tcb.config, tag, initial_tsn, extra)
        tcb.outbox.reply(to_peer, answer.encode(ChunkType.INIT_ACK))

    def receive_init_ack(self, value: bytes, now: float) -> None:
        """Return the cookie (RFC 9260 §5.1 C).

        :raises AssociationFailure: if the INIT ACK is not acceptable.
        """
        tcb = self._tcb
        init, report = accepted_parameters(Init.parse(value))
        try:
            peer = negotiate(tcb.config, init)
        except ParseError as error:
            tcb.outbox.header = tcb.outbox.header_with(init.initiate_tag)
            raise AssociationFailure(
                CauseCode.INVALID_MANDATORY_PARAMETER, b"", f"INIT ACK: {error.reason}"
            ) from error
        tcb.meet(peer)
        cookie = init.find(ParameterType.STATE_COOKIE)
        if not cookie:
            # RFC 9260 §3.3.10.2: how many are missing, and which.
            missing = b"\0\0\0\1" + ParameterType.STATE_COOKIE.to_bytes(2, "big")
            raise AssociationFailure(
                CauseCode.MISSING_MANDATORY_PARAMETER, missing, "INIT ACK without cookie"
            )
        self._cookie_echo = encode_cookie_echo(cookie)
        tcb.enter(State.COOKIE_ECHOED)
        self._transmissions = 0
        packet = self._cookie_echo
        if report:
            # RFC 9260 §3.2.2: after the COOKIE ECHO, which must come first.
            cause = encode_cause(CauseCode.UNRECOGNIZED_PARAMETERS, encode_parameters(report))
            packet += encode_error(cause)
        tcb.outbox.reply(tcb.outbox.header, packet)
        self._arm_t1(now)

    def receive_cookie_echo(self, value: bytes, tag: int, now: float) -> Cookie | None:
        """The cookie, if it settles the handshake, now or before (RFC 9260 §5.1.5, and the table
        of §5.2.4). A cookie with another tag than ours is a restart's.

        :raises ParseError: if it is not one of ours, or came under another tag.
        """
        tcb = self._tcb
        cookie = self._jar.open(value)
        if cookie.tag != tag:
            raise ParseError("verification tag of the cookie", 4)
        peer = tcb.peer
        same = cookie.tag == tcb.local_tag
        if tcb.exists and same and peer is not None and cookie.peer.tag == peer.tag:
            # Case D: ours, whether it is the first or a repetition, however old.
            return cookie
        if self._is_stale(cookie, now):
            return None
        if same and tcb.state in _BEGINNING:
            # No association yet, or case B: the peer's INIT crossed ours.
            return cookie
        if peer is not None and not same and cookie.tie_tags == (tcb.local_tag, peer.tag):
            if tcb.state is not State.SHUTDOWN_ACK_SENT:
                return cookie
            # RFC 9260 §5.2.4 A.
            tcb.outbox.send(SHUTDOWN_ACK)
            tcb.outbox.report(CauseCode.COOKIE_WHILE_SHUTTING_DOWN)
            return None
        # Case C, and whatever the table does not name.
        tcb.drops["cookie of another association"] += 1
        return None

    def _is_stale(self, cookie: Cookie, now: float) -> bool:
        tcb = self._tcb
        stale = now - cookie.created - tcb.config.cookie_lifetime
        if stale <= 0:
            return False
        # RFC 9260 §5.1.5 step 3, §3.3.10.3: by how many microseconds.
        staleness = min(int(stale * 1e6), 0xFFFFFFFF).to_bytes(4, "big")
        cause = encode_cause(CauseCode.STALE_COOKIE, staleness)
        tcb.outbox.reply(tcb.outbox.header_with(cookie.peer.tag), encode_error(cause))
        tcb.drops["stale cookie"] += 1
        return True

    def receive_stale_cookie(self) -> None:
        """The peer took too long over our cookie: begin again (RFC 9260 §5.2.6)."""
        tcb = self._tcb
        if tcb.state is State.COOKIE_ECHOED:
            tcb.enter(State.COOKIE_WAIT)
            self._cookie_echo = b""
            tcb.timers.set_earlier("t1", tcb.heard_at)
