"""One UDP socket that many peer connections share: a server on one port."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from rtckit.ice.mux import Mux, Unknown
from rtckit.runtime.runtime import Runtime, current_runtime
from rtckit.runtime.udp import DEFAULT_OPTIONS, Batch, Receive, UdpCounters, UdpOptions, UdpSocket
from rtckit.seam import Address, Train

__all__ = ["Attachment", "UdpEndpoint", "UnknownBindingRequest"]

#: Takes local ufrag, remote ufrag, the request and where it came from.
UnknownBindingRequest: TypeAlias = Callable[[str, str, bytes, Address], object]

# The first byte of STUN is 0 to 3 (RFC 7983 §7).
_BEYOND_STUN = 4


class Attachment:
    """One connection's share of an endpoint; it sends as a socket does.

    :ivar local_address: the endpoint's.
    """

    __slots__ = ("_endpoint", "authenticated", "closed", "local_address", "receive")

    def __init__(
        self,
        endpoint: UdpEndpoint,
        receive: Receive,
        authenticated: Callable[[Address], bool],
    ) -> None:
        self._endpoint = endpoint
        self.local_address = endpoint.local_address
        self.receive = receive
        self.authenticated = authenticated
        self.closed = False

    def send(self, train: Train, destination: Address) -> None:
        """Send a train; never blocks. Responses to STUN requests come back to this connection."""
        self._endpoint.send_for(self, train, destination)

    def add_ufrag(self, ufrag: str) -> None:
        """Take the requests for one more local ufrag: an ICE restart.

        :raises ValueError: it is another connection's.
        """
        self._endpoint.mux.register(ufrag, self)

    def remove_ufrag(self, ufrag: str) -> None:
        """Take no more requests for a ufrag, after an ICE restart has succeeded."""
        self._endpoint.mux.unregister_ufrag(ufrag)

    def close(self) -> None:
        """Receive no more. The endpoint goes on. Idempotent."""
        if not self.closed:
            self.closed = True
            self._endpoint.mux.unregister(self)


class UdpEndpoint:
    """A UDP socket whose datagrams go to the connection that they are for.

    Binding requests go by the ufrag in their USERNAME, STUN responses by their transaction, all
    else by addresses that a connection's ICE agent has authenticated. Each connection gets at
    most one batch per wake-up, unless an address is authenticated in the middle of it.

    Made by :meth:`open`. Bind it to the address that is to be the candidate, not to ``0.0.0.0``.

    :ivar on_unknown_binding_request: called for a Binding request to a ufrag that is nobody's,
        before its integrity is checked: the caller may :meth:`attach` and then :meth:`replay`.
    :ivar drops: datagrams for nobody: ``unknown-ufrag``, ``unknown-source``.
    :ivar mux: who gets what.
    """

    __slots__ = ("_runtime", "_socket", "drops", "mux", "on_unknown_binding_request")

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._socket: UdpSocket | None = None
        self.mux: Mux[Attachment] = Mux()
        self.on_unknown_binding_request: UnknownBindingRequest | None = None
        self.drops: Counter[str] = Counter()

    @classmethod
    async def open(
        cls, host: str, port: int = 0, *, options: UdpOptions = DEFAULT_OPTIONS
    ) -> UdpEndpoint:
        """Open the endpoint on a literal local address; port 0 takes a free one.

        :raises ValueError: ``host`` is not a literal address.
        :raises OSError: it cannot be bound.
        """
        runtime = current_runtime()
        endpoint = cls(runtime)
        endpoint._socket = await runtime.open_udp(
            host, port, receive=endpoint._receive, options=options
        )
        return endpoint

    @property
    def socket(self) -> UdpSocket:
        """The socket beneath."""
        assert self._socket is not None, "UdpEndpoint is made by UdpEndpoint.open()"
        return self._socket

    @property
    def local_address(self) -> Address:
        """Where it is bound."""
        return self.socket.local_address

    @property
    def counters(self) -> UdpCounters:
        """What the socket has carried."""
        return self.socket.counters

    def attach(
        self, ufrag: str, receive: Receive, *, authenticated: Callable[[Address], bool]
    ) -> Attachment:
        """Take part: from now on Binding requests for ``ufrag`` go to ``receive``.

        :param authenticated: whether the connection's ICE agent has authenticated an address;
            asked after STUN from there was delivered. What else comes from it is then delivered.
        :raises ValueError: the ufrag is another connection's.
        """
        attachment = Attachment(self, receive, authenticated)
        self.mux.register(ufrag, attachment)
        return attachment

    def replay(self, datagram: bytes, address: Address) -> None:
        """Take a datagram as if it came now: one that was given as unknown, after an attach."""
        self._route([(Train(datagram), address)], self._runtime.now(), None)

    def send(self, train: Train, destination: Address) -> None:
        """Send a train that belongs to no connection; never blocks."""
        self.socket.send(train, destination)

    def send_for(self, attachment: Attachment, train: Train, destination: Address) -> None:
        """See :meth:`Attachment.send`."""
        data = train.data
        if data and data[0] < _BEYOND_STUN and not attachment.closed:
            for datagram in train:
                self.mux.sent(datagram, attachment)
        self.socket.send(train, destination)

    def close(self) -> None:
        """Close the socket. Attachments hear no more. Idempotent."""
        self.socket.close()

    def _receive(self, batch: Batch, now: float) -> None:
        self._route(batch, now, self.on_unknown_binding_request)

    def _route(self, batch: Batch, now: float, unknown: UnknownBindingRequest | None) -> None:
        pending: dict[Attachment, Batch] = {}
        heard: list[tuple[Attachment, Address]] = []
        for train, source in batch:
            # The first byte of each datagram: a train without STUN is all one connection's.
            if min(train.data[:: train.segment]) >= _BEYOND_STUN:
                parts = [train]
            else:
                parts = [Train(datagram) for datagram in train]
            for part in parts:
                owner = self.mux.route(part.data, source)
                if owner is None and heard:
                    # STUN that came just before may authenticate this source.
                    self._deliver(pending, heard, now)
                    owner = self.mux.route(part.data, source)
                if isinstance(owner, Attachment):
                    pending.setdefault(owner, []).append((part, source))
                    if part.data[0] < _BEYOND_STUN:
                        heard.append((owner, source))
                elif owner is None:
                    self.drops["unknown-source"] += len(part)
                elif unknown is None:
                    self.drops["unknown-ufrag"] += 1
                else:
                    self._offer(owner, unknown)
        self._deliver(pending, heard, now)

    def _offer(self, request: Unknown, unknown: UnknownBindingRequest) -> None:
        try:
            unknown(request.local_ufrag, request.remote_ufrag, request.datagram, request.remote)
        except Exception as error:  # noqa: BLE001 - reported
            self._runtime.report("an unknown Binding request's callback failed", error)

    def _deliver(
        self,
        pending: dict[Attachment, Batch],
        heard: list[tuple[Attachment, Address]],
        now: float,
    ) -> None:
        for attachment, batch in pending.items():
            if attachment.closed:
                continue
            try:
                attachment.receive(batch, now)
            except Exception as error:  # noqa: BLE001 - one connection's fault is not the others'
                self._runtime.report("a UDP receive callback failed", error)
        for attachment, source in heard:
            if not attachment.closed and attachment.authenticated(source):
                self.mux.learn(source, attachment)
        pending.clear()
        heard.clear()
