"""The SRTP protection profiles that ``use_srtp`` negotiates. RFC 5764 §4.1.2, RFC 7714 §14.2."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["SRTP_PROFILES", "SrtpProfile"]


class SrtpProfile(IntEnum):
    """By the names of the IANA registry."""

    SRTP_AES128_CM_HMAC_SHA1_80 = 0x0001
    SRTP_AES128_CM_HMAC_SHA1_32 = 0x0002
    SRTP_AEAD_AES_128_GCM = 0x0007
    SRTP_AEAD_AES_256_GCM = 0x0008


#: What is offered and accepted by default, the most preferred first.
SRTP_PROFILES: tuple[SrtpProfile, ...] = (
    SrtpProfile.SRTP_AEAD_AES_128_GCM,
    SrtpProfile.SRTP_AEAD_AES_256_GCM,
    SrtpProfile.SRTP_AES128_CM_HMAC_SHA1_80,
)
