"""Offer and answer: the machine behind ``RTCPeerConnection``'s descriptions (RFC 9429)."""

from __future__ import annotations

from dataclasses import replace

from rtckit.errors import InvalidAccessError, InvalidStateError, SDPSyntaxError
from rtckit.jsep.candidates import LocalCandidates, candidate_text, render
from rtckit.jsep.drafts import Drafts, random_tls_id
from rtckit.jsep.parameters import (
    Applied,
    CandidatePlace,
    Description,
    DtlsRole,
    IceCredentials,
    LocalParameters,
    RemoteCandidate,
    TransportState,
)
from rtckit.jsep.remote import offers_trickle
from rtckit.jsep.roles import answer_setup, offerer_role, opposite
from rtckit.jsep.sections import check_answer, check_offer
from rtckit.jsep.session import Held, Session, continues_dtls, restarts_dtls
from rtckit.jsep.state import (
    IMPLICIT_ROLLBACK,
    TRANSITIONS,
    DescriptionType,
    Side,
    SignalingState,
)
from rtckit.jsep.trickle import locate, record
from rtckit.sdp import DEFAULT_LIMITS, Limits, SessionDescription
from rtckit.seam import Entropy, ParseError

__all__ = ["Negotiation"]

_ANSWERS = frozenset({DescriptionType.ANSWER, DescriptionType.PRANSWER})


