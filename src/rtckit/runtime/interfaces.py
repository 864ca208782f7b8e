"""The local addresses that host candidates can be made of (RFC 8445 §5.1.1.1)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import ifaddr

__all__ = ["InterfaceAddress", "interface_addresses", "usable_addresses"]

# RFC 8445 §5.1.1.1: deprecated IPv4-compatible (RFC 4291 §2.5.5.1), site-local (RFC 3879) and
# IPv4-mapped addresses are no candidates.
_UNUSABLE_IPV6 = tuple(
    ipaddress.IPv6Network(text) for text in ("::/96", "fec0::/10", "::ffff:0:0/96")
)
_IPV6_LOOPBACK = ipaddress.IPv6Address("::1")


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """An address of a network interface.

    :ivar address: canonical text; link-local IPv6 carries ``%interface``.
    :ivar interface: the interface's name, e.g. ``"eth0"``.
    :ivar index: the interface's index, 0 if the system gives none.
    :ivar family: 4 or 6.
    :ivar prefix_length: length of the network prefix in bits.
    :ivar is_loopback: in 127.0.0.0/8, or ::1. What other addresses a loopback interface bears are
        reachable from elsewhere and are not loopback addresses.
    :ivar is_link_local: in 169.254.0.0/16 or fe80::/10.
    """

    address: str
    interface: str
    index: int
    family: int
    prefix_length: int
    is_loopback: bool
    is_link_local: bool


def usable_addresses(
    addresses: Iterable[InterfaceAddress],
    *,
    include_loopback: bool = False,
    include_link_local: bool = False,
) -> list[InterfaceAddress]:
    """Those of ``addresses`` that a candidate can be made of, in their order, each once.

    Unspecified, multicast and deprecated addresses never are. Loopback and link-local IPv6 are if
    asked; link-local IPv4 is if asked, or if there is no other address but loopback (two hosts on
    a cable without DHCP).
    """
    found: dict[str, InterfaceAddress] = {}
    last_resort: dict[str, InterfaceAddress] = {}
    for candidate in addresses:
        parsed = ipaddress.ip_address(candidate.address)
        if parsed.is_unspecified or parsed.is_multicast:
            continue
        if candidate.is_loopback:
            if include_loopback:
                found[candidate.address] = candidate
            continue
        if isinstance(parsed, ipaddress.IPv6Address) and any(
            parsed in network for network in _UNUSABLE_IPV6
        ):
            continue
        if not candidate.is_link_local or include_link_local:
            found[candidate.address] = candidate
        elif candidate.family == 4:
            last_resort[candidate.address] = candidate
    if all(candidate.is_loopback for candidate in found.values()):
        found.update(last_resort)
    return list(found.values())


def interface_addresses(
    *, include_loopback: bool = False, include_link_local: bool = False
) -> list[InterfaceAddress]:
    """The usable addresses of this machine now; see :func:`usable_addresses`."""
    return usable_addresses(
        _all_addresses(),
        include_loopback=include_loopback,
        include_link_local=include_link_local,
    )


def _all_addresses() -> Iterator[InterfaceAddress]:
    for adapter in ifaddr.get_adapters():
        index = adapter.index or 0
        for ip in adapter.ips:
            text = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            parsed = ipaddress.ip_address(text.partition("%")[0])
            address = str(parsed)
            if parsed.version == 6 and parsed.is_link_local:
                # A name where the system names interfaces shortly, an index on Windows.
                scope = adapter.name if adapter.name.isalnum() else str(index)
                address = f"{parsed}%{scope}"
            yield InterfaceAddress(
                address=address,
                interface=ip.nice_name,
                index=index,
                family=parsed.version,
                prefix_length=ip.network_prefix,
                is_loopback=parsed.is_loopback,
                is_link_local=parsed.is_link_local,
            )
