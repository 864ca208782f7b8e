"""Whatever arrives, ICE's parsers fail with ParseError only and an agent not at all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.ice import Agent, Candidate, Credentials, Mux, encode_query, parse_mdns
from rtckit.seam import ParseError
from rtckit.stun import Message, MessageClass, Method, append_fingerprint, append_integrity
from rtckit.stun.attributes import REGISTRY
from rtckit.testing import seeded_entropy

SETTINGS = settings(deadline=None, derandomize=True, max_examples=200)
HERE = ("10.0.0.1", 5000)
OURS = Credentials("ours", "o" * 22)
THEIRS = Credentials("them", "t" * 22)

words = st.one_of(
    st.sampled_from(["candidate:1", "1", "udp", "2130706431", "10.0.0.1", "5000", "typ", "host"]),
    st.sampled_from(["raddr", "rport", "tcptype", "x.local", "::1", "fe80::1%1", "srflx", "²"]),
    st.sampled_from(["-1", "999999999999", "ufrag"]),
)


@SETTINGS
@given(st.one_of(st.text(max_size=80), st.lists(words, max_size=14).map(" ".join)))
def test_candidates(text: str) -> None:
    try:
        candidate = Candidate.parse(text)
    except ParseError:
        return
    assert Candidate.parse(str(candidate)) == candidate


@SETTINGS
@given(st.binary(max_size=120), st.integers(0, 40), st.booleans())
def test_mdns(data: bytes, cut: int, framed: bool) -> None:
    try:
        parse_mdns(encode_query("a.local")[:cut] + data if framed else data)
    except ParseError:
        pass


requests = st.tuples(
    st.sampled_from([MessageClass.REQUEST, MessageClass.SUCCESS, MessageClass.ERROR]),
    st.sampled_from(["ours:them", "ours", "else:x", ""]),
    st.lists(st.tuples(st.sampled_from(sorted(REGISTRY)), st.binary(max_size=24)), max_size=5),
    st.sampled_from([OURS.pwd.encode(), THEIRS.pwd.encode()]),
)


Recipe = tuple[MessageClass, str, list[tuple[int, bytes]], bytes]


def signed(recipe: Recipe, txid: bytes) -> bytes:
    message_class, username, entries, key = recipe
    message = Message(Method.BINDING, message_class, txid)
    raw = bytearray(message.add(REGISTRY[6], username).encode())
    for number, value in entries:
        raw += number.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
        raw += bytes(-len(value) % 4)
    return append_fingerprint(append_integrity(bytes(raw), key))


@SETTINGS
@given(
    st.lists(
        st.tuples(
            st.one_of(st.binary(max_size=80), requests), st.integers(1, 5), st.floats(0.0, 20.0)
        ),
        max_size=12,
    ),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_an_agent_takes_anything(
    steps: list[tuple[bytes | Recipe, int, float]],
    known: bool,
    lite: bool,
    controlling: bool,
) -> None:
    """Signed by the peer itself, too: it knows the passwords and may still send nonsense."""
    entropy = seeded_entropy(2)
    agent = Agent(controlling=controlling, entropy=entropy, credentials=OURS, lite=lite)
    now = 10.0
    agent.add_local_candidate(Candidate.host(HERE), now)
    mux: Mux[int] = Mux()
    if known:
        agent.set_remote_credentials(THEIRS, now)
        agent.add_remote_candidate(Candidate.host(("10.0.0.2", 1)), now)
    txid = bytes(12)
    for what, port, wait in steps:
        now += wait
        data = what if isinstance(what, bytes) else signed(what, txid)
        mux.route(data, ("10.0.0.2", port))
        agent.receive(data, HERE, ("10.0.0.2", port), now)
        while transmit := agent.poll_transmit(now):
            request = Message.parse(transmit.train.data)
            if request.message_class is MessageClass.REQUEST:
                txid = request.transaction_id
        while agent.next_event():
            pass
        agent.handle_timeout(now)
        due = agent.next_timeout()
        assert due is None or due > now
    assert len(agent.pairs) <= 100
    agent.close()
    assert agent.next_timeout() is None
