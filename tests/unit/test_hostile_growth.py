"""Input near its limits costs time in proportion to its size, and no more.

Steps are counted, not seconds: the lines of Python that run. Four times the input may take a
little more than four times the steps, for there is always a logarithm or a table somewhere.
"""

from __future__ import annotations

import random
import struct
import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType

import pytest

from rtckit.datachannel import ChannelType, DataChannelOpen, parse_dcep
from rtckit.dtls.config import Limits as DtlsLimits
from rtckit.dtls.handshake_messages import ClientHello, Fragment, parse_chain, parse_fragments
from rtckit.dtls.reassembly import Reassembly
from rtckit.dtls.record import parse_records
from rtckit.ice import Agent, Candidate, Credentials, Mux, parse_mdns
from rtckit.jsep import Description, Fingerprint, LocalParameters, Negotiation
from rtckit.sctp.chunk import Sack, split_chunks, split_parameters
from rtckit.sdp import SdpFragment, SessionDescription
from rtckit.seam import ParseError
from rtckit.signaling import decode
from rtckit.stun import Message, MessageClass, Method, append_integrity
from rtckit.testing import seeded_entropy

Run = Callable[[int], Callable[[], object]]

HEAD = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
HERE = ("10.0.0.1", 5000)


def steps(call: Callable[[], object]) -> int:
    """How many lines of Python ``call`` runs, whether it returns or fails to parse."""
    count = 0

    def on_line(frame: FrameType, event: str, argument: object) -> object:
        nonlocal count
        count += 1
        return on_line

    before = sys.gettrace()
    sys.settrace(on_line)  # type: ignore[arg-type]
    try:
        call()
    except ParseError:
        pass
    finally:
        sys.settrace(before)
    return count


def stun(numbers: list[int]) -> bytes:
    body = b"".join(number.to_bytes(2, "big") + b"\0\0" for number in numbers)
    return b"\0\1" + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12) + body


def stun_known(size: int) -> Callable[[], object]:
    data = stun([0x25] * size)
    return lambda: Message.parse(data)


def stun_unknown(size: int) -> Callable[[], object]:
    data = stun([0x7000 - each for each in range(size)])
    return lambda: Message.parse(data)


def stun_after_integrity(size: int) -> Callable[[], object]:
    signed = append_integrity(
        Message(Method.BINDING, MessageClass.REQUEST, bytes(12)).encode(), b""
    )
    rest = stun([0x25] * size)[20:]
    data = signed[:2] + (len(signed) - 20 + len(rest)).to_bytes(2, "big") + signed[4:] + rest
    return lambda: Message.parse(data)


def mux_username(size: int) -> Callable[[], object]:
    data = stun([0x25] * size)
    mux: Mux[int] = Mux()
    return lambda: mux.route(data, HERE)


def mdns_pointers(size: int) -> Callable[[], object]:
    """A chain of name pointers in a TXT record, and records that are named by its end."""
    first = 12 + 1 + 10
    chain = b"".join(
        (0xC000 | (12 if not each else first + 2 * (each - 1))).to_bytes(2, "big")
        for each in range(size * 4)
    )
    name = (0xC000 | first + 2 * (size * 4 - 1)).to_bytes(2, "big")
    record = name + struct.pack("!HHIH", 1, 1, 0, 4) + bytes(4)
    count = size // 8
    data = struct.pack("!6H", 0, 0x8400, 0, 1 + count, 0, 0)
    data += b"\0" + struct.pack("!HHIH", 16, 1, 0, len(chain)) + chain + record * count
    return lambda: parse_mdns(data)


