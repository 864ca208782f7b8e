"""Control chunks and answers that wait to be sent."""

from __future__ import annotations

from collections import Counter

from rtckit.sctp.chunk import encode_cause, encode_error
from rtckit.sctp.config import Config
from rtckit.sctp.packet import HEADER_SIZE, Header

__all__ = ["Outbox"]


class Outbox:
    """Chunks to be bundled for the peer, and packets that go alone or under another tag.

    A peer cannot make either grow beyond :attr:`Limits.control_queue
    <rtckit.sctp.Limits.control_queue>`.

    :ivar header: of packets to the peer; its tag is zero while the peer's is not known.
    :ivar room: bytes of chunks in a full packet.
    """

    __slots__ = ("_config", "_control", "_drops", "_packets", "header", "room")

    def __init__(self, config: Config, drops: Counter[str]) -> None:
        self._config = config
        self._drops = drops
        self._control: list[bytes] = []
        self._packets: list[bytes] = []
        self.header = self.header_with(0)
        self.room = config.packet_size - HEADER_SIZE

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._control and not self._packets

    def header_with(self, tag: int) -> Header:
        """The header of a packet to the peer under another tag."""
        return Header(self._config.local_port, self._config.remote_port, tag)

    def send(self, chunk: bytes) -> None:
        """Queue a control chunk for the peer, to be bundled with what else there is."""
        if len(self._control) < self._config.limits.control_queue:
            self._control.append(chunk)
        else:
            self._drops["too many answers"] += 1

    def report(self, code: int, information: bytes = b"") -> None:
        """Queue an ERROR with one cause, cut to fit a packet (RFC 9260 §3.3.10)."""
        self.send(encode_error(encode_cause(code, information[: self.room - 64])))

    def reply(self, header: Header, chunks: bytes) -> None:
        """Queue a packet of its own."""
        if len(self._packets) < self._config.limits.control_queue:
            self._packets.append(header.seal(chunks))
        else:
            self._drops["too many answers"] += 1

    def clear(self) -> None:
        """Forget the chunks to be bundled; what was sealed goes out."""
        self._control.clear()

    def take_packets(self) -> list[bytes]:
        """The packets of their own, sealed."""
        packets = self._packets
        if packets:
            self._packets = []
            return packets
        return []

    def take_control(self) -> list[bytes]:
        """The chunks to be bundled."""
        control = self._control
        if control:
            self._control = []
            return control
        return []

    def bundle(self, packets: list[bytes], chunks: list[bytes]) -> list[bytes]:
        """Seal as many chunks as make full packets; give the rest, which one packet holds."""
        rest: list[bytes] = []
        size = 0
        for chunk in chunks:
            if size + len(chunk) > self.room and rest:
                packets.append(self.header.seal(b"".join(rest)))
                rest = []
                size = 0
            rest.append(chunk)
            size += len(chunk)
        return rest
