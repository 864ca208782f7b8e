"""Addresses as RTCKit writes them, to and from the kernel's socket addresses.

Upward an address is always ``(host, port)`` with the host in its canonical text (RFC 5952 for
IPv6) and a ``%scope`` only on link-local addresses (RFC 4007 §11), so that it compares equal to a
candidate's. Downward the kernel wants ``(host, port, flow info, scope id)`` for IPv6.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import TypeAlias

from rtckit.seam import Address

__all__ = ["SocketAddress", "address_of", "family_of", "scope_of", "socket_address"]

SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]


def family_of(host: str) -> socket.AddressFamily:
    """The socket family of a literal address. :raises ValueError: it is a name, not an address."""
    if ipaddress.ip_address(host).version == 4:
        return socket.AF_INET
    return socket.AF_INET6


def scope_of(host: str) -> int:
    """The interface index that ``%scope`` in ``host`` names, or 0 if it has none.

    :raises OSError: no interface has that name.
    """
    _, _, scope = host.partition("%")
    if not scope:
        return 0
    return int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)


def socket_address(
    address: Address, family: socket.AddressFamily, default_scope: int = 0
) -> SocketAddress:
    """What the kernel takes for ``address``.

    :param default_scope: the interface of a link-local address that names none.
    :raises ValueError: the host is not a literal address of that family (a name would make the
        socket module block on DNS).
    :raises OSError: the scope names no interface.
    """
    host, port = address
    parsed = ipaddress.ip_address(host)
    if (parsed.version == 4) != (family == socket.AF_INET):
        raise ValueError(f"{host} cannot be reached from a socket of family {family.name}")
    if parsed.version == 4:
        return (str(parsed), port)
    plain = host.partition("%")[0]
    scope = scope_of(host) or (default_scope if parsed.is_link_local else 0)
    return (plain, port, 0, scope)


def address_of(sockaddr: Sequence[str | int | bytes]) -> Address:
    """The canonical address of what the kernel, or ``getaddrinfo``, gave."""
    host = str(sockaddr[0]).partition("%")[0]
    port = int(sockaddr[1])
    if ":" not in host:
        return (host, port)
    parsed = ipaddress.IPv6Address(host)
    scope = int(sockaddr[3]) if len(sockaddr) > 3 else 0
    if parsed.is_link_local and scope:
        try:
            return (f"{parsed}%{socket.if_indextoname(scope)}", port)
        except OSError:  # the interface went away
            return (f"{parsed}%{scope}", port)
    return (str(parsed), port)
