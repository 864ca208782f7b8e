"""What both runtimes do around ``getaddrinfo``."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rtckit.runtime.sockaddr import address_of
from rtckit.seam import Address

__all__ = ["FAMILIES", "AddressInfo", "numeric", "unique"]

#: A row of ``getaddrinfo``'s answer; the socket address is the last column.
AddressInfo: TypeAlias = tuple[object, object, object, object, Sequence[str | int | bytes]]

#: IP version to socket family.
FAMILIES = {0: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}


def numeric(host: str, port: int, family: int) -> list[Address] | None:
    """The answer for a literal address, or ``None`` for a name. Asks no server.

    :raises ValueError: ``family`` is not 0, 4 or 6.
    """
    if family not in FAMILIES:
        raise ValueError(f"family must be 0, 4 or 6, not {family}")
    try:
        rows = socket.getaddrinfo(
            host,
            port,
            family=FAMILIES[family],
            type=socket.SOCK_DGRAM,
            flags=socket.AI_NUMERICHOST,
        )
    except socket.gaierror:
        return None
    return unique(rows)


def unique(rows: Iterable[AddressInfo]) -> list[Address]:
    """The addresses of ``getaddrinfo``'s rows, in its order, each once."""
    return list(dict.fromkeys(address_of(row[4]) for row in rows))
