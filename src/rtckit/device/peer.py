"""``Peer``: a WebRTC data-channel peer for scripts without an event loop."""

from __future__ import annotations

import logging
import threading
import time

from rtckit import RTCCertificate, RTCConfiguration
from rtckit.device.background import background
from rtckit.device.callbacks import Callback, Callbacks
from rtckit.device.description import is_candidate
from rtckit.device.engine import Engine, OfferNotReady, Role
from rtckit.device.lifetime import LIFETIME
from rtckit.device.limits import Limits
from rtckit.device.servers import ServerArgument, ice_servers

__all__ = ["Peer", "pre_generate_cert"]

_log = logging.getLogger("rtckit.device")

#: Seconds that a call may take on the loop, beyond what it waits for by itself.
_CALL_TIMEOUT = 10.0

#: A certificate is replaced when it has no more than this left, in milliseconds.
_CERTIFICATE_RENEWAL = 24 * 3600 * 1000

_certificates: list[RTCCertificate] = []
_certificate_lock = threading.Lock()


def pre_generate_cert() -> int:
    """Make the certificate of this process's peers now, so that the first connects sooner.

    :returns: 0.
    """
    _certificate()
    return 0


def _certificate() -> RTCCertificate:
    with _certificate_lock:
        soon = time.time() * 1000 + _CERTIFICATE_RENEWAL
        if not _certificates or _certificates[0].expires < soon:
            _certificates[:] = [RTCCertificate.generate()]
        return _certificates[0]