class Negotiation:
    """One peer connection's offers and answers.

    No bytes and no time pass through it: descriptions go in and out as text, and every call
    that sets one says in an :class:`Applied` what changed. A call that raises changes nothing.

    :param entropy: gives random bytes.
    :param local: what our descriptions say about us.
    :param limits: what a remote description may hold.
    """

    __slots__ = (
        "_drafts",
        "_entropy",
        "_gathered",
        "_limits",
        "_local",
        "_session",
        "_wants_application",
    )

    def __init__(
        self, *, entropy: Entropy, local: LocalParameters, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self._entropy = entropy
        self._local = local
        self._limits = limits
        self._drafts = Drafts(entropy, local)
        self._session = Session(tls_id=random_tls_id(entropy))
        self._gathered: dict[str, LocalCandidates] = {}
        self._wants_application = False

    # What is the case.

    @property
    def signaling_state(self) -> SignalingState:
        """The signaling state."""
        return self._session.state

    @property
    def transport(self) -> TransportState | None:
        """The transport as the latest descriptions have it, ``None`` without one."""
        return self._session.transport(self._local.sctp_port)

    @property
    def local_description(self) -> Description | None:
        """The pending local description, or the current one, with our candidates so far."""
        return self._describe_local(self._session.local)

    @property
    def current_local_description(self) -> Description | None:
        """The local description last negotiated, with our candidates so far."""
        return self._describe_local(self._session.current_local)

    @property
    def pending_local_description(self) -> Description | None:
        """The local description being negotiated, with our candidates so far."""
        return self._describe_local(self._session.pending_local)

    @property
    def remote_description(self) -> Description | None:
        """The pending remote description, or the current one, with the candidates added."""
        return _describe(self._session.remote)

    @property
    def current_remote_description(self) -> Description | None:
        """The remote description last negotiated, with the candidates added."""
        return _describe(self._session.current_remote)

    @property
    def pending_remote_description(self) -> Description | None:
        """The remote description being negotiated, with the candidates added."""
        return _describe(self._session.pending_remote)

    @property
    def can_trickle_ice_candidates(self) -> bool | None:
        """Whether the peer takes candidates later; ``None`` before its first description."""
        remote = self._session.remote
        return None if remote is None else offers_trickle(remote.sdp)

    @property
    def negotiation_needed(self) -> bool:
        """Whether the descriptions lag behind what is wanted (WebRTC 1.0 §4.7.3).

        Outside the stable state it is ``False``: there the question comes up again by itself.
        """
        session = self._session
        if session.state is not SignalingState.STABLE:
            return False
        if self._drafts.replaced:
            return True
        return self._wants_application and session.application_index() is None

    # What is wanted.

    def request_application(self) -> None:
        """Have the next offer carry a section for data channels: the first one was created.

        :raises InvalidStateError: the negotiation is closed.
        """
        self._check_open()
        self._wants_application = True

    def restart_ice(self) -> None:
        """Have the next offer restart ICE (WebRTC 1.0 §4.4.2, ``restartIce``).

        The wish outlives rollbacks, and is fulfilled when our new credentials are negotiated.
        """
        if self._session.state is SignalingState.CLOSED:
            return
        self._drafts.replaced = self._session.own_credentials()

    def close(self) -> None:
        """Close: every later call but this one raises ``InvalidStateError``."""
        self._session = replace(self._session, state=SignalingState.CLOSED, stable=None)

    # Descriptions.

    def create_offer(self, *, ice_restart: bool = False) -> Description:
        """An offer (RFC 9429 §5.2). It changes nothing until it is set.

        :param ice_restart: with new ICE credentials.
        :raises InvalidStateError: in a state other than stable or have-local-offer.
        """
        session = self._session
        if session.state not in (SignalingState.STABLE, SignalingState.HAVE_LOCAL_OFFER):
            raise InvalidStateError(f"no offer can be created in the state {session.state}")
        offer = self._drafts.offer(
            session,
            self._gathered,
            application=self._wants_application,
            ice_restart=ice_restart,
        )
        return Description(DescriptionType.OFFER, str(offer))

    def create_answer(self) -> Description:
        """An answer to the remote offer (RFC 9429 §5.3). It changes nothing until it is set.

        :raises InvalidStateError: in a state other than have-remote-offer or
            have-local-pranswer.
        """
        session = self._session
        if session.state not in (
            SignalingState.HAVE_REMOTE_OFFER,
            SignalingState.HAVE_LOCAL_PRANSWER,
        ):
            raise InvalidStateError(f"no answer can be created in the state {session.state}")
        answer = self._drafts.answer(session, self._gathered)
        return Description(DescriptionType.ANSWER, str(answer))

    def set_local(self, description: Description | None = None) -> Applied:
        """Set a local description (RFC 9429 §5.5).

        :param description: ``None``, or one without text, sets what there is to set: the last
            offer or answer created, made anew if need be.
        :raises InvalidStateError: its type does not fit the signaling state.
        :raises InvalidModificationError: its text is not what was last created.
        :raises TypeError: its type is none of the four.
        """
        self._check_open()
        state = self._session.state
        if description is None:
            # WebRTC 1.0 §4.4.2, setLocalDescription step 4.
            offers = (
                SignalingState.STABLE,
                SignalingState.HAVE_LOCAL_OFFER,
                SignalingState.HAVE_REMOTE_PRANSWER,
            )
            description = Description("offer" if state in offers else "answer")
        kind = _type_of(description)
        if kind is DescriptionType.ROLLBACK:
            return self._roll_back(Side.LOCAL)
        if description.sdp:
            sdp = self._drafts.recall(kind, description.sdp)
            after = self._next_state(Side.LOCAL, kind)
        else:
            after = self._next_state(Side.LOCAL, kind)
            if kind is DescriptionType.OFFER:
                self.create_offer()
            else:
                self.create_answer()
            sdp = self._drafts.last(kind)
        if kind is DescriptionType.OFFER:
            check_offer(
                sdp,
                _sdp(self._session.current_local),
                _sdp(self._session.current_remote),
            )
        proposed = self._session.propose(after, local=Held(kind, sdp))
        if kind in _ANSWERS:
            proposed = self._agree(proposed, Side.LOCAL)
        return self._commit(Side.LOCAL, kind, proposed)

    def set_remote(self, description: Description) -> Applied:
        """Set a remote description (RFC 9429 §5.6).

        A remote offer in have-local-offer rolls our offer back first: the polite half of perfect
        negotiation. Where that is not wanted, do not call.

        :raises InvalidStateError: its type does not fit the signaling state.
        :raises SDPSyntaxError: its text is malformed; ``sdpLineNumber`` says where.
        :raises InvalidAccessError: its content is not acceptable.
        :raises TypeError: its type is none of the four.
        """
        self._check_open()
        kind = _type_of(description)
        if kind is DescriptionType.ROLLBACK:
            return self._roll_back(Side.REMOTE)
        session = self._session
        rolls_back = kind is DescriptionType.OFFER and session.state in IMPLICIT_ROLLBACK
        if rolls_back:
            session = session.rolled_back()
        after = self._next_state(Side.REMOTE, kind, session.state)
        if kind is DescriptionType.OFFER:
            # An offer in have-remote-offer takes the place of the former, and builds on what
            # is stable.
            session = session.rolled_back()
        try:
            sdp = SessionDescription.parse(description.sdp, self._limits)
        except ParseError as error:
            raise SDPSyntaxError(
                f"line {error.offset}: {error.reason}", error.offset or None
            ) from None
        if kind is DescriptionType.OFFER:
            check_offer(sdp, _sdp(session.current_local), _sdp(session.current_remote))
        else:
            assert session.pending_local is not None
            check_answer(sdp, session.pending_local.sdp)
        proposed = session.propose(after, remote=Held(kind, sdp))
        if kind is DescriptionType.OFFER:
            proposed = self._weigh_offer(proposed)
        else:
            proposed = self._agree(proposed, Side.REMOTE)
        return self._commit(Side.REMOTE, kind, proposed, rolled_back=rolls_back)

    # Candidates.

    def add_local_candidate(
        self, candidate: str, ufrag: str | None = None
    ) -> CandidatePlace | None:
        """Add a gathered candidate to the local descriptions.

        :param candidate: as text, with or without ``candidate:``.
        :param ufrag: the user name fragment that it was gathered for, ``None`` for the latest.
        :returns: where it stands; ``None`` when no description has that fragment (any more).
        :raises ParseError: it is malformed.
        """
        text = candidate_text(candidate)
        place = self._place(ufrag)
        if place is not None:
            local = self._gathered.setdefault(place.ufrag, LocalCandidates())
            if text not in local.candidates:
                local.candidates.append(text)
        return place

    def end_of_local_candidates(self, ufrag: str | None = None) -> CandidatePlace | None:
        """Note that no others will be gathered; ``ufrag`` and result as in the above."""
        place = self._place(ufrag)
        if place is not None:
            self._gathered.setdefault(place.ufrag, LocalCandidates()).complete = True
        return place

    def add_remote_candidate(
        self,
        candidate: str,
        mid: str | None = None,
        mline_index: int | None = None,
        ufrag: str | None = None,
    ) -> RemoteCandidate | None:
        """Add a candidate of the peer to the remote descriptions (WebRTC 1.0, addIceCandidate).

        :param candidate: as text, with or without ``candidate:``; ``""``: no others will come.
        :param mid: the identification tag of its section.
        :param mline_index: the index of its section, used without ``mid``.
        :param ufrag: the user name fragment of its generation.
        :returns: where it belongs; ``None`` when there is no section that it could belong to.
        :raises TypeError: a candidate with neither ``mid`` nor ``mline_index``.
        :raises InvalidStateError: there is no remote description, or it is closed.
        :raises OperationError: it is malformed, its section or generation is not there, or the
            section has too many.
        """
        self._check_open()
        if candidate and mid is None and mline_index is None:
            raise TypeError("a candidate needs sdpMid or sdpMLineIndex")
        located = locate(self._session, candidate, mid, mline_index, ufrag)
        if located is not None:
            everywhere = not candidate and mid is None and mline_index is None
            self._session = record(self._session, located, everywhere=everywhere)
        return located

    # The parts.

    def _check_open(self) -> None:
        if self._session.state is SignalingState.CLOSED:
            raise InvalidStateError("the peer connection is closed")

    def _next_state(
        self, side: Side, kind: DescriptionType, state: SignalingState | None = None
    ) -> SignalingState:
        state = state or self._session.state
        after = TRANSITIONS.get((state, side, kind))
        if after is None:
            raise InvalidStateError(f"no {side} {kind} can be set in the state {state}")
        return after

    def _roll_back(self, side: Side) -> Applied:
        self._next_state(side, DescriptionType.ROLLBACK)
        return self._commit(
            side, DescriptionType.ROLLBACK, self._session.rolled_back(), rolled_back=True
        )

    def _weigh_offer(self, proposed: Session) -> Session:
        """Check that the pending remote offer can be answered."""
        index = proposed.application_index()
        if index is None:
            return proposed
        remote = proposed.remote_transport(index)
        assert remote is not None
        former = proposed.former_transport(index)
        existing = proposed.dtls_role if continues_dtls(former, remote) else None
        answer_setup(remote.setup, self._local.dtls_role, existing)
        if restarts_dtls(former, remote):
            # RFC 9429 §5.3.2: a new association has a new name.
            return replace(proposed, tls_id=random_tls_id(self._entropy))
        return proposed

    def _agree(self, proposed: Session, side: Side) -> Session:
        """Settle what an answer of ``side`` settles; a final one makes the session stable."""
        index = proposed.application_index()
        role = None if index is None else self._settle_role(proposed, side, index)
        proposed = replace(proposed, dtls_role=role)
        answer = proposed.local if side is Side.LOCAL else proposed.remote
        assert answer is not None
        return proposed.settle() if answer.type is DescriptionType.ANSWER else proposed

    def _settle_role(self, proposed: Session, side: Side, index: int) -> DtlsRole:
        remote = proposed.remote_transport(index)
        local = proposed.local.sdp.media[index].setup if proposed.local else None
        assert remote is not None
        assert local is not None
        if side is Side.LOCAL:
            former = proposed.former_transport(index)
            role = opposite(offerer_role(remote.setup, local))
        else:
            # A provisional answer has settled the role already.
            former = self._session.remote_transport(index)
            role = offerer_role(local, remote.setup)
        existing = proposed.dtls_role if continues_dtls(former, remote) else None
        if existing is None:
            return role
        if side is Side.LOCAL and existing != role:
            # RFC 9429 §5.8.3: consistent with the association that is being continued.
            raise InvalidAccessError(
                f"we are the DTLS {existing}, and a=setup:{local} would make us the {role}"
            )
        # Pion and Firefox answer "active" to every offer, and yet go on as they are.
        return existing

    def _commit(
        self, side: Side, kind: DescriptionType, after: Session, *, rolled_back: bool = False
    ) -> Applied:
        before = self._session
        former = before.transport(self._local.sctp_port)
        transport = after.transport(self._local.sctp_port)
        dtls_restart = False
        if transport is not None and kind is not DescriptionType.ROLLBACK:
            settled = before.rolled_back().former_transport(transport.mline_index)
            dtls_restart = restarts_dtls(settled, transport.remote)
        applied = Applied(
            side=side,
            type=kind,
            before=before.state,
            after=after.state,
            rolled_back=rolled_back,
            application=after.application(),
            transport=transport,
            local_changed=_local(transport) not in (None, _local(former)),
            remote_changed=_remote(transport) not in (None, _remote(former)),
            dtls_restart=dtls_restart,
        )
        # Nothing fails from here on.
        if kind is DescriptionType.ANSWER:
            self._drafts.forget()
            if side is Side.REMOTE and former is not None and transport is None:
                self._wants_application = False
            if transport is None and before.rolled_back().application_index() is not None:
                self._drafts.end_transport()
        self._session = after
        self._settle_credentials(transport)
        return applied

    def _settle_credentials(self, transport: TransportState | None) -> None:
        session = self._session
        drafts = self._drafts
        local = transport.local if transport else None
        drafts.use(local)
        # WebRTC 1.0 §4.4.1.5: a restart is done when none of the replaced ones is negotiated.
        settled = session.state is SignalingState.STABLE and local not in drafts.replaced
        if settled and session.current_local is not None:
            drafts.replaced = frozenset()
        kept = {credentials.ufrag for credentials in session.own_credentials()}
        self._gathered = {ufrag: local for ufrag, local in self._gathered.items() if ufrag in kept}

    def _place(self, ufrag: str | None) -> CandidatePlace | None:
        session = self._session
        for held in (session.pending_local, session.current_local):
            for index, media in enumerate(held.sdp.media if held else ()):
                found = media.ice_ufrag
                if found is not None and not media.rejected and ufrag in (None, found):
                    return CandidatePlace(media.mid, index, found)
        return None

    def _describe_local(self, held: Held | None) -> Description | None:
        if held is None:
            return None
        return Description(held.type, str(render(held.sdp, self._gathered)))


def _type_of(description: Description) -> DescriptionType:
    try:
        return DescriptionType(description.type)
    except ValueError:
        raise TypeError(f"not a type of description: {description.type!r}") from None


def _sdp(held: Held | None) -> SessionDescription | None:
    return None if held is None else held.sdp


def _describe(held: Held | None) -> Description | None:
    return None if held is None else Description(held.type, str(held.sdp))


def _local(transport: TransportState | None) -> IceCredentials | None:
    return None if transport is None else transport.local


def _remote(transport: TransportState | None) -> IceCredentials | None:
    if transport is None or transport.remote is None:
        return None
    return IceCredentials(transport.remote.ufrag, transport.remote.pwd)
