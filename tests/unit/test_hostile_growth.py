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
from datetime import UTC, datetime
from types import FrameType

import pytest

from rtckit.datachannel import ChannelType, DataChannelOpen, parse_dcep
from rtckit.dtls import Certificate, Connection, Role
from rtckit.dtls.config import Limits as DtlsLimits
from rtckit.dtls.handshake_messages import ClientHello, Fragment, parse_chain, parse_fragments
from rtckit.dtls.reassembly import Reassembly
from rtckit.dtls.record import RecordWriter, parse_records
from rtckit.ice import Agent, Candidate, Credentials, Mux, parse_mdns
from rtckit.jsep import Description, Fingerprint, LocalParameters, Negotiation
from rtckit.sctp import Association
from rtckit.sctp import Config as SctpConfig
from rtckit.sctp.chunk import Sack, encode_chunk, split_chunks, split_parameters
from rtckit.sctp.packet import Header
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


def dtls_handshake_flood(size: int) -> Callable[[], object]:
    """Records with fragments that contradict each other, to a server that waits."""
    certificate = Certificate.generate(
        datetime(2030, 1, 1, tzinfo=UTC), entropy=seeded_entropy("growth")
    )
    server = Connection(Role.SERVER, certificate, entropy=seeded_entropy(1))
    server.start(0.0)
    writer = RecordWriter(0)
    records = [
        writer.seal(22, bytes(Fragment(1 + each % 3, 16_384 - each % 7, each % 9, 0, b"x")))
        for each in range(size)
    ]
    return lambda: server.receive(records, 0.0)


def established() -> tuple[Association, Header, int]:
    """An association, the header of packets to it, and the TSN that it expects."""
    ends = [Association(SctpConfig(), entropy=seeded_entropy(each)) for each in range(2)]
    seen: list[bytes] = []
    for end in ends:
        end.connect(0.0)
    for _ in range(6):
        for sender, receiver in (ends, ends[::-1]):
            while (packets := sender.poll_transmit(0.0)) is not None:
                seen += packets
                receiver.receive(packets, 0.0)
    # An INIT has the tag that its sender wants to read, and its initial TSN.
    inits = [packet for packet in seen if packet[12] == 1]
    tag = int.from_bytes(inits[0][16:20], "big")
    return ends[0], Header(5000, 5000, tag), int.from_bytes(inits[1][28:32], "big")


def sctp_flood(kind: int, value: bytes) -> Run:
    """One packet of many chunks of a kind."""

    def prepare(size: int) -> Callable[[], object]:
        association, header, _ = established()
        packet = header.seal(encode_chunk(kind, 0, value) * size)

        def receive() -> None:
            association.receive([packet], 0.0)
            association.poll_transmit(0.0)

        return receive

    return prepare


def sctp_gaps(size: int) -> Callable[[], object]:
    """Every other TSN, backwards."""
    association, header, tsn = established()
    packets = [
        header.seal(
            encode_chunk(
                0, 3, struct.pack("!IHHI", (tsn + 2 * each) & 0xFFFFFFFF, 1, each, 53) + b"x"
            )
        )
        for each in range(size, 0, -1)
    ]
    return lambda: association.receive(packets, 0.0)


def sctp_fragments(size: int) -> Callable[[], object]:
    """A message whose parts come backwards, and whose first part never does."""
    association, header, tsn = established()
    packets = [
        header.seal(
            encode_chunk(0, 0, struct.pack("!IHHI", (tsn + each) & 0xFFFFFFFF, 1, 0, 53) + b"x")
        )
        for each in range(size, 0, -1)
    ]
    return lambda: association.receive(packets, 0.0)


def sctp_skipped_messages(size: int) -> Callable[[], object]:
    """FORWARD TSN that names one stream again and again, which has messages waiting."""
    association, header, tsn = established()
    waiting = [
        encode_chunk(
            0, 3, struct.pack("!IHHI", (tsn + each) & 0xFFFFFFFF, 1, 2 + 2 * each, 53) + b"x"
        )
        for each in range(size)
    ]
    association.receive([header.seal(chunk) for chunk in waiting], 0.0)
    streams = b"".join(struct.pack("!HH", 1, each) for each in range(size))
    last = (tsn + size) & 0xFFFFFFFF
    packet = header.seal(encode_chunk(192, 0, last.to_bytes(4, "big") + streams))
    return lambda: association.receive([packet], 0.0)


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
        pytest.param(sctp_flood(3, struct.pack("!IIHH", 1, 1, 0, 0)), id="sctp_sacks"),
        pytest.param(sctp_flood(4, b"\0\1\0\4"), id="sctp_heartbeats"),
        pytest.param(sctp_flood(9, b"\0\1\0\4"), id="sctp_errors"),
        pytest.param(sctp_flood(11, b""), id="sctp_cookie_acks"),
        pytest.param(sctp_flood(130, bytes(4)), id="sctp_re_configs"),
        pytest.param(sctp_flood(255, b""), id="sctp_unknown"),
        sctp_gaps,
        sctp_fragments,
        sctp_skipped_messages,
        dtls_handshake_flood,
        dcep_label,
        nested_json,
    ],
)
def test_four_times_the_input_takes_about_four_times_the_steps(run: Run) -> None:
    small = steps(run(200))
    large = steps(run(800))
    assert small and large <= 5 * small + 200, (small, large)
