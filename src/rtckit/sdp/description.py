"""A whole session description: session lines, then media sections (RFC 8866 §5)."""

from __future__ import annotations

from collections.abc import Iterable

from rtckit.sdp.attribute import SINGLE_ATTRIBUTES, Line
from rtckit.sdp.fields import Origin
from rtckit.sdp.grammar import DEFAULT_LIMITS, Limits
from rtckit.sdp.media import MediaDescription
from rtckit.sdp.media_source import Group
from rtckit.sdp.reading import read_lines
from rtckit.sdp.section import Section
from rtckit.seam import ParseError

__all__ = ["SessionDescription"]

# RFC 8866 §5: the session's lines come in this order (times, repeats and zones together).
_SESSION_ORDER = {kind: rank for rank, kind in enumerate("vosiuepcb")}
_SESSION_ORDER.update({"t": 9, "r": 9, "z": 10, "k": 11, "a": 12})
_MEDIA_TYPES = frozenset("micbka")


class SessionDescription(Section):
    """A session description.

    ``lines`` are the session's own; ``media`` are the media sections in order.

    :ivar media: the media sections.
    """

    __slots__ = ("media",)

    def __init__(self, lines: Iterable[Line] = (), media: Iterable[MediaDescription] = ()) -> None:
        super().__init__(lines)
        self.media: list[MediaDescription] = list(media)

    @classmethod
    def parse(cls, text: str, limits: Limits = DEFAULT_LIMITS) -> SessionDescription:
        """Read ``text``; ``str`` of the result is ``text`` again if its lines end with CRLF.

        :raises ParseError: the text is malformed; ``offset`` is the line, counted from 1.
        """
        session = cls()
        section: Section = session
        for line in read_lines(text, limits):
            if line.type == "m":
                if len(session.media) >= limits.max_media:
                    raise ParseError(f"more than {limits.max_media} media sections", line.number)
                media = MediaDescription()
                session.media.append(media)
                section = media
            elif section is not session and line.type not in _MEDIA_TYPES:
                raise ParseError(f"{line.type}= does not belong in a media section", line.number)
            section.lines.append(line)
        session._check_session_lines()
        for part in (session, *session.media):
            _check_single(part)
        session._check_mids()
        return session

    def _check_session_lines(self) -> None:
        last = self.lines[-1].number if self.lines else 1
        rank = 0
        seen: set[str] = set()
        for index, line in enumerate(self.lines):
            if index < 3 and line.type != "vos"[index]:
                raise ParseError(f'"{"vos"[index]}=" line expected, not "{line}"'[:80], line.number)
            if line.type in "vosiuckz" and line.type in seen:
                raise ParseError(f"second {line.type}= line", line.number)
            if _SESSION_ORDER[line.type] < rank:
                raise ParseError(f"{line.type}= line out of order", line.number)
            rank = _SESSION_ORDER[line.type]
            seen.add(line.type)
        for kind in "vost":
            if kind not in seen:
                raise ParseError(f"description has no {kind}= line", last)

    def _check_mids(self) -> None:
        seen: set[str] = set()
        for media in self.media:
            mid = media.mid
            if mid is not None and mid in seen:
                raise ParseError(
                    f"second section with the mid {mid!r}", media.line_number("mid") or 0
                )
            if mid is not None:
                seen.add(mid)

    def copy(self) -> SessionDescription:
        """A description with the same lines, to be changed on its own."""
        return SessionDescription(self.lines, [media.copy() for media in self.media])

    @property
    def origin(self) -> Origin:
        """The ``o=`` line; set it to change the line."""
        return Origin.parse(self.field("o") or "")

    @origin.setter
    def origin(self, value: Origin) -> None:
        self.set_field("o", str(value))

    @property
    def name(self) -> str:
        """The ``s=`` line."""
        return self.field("s") or ""

    @property
    def ice_lite(self) -> bool:
        """``a=ice-lite`` (RFC 8839 §5.3)."""
        return self.has("ice-lite")

    @property
    def groups(self) -> tuple[Group, ...]:
        """The ``a=group`` lines."""
        return tuple(Group.parse(value) for value in self.attributes("group"))

    @property
    def bundles(self) -> tuple[Group, ...]:
        """The groups of ``a=group:BUNDLE`` lines that are not empty (RFC 9143 §5)."""
        return tuple(
            group for group in self.groups if group.semantics.upper() == "BUNDLE" and group.mids
        )

    def bundle_of(self, mid: str | None) -> Group | None:
        """The BUNDLE group that has ``mid``."""
        return next((group for group in self.bundles if mid in group.mids), None)

    def by_mid(self, mid: str | None) -> MediaDescription | None:
        """The media section whose identification tag is ``mid``."""
        if mid is None:
            return None
        return next((media for media in self.media if media.mid == mid), None)

    def to_sdp(self) -> str:
        """The whole description, lines ending with CRLF."""
        return super().to_sdp() + "".join(media.to_sdp() for media in self.media)

    def __str__(self) -> str:
        return self.to_sdp()


def _check_single(section: Section) -> None:
    seen: dict[str, str] = {}
    for line in section.lines:
        name = line.name
        if name in SINGLE_ATTRIBUTES and seen.setdefault(name, line.value) != line.value:
            raise ParseError(f"second a={name} line with another value", line.number)
