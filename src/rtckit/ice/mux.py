"""One UDP socket that serves many agents: whose is this datagram?"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from rtckit.seam import Address
from rtckit.stun import binding_username, is_stun

__all__ = ["Mux", "Unknown"]

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A Binding request for a ufrag that nobody has registered; its integrity is not checked.

    The owner may make an agent for it, register the ufrag, and route the datagram again.

    :ivar local_ufrag: ours, as the request has it.
    :ivar remote_ufrag: the peer's, as the request has it.
    :ivar datagram: the request.
    :ivar remote: where it came from.
    """

    local_ufrag: str
    remote_ufrag: str
    datagram: bytes
    remote: Address


class Mux(Generic[Key]):
    """Routes datagrams to keys by ufrag, by transaction, and by authenticated address.

    A Binding request goes by the local ufrag in its USERNAME, a STUN response by the request
    that :meth:`sent` was told of, everything else by the address that :meth:`learn` was told
    of. Anybody can write a ufrag or an address into a packet, so an address is learned only
    when the owner says that its agent has authenticated it.

    :param max_addresses: learned addresses in all; the oldest go.
    :param max_addresses_per_key: the same for one key, so that one peer cannot push out others.
    :param max_transactions: requests remembered; the oldest go.
    """

    __slots__ = (
        "_addresses",
        "_max_addresses",
        "_max_per_key",
        "_max_transactions",
        "_of_key",
        "_transactions",
        "_ufrags",
    )

    def __init__(
        self,
        *,
        max_addresses: int = 65536,
        max_addresses_per_key: int = 16,
        max_transactions: int = 16384,
    ) -> None:
        self._max_addresses = max_addresses
        self._max_per_key = max_addresses_per_key
        self._max_transactions = max_transactions
        self._ufrags: dict[str, Key] = {}
        self._addresses: dict[Address, Key] = {}
        self._of_key: dict[Key, dict[Address, None]] = {}
        self._transactions: dict[bytes, Key] = {}

    def register(self, ufrag: str, key: Key) -> None:
        """Send requests for a local ufrag to a key; a key may have several (ICE restart).

        :raises ValueError: the ufrag is another key's.
        """
        if self._ufrags.get(ufrag, key) != key:
            raise ValueError(f"ufrag {ufrag!r} is taken")
        self._ufrags[ufrag] = key

    def unregister_ufrag(self, ufrag: str) -> None:
        """Forget a ufrag, after an ICE restart has succeeded."""
        self._ufrags.pop(ufrag, None)

    def unregister(self, key: Key) -> None:
        """Forget everything of a key."""
        self._ufrags = {ufrag: own for ufrag, own in self._ufrags.items() if own != key}
        self._transactions = {txid: own for txid, own in self._transactions.items() if own != key}
        for address in self._of_key.pop(key, {}):
            self._addresses.pop(address, None)

    def learn(self, remote: Address, key: Key) -> None:
        """An agent has authenticated an address: its datagrams go there; the latest wins."""
        if self._addresses.get(remote) == key:
            return
        self._forget(remote)
        own = self._of_key.setdefault(key, {})
        if len(own) >= self._max_per_key:
            self._forget(next(iter(own)))
        elif len(self._addresses) >= self._max_addresses:
            self._forget(next(iter(self._addresses)))
        self._addresses[remote] = key
        self._of_key.setdefault(key, {})[remote] = None

    def _forget(self, remote: Address) -> None:
        if remote not in self._addresses:
            return
        key = self._addresses.pop(remote)
        own = self._of_key[key]
        del own[remote]
        if not own:
            del self._of_key[key]

    def sent(self, datagram: bytes, key: Key) -> None:
        """A datagram goes out for a key: if it is a STUN request, its response comes back."""
        if is_stun(datagram) and not datagram[0] & 1 and not datagram[1] & 0x10:
            transactions = self._transactions
            transactions[datagram[8:20]] = key
            if len(transactions) > self._max_transactions:
                del transactions[next(iter(transactions))]

    def route(self, datagram: bytes, remote: Address) -> Key | Unknown | None:
        """Whose a datagram is; ``None`` if nobody knows it."""
        if is_stun(datagram):
            username = binding_username(datagram)
            if username is not None:
                local_ufrag, _, remote_ufrag = username.partition(":")
                key = self._ufrags.get(local_ufrag)
                if key is not None:
                    return key
                return Unknown(local_ufrag, remote_ufrag, datagram, remote)
            if datagram[0] & 1:
                # Class bit C1: a success or error response.
                return self._transactions.get(datagram[8:20])
        return self._addresses.get(remote)
