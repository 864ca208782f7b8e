"""Server-reflexive candidates from STUN servers over UDP (RFC 8445 §5.1.1.1)."""

from __future__ import annotations

from collections import deque
from ipaddress import ip_address

from rtckit.ice.candidate import Candidate
from rtckit.ice.candidates import LocalCandidates, without_zone
from rtckit.ice.event import Event, GatheringFinished, LocalCandidateFound
from rtckit.ice.limits import Timing
from rtckit.ice.transaction import Transaction, TransactionTable
from rtckit.seam import Address, Entropy, Train, Transmit
from rtckit.stun import Message, MessageClass, Method, append_fingerprint
from rtckit.stun.attributes import MAPPED_ADDRESS, XOR_MAPPED_ADDRESS

__all__ = ["Gatherer"]


class Gatherer:
    """Asks STUN servers how each base looks from outside.

    A server that does not answer costs its candidate and nothing else: nothing waits for it.
    """

    __slots__ = ("_asked", "_entropy", "_events", "_local", "_servers", "_timing", "_transactions")

    def __init__(
        self, local: LocalCandidates, events: deque[Event], timing: Timing, entropy: Entropy
    ) -> None:
        self._local = local
        self._events = events
        self._timing = timing
        self._entropy = entropy
        self._servers: list[Address] = []
        self._asked: set[tuple[Address, Address]] = set()
        self._transactions: TransactionTable[Candidate] = TransactionTable(timing.gather_max_rto)

    def add_server(self, server: Address) -> None:
        if server not in self._servers:
            self._servers.append(server)

    def ask(self, now: float) -> list[Transmit]:
        """Requests from every base that has not asked every server yet."""
        transmits: list[Transmit] = []
        for server in self._servers:
            version = ip_address(server[0]).version
            for host in self._local.bases():
                base = host.transport_address
                address = ip_address(base[0])
                if (base, server) in self._asked or address.version != version:
                    continue
                if address.is_loopback or address.is_link_local:
                    # Nothing beyond the link can answer there.
                    continue
                self._asked.add((base, server))
                message = Message(Method.BINDING, MessageClass.REQUEST, self._entropy(12))
                data = append_fingerprint(message.encode())
                transmit = Transmit(Train(data), base, server)
                self._transactions.add(
                    Transaction(
                        message.transaction_id,
                        host,
                        transmit,
                        now,
                        self._timing.gather_rto,
                        self._timing.gather_sends,
                    )
                )
                transmits.append(transmit)
        return transmits

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return bool(self._transactions)

    def awaits(self, transaction_id: bytes) -> bool:
        """Whether a response is to one of the gatherer's requests."""
        return transaction_id in self._transactions

    def receive(self, message: Message, local: Address, remote: Address) -> None:
        """Take a response; one that does not come from where the request went is ignored."""
        transaction = self._transactions.get(message.transaction_id)
        if transaction is None or (local, remote) != (
            transaction.transmit.source,
            transaction.transmit.destination,
        ):
            return
        self._transactions.pop(message.transaction_id)
        mapped = message.get(XOR_MAPPED_ADDRESS) or message.get(MAPPED_ADDRESS)
        if message.message_class is MessageClass.SUCCESS and mapped is not None:
            self._found(transaction.subject, mapped, local, remote)
        self._finish()

    def _found(self, host: Candidate, mapped: Address, base: Address, server: Address) -> None:
        same_family = ip_address(mapped[0]).version == ip_address(base[0]).version
        if not same_family or mapped == without_zone(base):
            return
        candidate = Candidate.server_reflexive(
            mapped, base=base, server=server, local_preference=host.local_preference
        )
        if self._local.add(candidate):
            self._events.append(LocalCandidateFound(candidate))

    def _finish(self) -> None:
        if not self._transactions:
            self._events.append(GatheringFinished())

    def next_timeout(self) -> float | None:
        return self._transactions.next_timeout()

    def expire(self, now: float) -> list[Transmit]:
        """Retransmissions that are due; requests asked often enough are given up."""
        again, over = self._transactions.expire(now)
        if over:
            self._finish()
        return again

    def restart(self) -> None:
        """A new generation: its servers are to be added, and asked, anew."""
        self.clear()
        self._servers.clear()
        self._asked.clear()

    def clear(self) -> None:
        """Forget all requests."""
        self._transactions.clear()
