"""Handshake messages out of fragments: any order, any overlap, and no more memory than allowed."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

from rtckit.dtls import Limits
from rtckit.dtls.handshake_messages import Fragment
from rtckit.dtls.reassembly import Reassembly

BODY = bytes(range(200))


def fragment(
    offset: int, end: int, *, seq: int = 0, kind: int = 11, body: bytes = BODY
) -> Fragment:
    return Fragment(kind, len(body), seq, offset, body[offset:end])


def reassembly(limits: Limits | None = None) -> tuple[Reassembly, Counter[str]]:
    drops: Counter[str] = Counter()
    return Reassembly(limits or Limits(), drops), drops


def test_fragments_in_any_order_with_any_overlap() -> None:
    chance = random.Random(1)
    for _ in range(100):
        made, drops = reassembly()
        cuts = sorted({0, 200, *(chance.randrange(200) for _ in range(8))})
        parts = [fragment(max(0, low - chance.randrange(20)), high) for low, high in pairwise(cuts)]
        chance.shuffle(parts)
        for index, part in enumerate(parts):
            assert made.pop() is None, index
            made.add(part)
            if made._messages and made._messages[0].complete:
                break
        assert made.pop() == (11, 0, BODY)
        assert not drops


def test_a_message_of_no_bytes_is_whole() -> None:
    made, _ = reassembly()
    made.add(Fragment(14, 0, 0, 0, b""))
    assert made.pop() == (14, 0, b"")


def test_messages_come_out_in_their_order() -> None:
    made, drops = reassembly()
    made.add(fragment(0, 200, seq=1))
    assert made.pop() is None
    made.add(fragment(0, 200, seq=0))
    assert made.pop() is not None
    made.accept(0)
    assert made.pop() == (11, 1, BODY)
    made.accept(1)
    made.add(fragment(0, 200, seq=1))
    assert made.pop() is None
    assert drops == {"duplicate handshake message": 1}


def test_a_message_that_was_refused_may_come_again() -> None:
    made, _ = reassembly()
    made.add(Fragment(11, 6, 0, 0, b"forged"))
    assert made.pop() == (11, 0, b"forged")
    made.add(Fragment(11, 6, 0, 0, b"honest"))
    assert made.pop() == (11, 0, b"honest")


def test_a_forged_fragment_that_contradicts_costs_only_a_retransmission() -> None:
    made, drops = reassembly()
    made.add(Fragment(12, 5000, 0, 4000, b"forged"))
    made.add(fragment(0, 100))
    made.add(fragment(100, 200))
    assert made.pop() == (11, 0, BODY)
    assert drops == {"contradictory handshake fragment": 1}


def test_memory_is_bounded() -> None:
    limits = Limits(handshake_message=1000, messages_ahead=3, message_gaps=5)
    made, drops = reassembly(limits)
    for seq in range(10):
        made.add(Fragment(11, 1000, seq, 0, b"x"))
    assert len(made._messages) == 3
    assert drops["handshake message too far ahead"] == 7
    made.add(Fragment(11, 1001, 0, 0, b"x"))
    assert drops["handshake message too long"] == 1
    for offset in range(0, 20, 2):
        made.add(Fragment(11, 1000, 1, offset, b"x"))
    assert drops["too many handshake fragments"] >= 1
    assert all(len(each.ranges) <= 5 for each in made._messages.values())


def test_the_first_message_of_a_server_may_have_any_number() -> None:
    made, _ = reassembly()
    made.add(fragment(0, 200, seq=1, kind=1))
    assert made.pop() is None
    assert made.pop_any() == (1, 1, BODY)
    made.accept(1)
    assert made.next_seq == 2
