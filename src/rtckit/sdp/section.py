"""What the session and its media sections share: ordered lines, and attributes read from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rtckit.sdp.attribute import Line
from rtckit.sdp.connectivity import parse_ice_options, parse_ice_pwd, parse_ice_ufrag
from rtckit.sdp.fields import Bandwidth, Connection
from rtckit.sdp.media_format import ExtensionMap
from rtckit.sdp.security import Fingerprint, parse_setup, parse_tls_id

__all__ = ["DIRECTIONS", "Section"]

#: The direction attributes (RFC 8866 §6.7).
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


class Section:
    """Lines in order; everything else is read from them and written to them.

    So a description that is parsed and written again is the same, byte for byte, whatever
    attributes it carries. An accessor gives ``None`` or nothing when the line is not there, and
    raises :class:`~rtckit.seam.ParseError` only for a malformed line that was put in by hand.

    :ivar lines: the section's lines, the ``m=`` line included.
    """

    __slots__ = ("lines",)

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.lines: list[Line] = list(lines)

    def fields(self, kind: str) -> Iterator[Line]:
        """The lines of the type ``kind``."""
        return (line for line in self.lines if line.type == kind)

    def field(self, kind: str) -> str | None:
        """The text of the first line of the type ``kind``."""
        return next((line.text for line in self.lines if line.type == kind), None)

    def set_field(self, kind: str, text: str) -> None:
        """Put ``text`` in place of the first line of the type ``kind``, or add it at the end."""
        for index, line in enumerate(self.lines):
            if line.type == kind:
                self.lines[index] = Line(kind, text, line.number)
                return
        self.lines.append(Line(kind, text))

    def attributes(self, name: str) -> list[str]:
        """The values of every ``a=name`` line, in order; a flag's value is ``""``."""
        prefix = f"{name}:"
        return [
            line.value
            for line in self.lines
            if line.type == "a" and (line.text.startswith(prefix) or line.text == name)
        ]

    def attribute(self, name: str) -> str | None:
        """The value of the first ``a=name`` line, ``""`` for a flag, ``None`` without one."""
        values = self.attributes(name)
        return values[0] if values else None

    def has(self, name: str) -> bool:
        """Whether there is an ``a=name`` line."""
        return bool(self.attributes(name))

    def add(self, name: str, value: str | None = None) -> None:
        """Add ``a=name:value``, or the flag ``a=name``, at the end."""
        self.lines.append(Line.attribute(name, value))

    def set(self, name: str, value: str | None = None) -> None:
        """Put the attribute in place of the first of its name, or add it at the end."""
        for index, line in enumerate(self.lines):
            if line.name == name and line.type == "a":
                self.lines[index] = Line("a", Line.attribute(name, value).text, line.number)
                return
        self.add(name, value)

    def remove(self, name: str) -> None:
        """Remove every ``a=name`` line."""
        self.lines = [line for line in self.lines if line.type != "a" or line.name != name]

    def line_number(self, name: str) -> int | None:
        """Where in the parsed text the first ``a=name`` line stood, from 1."""
        return next((line.number or None for line in self.lines if line.name == name), None)

    @property
    def connection(self) -> Connection | None:
        """The first ``c=`` line."""
        text = self.field("c")
        return None if text is None else Connection.parse(text)

    @property
    def bandwidths(self) -> tuple[Bandwidth, ...]:
        """The ``b=`` lines."""
        return tuple(Bandwidth.parse(line.text) for line in self.fields("b"))

    @property
    def ice_ufrag(self) -> str | None:
        """``a=ice-ufrag`` (RFC 8839 §5.4)."""
        value = self.attribute("ice-ufrag")
        return None if value is None else parse_ice_ufrag(value)

    @property
    def ice_pwd(self) -> str | None:
        """``a=ice-pwd`` (RFC 8839 §5.4)."""
        value = self.attribute("ice-pwd")
        return None if value is None else parse_ice_pwd(value)

    @property
    def ice_options(self) -> tuple[str, ...]:
        """``a=ice-options``, e.g. ``("trickle",)`` (RFC 8839 §5.6)."""
        return tuple(
            option
            for value in self.attributes("ice-options")
            for option in parse_ice_options(value)
        )

    @property
    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Every ``a=fingerprint`` line (RFC 8122 §5: there may be several)."""
        return tuple(Fingerprint.parse(value) for value in self.attributes("fingerprint"))

    @property
    def setup(self) -> str | None:
        """``a=setup``: ``"actpass"``, ``"active"``, ``"passive"`` or ``"holdconn"``."""
        value = self.attribute("setup")
        return None if value is None else parse_setup(value)

    @property
    def tls_id(self) -> str | None:
        """``a=tls-id`` (RFC 8842 §4)."""
        value = self.attribute("tls-id")
        return None if value is None else parse_tls_id(value)

    @property
    def direction(self) -> str | None:
        """The direction attribute, ``None`` without one (then the default is ``sendrecv``)."""
        return next(
            (line.text for line in self.lines if line.type == "a" and line.text in DIRECTIONS),
            None,
        )

    @property
    def extmaps(self) -> tuple[ExtensionMap, ...]:
        """The ``a=extmap`` lines (RFC 8285 §5)."""
        return tuple(ExtensionMap.parse(value) for value in self.attributes("extmap"))

    @property
    def extmap_allow_mixed(self) -> bool:
        """``a=extmap-allow-mixed``: one- and two-byte headers in one stream (RFC 8285 §6)."""
        return self.has("extmap-allow-mixed")

    def to_sdp(self) -> str:
        """The lines with their line ends."""
        return "".join(f"{line}\r\n" for line in self.lines)
