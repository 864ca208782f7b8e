"""The key exchange messages of ECDHE. RFC 8422 §5.4, §5.7."""

from __future__ import annotations

from dataclasses import dataclass

from rtckit.dtls.wire import Reader, vector8, vector16
from rtckit.seam import ParseError

__all__ = ["ClientKeyExchange", "ServerKeyExchange"]

_NAMED_CURVE = 3


@dataclass(frozen=True, slots=True)
class ServerKeyExchange:
    """The server's ephemeral public key, signed by its certificate's key.

    :ivar group: the code point of the named group.
    :ivar public_key: the point as it is encoded on that group.
    :ivar scheme: the signature scheme.
    :ivar signature: over both randoms and :attr:`parameters`.
    """

    group: int
    public_key: bytes
    scheme: int
    signature: bytes

    @staticmethod
    def pack_parameters(group: int, public_key: bytes) -> bytes:
        """``ServerECDHParams``, the part that is signed."""
        return bytes((_NAMED_CURVE,)) + group.to_bytes(2, "big") + vector8(public_key)

    @property
    def parameters(self) -> bytes:
        """``ServerECDHParams``, the part that is signed."""
        return self.pack_parameters(self.group, self.public_key)

    def __bytes__(self) -> bytes:
        return self.parameters + self.scheme.to_bytes(2, "big") + vector16(self.signature)

    @classmethod
    def parse(cls, body: bytes) -> ServerKeyExchange:
        """Read the body; raises :class:`ParseError`."""
        reader = Reader(body)
        # RFC 8422 §5.4: explicit curves are gone.
        if reader.pull_uint(1) != _NAMED_CURVE:
            raise ParseError("curve is not a named one", 0)
        group = reader.pull_uint(2)
        public_key = reader.pull_vector(1, minimum=1)
        scheme = reader.pull_uint(2)
        signature = reader.pull_vector(2)
        reader.finish()
        return cls(group, public_key, scheme, signature)


@dataclass(frozen=True, slots=True)
class ClientKeyExchange:
    """The client's ephemeral public key.

    :ivar public_key: the point as it is encoded on the server's group.
    """

    public_key: bytes

    def __bytes__(self) -> bytes:
        return vector8(self.public_key)

    @classmethod
    def parse(cls, body: bytes) -> ClientKeyExchange:
        """Read the body; raises :class:`ParseError`."""
        reader = Reader(body)
        public_key = reader.pull_vector(1, minimum=1)
        reader.finish()
        return cls(public_key)
