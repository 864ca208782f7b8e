"""Candidates (RFC 8445 §5.1) and their syntax (RFC 8839 §5.1)."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

from rtckit.seam import Address, ParseError

__all__ = ["Candidate", "CandidateType", "candidate_priority"]

_MAX_LINE = 1024
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9.])?")
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_FOUNDATION = re.compile(r"[!-~]{1,32}")


class CandidateType(StrEnum):
    """Candidate types, as SDP writes them."""

    HOST = "host"
    SERVER_REFLEXIVE = "srflx"
    PEER_REFLEXIVE = "prflx"
    RELAYED = "relay"


# RFC 8445 §5.1.2.2
_TYPE_PREFERENCE = {
    CandidateType.HOST: 126,
    CandidateType.PEER_REFLEXIVE: 110,
    CandidateType.SERVER_REFLEXIVE: 100,
    CandidateType.RELAYED: 0,
}


def candidate_priority(
    typ: CandidateType, local_preference: int = 65535, component: int = 1
) -> int:
    """The recommended formula (RFC 8445 §5.1.2.1)."""
    return _TYPE_PREFERENCE[typ] << 24 | local_preference << 8 | (256 - component)


def _foundation(typ: CandidateType, host: str, transport: str, server: str) -> str:
    # RFC 8445 §5.1.1.3: the same for the same type, base address, transport and server.
    return str(zlib.crc32(f"{typ}|{host}|{transport}|{server}".encode()))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A transport address at which an agent may be reached.

    :ivar foundation: groups candidates that stand or fall together.
    :ivar component: 1; with RTCP multiplexing there is no other.
    :ivar transport: ``"udp"`` or ``"tcp"``, in the case it was written in.
    :ivar address: an IP address in canonical text, or a ``.local`` name.
    :ivar related: for a reflexive or relayed candidate, where it comes from (raddr, rport).
    :ivar tcptype: ``"active"``, ``"passive"``, ``"so"`` or ``None``.
    :ivar extensions: further name and value pairs in order, e.g. ``("ufrag", "abcd")``.
    :ivar base: of a local candidate, the address that its datagrams leave from; not signalled.
    """

    foundation: str
    component: int
    transport: str
    priority: int
    address: str
    port: int
    typ: CandidateType
    related: Address | None = None
    tcptype: str | None = None
    extensions: tuple[tuple[str, str], ...] = ()
    base: Address | None = field(default=None, compare=False)

    @property
    def transport_address(self) -> Address:
        """Address and port together."""
        return (self.address, self.port)

    @property
    def is_udp(self) -> bool:
        return self.transport.lower() == "udp"

    @property
    def is_name(self) -> bool:
        """Whether the address is a name that has to be resolved first."""
        return not _is_ip(self.address)

    @property
    def local_preference(self) -> int:
        """The part of the priority that ranks interfaces (RFC 8445 §5.1.2.1)."""
        return self.priority >> 8 & 0xFFFF

    def extension(self, name: str) -> str | None:
        """The value of a named extension, e.g. ``ufrag``."""
        for key, value in self.extensions:
            if key == name:
                return value
        return None

    @classmethod
    def host(cls, address: Address, *, local_preference: int = 65535) -> Candidate:
        """A candidate of an address that this host has itself."""
        typ = CandidateType.HOST
        return cls(
            _foundation(typ, address[0], "udp", ""),
            1,
            "udp",
            candidate_priority(typ, local_preference),
            address[0],
            address[1],
            typ,
            base=address,
        )

    @classmethod
    def server_reflexive(
        cls, address: Address, *, base: Address, server: Address, local_preference: int = 65535
    ) -> Candidate:
        """A candidate that a STUN server saw us at."""
        typ = CandidateType.SERVER_REFLEXIVE
        return cls(
            _foundation(typ, base[0], "udp", server[0]),
            1,
            "udp",
            candidate_priority(typ, local_preference),
            address[0],
            address[1],
            typ,
            related=base,
            base=base,
        )

    @classmethod
    def peer_reflexive(
        cls, address: Address, *, priority: int, base: Address | None = None
    ) -> Candidate:
        """A candidate learned from a check: the peer's, or with ``base`` our own."""
        typ = CandidateType.PEER_REFLEXIVE
        # RFC 8445 §7.3.1.3: a remote one's foundation is arbitrary, different from all others.
        group = f"{address[0]}:{address[1]}" if base is None else base[0]
        return cls(
            _foundation(typ, group, "udp", ""),
            1,
            "udp",
            priority,
            address[0],
            address[1],
            typ,
            related=base,
            base=base,
        )

    @classmethod
    def relayed(
        cls, address: Address, *, mapped: Address, server: Address, local_preference: int = 65535
    ) -> Candidate:
        """A candidate on a TURN server; its base is itself (RFC 8445 §5.1.1.2)."""
        typ = CandidateType.RELAYED
        return cls(
            _foundation(typ, address[0], "udp", server[0]),
            1,
            "udp",
            candidate_priority(typ, local_preference),
            address[0],
            address[1],
            typ,
            related=mapped,
            base=address,
        )

    @classmethod
    def parse(cls, text: str) -> Candidate:
        """Read ``candidate:...``, with or without ``a=`` before it.

        :raises ParseError: the text does not follow RFC 8839 §5.1; the offset is the field's.
        """
        if len(text) > _MAX_LINE:
            raise ParseError("candidate too long", _MAX_LINE)
        body = text.strip().removeprefix("a=")
        if not body.startswith("candidate:"):
            raise ParseError("not a candidate")
        fields = body[len("candidate:") :].split()
        if len(fields) < 8 or fields[6] != "typ":
            raise ParseError("candidate has too few fields", len(fields))
        foundation, component, transport, priority, address, port, _, typ = fields[:8]
        if not _FOUNDATION.fullmatch(foundation):
            raise ParseError("foundation is not 1 to 32 characters", 0)
        if not _TOKEN.fullmatch(transport):
            raise ParseError("transport is not a token", 2)
        try:
            candidate_type = CandidateType(typ)
        except ValueError:
            raise ParseError("unknown candidate type", 7) from None
        related, tcptype, extensions = _parse_rest(fields[8:])
        return cls(
            foundation,
            _number(component, 1, 256, "component", 1),
            transport,
            _number(priority, 0, 0xFFFFFFFF, "priority", 3),
            _host(address, 4),
            _number(port, 0, 65535, "port", 5),
            candidate_type,
            related,
            tcptype,
            extensions,
        )

    def __str__(self) -> str:
        parts = [
            f"candidate:{self.foundation} {self.component} {self.transport} {self.priority} "
            f"{self.address.partition('%')[0]} {self.port} typ {self.typ}"
        ]
        if self.related is not None:
            # A zone means something on this host only.
            parts.append(f"raddr {self.related[0].partition('%')[0]} rport {self.related[1]}")
        if self.tcptype is not None:
            parts.append(f"tcptype {self.tcptype}")
        parts.extend(f"{name} {value}" for name, value in self.extensions)
        return " ".join(parts)


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _number(text: str, low: int, high: int, name: str, offset: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high):
        raise ParseError(f"{name} is not a number from {low} to {high}", offset)
    return int(text)


def _host(text: str, offset: int) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        if _NAME.fullmatch(text) and not text.replace(".", "").isdigit():
            return text
        raise ParseError("neither an IP address nor a name", offset) from None
    if isinstance(address, IPv6Address) and address.scope_id:
        raise ParseError("an address with a zone", offset)
    return str(address)


def _parse_rest(
    fields: list[str],
) -> tuple[Address | None, str | None, tuple[tuple[str, str], ...]]:
    raddr: str | None = None
    rport = 0
    tcptype: str | None = None
    extensions: list[tuple[str, str]] = []
    for index in range(0, len(fields), 2):
        name = fields[index]
        value = fields[index + 1] if index + 1 < len(fields) else ""
        if name == "raddr" and raddr is None:
            raddr = _host(value, 8 + index)
        elif name == "rport":
            rport = _number(value, 0, 65535, "rport", 8 + index)
        elif name == "tcptype" and tcptype is None:
            tcptype = value
        else:
            extensions.append((name, value))
    return (raddr, rport) if raddr is not None else None, tcptype, tuple(extensions)
