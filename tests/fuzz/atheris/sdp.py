"""Session descriptions: the grammar and every accessor, and what negotiation makes of them."""

from __future__ import annotations

import random
from pathlib import Path

from rtckit.errors import DOMException
from rtckit.jsep import Description, Fingerprint, LocalParameters, Negotiation
from rtckit.sdp import MediaDescription, Section, SessionDescription

from .target import Script, Target, text_parser

__all__ = ["SAMPLES", "TARGETS", "read_all"]

SAMPLES = tuple(
    path.read_bytes().decode()
    for path in sorted((Path(__file__).parents[2] / "unit" / "sdp_samples").glob("*.sdp"))
)
_PROPERTIES: dict[type[Section], list[str]] = {
    kind: [
        name
        for base in kind.__mro__
        for name, value in vars(base).items()
        if isinstance(value, property)
    ]
    for kind in (SessionDescription, MediaDescription)
}


def read_all(description: SessionDescription) -> None:
    """Ask for everything: what has been parsed cannot fail any more."""
    for section in (description, *description.media):
        for name in _PROPERTIES[type(section)]:
            getattr(section, name)


def read(text: str) -> None:
    description = SessionDescription.parse(text)
    read_all(description)
    again = str(description)
    assert str(SessionDescription.parse(again)) == again


def negotiate(data: bytes) -> None:
    """Offers and answers one after another; a refusal is a W3C error."""
    script = Script(data)
    negotiation = Negotiation(
        entropy=random.Random(1).randbytes,
        local=LocalParameters(fingerprints=(Fingerprint("sha-256", ":".join(["AB"] * 32)),)),
    )
    negotiation.request_application()
    for _ in range(4):
        kind = ("offer", "answer", "pranswer", "rollback")[script.below(4)]
        sample = SAMPLES[script.below(len(SAMPLES))]
        cut = script.number(2) % (len(sample) + 1)
        text = sample[:cut] + script.blob().decode("utf-8", "surrogateescape") + sample[cut:]
        try:
            negotiation.set_remote(Description(kind, text))
            negotiation.set_local()
        except DOMException as error:
            assert str(error)


TARGETS: list[Target] = [
    text_parser("sdp-description", read, *SAMPLES[::3]),
    Target("jsep-negotiation", negotiate, (b"\0\x05\x00\x40\0\x04a=x\n",), is_machine=True),
]
