"""The body of a trickle update: ``application/trickle-ice-sdpfrag`` (RFC 8840 §9)."""

from __future__ import annotations

from collections.abc import Iterable

from rtckit.sdp.attribute import Line
from rtckit.sdp.grammar import DEFAULT_LIMITS, Limits
from rtckit.sdp.media import MediaDescription
from rtckit.sdp.reading import read_lines
from rtckit.sdp.section import Section
from rtckit.seam import ParseError

__all__ = ["SdpFragment"]


class SdpFragment(Section):
    """Attributes, then pseudo media sections: an ``m=`` line, ``a=mid`` and candidates.

    ``lines`` holds what stands before the first ``m=`` line: ``a=ice-ufrag``, ``a=ice-pwd``,
    ``a=ice-options``, ``a=group:BUNDLE``, ``a=end-of-candidates`` for the whole session.

    :ivar media: the pseudo media sections.
    """

    __slots__ = ("media",)

    def __init__(self, lines: Iterable[Line] = (), media: Iterable[MediaDescription] = ()) -> None:
        super().__init__(lines)
        self.media: list[MediaDescription] = list(media)

    @classmethod
    def parse(cls, text: str, limits: Limits = DEFAULT_LIMITS) -> SdpFragment:
        """Read ``text``.

        :raises ParseError: the text is malformed; ``offset`` is the line, counted from 1.
        """
        fragment = cls()
        section: Section = fragment
        for line in read_lines(text, limits):
            if line.type == "m":
                if len(fragment.media) >= limits.max_media:
                    raise ParseError(f"more than {limits.max_media} media sections", line.number)
                media = MediaDescription()
                fragment.media.append(media)
                section = media
            # RFC 8840 §9.2: attributes and pseudo m= lines only. Some add the c= line too.
            elif line.type != "a" and not (line.type == "c" and section is not fragment):
                raise ParseError(f"{line.type}= does not belong in a fragment", line.number)
            section.lines.append(line)
        return fragment

    @property
    def end_of_candidates(self) -> bool:
        """``a=end-of-candidates`` for every section (RFC 8840 §4.4)."""
        return self.has("end-of-candidates")

    def to_sdp(self) -> str:
        """The whole fragment, lines ending with CRLF."""
        return super().to_sdp() + "".join(media.to_sdp() for media in self.media)

    def __str__(self) -> str:
        return self.to_sdp()
