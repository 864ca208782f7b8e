"""Connectivity checks as a STUN client and the rules for their responses (RFC 8445 §7.2)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from rtckit.ice.candidate import CandidateType, candidate_priority
from rtckit.ice.limits import Timing
from rtckit.ice.pair import CandidatePair
from rtckit.ice.transaction import Transaction, TransactionTable
from rtckit.seam import Address, Entropy, Train, Transmit
from rtckit.stun import ErrorCode, Message, MessageClass, Method, sign, verify
from rtckit.stun.attributes import (
    ERROR_CODE,
    ICE_CONTROLLED,
    ICE_CONTROLLING,
    PRIORITY,
    USE_CANDIDATE,
    USERNAME,
    XOR_MAPPED_ADDRESS,
)

__all__ = ["Check", "Checks", "Outcome", "Purpose", "Result", "Role"]


class Purpose(Enum):
    """Why a check was sent."""

    CONNECTIVITY = 1
    NOMINATION = 2
    CONSENT = 3
    PROBE = 4


#: The purposes that decide a pair's state; consent checks and probes do not.
_SETTLING = (Purpose.CONNECTIVITY, Purpose.NOMINATION)


class Result(Enum):
    """How a check ended."""

    SUCCEEDED = 1
    FAILED = 2
    ROLE_CONFLICT = 3


class Role:
    """Controlling or controlled, and the tie-breaker (RFC 8445 §6.1.1, §16.1)."""

    __slots__ = ("_entropy", "controlling", "tie_breaker")

    def __init__(self, controlling: bool, entropy: Entropy) -> None:
        self._entropy = entropy
        self.controlling = controlling
        self.tie_breaker = int.from_bytes(entropy(8), "big")

    def renew_tie_breaker(self) -> None:
        self.tie_breaker = int.from_bytes(self._entropy(8), "big")


@dataclass(frozen=True, slots=True)
class Check:
    """What an outstanding request was.

    :ivar priority: the PRIORITY it carried, that of a peer-reflexive candidate if one is learned.
    :ivar controlling: the role it claimed.
    """

    pair: CandidatePair
    purpose: Purpose
    priority: int
    controlling: bool

    @property
    def settles(self) -> bool:
        """Whether its end decides the pair's state."""
        return self.purpose in _SETTLING


@dataclass(frozen=True, slots=True)
class Outcome:
    """A check that has ended.

    :ivar mapped: where the peer saw the check come from, if it succeeded.
    """

    check: Check
    result: Result
    mapped: Address | None = None


class Checks:
    """The outstanding checks of an agent."""

    __slots__ = ("_entropy", "_role", "_timing", "_transactions")

    def __init__(self, role: Role, timing: Timing, entropy: Entropy) -> None:
        self._role = role
        self._timing = timing
        self._entropy = entropy
        self._transactions: TransactionTable[Check] = TransactionTable(timing.max_rto)

    def send(self, pair: CandidatePair, purpose: Purpose, now: float, active: int = 0) -> Transmit:
        """Make a request and remember it (RFC 8445 §7.2.4).

        :param active: pairs waiting or in progress; many of them stretch the retransmission.
        """
        role = self._role
        # RFC 8445 §7.1.1: the priority of the peer-reflexive candidate this check may reveal.
        priority = candidate_priority(CandidateType.PEER_REFLEXIVE, pair.local.local_preference)
        message = Message(Method.BINDING, MessageClass.REQUEST, self._entropy(12))
        message.add(USERNAME, pair.username).add(PRIORITY, priority)
        message.add(ICE_CONTROLLING if role.controlling else ICE_CONTROLLED, role.tie_breaker)
        if purpose is Purpose.NOMINATION:
            message.add(USE_CANDIDATE, True)
        transmit = Transmit(Train(sign(message, pair.key)), pair.base, pair.remote_address)
        if purpose is Purpose.CONSENT:
            # RFC 7675 §5.1: sent once only; an answer to an earlier one still counts.
            rto, sends = self._timing.disconnected * 2, 1
            pair.statistics.consent_requests_sent += 1
        else:
            rto, sends = max(self._timing.rto, self._timing.ta * active), self._timing.sends
            if purpose is Purpose.PROBE:
                # Over before the next consent check is.
                sends = min(sends, 5)
        pair.statistics.requests_sent += 1
        check = Check(pair, purpose, priority, role.controlling)
        self._transactions.add(
            Transaction(message.transaction_id, check, transmit, now, rto, sends)
        )
        return transmit

    def hurry(self, pair: CandidatePair, now: float) -> Transmit | None:
        """Send a pair's outstanding check again at once, unless it has just been sent.

        Does for a triggered check what RFC 8445 §7.3.1.4 reaches by cancelling the outstanding
        one and making another.
        """
        for transaction in self._transactions.values():
            if transaction.subject.pair is pair and transaction.subject.purpose in _SETTLING:
                if now - transaction.last_sent < self._timing.ta:
                    return None
                transaction.last_sent = now
                return transaction.transmit
        return None

    def receive(
        self, message: Message, local: Address, remote: Address, now: float, drops: Counter[str]
    ) -> Outcome | None:
        """Judge a response; ``None`` if it is none of ours or not to be believed."""
        transaction = self._transactions.get(message.transaction_id)
        if transaction is None:
            drops["unknown transaction"] += 1
            return None
        check = transaction.subject
        if not verify(message, check.pair.key):
            # The transaction stays: the true answer may still come (RFC 8489 §9.1.4).
            drops["response integrity"] += 1
            return None
        self._transactions.pop(message.transaction_id)
        if (remote, local) != (transaction.transmit.destination, transaction.transmit.source):
            # RFC 8445 §7.2.5.2.1
            drops["non-symmetric response"] += 1
            return Outcome(check, Result.FAILED)
        if message.message_class is MessageClass.ERROR:
            error = message.get(ERROR_CODE)
            conflict = error is not None and error.code == ErrorCode.ROLE_CONFLICT
            return Outcome(check, Result.ROLE_CONFLICT if conflict else Result.FAILED)
        mapped = message.get(XOR_MAPPED_ADDRESS)
        if mapped is None or message.unknown_required:
            drops["unusable response"] += 1
            return Outcome(check, Result.FAILED)
        statistics = check.pair.statistics
        statistics.responses_received += 1
        if transaction.last_sent == transaction.first_sent:
            # Which sending a later answer belongs to cannot be told (Karn).
            statistics.current_round_trip_time = now - transaction.first_sent
        statistics.total_round_trip_time += now - transaction.first_sent
        return Outcome(check, Result.SUCCEEDED, mapped)

    def cancel(self, pair: CandidatePair) -> None:
        """Forget a pair's outstanding checks."""
        for transaction in self._transactions.values():
            if transaction.subject.pair is pair:
                self._transactions.pop(transaction.transaction_id)

    def clear(self) -> None:
        self._transactions.clear()

    def next_timeout(self) -> float | None:
        return self._transactions.next_timeout()

    def expire(self, now: float) -> tuple[list[Transmit], list[Check]]:
        """Retransmissions that are due, and checks that were never answered."""
        again, over = self._transactions.expire(now)
        return again, [transaction.subject for transaction in over]
