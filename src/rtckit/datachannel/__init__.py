"""Data channels over SCTP streams: RFC 8831 and the establishment protocol of RFC 8832.

Plain messages go in and come out, as (stream, payload protocol identifier, data); which SCTP
association carries them is not this room's business.
"""

from __future__ import annotations

from .channel import PRIORITIES, Channel, ChannelState
from .dcep import ChannelType, DataChannelAck, DataChannelOpen, parse_dcep
from .payload import Ppid, decode_payload, encode_payload
from .table import ChannelTable, TableError

__all__ = [
    "PRIORITIES",
    "Channel",
    "ChannelState",
    "ChannelTable",
    "ChannelType",
    "DataChannelAck",
    "DataChannelOpen",
    "Ppid",
    "TableError",
    "decode_payload",
    "encode_payload",
    "parse_dcep",
]
