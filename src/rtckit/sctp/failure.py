"""What ends an association from our side."""

from __future__ import annotations

from rtckit.sctp.chunk import CauseCode

__all__ = ["AssociationFailure"]


class AssociationFailure(Exception):
    """The association cannot go on: it ends with an ABORT (RFC 9260 §9.1).

    :ivar code: the error cause.
    :ivar information: what the cause carries.
    :ivar reason: the same in words, for the owner.
    """

    def __init__(self, code: CauseCode, information: bytes, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.information = information
        self.reason = reason

    @classmethod
    def protocol_violation(cls, reason: str) -> AssociationFailure:
        """The peer broke the protocol in a way that leaves no way on (RFC 9260 §3.3.10.13)."""
        return cls(CauseCode.PROTOCOL_VIOLATION, reason.encode(), reason)
