"""Whatever arrives, the STUN parser fails with ParseError only."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.seam import ParseError
from rtckit.stun import Message, MessageClass, binding_username, is_stun, verify, verify_sha256
from rtckit.stun.attributes import REGISTRY

SETTINGS = settings(deadline=None, derandomize=True, max_examples=1000)

numbers = st.one_of(st.sampled_from(sorted(REGISTRY)), st.integers(0, 0xFFFF))


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A STUN header with attributes of the right numbers and any content, lengths mostly true."""
    body = b""
    for number, value, lie in draw(
        st.lists(st.tuples(numbers, st.binary(max_size=40), st.integers(-3, 40)), max_size=6)
    ):
        size = max(0, len(value) + (lie if lie < 4 else 0))
        body += number.to_bytes(2, "big") + size.to_bytes(2, "big") + value
        body += bytes(-len(value) % 4)
    kind = draw(st.integers(0, 0x3FFF)).to_bytes(2, "big")
    head = kind + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42"
    return head + draw(st.binary(min_size=12, max_size=12)) + body


@SETTINGS
@given(st.one_of(st.binary(max_size=200), messages()))
def test_the_parser_only_fails_with_parse_error(data: bytes) -> None:
    is_stun(data)
    binding_username(data)
    try:
        message = Message.parse(data)
    except ParseError as error:
        assert 0 <= error.offset <= len(data)
        return
    # RFC 7983 §7 gives STUN the first bytes 0 to 3, which no assigned method goes beyond.
    assert is_stun(data) or data[0] > 3
    assert not verify(message, b"key") and not verify_sha256(message, b"key")
    repr(message)
    message.response(MessageClass.SUCCESS).encode()


@SETTINGS
@given(messages())
def test_what_is_read_can_be_written_and_read_again(data: bytes) -> None:
    try:
        message = Message.parse(data)
    except ParseError:
        return
    again = Message(message.method, message.message_class, message.transaction_id)
    for number, value in message.attributes:
        if number != 0x8028:
            again.add(REGISTRY[number], value)
    parsed = Message.parse(again.encode())
    assert parsed.attributes == [entry for entry in message.attributes if entry[0] != 0x8028]
