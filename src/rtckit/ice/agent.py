"""The ICE agent: one data stream, one component (RFC 8445, 8838, 7675)."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace
from ipaddress import ip_address

from rtckit.ice.answer import IncomingCheck, answer, authenticate, read_check, refuse
from rtckit.ice.candidate import Candidate
from rtckit.ice.checklist import Checklist, reach
from rtckit.ice.checks import Check, Checks, Outcome, Purpose, Result, Role
from rtckit.ice.consent import Consent
from rtckit.ice.credentials import Credentials
from rtckit.ice.event import (
    ConsentExpired,
    Event,
    IceState,
    LocalCandidateFound,
    RemoteCandidateLearned,
    ResolveName,
    RoleChanged,
    SelectedPairChanged,
    StateChanged,
)
from rtckit.ice.limits import Limits, Timing
from rtckit.ice.pair import CandidatePair, PairState
from rtckit.seam import Address, Entropy, ParseError, Timers, Train, Transmit
from rtckit.stun import ErrorCode, Message, MessageClass, Method

__all__ = ["Agent"]


@dataclass(frozen=True, slots=True)
class _EarlyCheck:
    """A check that came before the remote credentials."""

    local: Candidate
    remote: Address
    check: IncomingCheck


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
        self.local_credentials = credentials or Credentials.generate(entropy)
        self.remote_credentials: Credentials | None = None
        self.local_candidates: list[Candidate] = []
        self.remote_candidates: list[Candidate] = []
        self.state = IceState.NEW
        self.drops: Counter[str] = Counter()
        self._entropy = entropy
        self._role = Role(controlling and not lite, entropy)
        self._checks = Checks(self._role, timing, entropy)
        self._checklist = Checklist(limits.pairs)
        self._timers = Timers()
        self._transmits: deque[Transmit] = deque()
        self._events: deque[Event] = deque()
        self._selected: CandidatePair | None = None
        self._consent: Consent | None = None
        self._nominated: CandidatePair | None = None
        self._nominating: CandidatePair | None = None
        self._previous_credentials: Credentials | None = None
        self._previous_pair: CandidatePair | None = None
        self._early: dict[tuple[Address, Address], _EarlyCheck] = {}
        self._unresolved: dict[str, list[Candidate]] = {}
        self._local_ended = False
        self._remote_ended = False
        self._remote_lite = False

    # Properties

    @property
    def controlling(self) -> bool:
        """The agent's role now."""
        return self._role.controlling

    @property
    def selected_pair(self) -> CandidatePair | None:
        """The pair that data goes over, ``None`` while there is none."""
        return self._selected

    @property
    def pairs(self) -> list[CandidatePair]:
        """Every pair of this generation, highest priority first, and the one still in use."""
        pairs = self._checklist.pairs
        if self._previous_pair is not None:
            pairs.append(self._previous_pair)
        return pairs

    def authenticated(self, remote: Address, local: Address) -> bool:
        """Whether a check from ``remote`` to ``local`` has shown our password, or was answered.

        The owner drops data from anywhere else.
        """
        pair = self._checklist.find(local, remote)
        if pair is not None and pair.authenticated:
            return True
        previous = self._previous_pair
        if previous is not None and (previous.base, previous.remote_address) == (local, remote):
            return True
        return (local, remote) in self._early

    # Signaling

    def add_local_candidate(self, candidate: Candidate, now: float) -> None:
        """Take a local candidate into use.

        :raises ValueError: it has no base, is not UDP on component 1, or candidates have ended.
        """
        if candidate.base is None or candidate.component != 1 or not candidate.is_udp:
            raise ValueError("a local candidate has a base, component 1 and UDP")
        if self._local_ended:
            raise ValueError("local candidates have ended")
        if self._over() or any(
            known.transport_address == candidate.transport_address and known.base == candidate.base
            for known in self.local_candidates
        ):
            return
        self.local_candidates.append(candidate)
        for remote in self.remote_candidates:
            self._pair(candidate, remote, now)
        self._advance(now)

    def end_local_candidates(self, now: float) -> None:
        """No more local candidates will come in this generation."""
        self._local_ended = True
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
        self.remote_credentials = credentials
        self._remote_lite = lite
        if lite and not self.lite:
            self._set_role(True)
        self._progress(now)
        for local in self.local_candidates:
            for remote in self.remote_candidates:
                self._pair(local, remote, now)
        early = list(self._early.values())
        self._early.clear()
        for entry in early:
            self._accept_check(entry.local, entry.remote, entry.check, now)
        self._advance(now)

    def add_remote_candidate(self, candidate: Candidate, now: float) -> None:
        """Take a candidate from signaling; one that cannot be used is dropped and counted."""
        if self._over():
            return
        reason = self._unusable(candidate)
        if reason is not None:
            self.drops[reason] += 1
            return
        if candidate.is_name:
            waiting = self._unresolved.setdefault(candidate.address, [])
            if candidate not in waiting:
                waiting.append(candidate)
                if len(waiting) == 1:
                    self._events.append(ResolveName(candidate.address))
        else:
            self._add_remote(candidate, now)
        self._progress(now)
        self._advance(now)

    def end_remote_candidates(self, now: float) -> None:
        """The peer said end-of-candidates (RFC 8838 §13)."""
        self._remote_ended = True
        self._advance(now)

    def name_resolved(self, name: str, addresses: list[str], now: float) -> None:
        """Answer :class:`ResolveName`; with no addresses the candidate is given up."""
        waiting = self._unresolved.pop(name, [])
        for candidate in waiting:
            for address in addresses:
                if len(self.remote_candidates) < self.limits.remote_candidates:
                    self._add_remote(replace(candidate, address=str(ip_address(address))), now)
        self._advance(now)

    def set_controlling(self, controlling: bool) -> None:
        """Set the role, as offer and answer decide it (RFC 8445 §6.1.1)."""
        if not self.lite and not self._remote_lite and controlling != self._role.controlling:
            self._role.controlling = controlling
            self._checklist.set_role(controlling)

    def restart(self, now: float, credentials: Credentials | None = None) -> None:
        """Begin a new generation (RFC 8445 §9).

        Local candidates stay; remote ones and their credentials are awaited anew. The selected
        pair keeps carrying data, and checks with the old credentials are still answered, until
        another pair is nominated.
        """
        if self.state is IceState.CLOSED:
            raise ValueError("the agent is closed")
        self._previous_credentials = self.local_credentials
        self._previous_pair = self._selected
        self.local_credentials = credentials or Credentials.generate(self._entropy)
        self.remote_credentials = None
        self.remote_candidates = []
        self._checks.clear()
        self._checklist = Checklist(self.limits.pairs, self._checklist.last_number)
        self._early.clear()
        self._unresolved.clear()
        self._nominated = self._nominating = None
        self._local_ended = self._remote_ended = self._remote_lite = False
        self._timers.clear()
        if self._selected is None:
            self._set_state(IceState.NEW if self.state is IceState.NEW else IceState.CHECKING)
        elif self.state is IceState.DISCONNECTED:
            self._set_state(IceState.CHECKING)
        elif self.state is IceState.COMPLETED:
            self._set_state(IceState.CONNECTED)

    def close(self) -> None:
        """Stop for good; nothing is sent any more."""
        self._stop()
        self._set_state(IceState.CLOSED)

    # The five doors

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
        elif message.message_class is not MessageClass.INDICATION:
            # An indication is a keepalive and says nothing (RFC 8445 §11).
            outcome = self._checks.receive(message, local, remote, now, self.drops)
            if outcome is not None:
                self._conclude(outcome, now)
        self._advance(now)

    def poll_transmit(self, now: float) -> Transmit | None:
        """The next datagram to send, or ``None``."""
        return self._transmits.popleft() if self._transmits else None

    def next_timeout(self) -> float | None:
        """When ``handle_timeout`` is due, or ``None``."""
        times = [self._timers.next(), self._checks.next_timeout()]
        if self._consent is not None:
            times.append(self._consent.next_timeout())
        return min((when for when in times if when is not None), default=None)

    def handle_timeout(self, now: float) -> None:
        """Do what is due at ``now``."""
        if self._over():
            return
        again, over = self._checks.expire(now)
        for transmit in again:
            self._send(transmit)
        for check in over:
            self._unanswered(check)
        for name in self._timers.expire(now):
            if name == "fail":
                self._fail()
                return
            if name == "nominate":
                self._nominate_best(now)
        self._refresh_consent(now)
        self._advance(now)

    def next_event(self) -> Event | None:
        """The next thing the owner should know, or ``None``."""
        return self._events.popleft() if self._events else None

    # Candidates and pairs

    def _unusable(self, candidate: Candidate) -> str | None:
        if candidate.component != 1:
            return "candidate of another component"
        count = len(self.remote_candidates) + sum(map(len, self._unresolved.values()))
        if count >= self.limits.remote_candidates:
            return "too many remote candidates"
        ufrag = candidate.extension("ufrag")
        remote = self.remote_credentials
        if ufrag is not None and remote is not None and ufrag != remote.ufrag:
            return "candidate of another generation"
        if candidate.is_name:
            return None if candidate.address.endswith(".local") else "candidate with a name"
        address = ip_address(candidate.address)
        if address.is_unspecified or address.is_multicast:
            return "candidate with an unusable address"
        # RFC 6544 §4.5: an active TCP candidate's port is a placeholder.
        return "candidate without a port" if not candidate.port and candidate.is_udp else None

    def _add_remote(self, candidate: Candidate, now: float) -> None:
        known = self._find_remote(candidate.transport_address) if candidate.is_udp else None
        if known is not None:
            # RFC 8445 §7.3.1.3: what was learned from a check is now known from signaling.
            self.remote_candidates[self.remote_candidates.index(known)] = candidate
            self._checklist.replace_remote(known, candidate, self.controlling)
            return
        self.remote_candidates.append(candidate)
        for local in self.local_candidates:
            self._pair(local, candidate, now)

    def _find_remote(self, address: Address) -> Candidate | None:
        plain = (address[0].partition("%")[0], address[1])
        for candidate in self.remote_candidates:
            if candidate.is_udp and candidate.transport_address == plain:
                return candidate
        return None

    def _pair(self, local: Candidate, remote: Candidate, now: float) -> CandidatePair | None:
        base = local.base
        if base is None or not remote.is_udp or self.lite:
            return None
        if base != local.transport_address:
            # RFC 8445 §6.1.2.4: a reflexive candidate is replaced by its base, whose pair exists.
            return None
        destination = reach(base, remote.transport_address)
        if destination is None:
            return None
        return self._add_pair(local, remote, base, destination, now)

    def _add_pair(
        self, local: Candidate, remote: Candidate, base: Address, destination: Address, now: float
    ) -> CandidatePair | None:
        credentials = self.remote_credentials
        username = key = ""
        if credentials is not None:
            username = f"{credentials.ufrag}:{self.local_credentials.ufrag}"
            key = credentials.pwd
        elif not self.lite:
            return None
        pair = CandidatePair(
            local, remote, base, destination, self.controlling, username, key.encode()
        )
        if not self._checklist.add(pair, self._selected):
            return None
        self._progress(now)
        return pair

    # Requests (RFC 8445 §7.3)

    def _receive_request(
        self, message: Message, local: Address, remote: Address, now: float
    ) -> None:
        candidate = self._local_at(local)
        if candidate is None:
            self.drops["unknown local address"] += 1
            return
        accepted = [self.local_credentials]
        if self._previous_credentials is not None:
            accepted.append(self._previous_credentials)
        credentials = authenticate(message, accepted, self.drops)
        if credentials is None:
            return
        if message.unknown_required:
            self.drops["unknown attribute"] += 1
            data = refuse(message, credentials, ErrorCode.UNKNOWN_ATTRIBUTE)
            self._reply(data, local, remote)
            return
        check = read_check(message, credentials)
        if check is None:
            self.drops["request without priority"] += 1
            self._reply(refuse(message, credentials, ErrorCode.BAD_REQUEST), local, remote)
            return
        if not self._settle_roles(check):
            self._reply(refuse(message, credentials, ErrorCode.ROLE_CONFLICT), local, remote)
            return
        self._reply(answer(message, credentials, remote), local, remote)
        if credentials is not self.local_credentials:
            self._hear_previous(local, remote, now)
        elif self.remote_credentials is None and not self.lite:
            self._remember(candidate, remote, check)
        else:
            self._accept_check(candidate, remote, check, now)

    def _local_at(self, base: Address) -> Candidate | None:
        for candidate in self.local_candidates:
            if candidate.base == base and candidate.transport_address == base:
                return candidate
        return None

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

    def _hear_previous(self, local: Address, remote: Address, now: float) -> None:
        pair = self._previous_pair
        if pair is not None and (pair.base, pair.remote_address) == (local, remote):
            self._hear(pair, now)

    def _hear(self, pair: CandidatePair, now: float) -> None:
        pair.authenticated = True
        pair.last_request = now
        pair.statistics.requests_received += 1
        pair.statistics.responses_sent += 1
        if self._consent is not None and self._consent.pair is pair:
            self._consent.checked(now)

    def _remember(self, local: Candidate, remote: Address, check: IncomingCheck) -> None:
        key = (local.transport_address, remote)
        if key not in self._early and len(self._early) >= self.limits.early_checks:
            self.drops["too many early checks"] += 1
            return
        self._early[key] = _EarlyCheck(local, remote, check)

    def _accept_check(
        self, local: Candidate, remote: Address, check: IncomingCheck, now: float
    ) -> None:
        pair = self._checklist.find(local.transport_address, remote)
        if pair is None:
            pair = self._learn_pair(local, remote, check.priority, now)
            if pair is None:
                return
        self._hear(pair, now)
        self._progress(now)
        if self.lite:
            pair.state = PairState.SUCCEEDED
            self._prefer(pair, now)
        if check.use_candidate and not self.controlling:
            self._follow_nomination(pair, check.nomination, now)
        self._trigger(pair, now)

    def _learn_pair(
        self, local: Candidate, remote: Address, priority: int, now: float
    ) -> CandidatePair | None:
        candidate = self._find_remote(remote)
        if candidate is None:
            learned = sum(1 for known in self.remote_candidates if known.typ == "prflx")
            if (
                learned >= self.limits.peer_reflexive
                or len(self.remote_candidates) >= self.limits.remote_candidates
            ):
                self.drops["too many peer-reflexive candidates"] += 1
                return None
            host = (remote[0].partition("%")[0], remote[1])
            candidate = Candidate.peer_reflexive(host, priority=priority)
            self.remote_candidates.append(candidate)
            self._events.append(RemoteCandidateLearned(candidate))
        pair = self._add_pair(local, candidate, local.transport_address, remote, now)
        if pair is None:
            self.drops["too many pairs"] += 1
        return pair

    def _trigger(self, pair: CandidatePair, now: float) -> None:
        """Check back at once (RFC 8445 §7.3.1.4)."""
        if pair.state is PairState.IN_PROGRESS:
            transmit = self._checks.hurry(pair, now)
            if transmit is not None:
                self._send(transmit)
        elif pair.state is not PairState.SUCCEEDED:
            self._check(pair, Purpose.CONNECTIVITY, now)

    # Checks and their outcomes (RFC 8445 §7.2)

    def _check(self, pair: CandidatePair, purpose: Purpose, now: float) -> None:
        if purpose is Purpose.CONNECTIVITY:
            pair.state = PairState.IN_PROGRESS
        self._send(self._checks.send(pair, purpose, now, self._checklist.active()))

    def _pace(self, now: float) -> None:
        """Send the next ordinary check if its time has come (RFC 8445 §6.1.4.2)."""
        if self._nominated is not None or self.lite or self._timers.get("pace") is not None:
            return
        pair = self._checklist.next_ordinary()
        if pair is not None:
            self._check(pair, Purpose.CONNECTIVITY, now)
            self._timers.set("pace", now + self.timing.ta)

    def _unanswered(self, check: Check) -> None:
        if check.settles:
            self._fail_pair(check)

    def _fail_pair(self, check: Check) -> None:
        pair = check.pair
        if pair is self._nominating:
            self._nominating = None
        if check.purpose is Purpose.CONNECTIVITY and pair.state is not PairState.IN_PROGRESS:
            return
        pair.state = PairState.FAILED
        if pair is self._selected and not pair.nominated:
            self._select(None)

    def _conclude(self, outcome: Outcome, now: float) -> None:
        check = outcome.check
        pair = check.pair
        if outcome.result is Result.ROLE_CONFLICT:
            self._yield_role(check)
            return
        if outcome.result is Result.FAILED:
            if check.settles:
                self._fail_pair(check)
            return
        pair.authenticated = True
        if self._consent is not None and self._consent.pair is pair:
            self._consent.answered(now)
        if not check.settles:
            return
        self._progress(now)
        if outcome.mapped is not None:
            self._learn_mapped(pair, outcome.mapped, check.priority)
        pair.state = PairState.SUCCEEDED
        self._checklist.unfreeze(pair)
        if pair is self._nominating:
            self._nominating = None
        if check.purpose is Purpose.NOMINATION and self.controlling:
            self._nominate(pair, now)
        elif pair.nominate_on_success and not self.controlling:
            self._follow_nomination(pair, pair.nomination, now)
        self._prefer(pair, now)

    def _yield_role(self, check: Check) -> None:
        # RFC 8445 §7.2.5.1: switch away from the role that the check claimed.
        if check.controlling == self.controlling and not self._remote_lite:
            self._set_role(not self.controlling)
            self._role.renew_tie_breaker()
        if not check.settles:
            return
        if check.pair is self._nominating:
            self._nominating = None
        elif check.pair.state is PairState.IN_PROGRESS:
            check.pair.state = PairState.WAITING

    def _learn_mapped(self, pair: CandidatePair, mapped: Address, priority: int) -> None:
        """Find or learn the local candidate that the peer saw (RFC 8445 §7.2.5.3.1)."""
        seen = (pair.base[0].partition("%")[0], pair.base[1])
        if mapped in (seen, pair.local.transport_address):
            return
        for candidate in self.local_candidates:
            if candidate.base == pair.base and candidate.transport_address == mapped:
                break
        else:
            learned = sum(1 for known in self.local_candidates if known.typ == "prflx")
            if learned >= self.limits.local_peer_reflexive:
                self.drops["too many local peer-reflexive candidates"] += 1
                return
            candidate = Candidate.peer_reflexive(mapped, priority=priority, base=pair.base)
            self.local_candidates.append(candidate)
            self._events.append(LocalCandidateFound(candidate))
        pair.local = candidate
        pair.set_role(self.controlling)
        self._checklist.sort()

    # Nomination and selection (RFC 8445 §8)

    def _consider_nomination(self, now: float) -> None:
        if not self.controlling or self._nominated is not None or self._nominating is not None:
            return
        best = self._checklist.best_valid()
        if best is None:
            self._timers.stop("nominate")
        elif best is self._checklist.top():
            self._nominate_best(now)
        else:
            grace = self.timing.relay_grace if best.is_relayed else self.timing.nomination_grace
            grace = max(grace, 2 * best.statistics.current_round_trip_time)
            self._timers.set_earlier("nominate", now + grace)

    def _nominate_best(self, now: float) -> None:
        best = self._checklist.best_valid()
        self._timers.stop("nominate")
        if best is not None and self.controlling and self._nominating is None:
            self._nominating = best
            self._check(best, Purpose.NOMINATION, now)

    def _follow_nomination(self, pair: CandidatePair, nomination: int, now: float) -> None:
        """The controlling peer nominates (RFC 8445 §7.3.1.5).

        It may do so more than once, as aggressive nomination and renomination do: the higher
        priority stands, unless the count says otherwise or the pair in use has gone quiet.
        """
        if pair.state is not PairState.SUCCEEDED:
            pair.nominate_on_success = True
            pair.nomination = nomination
            return
        current = self._nominated
        if current is not None and current is not pair:
            if nomination < current.nomination:
                return
            quiet = now - (current.last_request or 0.0) > self.timing.disconnected
            if nomination == current.nomination and pair.priority < current.priority and not quiet:
                return
        pair.nomination = nomination
        self._nominate(pair, now)

    def _nominate(self, pair: CandidatePair, now: float) -> None:
        pair.nominate_on_success = False
        if pair is self._nominated:
            return
        if self._nominated is not None:
            self._nominated.nominated = False
        pair.nominated = True
        self._nominated = pair
        self._timers.stop("pace")
        self._timers.stop("nominate")
        for other in self._checklist.pairs:
            # RFC 8445 §8.1.2: lower priorities need no more checks.
            if other.state is PairState.IN_PROGRESS and other.priority < pair.priority:
                self._checks.cancel(other)
                other.state = PairState.FROZEN
        self._previous_pair = None
        self._previous_credentials = None
        self._select(pair, now)

    def _prefer(self, pair: CandidatePair, now: float) -> None:
        """Use a valid pair until one is nominated (RFC 8445 §12.1)."""
        if self._nominated is not None or self._previous_pair is not None:
            return
        if self._selected is None or pair.priority > self._selected.priority:
            self._select(pair, now)

    def _select(self, pair: CandidatePair | None, now: float = 0.0) -> None:
        if pair is self._selected:
            return
        self._selected = pair
        self._consent = None
        if pair is not None:
            self._consent = Consent(pair, now, self.timing, self._entropy, self.lite)
        self._events.append(SelectedPairChanged(pair))

    # Consent (RFC 7675)

    def _refresh_consent(self, now: float) -> None:
        consent = self._consent
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
        if pair is self._previous_pair:
            # The new generation may still succeed.
            self._previous_pair = None
            self._select(None)
        else:
            self._fail()

    # State

    def _advance(self, now: float) -> None:
        """What every change may have made possible: checks, nomination, another state."""
        if self._over():
            return
        best = self._checklist.best_valid()
        if best is not None:
            self._prefer(best, now)
        self._pace(now)
        self._consider_nomination(now)
        if self._consent is not None:
            self._consent.update(now)
        self._watch_failure(now)
        self._set_state(self._current_state())

    def _current_state(self) -> IceState:
        if self._selected is not None:
            if self._consent is not None and self._consent.silent:
                restarting = self._previous_pair is not None
                return IceState.CHECKING if restarting else IceState.DISCONNECTED
            ended = self._local_ended and (self._remote_ended or self.lite)
            if self._nominated is not None and ended:
                return IceState.COMPLETED
            return IceState.CONNECTED
        if self.remote_credentials is not None and self.remote_candidates:
            return IceState.CHECKING
        return IceState.CHECKING if self.state is not IceState.NEW else IceState.NEW

    def _watch_failure(self, now: float) -> None:
        if self._selected is not None:
            self._timers.stop("fail")
            return
        if self.remote_credentials is None or self.lite:
            return
        self._timers.set_earlier("fail", self._timers.get("fail") or now + self.timing.patience)
        ended = self._local_ended and self._remote_ended and not self._unresolved
        if ended and self._checklist.exhausted():
            # RFC 8863 §3: the peer may yet reach us from an address we do not know.
            self._timers.set_earlier("fail", now + self.timing.failure_grace)

    def _progress(self, now: float) -> None:
        if self._selected is None and self.remote_credentials is not None and not self.lite:
            self._timers.set("fail", now + self.timing.patience)

    def _fail(self) -> None:
        self._stop()
        self._set_state(IceState.FAILED)

    def _stop(self) -> None:
        self._timers.clear()
        self._checks.clear()
        self._transmits.clear()
        self._early.clear()
        self._nominated = self._nominating = self._previous_pair = None
        if self._selected is not None:
            self._select(None)

    def _over(self) -> bool:
        return self.state in (IceState.CLOSED, IceState.FAILED)

    def _set_role(self, controlling: bool) -> None:
        if controlling == self._role.controlling:
            return
        self._role.controlling = controlling
        self._checklist.set_role(controlling)
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
