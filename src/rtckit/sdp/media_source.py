"""The attributes that name media: ``group``, ``msid``, ``ssrc``, ``rid``, ``simulcast``."""

from __future__ import annotations

from dataclasses import dataclass

from rtckit.sdp.grammar import integer, require_token, words
from rtckit.seam import ParseError

__all__ = ["Group", "Msid", "Rid", "Simulcast", "SimulcastStream", "Ssrc", "SsrcGroup"]

_MAX_SSRC = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Group:
    """``a=group``: media sections that belong together (RFC 5888 §5, RFC 9143 §5).

    :ivar semantics: ``"BUNDLE"``, ``"LS"`` ...
    :ivar mids: their identification tags, in order.
    """

    semantics: str
    mids: tuple[str, ...]

    @classmethod
    def parse(cls, value: str) -> Group:
        fields = words(value, "group", 1)
        return cls(
            require_token(fields[0], "group semantics"),
            tuple(require_token(mid, "mid") for mid in fields[1:]),
        )

    def __str__(self) -> str:
        return " ".join((self.semantics, *self.mids))


@dataclass(frozen=True, slots=True)
class Msid:
    """``a=msid``: the MediaStream, and of old the track, of a section (RFC 8830 §2).

    :ivar stream: the stream's id, ``"-"`` for none.
    :ivar track: the track's id, ``""`` when not given.
    """

    stream: str
    track: str = ""

    @classmethod
    def parse(cls, value: str) -> Msid:
        fields = words(value, "msid", 1)
        if len(fields) > 2:
            raise ParseError(f"msid has at most 2 fields, not {len(fields)}")
        return cls(fields[0], fields[1] if len(fields) > 1 else "")

    def __str__(self) -> str:
        return f"{self.stream} {self.track}" if self.track else self.stream


@dataclass(frozen=True, slots=True)
class Ssrc:
    """``a=ssrc``: an attribute of one synchronization source (RFC 5576 §4.1).

    :ivar ssrc: the source.
    :ivar attribute: ``"cname"``, ``"msid"`` ...; ``""`` when the line gives none.
    :ivar value: its value, ``""`` when it has none.
    """

    ssrc: int
    attribute: str = ""
    value: str = ""

    @classmethod
    def parse(cls, value: str) -> Ssrc:
        number, _, rest = value.strip().partition(" ")
        attribute, _, text = rest.strip().partition(":")
        if attribute:
            require_token(attribute, "source attribute")
        return cls(integer(number, "ssrc", _MAX_SSRC), attribute, text)

    def __str__(self) -> str:
        text = f"{self.ssrc} {self.attribute}" if self.attribute else str(self.ssrc)
        return f"{text}:{self.value}" if self.value else text


@dataclass(frozen=True, slots=True)
class SsrcGroup:
    """``a=ssrc-group``: sources that belong together (RFC 5576 §4.2).

    :ivar semantics: ``"FID"`` (retransmission), ``"SIM"``, ``"FEC-FR"`` ...
    :ivar ssrcs: the sources, in order.
    """

    semantics: str
    ssrcs: tuple[int, ...]

    @classmethod
    def parse(cls, value: str) -> SsrcGroup:
        fields = words(value, "ssrc-group", 1)
        return cls(
            require_token(fields[0], "ssrc-group semantics"),
            tuple(integer(ssrc, "ssrc", _MAX_SSRC) for ssrc in fields[1:]),
        )

    def __str__(self) -> str:
        return " ".join((self.semantics, *map(str, self.ssrcs)))


@dataclass(frozen=True, slots=True)
class Rid:
    """``a=rid``: one encoding of a source (RFC 8851 §10).

    :ivar id: its name.
    :ivar direction: ``"send"`` or ``"recv"``.
    :ivar restrictions: e.g. ``"pt=96;max-width=1280"``, ``""`` when there are none.
    """

    id: str
    direction: str
    restrictions: str = ""

    @classmethod
    def parse(cls, value: str) -> Rid:
        fields = words(value, "rid", 2)
        if fields[1] not in ("send", "recv"):
            raise ParseError(f"rid has no such direction: {fields[1][:40]!r}")
        return cls(require_token(fields[0], "rid"), fields[1], " ".join(fields[2:]))

    def __str__(self) -> str:
        text = f"{self.id} {self.direction}"
        return f"{text} {self.restrictions}" if self.restrictions else text


@dataclass(frozen=True, slots=True)
class SimulcastStream:
    """One of a simulcast's streams: a rid or its alternative.

    :ivar rid: names the encoding.
    :ivar paused: it starts paused (``~``).
    """

    rid: str
    paused: bool = False

    def __str__(self) -> str:
        return f"~{self.rid}" if self.paused else self.rid


@dataclass(frozen=True, slots=True)
class Simulcast:
    """``a=simulcast``: the encodings of a section (RFC 8853 §5.1).

    :ivar send: the streams to send, each a tuple of alternatives, best first.
    :ivar recv: the streams to receive, likewise.
    """

    send: tuple[tuple[SimulcastStream, ...], ...] = ()
    recv: tuple[tuple[SimulcastStream, ...], ...] = ()

    @classmethod
    def parse(cls, value: str) -> Simulcast:
        fields = words(value, "simulcast", 2)
        if len(fields) not in (2, 4):
            raise ParseError("simulcast needs a direction and a list, once or twice")
        lists: dict[str, tuple[tuple[SimulcastStream, ...], ...]] = {}
        for direction, streams in zip(fields[::2], fields[1::2], strict=True):
            if direction not in ("send", "recv") or direction in lists:
                raise ParseError(f"simulcast has a wrong direction: {direction[:40]!r}")
            lists[direction] = _simulcast_list(streams)
        return cls(lists.get("send", ()), lists.get("recv", ()))

    def rids(self) -> frozenset[str]:
        """Every rid that the attribute names."""
        return frozenset(stream.rid for group in (*self.send, *self.recv) for stream in group)

    def __str__(self) -> str:
        return " ".join(
            f"{name} {';'.join(','.join(map(str, group)) for group in streams)}"
            for name, streams in (("send", self.send), ("recv", self.recv))
            if streams
        )


def _simulcast_list(text: str) -> tuple[tuple[SimulcastStream, ...], ...]:
    # Firefox of old wrote "send rid=a;b", as a draft had it.
    text = text.removeprefix("rid=")
    return tuple(
        tuple(
            SimulcastStream(require_token(name.removeprefix("~"), "rid"), name.startswith("~"))
            for name in group.split(",")
        )
        for group in text.split(";")
    )
