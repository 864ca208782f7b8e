"""ClientHello and the HelloVerifyRequest that may answer it. RFC 6347 §4.2.1."""

from __future__ import annotations

from dataclasses import dataclass

from rtckit.dtls.extensions import Extensions, pack_extensions, parse_extensions
from rtckit.dtls.wire import Reader, vector8, vector16
from rtckit.seam import ParseError

__all__ = ["ClientHello", "HelloVerifyRequest"]

_RANDOM_LENGTH = 32


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client offers.

    :ivar version: the highest version before DTLS 1.3 that the client speaks.
    :ivar random: 32 random bytes.
    :ivar session_id: of a session to resume; never used by us.
    :ivar cookie: what a HelloVerifyRequest gave, or nothing.
    :ivar cipher_suites: in the client's order; unknown ones and GREASE among them.
    :ivar compression_methods: a byte each.
    :ivar extensions: bodies by type.
    """

    version: int
    random: bytes
    session_id: bytes
    cookie: bytes
    cipher_suites: tuple[int, ...]
    compression_methods: bytes
    extensions: Extensions

    def __bytes__(self) -> bytes:
        suites = b"".join(suite.to_bytes(2, "big") for suite in self.cipher_suites)
        return (
            self.version.to_bytes(2, "big")
            + self.random
            + vector8(self.session_id)
            + vector8(self.cookie)
            + vector16(suites)
            + vector8(self.compression_methods)
            + pack_extensions(self.extensions)
        )

    @classmethod
    def parse(cls, body: bytes) -> ClientHello:
        """Read the body; raises :class:`ParseError`."""
        reader = Reader(body)
        version = reader.pull_uint(2)
        random = reader.pull(_RANDOM_LENGTH)
        session_id = reader.pull_vector(1)
        if len(session_id) > 32:
            raise ParseError("session id too long", reader.offset)
        cookie = reader.pull_vector(1)
        cipher_suites = reader.pull_uint16_vector(2)
        compression_methods = reader.pull_vector(1, minimum=1)
        extensions = parse_extensions(reader)
        reader.finish()
        return cls(
            version, random, session_id, cookie, cipher_suites, compression_methods, extensions
        )


@dataclass(frozen=True, slots=True)
class HelloVerifyRequest:
    """A server asks the client to show that it receives at the address it sends from.

    :ivar server_version: says nothing about what will be negotiated (RFC 6347 §4.2.1).
    :ivar cookie: what the next ClientHello must carry; 255 bytes at most.
    """

    server_version: int
    cookie: bytes

    def __bytes__(self) -> bytes:
        return self.server_version.to_bytes(2, "big") + vector8(self.cookie)

    @classmethod
    def parse(cls, body: bytes) -> HelloVerifyRequest:
        """Read the body; raises :class:`ParseError`."""
        reader = Reader(body)
        version = reader.pull_uint(2)
        cookie = reader.pull_vector(1)
        reader.finish()
        return cls(version, cookie)
