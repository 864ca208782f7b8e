"""The exceptions of the W3C objects, with the W3C's names (WebRTC 1.0, Web IDL §2.8.1).

A caller's mistake raises one of these at once; ``TypeError`` and ``ValueError`` are Python's own,
where the Recommendation says ``TypeError`` or ``RangeError``.
"""

from __future__ import annotations

__all__ = [
    "DOMException",
    "DataError",
    "InvalidAccessError",
    "InvalidModificationError",
    "InvalidStateError",
    "NetworkError",
    "NotAllowedError",
    "NotFoundError",
    "NotReadableError",
    "NotSupportedError",
    "OperationError",
    "RTCError",
    "SDPSyntaxError",
    "SyntaxDOMException",
]


class DOMException(Exception):
    """Base of the named errors: ``name`` is the W3C's, ``message`` says what and where."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message

    @property
    def name(self) -> str:
        """The W3C's name of the error, e.g. ``"InvalidStateError"``."""
        return type(self).__name__


class InvalidStateError(DOMException):
    """The object is in a state in which the call makes no sense."""


class InvalidAccessError(DOMException):
    """The parameter or operation is not supported by the object."""


class InvalidModificationError(DOMException):
    """The object cannot be modified in this way."""


class NotAllowedError(DOMException):
    """The request is not allowed."""


class NotFoundError(DOMException):
    """The object cannot be found."""


class NotReadableError(DOMException):
    """The source could not be read."""


class NotSupportedError(DOMException):
    """The operation is not supported."""


class NetworkError(DOMException):
    """A network error occurred."""


class OperationError(DOMException):
    """The operation failed for an operation-specific reason."""


class DataError(DOMException):
    """Provided data is inadequate."""


class SyntaxDOMException(DOMException, ValueError):
    """The text does not match the grammar; the W3C's ``SyntaxError``. Also a ``ValueError``."""

    @property
    def name(self) -> str:
        return "SyntaxError"


class RTCError(OperationError):
    """An ``OperationError`` with the details of WebRTC 1.0 §11.

    :ivar errorDetail: one of ``data-channel-failure``, ``dtls-failure``,
        ``fingerprint-failure``, ``sctp-failure``, ``sdp-syntax-error`` ...
    :ivar sdpLineNumber: the line of the SDP at fault, from 1, or ``None``.
    :ivar sctpCauseCode: the SCTP cause code of the peer's ABORT, or ``None``.
    :ivar receivedAlert: the DTLS alert that the peer sent, or ``None``.
    :ivar sentAlert: the DTLS alert that was sent, or ``None``.
    """

    def __init__(
        self,
        message: str = "",
        *,
        errorDetail: str,
        sdpLineNumber: int | None = None,
        sctpCauseCode: int | None = None,
        receivedAlert: int | None = None,
        sentAlert: int | None = None,
    ) -> None:
        super().__init__(message)
        self.errorDetail = errorDetail
        self.sdpLineNumber = sdpLineNumber
        self.sctpCauseCode = sctpCauseCode
        self.receivedAlert = receivedAlert
        self.sentAlert = sentAlert

    @property
    def name(self) -> str:
        return "OperationError"


class SDPSyntaxError(RTCError, ValueError):
    """The SDP does not follow the grammar; ``sdpLineNumber`` says where. Also a ``ValueError``."""

    def __init__(self, message: str, sdpLineNumber: int | None = None) -> None:
        super().__init__(message, errorDetail="sdp-syntax-error", sdpLineNumber=sdpLineNumber)
