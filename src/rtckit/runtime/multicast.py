"""Multicast DNS sockets (RFC 6762), to ask for the ``.local`` names of candidates."""

from __future__ import annotations

import errno
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rtckit.runtime.interfaces import InterfaceAddress, interface_addresses
from rtckit.runtime.udp import UdpSocket, error_name

__all__ = ["MDNS_IPV4", "MDNS_IPV6", "MDNS_PORT", "MulticastSocket", "bind_mdns"]

# RFC 6762 §3
MDNS_IPV4 = "224.0.0.251"
MDNS_IPV6 = "ff02::fb"
MDNS_PORT = 5353

_UINT32 = struct.Struct("=I")


@dataclass(frozen=True, slots=True)
class Member:
    """A socket of one IP version that has joined the group.

    :ivar sock: bound and non-blocking.
    :ivar interfaces: where it has joined, one address per interface.
    """

    sock: socket.socket
    interfaces: tuple[InterfaceAddress, ...]


class MulticastSocket:
    """The multicast DNS group on every usable interface, over IPv4 and IPv6.

    :ivar drops: messages that an interface did not take, by the errno's name.
    """

    __slots__ = ("_members", "drops")

    def __init__(self) -> None:
        self._members: list[tuple[Member, UdpSocket]] = []
        self.drops: Counter[str] = Counter()

    def add(self, member: Member, udp: UdpSocket) -> None:
        """Take in a socket that the runtime reads."""
        self._members.append((member, udp))

    @property
    def interfaces(self) -> list[str]:
        """The names of the interfaces it asks on."""
        names = (address.interface for member, _ in self._members for address in member.interfaces)
        return list(dict.fromkeys(names))

    def send(self, message: bytes) -> None:
        """Send one message to the group on every interface; never blocks."""
        for member, udp in self._members:
            if udp.closed:
                continue
            for interface in member.interfaces:
                try:
                    _send_on(member.sock, interface, message)
                except OSError as error:
                    self.drops[error_name(error)] += 1

    def close(self) -> None:
        """Leave the group and close the sockets. Idempotent."""
        for _, udp in self._members:
            udp.close()


def _send_on(sock: socket.socket, interface: InterfaceAddress, message: bytes) -> None:
    if interface.family == 4:
        packed = socket.inet_aton(interface.address)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, packed)
        sock.sendto(message, (MDNS_IPV4, MDNS_PORT))
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, interface.index)
        sock.sendto(message, (MDNS_IPV6, MDNS_PORT, 0, interface.index))


def _join(sock: socket.socket, interface: InterfaceAddress) -> bool:
    try:
        if interface.family == 4:
            group = socket.inet_aton(MDNS_IPV4) + socket.inet_aton(interface.address)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        else:
            group = socket.inet_pton(socket.AF_INET6, MDNS_IPV6) + _UINT32.pack(interface.index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    except OSError:  # an interface without multicast: a tunnel, or one that is down
        return False
    return True


def _open(family: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        # RFC 6762 §15.1: the port is shared with the system's responder.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == 4:
            # RFC 6762 §11: every message is sent with an IP TTL of 255.
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
            sock.bind(("", MDNS_PORT))
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 1)
            sock.bind(("::", MDNS_PORT))
    except BaseException:
        sock.close()
        raise
    return sock


def bind_mdns() -> Iterator[Member]:
    """A joined socket for each IP version that has an interface with multicast.

    :raises OSError: there is none, or the port is not shared with us.
    """
    usable = interface_addresses(include_link_local=True)
    if not usable:
        usable = interface_addresses(include_loopback=True)
    refused: OSError | None = None
    members = 0
    for family in (4, 6):
        # The first address of each interface stands for the interface.
        by_interface = {
            address.index or address.address: address
            for address in reversed(usable)
            if address.family == family
        }
        if not by_interface:
            continue
        try:
            sock = _open(family)
        except OSError as error:
            refused = error
            continue
        joined = tuple(address for address in by_interface.values() if _join(sock, address))
        if not joined:
            sock.close()
            continue
        members += 1
        yield Member(sock, joined)
    if not members:
        reason = f": {refused.strerror}" if refused else ""
        raise OSError(
            refused.errno if refused else errno.ENODEV,
            f"multicast DNS needs UDP port {MDNS_PORT} on an interface with multicast{reason}",
        )
