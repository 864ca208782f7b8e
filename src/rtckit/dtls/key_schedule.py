"""The key schedule of TLS 1.2: from the shared secret to every key. RFC 5246 §5, §6.3, §8."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

__all__ = ["KeySchedule", "TrafficKeys", "prf"]

_MASTER_SECRET_LENGTH = 48
_VERIFY_DATA_LENGTH = 12


def prf(hash_name: str, secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
    """``P_<hash>(secret, label + seed)``, the pseudorandom function of RFC 5246 §5.

    :param hash_name: ``"sha256"`` or ``"sha384"``, as the cipher suite says.
    """
    seed = label + seed
    a = seed
    out = bytearray()
    while len(out) < length:
        a = hmac.digest(secret, a, hash_name)
        out += hmac.digest(secret, a + seed, hash_name)
    return bytes(out[:length])


@dataclass(frozen=True, slots=True)
class TrafficKeys:
    """What seals the records of one direction.

    :ivar key: the AEAD key.
    :ivar iv: the implicit part of the nonce.
    """

    key: bytes
    iv: bytes


class KeySchedule:
    """Every key of one connection.

    :param hash_name: the hash function of the cipher suite's PRF.
    :param premaster_secret: what the key exchange gave.
    :param session_hash: the hash of all handshake messages up to and including
        ClientKeyExchange: it binds the master secret to this handshake (RFC 7627 §4).
    """

    __slots__ = ("_client_random", "_hash_name", "_master_secret", "_server_random")

    def __init__(
        self,
        hash_name: str,
        premaster_secret: bytes,
        session_hash: bytes,
        client_random: bytes,
        server_random: bytes,
    ) -> None:
        self._hash_name = hash_name
        self._client_random = client_random
        self._server_random = server_random
        self._master_secret = prf(
            hash_name,
            premaster_secret,
            b"extended master secret",
            session_hash,
            _MASTER_SECRET_LENGTH,
        )

    def traffic_keys(self, key_length: int, iv_length: int) -> tuple[TrafficKeys, TrafficKeys]:
        """The client's and the server's write keys (RFC 5246 §6.3; AEAD has no MAC keys)."""
        block = prf(
            self._hash_name,
            self._master_secret,
            b"key expansion",
            self._server_random + self._client_random,
            2 * (key_length + iv_length),
        )
        ivs = block[2 * key_length :]
        return (
            TrafficKeys(block[:key_length], ivs[:iv_length]),
            TrafficKeys(block[key_length : 2 * key_length], ivs[iv_length:]),
        )

    def verify_data(self, *, client: bool, transcript: bytes) -> bytes:
        """The body of one side's Finished over the messages before it (RFC 5246 §7.4.9)."""
        return prf(
            self._hash_name,
            self._master_secret,
            b"client finished" if client else b"server finished",
            hashlib.new(self._hash_name, transcript).digest(),
            _VERIFY_DATA_LENGTH,
        )

    def export(self, label: bytes, context: bytes | None, length: int) -> bytes:
        """Keying material for another protocol (RFC 5705 §4). No context differs from an
        empty one."""
        seed = self._client_random + self._server_random
        if context is not None:
            seed += len(context).to_bytes(2, "big") + context
        return prf(self._hash_name, self._master_secret, label, seed, length)
