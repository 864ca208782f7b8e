"""Where time and sockets live: the one room that touches an event loop.

Everything above is written once against :class:`Runtime` and runs under asyncio or trio, whichever
:func:`current_runtime` finds running. Importing this package imports neither.
"""

from rtckit.runtime.endpoint import Attachment, UdpEndpoint, UnknownBindingRequest
from rtckit.runtime.interfaces import InterfaceAddress, interface_addresses, usable_addresses
from rtckit.runtime.multicast import MulticastSocket
from rtckit.runtime.runtime import Event, Runtime, TaskHandle, TimerHandle, current_runtime
from rtckit.runtime.udp import Batch, Receive, UdpCounters, UdpOptions, UdpSocket

__all__ = [
    "Attachment",
    "Batch",
    "Event",
    "InterfaceAddress",
    "MulticastSocket",
    "Receive",
    "Runtime",
    "TaskHandle",
    "TimerHandle",
    "UdpCounters",
    "UdpEndpoint",
    "UdpOptions",
    "UdpSocket",
    "UnknownBindingRequest",
    "current_runtime",
    "interface_addresses",
    "usable_addresses",
]