class Peer:
    """A WebRTC connection with data channels, by callbacks, without an event loop.

    :param role: ``"controlling"`` makes the offers and ignores those of the remote side;
        ``"controlled"`` answers them.
    :param stun_server: ``"stun:host:port"``, or several.
    :param turn_server: ``"turn:user:password@host:port?transport=udp"``, a mapping with
        ``urls``, ``username`` and ``credential``, or several.
    :param limits: bounds of what may accumulate.
    :raises OSError: a server that cannot be used.
    :raises ValueError: no such role.

    Callbacks of all peers come in order on one thread, which is not the caller's. One that raises
    is logged. What comes before its callback is set is kept and told later (states are not).

    A new remote side takes over from the one before: when its offer comes to a connected peer,
    the old connection ends, and a controlling peer makes a new offer (``on_offer`` is called
    again) before :meth:`set_remote_sdp` returns. So does a controlling peer whose connection was
    lost, by itself.

    From :meth:`create_offer` or :meth:`set_remote_sdp` until :meth:`close` or :meth:`disconnect` a
    peer keeps the process alive.
    """

    def __init__(
        self,
        role: str | None = "controlling",
        stun_server: ServerArgument = None,
        turn_server: ServerArgument = None,
        *,
        limits: Limits | None = None,
    ) -> None:
        role = role or "controlling"
        if role not in ("controlling", "controlled"):
            raise ValueError(f"role must be 'controlling' or 'controlled', not {role!r}")
        self._limits = limits or Limits()
        self._servers = ice_servers(stun_server, turn_server)
        self._role: Role = "controlled" if role == "controlled" else "controlling"
        self._background = background()
        self._callbacks = Callbacks(self._background.dispatcher, self._limits)
        pre_generate_cert()
        self._engine = self._background.run(self._make_engine(), _CALL_TIMEOUT)
        self._closing = False
        self._ended = threading.Event()

    async def _make_engine(self) -> Engine:
        return Engine(self._role, self._configuration, self._callbacks, self._limits)

    def _configuration(self) -> RTCConfiguration:
        return RTCConfiguration(iceServers=self._servers, certificates=[_certificate()])

    # Callbacks

    def on_offer(self, callback: Callback | None) -> None:
        """Have ``callback(sdp)`` called when our offer is ready; it has all candidates in it."""
        self._callbacks.set("offer", callback)

    def on_answer(self, callback: Callback | None) -> None:
        """Have ``callback(sdp)`` called when our answer is ready; it has all candidates in it."""
        self._callbacks.set("answer", callback)

    def on_ice(self, callback: Callback | None) -> None:
        """Have ``callback(candidate)`` called for each of our candidates, after the description
        that has it too. A candidate starts with ``candidate:``."""
        self._callbacks.set("ice", callback)

    def on_data(self, callback: Callback | None) -> None:
        """Have ``callback(data)`` called for each message, as ``bytes``; a text as its UTF-8.

        While callbacks lag behind, the remote side is held back.
        """
        self._callbacks.set("data", callback)

    def on_state(self, callback: Callback | None) -> None:
        """Have ``callback(state)`` called with each state, one of the ``STATE_`` numbers."""
        self._callbacks.set("state", callback)

    # Connection

    def create_offer(self) -> None:
        """Begin a connection with our offer.

        Returns when the offer is there and, unless called from a callback, ``on_offer`` and
        ``on_ice`` have been called. A connection that exists ends.

        :raises RuntimeError: the peer is closed ("Peer not initialized"), or the offer failed.
        """
        self._begin()
        try:
            self._background.run(self._engine.offer(), self._limits.gathering + _CALL_TIMEOUT)
        except Exception as error:
            raise RuntimeError("Failed to start connection") from error
        self._flush()

    def start_connection(self) -> None:
        """Begin a connection: :meth:`create_offer` when controlling; when controlled, get ready
        for a remote offer (which :meth:`set_remote_sdp` does by itself, too)."""
        if self._role == "controlling":
            self.create_offer()
            return
        self._begin()
        self._background.run(self._engine.prepare(), _CALL_TIMEOUT)
        self._flush()

    def set_remote_sdp(self, sdp: str, type: str | None = None) -> None:
        """Take the remote side's description.

        An answer completes our offer. An offer is answered through ``on_answer`` if the peer is
        controlled, and ignored if it is controlling and offers itself; see the class for remote
        sides that take over.

        :param type: ``"offer"`` or ``"answer"``; read from the SDP if not given.
        :raises RuntimeError: "Failed to set remote SDP", with the reason as its cause.
        :raises OfferNotReady: (a RuntimeError) our offer was due and did not come in time.
        """
        self._begin()
        if type not in (None, "offer", "answer"):
            raise ValueError(f"type must be 'offer' or 'answer', not {type!r}")
        wait = self._limits.offer_wait + self._limits.gathering + _CALL_TIMEOUT
        try:
            self._background.run(self._engine.accept(str(sdp), type), wait)
        except OfferNotReady:
            raise
        except Exception as error:
            raise RuntimeError("Failed to set remote SDP") from error
        self._flush()

    def add_ice_candidate(self, candidate: str) -> None:
        """Add a candidate of the remote side: ``candidate:...``, with or without ``a=``.

        It may come before the description that it belongs to. The empty string (there are no more)
        is accepted.

        :raises RuntimeError: "Failed to add ICE candidate".
        """
        self._check_initialized()
        text = str(candidate).strip().removeprefix("a=")
        if not text:
            return
        if not is_candidate(text):
            raise RuntimeError("Failed to add ICE candidate") from ValueError(text)
        if text.split()[4] in ("0.0.0.0", "::"):
            return
        try:
            self._background.run(self._engine.add_candidate(text), _CALL_TIMEOUT)
        except Exception as error:
            raise RuntimeError("Failed to add ICE candidate") from error

    def disconnect(self) -> int:
        """End the connection and keep the peer: the next begins with :meth:`create_offer` or a
        remote offer. Returns 0, or -1 if the peer is closed."""
        if self._closing:
            return -1
        self._background.run(self._engine.disconnect(), _CALL_TIMEOUT)
        self._flush()
        LIFETIME.release(self)
        return 0

    def close(self) -> None:
        """Send what waits to be sent (for a second at most), end the connection and free it all.

        Returns at once. ``on_state`` is told ``STATE_CLOSED`` and nothing after it.
        """
        if self._closing:
            return
        self._closing = True
        self._background.start(self._engine.close()).add_done_callback(lambda _: self._release())

    def close_sync(self) -> None:
        """:meth:`close`, and wait until it is done."""
        self.close()
        self._ended.wait(self._limits.close_wait + _CALL_TIMEOUT)
        self._flush()

    # Data

    def send(self, data: bytes | bytearray | memoryview | str) -> None:
        """Send a message: ``str`` as text, anything else as binary, also an empty one.

        Waits while much is waiting to be sent. Which channel it goes out on, and how reliable and
        ordered that one is, is the remote side's choice if it opened one.

        :raises RuntimeError: "Peer not initialized", "Data channel not open yet", or
            "Failed to send data".
        :raises ValueError: "Message too large": more than 65,535 bytes.
        """
        self._check_initialized()
        if isinstance(data, str):
            size = len(data.encode())
            message: bytes | str = data
        elif isinstance(data, bytes | bytearray | memoryview):
            message = bytes(data)
            size = len(message)
        else:
            raise TypeError(f"send takes bytes or str, not {data.__class__.__name__}")
        if not self._engine.outbox.is_open():
            raise RuntimeError("Data channel not open yet")
        if size > self._limits.message_size:
            raise ValueError("Message too large")
        self._engine.outbox.put(message, size)

    def is_connected(self) -> bool:
        """Whether a data channel is open, so that :meth:`send` works."""
        return not self._closing and self._engine.outbox.is_open()

    def process_queue(self) -> int:
        """Wait until the callbacks of all that has happened so far have been called.

        Nothing needs it: callbacks come by themselves.

        :returns: how many were called since it was last asked.
        """
        self._flush()
        return self._callbacks.take_count()

    def __repr__(self) -> str:
        state = "closed" if self._closing else "open" if self.is_connected() else "not connected"
        return f"<Peer {self._role} {state}>"

    def _begin(self) -> None:
        self._check_initialized()
        LIFETIME.hold(self)

    def _check_initialized(self) -> None:
        if self._closing:
            raise RuntimeError("Peer not initialized")

    def _flush(self) -> None:
        self._background.dispatcher.flush(_CALL_TIMEOUT)

    def _release(self) -> None:
        self._ended.set()
        LIFETIME.release(self)
