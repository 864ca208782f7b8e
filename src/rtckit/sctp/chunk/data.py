"""DATA (RFC 9260 §3.3.1).

::

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |   Type = 0    |  Res  |I|U|B|E|            Length             |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                              TSN                              |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |      Stream Identifier S      |   Stream Sequence Number n    |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                  Payload Protocol Identifier                  |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                 User Data (seq n of Stream S)                 |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

DATA is the hot path: outbound and inbound pack and unpack its header in place with
:data:`DATA_HEADER`, so there is no object for it.
"""

from __future__ import annotations

import struct
from typing import Final

__all__ = [
    "DATA_HEADER",
    "DATA_HEADER_SIZE",
    "FLAG_BEGIN",
    "FLAG_END",
    "FLAG_IMMEDIATE",
    "FLAG_UNORDERED",
]

#: Type, flags, length, TSN, stream identifier, stream sequence number, payload protocol.
DATA_HEADER: Final = struct.Struct("!BBHIHHI")
DATA_HEADER_SIZE: Final = 16

FLAG_END: Final = 0x01
FLAG_BEGIN: Final = 0x02
FLAG_UNORDERED: Final = 0x04
FLAG_IMMEDIATE: Final = 0x08
