"""The ICE agent: one data stream, one component (RFC 8445, 8838, 7675)."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace
from ipaddress import ip_address

from rtckit.ice.answer import IncomingCheck, answer, authenticate, read_check, refuse
from rtckit.ice.candidate import Candidate
from rtckit.ice.candidates import LocalCandidates
from rtckit.ice.checks import Check, Checks, Outcome, Purpose, Result, Role
from rtckit.ice.credentials import Credentials
from rtckit.ice.event import (
    ConsentExpired,
    Event,
    IceState,
    ResolveName,
    RoleChanged,
    StateChanged,
)
from rtckit.ice.gathering import Gatherer
from rtckit.ice.generation import Generation
from rtckit.ice.limits import Limits, Timing
from rtckit.ice.pair import CandidatePair, PairState
from rtckit.ice.patience import Patience
from rtckit.ice.selection import Selection
from rtckit.seam import Address, Entropy, ParseError, Timers, Train, Transmit
from rtckit.stun import ErrorCode, Message, MessageClass, Method

__all__ = ["Agent"]


class Agent:
    """Finds a way to the peer, keeps it, and tells when it is lost.

    Give it local candidates (with their bases), the remote credentials and candidates in any
    order; hand it every STUN datagram; send what it polls. Data may flow on ``selected_pair``
    as soon as there is one, which may be before the pair is nominated (RFC 8445 §12.1).

    :param controlling: whether this agent nominates; a role conflict may change it.
    :param entropy: the source of randomness.
    :param credentials: ours; generated if not given.
    :param lite: only answer checks, never send any (RFC 8445 §2.5); always controlled.
    :ivar state: the W3C's transport state.
    :ivar drops: counts of datagrams and candidates not accepted, by reason.
    """

    def __init__(
        self,
        *,
        controlling: bool,
        entropy: Entropy,
        credentials: Credentials | None = None,
        lite: bool = False,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        timing: Timing = Timing(),  # noqa: B008 - frozen
    ) -> None:
        self.lite = lite
        self.limits = limits
        self.timing = timing
        self.state = IceState.NEW
        self.drops: Counter[str] = Counter()
        self._entropy = entropy
        self._role = Role(controlling and not lite, entropy)
        self._checks = Checks(self._role, timing, entropy)
        self._local = LocalCandidates(limits)
        self._timers = Timers()
        self._patience = Patience(timing.patience)
        self._consent_lost = False
        self._transmits: deque[Transmit] = deque()
        self._events: deque[Event] = deque()
        self._generation = self._begin(credentials, 0)
        self._selection = Selection(self._events, timing, entropy, lite)
        self._gatherer = Gatherer(self._local, self._events, timing, entropy)

    @property
    def local_credentials(self) -> Credentials:
        """Ours, of this generation."""
        return self._generation.local_credentials

    @property
    def remote_credentials(self) -> Credentials | None:
        """The peer's, of this generation, once they are signalled."""
        return self._generation.remote_credentials

    @property
    def controlling(self) -> bool:
        """The role now."""
        return self._role.controlling

    @property
    def local_candidates(self) -> list[Candidate]:
        """Given, gathered and learned."""
        return list(self._local.known)

    @property
    def remote_candidates(self) -> list[Candidate]:
        """Signalled and learned, in this generation."""
        return list(self._generation.remote.known)

    @property
    def selected_pair(self) -> CandidatePair | None:
        """The pair that data goes over, ``None`` while there is none."""
        return self._selection.pair

    @property
    def pairs(self) -> list[CandidatePair]:
        """Every pair of this generation, highest priority first, and the one still in use."""
        pairs = self._generation.checklist.pairs
        if self._selection.previous is not None:
            pairs.append(self._selection.previous)
        return pairs

    @property
    def gathering(self) -> bool:
        """Whether a STUN server's answer is awaited; if so, :class:`GatheringFinished` follows."""
        return self._gatherer.busy

    def authenticated(self, remote: Address, local: Address) -> bool:
        """Whether a check from ``remote`` to ``local`` has shown our password, or was answered.

        The owner drops data from anywhere else.
        """
        pair = self._generation.checklist.find(local, remote)
        if pair is not None and pair.authenticated:
            return True
        key = (local, remote)
        return key in self._generation.early or key in self._selection.former

    def add_local_candidate(self, candidate: Candidate, now: float) -> None:
        """Take a local candidate into use.

        :raises ValueError: it has no base, is not UDP on component 1, or candidates have ended.
        """
        if candidate.base is None or candidate.component != 1 or not candidate.is_udp:
            raise ValueError("a local candidate has a base, component 1 and UDP")
        if self._local.ended:
            raise ValueError("local candidates have ended")
        if self._over() or not self._local.add(candidate):
            return
        self._generation.pair([candidate], self._generation.remote.known, self._selection.pair)
        self._ask_servers(now)
        self._advance(now)

    def end_local_candidates(self, now: float) -> None:
        """No more local candidates will come in this generation."""
        self._local.ended = True
        self._advance(now)

    def set_remote_credentials(
        self, credentials: Credentials, now: float, lite: bool = False
    ) -> None:
        """Say what the peer's checks and answers are signed with; checks begin.

        :param lite: the peer only answers; this agent controls (RFC 8445 §6.1.1).
        :raises ValueError: this generation already has others; ``restart`` first.
        """
        if self.remote_credentials is not None:
            if self.remote_credentials != credentials:
                raise ValueError("other remote credentials need an ICE restart")
            return
        if self._over():
            return
        generation = self._generation
        generation.remote_credentials = credentials
        generation.remote_lite = lite
        if lite and not self.lite:
            self._set_role(True)
        for _ in generation.remote.generation_is(credentials.ufrag):
            self.drops["candidate of another generation"] += 1
        self._progress(now)
        generation.pair(self._local.known, generation.remote.known, self._selection.pair)
        for entry in generation.take_early():
            self._accept_check(entry.local, entry.remote, entry.check, now)
        self._advance(now)

    def add_remote_candidate(self, candidate: Candidate, now: float) -> None:
        """Take a candidate from signaling; one that cannot be used is dropped and counted."""
        if self._over():
            return
        generation = self._generation
        remote = generation.remote_credentials
        objection = generation.remote.objection(candidate, remote.ufrag if remote else None)
        if objection is not None:
            self.drops[objection] += 1
            return
        if not candidate.is_name:
            generation.add_remote(candidate, self._local.known, self._selection.pair)
        elif generation.remote.await_name(candidate):
            self._events.append(ResolveName(candidate.address))
        self._progress(now)
        self._advance(now)

    def end_remote_candidates(self, now: float) -> None:
        """The peer said end-of-candidates (RFC 8838 §13)."""
        self._generation.remote.ended = True
        self._advance(now)

    def name_resolved(self, name: str, addresses: list[str], now: float) -> None:
        """Answer :class:`ResolveName`; with no addresses the candidate is given up."""
        generation = self._generation
        for candidate in generation.remote.take_name(name):
            for address in addresses:
                if not generation.remote.full:
                    resolved = replace(candidate, address=str(ip_address(address)))
                    generation.add_remote(resolved, self._local.known, self._selection.pair)
        self._advance(now)

    def add_stun_server(self, server: Address, now: float) -> None:
        """Ask a STUN server from every host candidate's base, present and to come.

        Its answers become candidates and :class:`LocalCandidateFound` events;
        :class:`GatheringFinished` follows when no answer is awaited any more.
        """
        if not self._over():
            self._gatherer.add_server(server)
            self._ask_servers(now)

    def set_controlling(self, controlling: bool) -> None:
        """Set the role, as offer and answer decide it (RFC 8445 §6.1.1)."""
        if (
            not self.lite
            and not self._generation.remote_lite
            and controlling != self._role.controlling
        ):
            self._role.controlling = controlling
            self._generation.checklist.set_role(controlling)

    def restart(self, now: float, credentials: Credentials | None = None) -> None:
        """Begin a new generation (RFC 8445 §9).

        Host candidates stay; those that servers and checks told of are to be learned anew, and
        so are the remote ones and their credentials: add the servers again. The selected
        pair keeps carrying data, and checks with the old credentials are still answered, until
        another pair is nominated.
        """
        if self.state is IceState.CLOSED:
            raise ValueError("the agent is closed")
        self._selection.restart(self.local_credentials, self._generation.checklist.pairs)
        self._generation = self._begin(credentials, self._generation.checklist.last_number)
        self._local.restart()
        self._gatherer.restart()
        self._checks.clear()
        self._timers.clear()
        self._patience.stop()
        self._consent_lost = False
        if self._selection.pair is None:
            self._set_state(IceState.NEW if self.state is IceState.NEW else IceState.CHECKING)
        elif self.state is IceState.COMPLETED:
            self._set_state(IceState.CONNECTED)

    def close(self) -> None:
        """Stop for good; nothing is sent any more."""
        self._stop()
        self._set_state(IceState.CLOSED)

    def receive(self, data: bytes, local: Address, remote: Address, now: float) -> None:
        """Take one STUN datagram that came to base ``local`` from ``remote``."""
        if self._over():
            self.drops[f"agent {self.state}"] += 1
            return
        try:
            message = Message.parse(data)
        except ParseError:
            self.drops["malformed"] += 1
            return
        if message.method != Method.BINDING:
            self.drops["unexpected method"] += 1
        elif message.message_class is MessageClass.REQUEST:
            self._receive_request(message, local, remote, now)
        elif message.message_class is MessageClass.INDICATION:
            return  # a keepalive says nothing (RFC 8445 §11)
        elif self._gatherer.awaits(message.transaction_id):
            self._gatherer.receive(message, local, remote)
        else:
            outcome = self._checks.receive(message, local, remote, now, self.drops)
            if outcome is not None:
                self._conclude(outcome, now)
        self._advance(now)

    def poll_transmit(self, now: float) -> Transmit | None:
        """The next datagram to send, or ``None``."""
        return self._transmits.popleft() if self._transmits else None

    def next_timeout(self) -> float | None:
        """When ``handle_timeout`` is due, or ``None``."""
        times = [
            self._timers.next(),
            self._patience.next_timeout(),
            self._checks.next_timeout(),
            self._gatherer.next_timeout(),
        ]
        if self.controlling and not self._over():
            times.append(self._generation.nomination.next_timeout())
        if self._selection.consent is not None:
            times.append(self._selection.consent.next_timeout())
        return min((when for when in times if when is not None), default=None)

    def handle_timeout(self, now: float) -> None:
        """Do what is due at ``now``."""
        if self._over():
            return
        again, over = self._checks.expire(now)
        for transmit in (*again, *self._gatherer.expire(now)):
            self._send(transmit)
        for check in over:
            self._fail_pair(check)
        self._timers.expire(now)
        if self._patience.expire(now):
            self._checks.clear()
            self._generation.checklist.give_up()
        self._refresh_consent(now)
        self._advance(now)

    def next_event(self) -> Event | None:
        """The next thing the owner should know, or ``None``."""
        return self._events.popleft() if self._events else None

    def _begin(self, credentials: Credentials | None, first_number: int) -> Generation:
        return Generation(
            credentials or Credentials.generate(self._entropy),
            self._role,
            self.lite,
            self.limits,
            self.timing,
            self._events,
            self.drops,
            first_number,
        )

    def _ask_servers(self, now: float) -> None:
        for transmit in self._gatherer.ask(now):
            self._send(transmit)

    def _receive_request(
        self, message: Message, local: Address, remote: Address, now: float
    ) -> None:
        candidate = self._local.at(local)
        if candidate is None:
            self.drops["unknown local address"] += 1
            return
        accepted = [self.local_credentials]
        if self._selection.previous_credentials is not None:
            accepted.append(self._selection.previous_credentials)
        credentials = authenticate(message, accepted, self.drops)
        if credentials is None:
            return
        if message.unknown_required:
            self.drops["unknown attribute"] += 1
            data = refuse(message, credentials, ErrorCode.UNKNOWN_ATTRIBUTE)
            self._reply(data, local, remote)
            return
        check = read_check(message)
        if check is None:
            self.drops["request without priority"] += 1
            self._reply(refuse(message, credentials, ErrorCode.BAD_REQUEST), local, remote)
            return
        if not self._settle_roles(check):
            self._reply(refuse(message, credentials, ErrorCode.ROLE_CONFLICT), local, remote)
            return
        self._reply(answer(message, credentials, remote), local, remote)
        if credentials is not self.local_credentials:
            previous = self._selection.previous
            if previous is not None and self._selection.is_previous(local, remote):
                self._selection.hear(previous, now)
        elif self.remote_credentials is None and not self.lite:
            if not self._generation.remember(candidate, remote, check):
                self.drops["too many early checks"] += 1
        else:
            self._accept_check(candidate, remote, check, now)

    def _settle_roles(self, check: IncomingCheck) -> bool:
        """Repair a role conflict; ``False`` if the peer must (RFC 8445 §7.3.1.1)."""
        if check.tie_breaker is None or check.controlling != self.controlling or self.lite:
            return True
        ours_wins = self._role.tie_breaker >= check.tie_breaker
        # The larger tie-breaker controls: keep the role if that is it, or is not.
        if ours_wins == self.controlling:
            return False
        self._set_role(not self.controlling)
        return True

    def _accept_check(
        self, local: Candidate, remote: Address, check: IncomingCheck, now: float
    ) -> None:
        pair = self._generation.meet(local, remote, check.priority, self._selection.pair)
        if pair is None:
            return
        self._selection.hear(pair, now)
        self._progress(now)
        if self.lite:
            pair.state = PairState.SUCCEEDED
        if (
            check.use_candidate
            and not self.controlling
            and self._generation.nomination.follows(pair, check.nomination, now)
        ):
            self._nominate(pair, now)
        self._trigger(pair, now)

    def _trigger(self, pair: CandidatePair, now: float) -> None:
        """Check back at once (RFC 8445 §7.3.1.4)."""
        if pair.state is PairState.IN_PROGRESS:
            transmit = self._checks.hurry(pair, now)
            if transmit is not None:
                self._send(transmit)
        elif pair.state is not PairState.SUCCEEDED:
            self._check(pair, Purpose.CONNECTIVITY, now)

    def _check(self, pair: CandidatePair, purpose: Purpose, now: float) -> None:
        if purpose is Purpose.CONNECTIVITY:
            pair.state = PairState.IN_PROGRESS
        self._send(self._checks.send(pair, purpose, now, self._generation.checklist.active()))

    def _pace(self, now: float) -> None:
        """Send the next ordinary check if its time has come (RFC 8445 §6.1.4.2)."""
        nominated = self._generation.nomination.nominated
        if nominated is not None or self.lite or self._timers.get("pace") is not None:
            return
        pair = self._generation.checklist.next_ordinary()
        if pair is not None:
            self._check(pair, Purpose.CONNECTIVITY, now)
            self._timers.set("pace", now + self.timing.ta)

    def _fail_pair(self, check: Check) -> None:
        if not check.settles:
            return
        pair = check.pair
        self._generation.nomination.ended(pair)
        if check.purpose is Purpose.CONNECTIVITY and pair.state is not PairState.IN_PROGRESS:
            return
        pair.state = PairState.FAILED
        if pair is self._selection.pair and not pair.nominated:
            self._selection.drop()

    def _conclude(self, outcome: Outcome, now: float) -> None:
        check = outcome.check
        pair = check.pair
        if outcome.result is Result.ROLE_CONFLICT:
            self._yield_role(check)
            return
        if outcome.result is Result.FAILED:
            self._fail_pair(check)
            return
        self._selection.answered(pair, now)
        if not check.settles:
            return
        self._progress(now)
        if outcome.mapped is not None:
            self._generation.seen_as(pair, outcome.mapped, check.priority, self._local)
        pair.state = PairState.SUCCEEDED
        self._generation.checklist.unfreeze(pair)
        nomination = self._generation.nomination
        nomination.ended(pair)
        if self.controlling:
            if check.purpose is Purpose.NOMINATION:
                self._nominate(pair, now)
        elif pair.nominate_on_success and nomination.follows(pair, pair.nomination, now):
            self._nominate(pair, now)

    def _yield_role(self, check: Check) -> None:
        # RFC 8445 §7.2.5.1: switch away from the role that the check claimed.
        if check.controlling == self.controlling and not self._generation.remote_lite:
            self._set_role(not self.controlling)
            self._role.renew_tie_breaker()
        if not check.settles:
            return
        self._generation.nomination.ended(check.pair)
        if check.pair.state is PairState.IN_PROGRESS:
            check.pair.state = PairState.WAITING

    def _nominate(self, pair: CandidatePair, now: float) -> None:
        nominated = self._generation.nomination.nominated
        if pair is nominated:
            return
        if nominated is not None:
            nominated.nominated = False
        pair.nominated = True
        self._generation.nomination.nominated = pair
        self._timers.stop("pace")
        for other in self._generation.checklist.pairs:
            # RFC 8445 §8.1.2: lower priorities need no more checks.
            if other.state is PairState.IN_PROGRESS and other.priority < pair.priority:
                self._checks.cancel(other)
                other.state = PairState.FROZEN
        self._selection.settle(pair, now)

    def _refresh_consent(self, now: float) -> None:
        consent = self._selection.consent
        if consent is None:
            return
        if now >= consent.expires:
            self._lose_consent(consent.pair)
            return
        if consent.next_check is not None and now >= consent.next_check:
            consent.sent(now)
            self._check(consent.pair, Purpose.CONSENT, now)
        if consent.take_probe(now):
            self._check(consent.pair, Purpose.PROBE, now)

    def _lose_consent(self, pair: CandidatePair) -> None:
        self._events.append(ConsentExpired(pair))
        self._checks.cancel(pair)
        pair.state = PairState.FAILED
        pair.authenticated = False
        if pair is self._selection.previous:
            # The new generation may still succeed.
            self._selection.drop()
        else:
            self._stop()
            self._consent_lost = True
            self._set_state(IceState.FAILED)

    def _advance(self, now: float) -> None:
        """What every change may have made possible: checks, nomination, another state."""
        if self._over():
            return
        checklist = self._generation.checklist
        nomination = self._generation.nomination
        best = checklist.best_valid()
        if best is not None and nomination.nominated is None:
            self._selection.prefer(best, now)
        self._pace(now)
        if self.controlling:
            chosen = nomination.choose(checklist, now)
            if chosen is not None:
                self._check(chosen, Purpose.NOMINATION, now)
        if self._selection.consent is not None:
            self._selection.consent.update(now)
        self._watch_failure(now)
        self._set_state(self._current_state())

    def _current_state(self) -> IceState:
        consent = self._selection.consent
        if consent is not None:
            if consent.silent:
                # An ICE restart that the peer has not answered checks nothing.
                restarting = self._selection.previous is not None and self._ready()
                return IceState.CHECKING if restarting else IceState.DISCONNECTED
            ended = self._local.ended and (self._generation.remote.ended or self.lite)
            if self._generation.nomination.nominated is not None and ended:
                return IceState.COMPLETED
            return IceState.CONNECTED
        if self._patience.spent:
            return IceState.FAILED
        if self._ready() and self._generation.remote.known:
            return IceState.CHECKING
        if self.remote_credentials is None and self.state is IceState.DISCONNECTED:
            return IceState.DISCONNECTED
        return IceState.CHECKING if self.state is not IceState.NEW else IceState.NEW

    def _watch_failure(self, now: float) -> None:
        if self._selection.pair is not None:
            self._patience.stop()
        elif self._ready() and not self.lite:
            self._patience.watch(now)

    def _progress(self, now: float) -> None:
        if self._selection.pair is None and self._ready() and not self.lite:
            self._patience.renew(now)

    def _ready(self) -> bool:
        """Whether there can be checks: a callee has the caller's half while it still rings."""
        here = bool(self._local.known) or self._local.ended
        return here and self.remote_credentials is not None

    def _stop(self) -> None:
        self._timers.clear()
        self._patience.stop()
        self._checks.clear()
        self._transmits.clear()
        self._gatherer.clear()
        self._selection.drop()

    def _over(self) -> bool:
        # Impatience passes when the peer appears; consent is lost for good (RFC 7675 §5.1).
        return self._consent_lost or self.state is IceState.CLOSED

    def _set_role(self, controlling: bool) -> None:
        if controlling == self._role.controlling:
            return
        self._role.controlling = controlling
        self._generation.checklist.set_role(controlling)
        self._events.append(RoleChanged(controlling))

    def _set_state(self, state: IceState) -> None:
        if state is not self.state:
            self.state = state
            self._events.append(StateChanged(state))

    def _reply(self, data: bytes, local: Address, remote: Address) -> None:
        self._send(Transmit(Train(data), local, remote))

    def _send(self, transmit: Transmit) -> None:
        if len(self._transmits) >= self.limits.transmits:
            self.drops["transmit queue full"] += 1
            return
        self._transmits.append(transmit)
