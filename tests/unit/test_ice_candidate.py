"""Candidates and credentials as signaling carries them."""

from __future__ import annotations

import pytest

from rtckit.ice import (
    Candidate,
    CandidateType,
    Credentials,
    candidate_priority,
    pair_priority,
)
from rtckit.seam import ParseError
from rtckit.testing import seeded_entropy

# As written by Chromium, Firefox, Pion, aiortc and libnice, and RFC 8839 §5.1's own example.
LINES = [
    "candidate:842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr 10.0.0.5 rport 46154 "
    "generation 0 ufrag kTYt network-id 1 network-cost 10",
    "candidate:3019288283 1 udp 2113937151 1f4c5bd2-7b21-4b7a-9a9e-0c9b4d1a5f00.local 55421 typ "
    "host generation 0 ufrag kTYt network-cost 999",
    "candidate:0 1 UDP 2122252543 192.168.1.2 50000 typ host",
    "candidate:1 1 TCP 2105524479 192.168.1.2 9 typ host tcptype active",
    "candidate:233762139 1 udp 2130706431 2001:db8::2:1 60000 typ host",
    "candidate:6815297761 1 udp 659136 10.0.0.3 31102 typ host generation 0 ufrag 7d73h",
    "candidate:4 1 udp 16777215 198.51.100.4 3478 typ relay raddr 203.0.113.9 rport 46154",
    "candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998",
    "candidate:5 1 udp 1845501695 192.0.2.3 45664 typ prflx raddr 0.0.0.0 rport 0",
]


@pytest.mark.parametrize("line", LINES)
def test_what_others_write_survives_a_round_trip(line: str) -> None:
    assert str(Candidate.parse(line)) == line
    assert Candidate.parse(f"a={line}\r\n") == Candidate.parse(line)


def test_the_fields() -> None:
    candidate = Candidate.parse(LINES[0])
    assert candidate.foundation == "842163049"
    assert candidate.component == 1
    assert candidate.priority == 1677729535
    assert candidate.transport_address == ("203.0.113.9", 46154)
    assert candidate.typ is CandidateType.SERVER_REFLEXIVE
    assert candidate.related == ("10.0.0.5", 46154)
    assert candidate.extension("ufrag") == "kTYt"
    assert candidate.extension("none") is None
    assert Candidate.parse(LINES[1]).is_name
    assert Candidate.parse(LINES[3]).tcptype == "active"
    assert not Candidate.parse(LINES[3]).is_udp


@pytest.mark.parametrize(
    "line",
    [
        "",
        "candidate:",
        "candidate:1 1 udp 1 10.0.0.1 1 typ",
        "candidate:1 1 udp 1 10.0.0.1 1 type host",
        "candidate:1 0 udp 1 10.0.0.1 1 typ host",
        "candidate:1 x udp 1 10.0.0.1 1 typ host",
        "candidate:1 1 udp 4294967296 10.0.0.1 1 typ host",
        "candidate:1 1 udp -1 10.0.0.1 1 typ host",
        "candidate:1 1 udp ١ 10.0.0.1 1 typ host",
        "candidate:1 1 udp 1 10.0.0.256 1 typ host",
        "candidate:1 1 udp 1 fe80::1%eth0 1 typ host",
        "candidate:1 1 udp 1 -x.local 1 typ host",
        "candidate:1 1 udp 1 10.0.0.1 65536 typ host",
        "candidate:1 1 udp 1 10.0.0.1 1 typ magic",
        "candidate:1 1 udp 1 10.0.0.1 1 typ srflx raddr nowhere! rport 1",
        "candidate:1 1 udp 1 10.0.0.1 1 typ srflx raddr 10.0.0.1 rport x",
        "candidate:" + "1" * 33 + " 1 udp 1 10.0.0.1 1 typ host",
        "candidate:1 1 u(p 1 10.0.0.1 1 typ host",
        "candidate:1 1 udp 1 10.0.0.1 1 typ host" + " a b" * 400,
    ],
)
def test_what_does_not_follow_the_grammar_is_refused(line: str) -> None:
    with pytest.raises(ParseError):
        Candidate.parse(line)


def test_priorities_follow_the_recommended_formula() -> None:
    # RFC 8445 §5.1.2.1; the first is the value that every browser writes for a lone interface.
    assert candidate_priority(CandidateType.HOST) == 2130706431
    assert candidate_priority(CandidateType.SERVER_REFLEXIVE) == 1694498815
    assert candidate_priority(CandidateType.PEER_REFLEXIVE) == 1862270975
    assert candidate_priority(CandidateType.RELAYED) == 16777215
    assert Candidate.host(("10.0.0.1", 1), local_preference=77).local_preference == 77
    # §6.1.2.3: both sides compute the same, the controlling side's as G.
    assert pair_priority(7, 5, True) == pair_priority(5, 7, False) == (5 << 32) + 14 + 1
    assert pair_priority(5, 7, True) == (5 << 32) + 14


def test_foundations_group_what_stands_or_falls_together() -> None:
    one = Candidate.host(("10.0.0.1", 1))
    two = Candidate.host(("10.0.0.1", 2))
    other = Candidate.host(("10.0.0.2", 1))
    assert one.foundation == two.foundation != other.foundation
    server = ("192.0.2.1", 3478)
    mapped = Candidate.server_reflexive(("198.51.100.1", 1), base=("10.0.0.1", 1), server=server)
    assert mapped.foundation != one.foundation
    assert mapped.related == ("10.0.0.1", 1) == mapped.base
    relayed = Candidate.relayed(("192.0.2.1", 5), mapped=("198.51.100.1", 1), server=server)
    assert relayed.base == relayed.transport_address
    assert str(relayed).endswith("typ relay raddr 198.51.100.1 rport 1")


@pytest.mark.parametrize(
    ("ufrag", "pwd"),
    [
        ("abc", "p" * 22),
        ("u" * 257, "p" * 22),
        ("abcd", "p" * 21),
        ("abcd", "p" * 257),
        ("ab:d", "p" * 22),
        ("abcd", "p" * 21 + "\n"),
        ("abcdé", "p" * 22),
    ],
)
def test_credentials_of_wrong_length_or_characters_are_refused(ufrag: str, pwd: str) -> None:
    with pytest.raises(ValueError, match="ICE"):
        Credentials(ufrag, pwd)


def test_generated_credentials_are_fresh_and_secret() -> None:
    entropy = seeded_entropy(3)
    one, two = Credentials.generate(entropy), Credentials.generate(entropy)
    assert one.ufrag != two.ufrag and one.pwd != two.pwd
    assert one.pwd not in repr(one)
