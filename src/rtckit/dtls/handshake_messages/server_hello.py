"""ServerHello. RFC 5246 §7.4.1.3."""

from __future__ import annotations

from dataclasses import dataclass

from rtckit.dtls.extensions import Extensions, pack_extensions, parse_extensions
from rtckit.dtls.wire import Reader, vector8
from rtckit.seam import ParseError

__all__ = ["ServerHello"]

_RANDOM_LENGTH = 32


@dataclass(frozen=True, slots=True)
class ServerHello:
    """What a server chose.

    :ivar version: of the connection.
    :ivar random: 32 random bytes.
    :ivar session_id: by which the session could be resumed; empty if it cannot.
    :ivar cipher_suite: one of the client's.
    :ivar compression_method: must be null.
    :ivar extensions: bodies by type; only types that the client sent.
    """

    version: int
    random: bytes
    session_id: bytes
    cipher_suite: int
    compression_method: int
    extensions: Extensions

    def __bytes__(self) -> bytes:
        return (
            self.version.to_bytes(2, "big")
            + self.random
            + vector8(self.session_id)
            + self.cipher_suite.to_bytes(2, "big")
            + self.compression_method.to_bytes(1, "big")
            + pack_extensions(self.extensions)
        )

    @classmethod
    def parse(cls, body: bytes) -> ServerHello:
        """Read the body; raises :class:`ParseError`."""
        reader = Reader(body)
        version = reader.pull_uint(2)
        random = reader.pull(_RANDOM_LENGTH)
        session_id = reader.pull_vector(1)
        if len(session_id) > 32:
            raise ParseError("session id too long", reader.offset)
        cipher_suite = reader.pull_uint(2)
        compression_method = reader.pull_uint(1)
        extensions = parse_extensions(reader)
        reader.finish()
        return cls(version, random, session_id, cipher_suite, compression_method, extensions)
