"""Outstanding STUN transactions and their retransmission (RFC 8489 §6.2.1, RFC 8445 §14.3)."""

from __future__ import annotations

from typing import Generic, TypeVar

from rtckit.seam import Train, Transmit

__all__ = ["Transaction", "TransactionTable"]

Subject = TypeVar("Subject")


class Transaction(Generic[Subject]):
    """A request that waits for its response.

    :ivar subject: what the request is about.
    :ivar transmit: the request, ready to be sent again.
    :ivar deadline: when to send again or give up.
    :ivar sends: how often it was sent.
    """

    __slots__ = (
        "deadline",
        "first_sent",
        "last_sent",
        "max_sends",
        "rto",
        "sends",
        "subject",
        "transaction_id",
        "transmit",
    )

    def __init__(
        self,
        transaction_id: bytes,
        subject: Subject,
        transmit: Transmit,
        now: float,
        rto: float,
        max_sends: int,
    ) -> None:
        self.transaction_id = transaction_id
        self.subject = subject
        self.transmit = transmit
        self.first_sent = now
        self.last_sent = now
        self.rto = rto
        self.sends = 1
        self.max_sends = max_sends
        self.deadline = now + rto

    def resend(self, now: float, max_rto: float) -> Transmit:
        """Count another sending and double the wait."""
        self.sends += 1
        self.last_sent = now
        self.rto = min(self.rto * 2, max_rto)
        self.deadline = now + self.rto
        # Fresh train: an owner may join what it has polled.
        return Transmit(
            Train(self.transmit.train.data), self.transmit.source, self.transmit.destination
        )


class TransactionTable(Generic[Subject]):
    """The outstanding transactions of one machine, by transaction id."""

    __slots__ = ("_max_rto", "_transactions")

    def __init__(self, max_rto: float) -> None:
        self._max_rto = max_rto
        self._transactions: dict[bytes, Transaction[Subject]] = {}

    def __len__(self) -> int:
        return len(self._transactions)

    def __contains__(self, transaction_id: bytes) -> bool:
        return transaction_id in self._transactions

    def add(self, transaction: Transaction[Subject]) -> None:
        self._transactions[transaction.transaction_id] = transaction

    def get(self, transaction_id: bytes) -> Transaction[Subject] | None:
        return self._transactions.get(transaction_id)

    def pop(self, transaction_id: bytes) -> Transaction[Subject] | None:
        return self._transactions.pop(transaction_id, None)

    def values(self) -> list[Transaction[Subject]]:
        return list(self._transactions.values())

    def clear(self) -> None:
        self._transactions.clear()

    def next_timeout(self) -> float | None:
        if not self._transactions:
            return None
        return min(transaction.deadline for transaction in self._transactions.values())

    def expire(self, now: float) -> tuple[list[Transmit], list[Transaction[Subject]]]:
        """What to send again, and what has been sent often enough and waited for long enough."""
        again: list[Transmit] = []
        over: list[Transaction[Subject]] = []
        for transaction in list(self._transactions.values()):
            if transaction.deadline > now:
                continue
            if transaction.sends >= transaction.max_sends:
                del self._transactions[transaction.transaction_id]
                over.append(transaction)
            else:
                again.append(transaction.resend(now, self._max_rto))
        return again, over
