"""The username fragment and password of one ICE generation (RFC 8445 §5.3, RFC 8839 §5.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rtckit.seam import Entropy

__all__ = ["Credentials"]

# RFC 8839 §5.4 has letters, digits, "+" and "/"; some peers write others too, base64url's first.
_UFRAG = re.compile(r"[A-Za-z0-9+/=\-_.~|#]{4,256}")
_PWD = re.compile(r"[A-Za-z0-9+/=\-_.~|#]{22,256}")
_ICE_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _ice_chars(entropy: Entropy, count: int) -> str:
    # 64 characters: every random byte gives six unbiased bits.
    return "".join(_ICE_CHARS[byte & 63] for byte in entropy(count))


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the checks of one generation are signed with.

    :ivar ufrag: 4 to 256 ice-chars, or of the few others that peers write.
    :ivar pwd: likewise 22 to 256; kept out of ``repr``.
    :raises ValueError: either has other characters or another length.
    """

    ufrag: str
    pwd: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _UFRAG.fullmatch(self.ufrag):
            raise ValueError(
                "an ICE ufrag has 4 to 256 characters of A-Z a-z 0-9 + / = - _ . ~ | #"
            )
        if not _PWD.fullmatch(self.pwd):
            raise ValueError(
                "an ICE password has 22 to 256 characters of A-Z a-z 0-9 + / = - _ . ~ | #"
            )

    @classmethod
    def generate(cls, entropy: Entropy) -> Credentials:
        """Fresh ones: 48 bits of ufrag and 144 of password, above RFC 8445 §5.3's 24 and 128."""
        return cls(_ice_chars(entropy, 8), _ice_chars(entropy, 24))