def candidate_extensions(size: int) -> Callable[[], object]:
    text = "candidate:1 1 udp 1 192.0.2.1 5 typ host" + " a b" * (size // 8)
    return lambda: Candidate.parse(text)


def remote_candidates(size: int) -> Callable[[], object]:
    """Far more candidates than an agent keeps."""
    agent = Agent(controlling=True, entropy=seeded_entropy(1))
    agent.add_local_candidate(Candidate.host(HERE), 0.0)
    agent.set_remote_credentials(Credentials("them", "t" * 22), 0.0)
    for number in range(200):
        agent.add_remote_candidate(Candidate.host((f"10.0.1.{number + 1}", 1)), 0.0)
    more = [Candidate.host((f"10.2.{each >> 8}.{each & 255}", 1)) for each in range(size)]

    def add() -> None:
        for candidate in more:
            agent.add_remote_candidate(candidate, 0.0)

    return add


def checks_from_everywhere(size: int) -> Callable[[], object]:
    """Requests that nobody has signed, from as many addresses."""
    agent = Agent(controlling=False, entropy=seeded_entropy(1))
    agent.add_local_candidate(Candidate.host(HERE), 0.0)
    agent.set_remote_credentials(Credentials("them", "t" * 22), 0.0)
    data = stun([0x25])

    def receive() -> None:
        for port in range(size):
            agent.receive(data, HERE, ("10.0.0.2", port + 1), 0.0)

    return receive


def sdp_lines(size: int) -> Callable[[], object]:
    text = HEAD + "".join(f"a=x-{number}:y\r\n" for number in range(size))
    return lambda: SessionDescription.parse(text)


def sections(size: int) -> str:
    mids = " ".join(map(str, range(size)))
    digest = ":".join(["AB"] * 32)
    return (
        HEAD
        + f"a=group:BUNDLE {mids}\r\n"
        + "".join(
            "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n"
            f"a=mid:{number}\r\na=ice-ufrag:abcd\r\na=ice-pwd:{'x' * 22}\r\n"
            f"a=fingerprint:sha-256 {digest}\r\na=setup:actpass\r\na=rtcp-mux\r\n"
            for number in range(size)
        )
    )


def sdp_sections(size: int) -> Callable[[], object]:
    text = sections(size // 4)
    return lambda: SessionDescription.parse(text)


def sdp_groups(size: int) -> Callable[[], object]:
    text = HEAD + "a=group:BUNDLE a b c\r\n" * size
    return lambda: SessionDescription.parse(text).bundles


def sdp_candidates(size: int) -> Callable[[], object]:
    media = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    line = "a=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n"
    return lambda: SdpFragment.parse(media + line * size)


def offered_sections(size: int) -> Callable[[], object]:
    text = sections(size // 4)
    negotiation = Negotiation(
        entropy=random.Random(1).randbytes,
        local=LocalParameters(fingerprints=(Fingerprint("sha-256", ":".join(["AB"] * 32)),)),
    )
    negotiation.request_application()

    def answer() -> None:
        negotiation.set_remote(Description("offer", text))
        negotiation.set_local()

    return answer


def dtls_records(size: int) -> Callable[[], object]:
    data = (b"\x16\xfe\xfd" + bytes(10)) * size
    return lambda: parse_records(data)


def dtls_fragments(size: int) -> Callable[[], object]:
    data = bytes(Fragment(1, 0, 0, 0, b"")) * size
    return lambda: parse_fragments(data)


def dtls_extensions(size: int) -> Callable[[], object]:
    extensions = b"".join(number.to_bytes(2, "big") + b"\0\0" for number in range(size))
    body = b"\xfe\xfd" + bytes(32) + b"\0\0\0\2\xc0\x2b\1\0"
    body += len(extensions).to_bytes(2, "big") + extensions
    return lambda: ClientHello.parse(body)


def dtls_chain(size: int) -> Callable[[], object]:
    certificates = b"\0\0\1x" * size
    body = len(certificates).to_bytes(3, "big") + certificates
    return lambda: parse_chain(body)


def dtls_gaps(size: int) -> Callable[[], object]:
    """Every other byte of a message, whose parts then exceed what is kept, again and again."""
    reassembly = Reassembly(DtlsLimits(), Counter())
    fragments = [Fragment(1, 16384, 0, 2 * each, b"x") for each in range(size)]

    def add() -> None:
        for fragment in fragments:
            reassembly.add(fragment)

    return add


def sctp_chunks(size: int) -> Callable[[], object]:
    data = b"\x0b\0\0\4" * size
    return lambda: split_chunks(data, 0)


def sctp_parameters(size: int) -> Callable[[], object]:
    data = b"\xc1\0\0\4" * size
    return lambda: split_parameters(data)


def sctp_gap_blocks(size: int) -> Callable[[], object]:
    blocks = b"".join(struct.pack("!HH", 2 * each + 2, 2 * each + 2) for each in range(size))
    data = struct.pack("!IIHH", 1, 1, size, 0) + blocks
    return lambda: Sack.parse(data)


def dcep_label(size: int) -> Callable[[], object]:
    data = DataChannelOpen(ChannelType.RELIABLE, True, 0, 0, "é" * size, "").encode()
    return lambda: parse_dcep(data)


def nested_json(size: int) -> Callable[[], object]:
    text = '{"type":' * size

    def read() -> None:
        try:
            decode(text)
        except ValueError as error:
            raise ParseError(str(error)) from None

    return read


@pytest.mark.parametrize(
    "run",
    [
        stun_known,
        stun_unknown,
        stun_after_integrity,
        mux_username,
        mdns_pointers,
        candidate_extensions,
        remote_candidates,
        checks_from_everywhere,
        sdp_lines,
        sdp_sections,
        sdp_groups,
        sdp_candidates,
        offered_sections,
        dtls_records,
        dtls_fragments,
        dtls_extensions,
        dtls_chain,
        dtls_gaps,
        sctp_chunks,
        sctp_parameters,
        sctp_gap_blocks,
        dcep_label,
        nested_json,
    ],
)
def test_four_times_the_input_takes_about_four_times_the_steps(run: Run) -> None:
    small = steps(run(200))
    large = steps(run(800))
    assert small and large <= 5 * small + 200, (small, large)
