"""What has been agreed on and what is proposed: one immutable record, and what it means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count

from rtckit.errors import InvalidAccessError
from rtckit.jsep.parameters import (
    Application,
    DtlsRole,
    IceCredentials,
    TransportParameters,
    TransportState,
)
from rtckit.jsep.remote import read_sctp, read_transport, section_credentials
from rtckit.jsep.sections import active_application, is_application, section_at
from rtckit.jsep.state import DescriptionType, SignalingState
from rtckit.sdp import SessionDescription

__all__ = ["Held", "Session", "continues_dtls", "read_held", "restarts_dtls", "restarts_ice"]


@dataclass(frozen=True, slots=True)
class Held:
    """A description that is set.

    :ivar type: as what it was set.
    :ivar sdp: the description; nobody changes it in place.
    """

    type: DescriptionType
    sdp: SessionDescription


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that a rollback takes back.

    :ivar tls_id: the name of our DTLS association (RFC 8842 §4).
    :ivar dtls_role: our role in it, once an answer settled it.
    :ivar stable: the session to return to on rollback, ``None`` in the stable state.
    """

    tls_id: str
    state: SignalingState = SignalingState.STABLE
    current_local: Held | None = None
    pending_local: Held | None = None
    current_remote: Held | None = None
    pending_remote: Held | None = None
    dtls_role: DtlsRole | None = None
    stable: Session | None = None

    @property
    def local(self) -> Held | None:
        """The pending local description, or the current one."""
        return self.pending_local or self.current_local

    @property
    def remote(self) -> Held | None:
        """The pending remote description, or the current one."""
        return self.pending_remote or self.current_remote

    def rolled_back(self) -> Session:
        """The session without what is proposed (RFC 9429 §5.7)."""
        return self if self.stable is None else self.stable

    def propose(
        self, state: SignalingState, *, local: Held | None = None, remote: Held | None = None
    ) -> Session:
        """The session with an offer or provisional answer pending."""
        return replace(
            self,
            state=state,
            pending_local=local or self.pending_local,
            pending_remote=remote or self.pending_remote,
            stable=self.stable or self,
        )

    def settle(self) -> Session:
        """The session with what is pending made current: an answer was set."""
        return replace(
            self,
            state=SignalingState.STABLE,
            current_local=self.pending_local,
            current_remote=self.pending_remote,
            pending_local=None,
            pending_remote=None,
            stable=None,
        )

    def application_index(self) -> int | None:
        """The index of the application section that is offered or in use."""
        local = self.local
        remote = self.remote
        if self.state is SignalingState.HAVE_REMOTE_OFFER:
            return None if remote is None else active_application(remote.sdp, None)
        if self.state is SignalingState.HAVE_LOCAL_OFFER:
            return None if local is None else active_application(local.sdp, None)
        if local is None or remote is None:
            return None
        return active_application(local.sdp, remote.sdp)

    def application(self) -> Application:
        """What became of the application section."""
        if self.application_index() is not None:
            offered = (SignalingState.HAVE_LOCAL_OFFER, SignalingState.HAVE_REMOTE_OFFER)
            return "offered" if self.state in offered else "accepted"
        known = (held.sdp for held in (self.local, self.remote) if held is not None)
        if any(is_application(media) for sdp in known for media in sdp.media):
            return "rejected"
        return "none"

    def _goes_on(self, index: int) -> bool:
        """Whether the section at ``index`` of the current descriptions is in use.

        If not, what a pending description has there is new: the section is recycled.
        """
        current = (self.current_local, self.current_remote)
        return all(held is not None and section_at(held.sdp, index) for held in current)

    def local_credentials(self, index: int) -> IceCredentials | None:
        """Our ICE credentials for the section at ``index``."""
        held = self.pending_local or (self.current_local if self._goes_on(index) else None)
        media = section_at(held.sdp, index) if held else None
        if held is None or media is None or not is_application(media):
            return None
        return section_credentials(held.sdp, media)

    def own_credentials(self) -> frozenset[IceCredentials]:
        """Our ICE credentials in every description that is set or may come back."""
        stable = self.stable.current_local if self.stable else None
        return frozenset(
            credentials
            for held in (self.current_local, self.pending_local, stable)
            if held is not None
            for media in held.sdp.media
            if not media.rejected
            and (credentials := section_credentials(held.sdp, media)) is not None
        )

    def unused_mid(self) -> str:
        """The smallest number that is no section's identification tag (RFC 9429 §5.2.1)."""
        used = {
            media.mid
            for held in (
                self.current_local,
                self.pending_local,
                self.current_remote,
                self.pending_remote,
            )
            if held is not None
            for media in held.sdp.media
        }
        return next(mid for mid in map(str, count()) if mid not in used)

    def remote_transport(self, index: int) -> TransportParameters | None:
        """The peer's transport for the section at ``index``."""
        if self.pending_remote is not None:
            return read_held(self.pending_remote, index)
        return self.former_transport(index)

    def former_transport(self, index: int) -> TransportParameters | None:
        """The peer's transport in the current descriptions, pending ones left aside."""
        return read_held(self.current_remote, index) if self._goes_on(index) else None

    def transport(self, local_port: int) -> TransportState | None:
        """The transport as the latest descriptions have it."""
        index = self.application_index()
        if index is None:
            return None
        remote = self.remote_transport(index)
        sctp = None
        if remote is not None and self.remote is not None:
            sctp = read_sctp(self.remote.sdp.media[index], local_port)
        described = (
            self.local if self.state is not SignalingState.HAVE_REMOTE_OFFER else self.remote
        )
        return TransportState(
            mid=described.sdp.media[index].mid if described else None,
            mline_index=index,
            local=self.local_credentials(index),
            remote=remote,
            dtls_role=self.dtls_role,
            sctp=sctp,
        )


def read_held(held: Held | None, index: int) -> TransportParameters | None:
    """The transport of the application section at ``index``, ``None`` without one.

    :raises InvalidAccessError: the description lacks what a transport needs.
    """
    media = section_at(held.sdp, index) if held else None
    if held is None or media is None or not is_application(media):
        return None
    return read_transport(held.sdp, held.type, index)


def restarts_ice(former: TransportParameters | None, now: TransportParameters | None) -> bool:
    """Whether the peer's credentials changed (RFC 8839 §4.4.1.1.1: either of them will do)."""
    if former is None or now is None:
        return False
    return (former.ufrag, former.pwd) != (now.ufrag, now.pwd)


def restarts_dtls(former: TransportParameters | None, now: TransportParameters | None) -> bool:
    """Whether the peer wants a new DTLS association (RFC 8842 §4).

    :raises InvalidAccessError: its ``tls-id`` changed without an ICE restart (RFC 9429 §5.8.3).
    """
    if former is None or now is None:
        return False
    if former.tls_id is not None and now.tls_id is not None and former.tls_id != now.tls_id:
        if not restarts_ice(former, now):
            raise InvalidAccessError("the tls-id changed without an ICE restart")
        return True
    return set(former.fingerprints).isdisjoint(now.fingerprints)


def continues_dtls(former: TransportParameters | None, now: TransportParameters | None) -> bool:
    """Whether the negotiated DTLS association goes on, and with it its roles."""
    return former is not None and not restarts_dtls(former, now)
