"""Creating offers and answers, and knowing them again when they are set."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from rtckit.errors import InvalidModificationError
from rtckit.jsep.candidates import LocalCandidates, render, without_candidates
from rtckit.jsep.parameters import IceCredentials, LocalParameters
from rtckit.jsep.roles import answer_setup, offer_setup
from rtckit.jsep.sections import active_application, rejected_section, section_at
from rtckit.jsep.session import Session, continues_dtls, restarts_ice
from rtckit.jsep.state import DescriptionType, SignalingState
from rtckit.jsep.writing import application_section, session_section
from rtckit.sdp import Group, MediaDescription, MediaLine, Origin, SessionDescription
from rtckit.seam import Entropy, ParseError

__all__ = ["Drafts", "random_tls_id"]

_ICE_OPTIONS: Final = ("trickle", "ice2")
_APPLICATION_LINE: Final = MediaLine("application", 9, "UDP/DTLS/SCTP", ("webrtc-datachannel",))


def random_tls_id(entropy: Entropy) -> str:
    """A name for a DTLS association: 120 random bits (RFC 8842 §4)."""
    return base64.urlsafe_b64encode(entropy(15)).decode()


class Drafts:
    """Makes descriptions of a session, and keeps the last offer and the last answer.

    :ivar replaced: our credentials that the next offer must not use again
        (WebRTC 1.0's [[LocalIceCredentialsToReplace]]).
    """

    __slots__ = (
        "_entropy",
        "_first",
        "_fresh",
        "_last",
        "_local",
        "_session_id",
        "_version",
        "replaced",
    )

    def __init__(self, entropy: Entropy, local: LocalParameters) -> None:
        self._entropy = entropy
        self._local = local
        # RFC 9429 §5.2.1: 63 random bits, below 2^63 - 1.
        self._session_id = (int.from_bytes(entropy(8), "big") >> 1) % ((1 << 63) - 1)
        self._version = 0
        self._first = local.credentials
        self._fresh: IceCredentials | None = None
        self._last: dict[DescriptionType, SessionDescription] = {}
        self.replaced: frozenset[IceCredentials] = frozenset()

    def offer(
        self,
        session: Session,
        gathered: dict[str, LocalCandidates],
        *,
        application: bool,
        ice_restart: bool,
    ) -> SessionDescription:
        """An offer (RFC 9429 §5.2).

        :param application: data channels are wanted.
        :param ice_restart: with new ICE credentials.
        """
        base = session.local.sdp if session.local else None
        # In have-local-offer the sections are those of the pending offer, of which the current
        # remote description may know nothing.
        pending = session.state is SignalingState.HAVE_LOCAL_OFFER
        remote = session.current_remote.sdp if session.current_remote and not pending else None
        active = active_application(base, remote) if base else None
        sections: list[MediaDescription] = []
        for index, media in enumerate(base.media if base else ()):
            free = media.rejected or (remote is not None and section_at(remote, index) is None)
            if index == active:
                credentials = session.local_credentials(index)
                if credentials is None or ice_restart or credentials in self.replaced:
                    credentials = self._new_credentials(first=credentials is None)
                sections.append(
                    self._application(media.media_line, media.mid, credentials, session)
                )
            elif free and application and active is None:
                # RFC 9429 §5.2.2: a rejected section is recycled, with a new mid.
                active = index
                sections.append(self._new_application(session))
            else:
                sections.append(rejected_section(media.media_line, media.mid))
        if application and active is None:
            sections.append(self._new_application(session))
        mids = [media.mid for media in sections if media.mid is not None and not media.rejected]
        # RFC 9429 §5.2.1: one BUNDLE group with every section.
        bundles = [Group("BUNDLE", tuple(mids))] if mids else []
        return self._publish(DescriptionType.OFFER, _ICE_OPTIONS, bundles, sections, gathered)

    def answer(self, session: Session, gathered: dict[str, LocalCandidates]) -> SessionDescription:
        """An answer to the pending remote offer (RFC 9429 §5.3)."""
        assert session.pending_remote is not None
        offer = session.pending_remote.sdp
        active = active_application(offer, None)
        sections: list[MediaDescription] = []
        for index, media in enumerate(offer.media):
            if index == active:
                sections.append(self._answer_application(session, index))
            else:
                sections.append(rejected_section(media.media_line, media.mid))
        accepted = [media.mid for media in sections if not media.rejected]
        bundles = []
        for group in offer.bundles:
            # RFC 9143 §7.3: the offered group without the sections that are rejected.
            mids = tuple(mid for mid in group.mids if mid in accepted)
            if mids:
                bundles.append(Group("BUNDLE", mids))
        # RFC 9429 §5.3.1: an option only if the offer has it.
        offered = set(offer.ice_options).union(*(media.ice_options for media in offer.media))
        options = [option for option in _ICE_OPTIONS if option in offered]
        return self._publish(DescriptionType.ANSWER, options, bundles, sections, gathered)

    def recall(self, kind: DescriptionType, text: str) -> SessionDescription:
        """The last description created as ``kind``, which ``text`` must repeat.

        Candidates may have been added to it or taken away: RFC 9429 §5.4 and the browsers let
        an application do that, and it changes nothing here.

        :raises InvalidModificationError: it does not.
        """
        last = self._last.get(_created_as(kind))
        try:
            same = last is not None and without_candidates(
                SessionDescription.parse(text)
            ) == without_candidates(last)
        except ParseError:
            same = False
        if last is None or not same:
            raise InvalidModificationError(
                f"the {kind} is not the last that was created, and may not be modified"
            )
        return last

    def last(self, kind: DescriptionType) -> SessionDescription:
        """The last description created as ``kind``, which there is."""
        return self._last[_created_as(kind)]

    def forget(self) -> None:
        """Forget what was created: an answer made it obsolete."""
        self._last.clear()

    def use(self, credentials: IceCredentials | None) -> None:
        """Note that a description with ``credentials`` was set: the next new ones are others."""
        if credentials == self._fresh:
            self._fresh = None

    def end_transport(self) -> None:
        """The transport negotiated is gone: another one has other credentials."""
        self._first = None

    def _new_credentials(self, *, first: bool) -> IceCredentials:
        if first and self._first is not None:
            return self._first
        if self._fresh is None:
            # RFC 8445 §5.3: at least 24 random bits, and at least 128.
            ufrag = base64.b64encode(self._entropy(6)).decode()
            self._fresh = IceCredentials(ufrag, base64.b64encode(self._entropy(18)).decode())
        return self._fresh

    def _application(
        self, line: MediaLine, mid: str | None, credentials: IceCredentials, session: Session
    ) -> MediaDescription:
        setup = offer_setup(self._local.dtls_role)
        return application_section(line, mid, credentials, setup, session.tls_id, self._local)

    def _new_application(self, session: Session) -> MediaDescription:
        credentials = self._new_credentials(first=True)
        return self._application(_APPLICATION_LINE, session.unused_mid(), credentials, session)

    def _answer_application(self, session: Session, index: int) -> MediaDescription:
        assert session.pending_remote is not None
        remote = session.remote_transport(index)
        assert remote is not None
        former = session.former_transport(index)
        credentials = session.local_credentials(index)
        restart = session.pending_local is None and restarts_ice(former, remote)
        if credentials is None or restart:
            # RFC 9429 §5.3.2: new credentials if and only if the offer restarts ICE.
            credentials = self._new_credentials(first=credentials is None)
        existing = session.dtls_role if continues_dtls(former, remote) else None
        media = session.pending_remote.sdp.media[index]
        return application_section(
            media.media_line,
            media.mid,
            credentials,
            answer_setup(remote.setup, self._local.dtls_role, existing),
            session.tls_id if remote.tls_id is not None else None,
            self._local,
        )

    def _publish(
        self,
        kind: DescriptionType,
        ice_options: Sequence[str],
        bundles: list[Group],
        sections: list[MediaDescription],
        gathered: dict[str, LocalCandidates],
    ) -> SessionDescription:
        last = self._last.get(kind)
        origin = last.origin if last else Origin("-", self._session_id, self._version + 1)
        description = session_section(
            origin, ice_options=ice_options, ice_lite=self._local.ice_lite, bundles=bundles
        )
        description.media = sections
        # RFC 9429 §5.2.2, §5.3.2: the version grows if anything else differs; candidates do not
        # count, so that an offer in hand stays settable while they are gathered.
        if last is not None and without_candidates(last) != without_candidates(description):
            origin = Origin("-", self._session_id, self._version + 1)
            description.origin = origin
        self._version = max(self._version, origin.session_version)
        self._last[kind] = description
        return render(description, gathered)


def _created_as(kind: DescriptionType) -> DescriptionType:
    return DescriptionType.OFFER if kind is DescriptionType.OFFER else DescriptionType.ANSWER
