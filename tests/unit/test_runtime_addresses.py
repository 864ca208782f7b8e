"""Addresses to and from the kernel, and which of the machine's can be candidates."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from rtckit.runtime import InterfaceAddress, interface_addresses, usable_addresses
from rtckit.runtime.sockaddr import address_of, family_of, scope_of, socket_address

[(INDEX, NAME), *_] = socket.if_nameindex()


def test_ipv4_is_its_own_socket_address() -> None:
    assert socket_address(("192.0.2.1", 9), socket.AF_INET) == ("192.0.2.1", 9)
    assert address_of(("192.0.2.1", 9)) == ("192.0.2.1", 9)
    assert family_of("192.0.2.1") == socket.AF_INET


def test_ipv6_is_written_canonically() -> None:
    assert address_of(("2001:DB8:0:0:0:0:0:1", 9, 0, 0)) == ("2001:db8::1", 9)
    assert socket_address(("2001:db8::1", 9), socket.AF_INET6) == ("2001:db8::1", 9, 0, 0)
    assert family_of("2001:db8::1") == socket.AF_INET6


def test_only_link_local_addresses_carry_their_scope() -> None:
    assert address_of(("fe80::1", 9, 0, INDEX)) == (f"fe80::1%{NAME}", 9)
    assert address_of(("fe80::1", 9, 0, 4_000_000)) == ("fe80::1%4000000", 9)
    assert address_of(("2001:db8::1", 9, 0, INDEX)) == ("2001:db8::1", 9)


def test_a_scope_is_a_name_or_an_index() -> None:
    for scope in (NAME, str(INDEX)):
        address = (f"fe80::1%{scope}", 9)
        assert socket_address(address, socket.AF_INET6) == ("fe80::1", 9, 0, INDEX)
    assert scope_of("fe80::1") == 0
    with pytest.raises(OSError):
        socket_address(("fe80::1%no-such", 9), socket.AF_INET6)


def test_a_link_local_peer_without_scope_is_on_our_own_link() -> None:
    assert socket_address(("fe80::1", 9), socket.AF_INET6, 7) == ("fe80::1", 9, 0, 7)
    assert socket_address(("2001:db8::1", 9), socket.AF_INET6, 7) == ("2001:db8::1", 9, 0, 0)


def test_names_are_refused() -> None:
    with pytest.raises(ValueError, match="example"):
        socket_address(("example.org", 9), socket.AF_INET)
    with pytest.raises(ValueError, match="AF_INET6"):
        socket_address(("192.0.2.1", 9), socket.AF_INET6)


def on_interface(*texts: str, interface: str = "eth0") -> list[InterfaceAddress]:
    found = []
    for text in texts:
        parsed = ipaddress.ip_address(text.partition("%")[0])
        found.append(
            InterfaceAddress(
                text, interface, 2, parsed.version, 24, parsed.is_loopback, parsed.is_link_local
            )
        )
    return found


def texts(addresses: list[InterfaceAddress]) -> list[str]:
    return [address.address for address in addresses]


def test_usual_addresses_are_usable() -> None:
    usual = ["192.0.2.2", "10.0.0.1", "100.64.0.1", "2001:db8::2", "fd00::2"]
    assert texts(usable_addresses(on_interface(*usual))) == usual


def test_addresses_that_are_no_candidates() -> None:
    # RFC 8445 §5.1.1.1
    strange = [
        "0.0.0.0",
        "::",
        "fec0::1",
        "::ffff:192.0.2.1",
        "::192.0.2.1",
        "ff02::1",
        "224.0.0.1",
    ]
    assert usable_addresses(on_interface(*strange), include_loopback=True) == []


def test_loopback_is_there_if_asked() -> None:
    loopback = on_interface("127.0.0.1", "127.0.1.1", "::1", interface="lo")
    assert usable_addresses(loopback) == []
    assert usable_addresses(loopback, include_loopback=True) == loopback


def test_a_global_address_on_the_loopback_interface_is_usable() -> None:
    addresses = on_interface("127.0.0.1", "10.99.0.1", interface="lo")
    assert texts(usable_addresses(addresses)) == ["10.99.0.1"]


def test_link_local_addresses_are_the_last_resort() -> None:
    link_local = on_interface("169.254.1.1", "fe80::1%eth0")
    assert texts(usable_addresses(link_local)) == ["169.254.1.1"]
    with_others = link_local + on_interface("192.0.2.2")
    assert texts(usable_addresses(with_others)) == ["192.0.2.2"]
    assert usable_addresses(with_others, include_link_local=True) == with_others
    with_loopback = link_local + on_interface("127.0.0.1", interface="lo")
    assert texts(usable_addresses(with_loopback, include_loopback=True)) == [
        "127.0.0.1",
        "169.254.1.1",
    ]


def test_an_address_is_listed_once() -> None:
    twice = on_interface("192.0.2.2") + on_interface("192.0.2.2", interface="eth1")
    assert len(usable_addresses(twice)) == 1


def test_this_machine_s_own_addresses_can_be_bound() -> None:
    addresses = interface_addresses(include_loopback=True, include_link_local=True)
    assert "127.0.0.1" in texts(addresses)
    for address in addresses:
        family = family_of(address.address)
        assert address.family == (4 if family == socket.AF_INET else 6)
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind(socket_address((address.address, 0), family))
            assert address_of(sock.getsockname())[0] == address.address
