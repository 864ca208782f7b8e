"""STUN (RFC 8489): the message codec that ICE and TURN stand on.

A codec only: no transactions, no retransmission, no sockets. ``Message.parse`` reads,
``Message.add`` and :func:`sign` write, :func:`verify` checks. Attributes are typed names
in :mod:`rtckit.stun.attributes`.
"""

from __future__ import annotations

from rtckit.stun import attributes
from rtckit.stun.attributes import Attribute
from rtckit.stun.error_code import ErrorCode, ErrorValue
from rtckit.stun.integrity import (
    PasswordAlgorithm,
    SecurityFeatures,
    append_fingerprint,
    append_integrity,
    append_integrity_sha256,
    long_term_key,
    nonce_cookie,
    nonce_features,
    opaque_string,
    short_term_key,
    sign,
    userhash,
    verify,
    verify_sha256,
)
from rtckit.stun.message import Message, MessageClass, Method, binding_username, is_stun
from rtckit.stun.values import ChangeRequest, FamilyError, IcmpValue, PasswordAlgorithmValue

__all__ = [
    "Attribute",
    "ChangeRequest",
    "ErrorCode",
    "ErrorValue",
    "FamilyError",
    "IcmpValue",
    "Message",
    "MessageClass",
    "Method",
    "PasswordAlgorithm",
    "PasswordAlgorithmValue",
    "SecurityFeatures",
    "append_fingerprint",
    "append_integrity",
    "append_integrity_sha256",
    "attributes",
    "binding_username",
    "is_stun",
    "long_term_key",
    "nonce_cookie",
    "nonce_features",
    "opaque_string",
    "short_term_key",
    "sign",
    "userhash",
    "verify",
    "verify_sha256",
]
