"""createOffer, createAnswer, setLocalDescription, setRemoteDescription (WebRTC 1.0 §4.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.api.meeting import Witness, connected, loopback, negotiate, opened, two

from rtckit import (
    InvalidAccessError,
    InvalidModificationError,
    InvalidStateError,
    RTCError,
    RTCPeerConnection,
    RTCSessionDescription,
)
from rtckit.errors import SDPSyntaxError

pytestmark = pytest.mark.anyio


async def offer_of(pc: RTCPeerConnection) -> RTCSessionDescription:
    """An offer with a data channel."""
    pc.createDataChannel("")
    return await pc.createOffer()


def states(pc: RTCPeerConnection) -> list[str]:
    """The signaling states that events tell, as they come."""
    told: list[str] = []
    pc.on("signalingstatechange", lambda: told.append(pc.signalingState))
    return told


class TestRTCSessionDescription:
    async def test_type_is_required_and_one_of_four(self) -> None:
        for kind in ("offer", "answer", "pranswer", "rollback"):
            assert RTCSessionDescription(type=kind).sdp == ""
            assert RTCSessionDescription("sdp", kind).toJSON() == {"type": kind, "sdp": "sdp"}
        for wrong in ("", "invalid", None, 1):
            with pytest.raises(TypeError):
                RTCSessionDescription("", wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            RTCSessionDescription(None, "offer")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            RTCSessionDescription("sdp")

    async def test_what_is_none_is_a_type_error(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            wrong: list[Any] = [
                None,
                1,
                "offer",
                {},
                {"sdp": ""},
                {"type": "bogus"},
                {"type": "offer", "sdp": 5},
            ]
            for given in wrong:
                with pytest.raises(TypeError):
                    await pc.setRemoteDescription(given)
            for given in wrong[1:3] + wrong[5:]:
                with pytest.raises(TypeError):
                    await pc.setLocalDescription(given)


class TestCreating:
    async def test_an_offer_changes_nothing(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            told = states(pc)
            offer = await offer_of(pc)
            assert offer.type == "offer"
            assert offer.sdp.startswith("v=0\r\n")
            assert "m=application 9 UDP/DTLS/SCTP webrtc-datachannel" in offer.sdp
            assert pc.signalingState == "stable"
            assert pc.localDescription is None
            assert told == []

    async def test_an_offer_of_nothing(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            offer = await pc.createOffer()
            assert "m=" not in offer.sdp
            await pc.setLocalDescription(offer)
            assert pc.signalingState == "have-local-offer"

    async def test_offers_in_which_states(self) -> None:
        async with two() as (a, b):
            await a.setLocalDescription(await offer_of(a))
            assert (await a.createOffer()).type == "offer"
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            with pytest.raises(InvalidStateError):
                await b.createOffer()
            answer = await b.createAnswer()
            pranswer = RTCSessionDescription(answer.sdp, "pranswer")
            await b.setLocalDescription(pranswer)
            with pytest.raises(InvalidStateError):
                await b.createOffer()
            await a.setRemoteDescription(pranswer)
            with pytest.raises(InvalidStateError):
                await a.createOffer()

    async def test_answers_in_which_states(self) -> None:
        async with two() as (a, b):
            with pytest.raises(InvalidStateError):
                await a.createAnswer()
            await a.setLocalDescription(await offer_of(a))
            with pytest.raises(InvalidStateError):
                await a.createAnswer()
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            answer = await b.createAnswer()
            assert answer.type == "answer"
            await b.setLocalDescription(RTCSessionDescription(answer.sdp, "pranswer"))
            assert (await b.createAnswer()).type == "answer"
            await b.setLocalDescription()
            with pytest.raises(InvalidStateError):
                await b.createAnswer()

    async def test_not_once_closed(self) -> None:
        pc = RTCPeerConnection(loopback())
        await pc.close()
        calls: list[Callable[[], Any]] = [
            pc.createOffer,
            pc.createAnswer,
            pc.setLocalDescription,
            lambda: pc.setRemoteDescription({"type": "rollback"}),
            pc.addIceCandidate,
        ]
        for call in calls:
            with pytest.raises(InvalidStateError):
                await call()


class TestSetting:
    async def test_a_whole_negotiation(self) -> None:
        async with two() as (a, b):
            a_told, b_told = states(a), states(b)
            offer = await offer_of(a)
            await a.setLocalDescription(offer)
            assert a.signalingState == "have-local-offer"
            assert a.localDescription == a.pendingLocalDescription
            assert a.currentLocalDescription is None
            assert a.localDescription is not None
            assert a.localDescription.type == "offer"

            await b.setRemoteDescription(a.localDescription)
            assert b.signalingState == "have-remote-offer"
            assert b.remoteDescription == b.pendingRemoteDescription
            assert b.currentRemoteDescription is None

            await b.setLocalDescription(await b.createAnswer())
            assert b.signalingState == "stable"
            assert b.localDescription == b.currentLocalDescription
            assert b.remoteDescription == b.currentRemoteDescription
            assert b.pendingLocalDescription is b.pendingRemoteDescription is None
            assert b.remoteDescription is not None
            assert b.remoteDescription.type == "offer"

            assert b.localDescription is not None
            await a.setRemoteDescription(b.localDescription)
            assert a.signalingState == "stable"
            assert a.pendingLocalDescription is a.pendingRemoteDescription is None
            assert a.currentLocalDescription is not None
            assert a.currentLocalDescription.type == "offer"
            assert a.currentRemoteDescription is not None
            assert a.currentRemoteDescription.type == "answer"
            assert a_told == ["have-local-offer", "stable"]
            assert b_told == ["have-remote-offer", "stable"]

    async def test_provisional_answers(self) -> None:
        async with two() as (a, b):
            a_told, b_told = states(a), states(b)
            channel = a.createDataChannel("")
            await a.setLocalDescription()
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            for _ in range(2):
                answer = await b.createAnswer()
                await b.setLocalDescription(RTCSessionDescription(answer.sdp, "pranswer"))
                assert b.signalingState == "have-local-pranswer"
                assert b.pendingLocalDescription is not None
                assert b.pendingLocalDescription.type == "pranswer"
                assert b.currentLocalDescription is None
                await a.setRemoteDescription(b.localDescription)  # type: ignore[arg-type]
                assert a.signalingState == "have-remote-pranswer"
                assert a.remoteDescription == a.pendingRemoteDescription
            # A provisional answer is enough to connect.
            await opened(channel)
            for pc in (a, b):
                for rollback in (pc.setLocalDescription, pc.setRemoteDescription):
                    with pytest.raises(InvalidStateError):
                        await rollback({"type": "rollback"})
            await b.setLocalDescription(await b.createAnswer())
            await a.setRemoteDescription(b.localDescription)  # type: ignore[arg-type]
            assert a.signalingState == b.signalingState == "stable"
            assert a_told == ["have-local-offer", "have-remote-pranswer", "stable"]
            assert b_told == ["have-remote-offer", "have-local-pranswer", "stable"]
            channel.send("still there")

    async def test_the_last_created_is_what_may_be_set(self) -> None:
        async with two() as (a, b):
            first = await a.createOffer()
            modified = RTCSessionDescription(first.sdp + "a=x-other\r\n", "offer")
            with pytest.raises(InvalidModificationError):
                await a.setLocalDescription(modified)
            other = await offer_of(b)
            with pytest.raises(InvalidModificationError):
                await a.setLocalDescription(other)
            second = await offer_of(a)
            assert second.sdp != first.sdp
            with pytest.raises(InvalidModificationError):
                await a.setLocalDescription(first)
            await a.setLocalDescription(second)
            await b.setRemoteDescription(second)
            answer = await b.createAnswer()
            with pytest.raises(InvalidModificationError):
                await b.setLocalDescription(
                    RTCSessionDescription(answer.sdp.replace("a=mid:0", "a=mid:1"), "answer")
                )
            with pytest.raises(InvalidModificationError):
                await b.setLocalDescription(
                    RTCSessionDescription(answer.sdp.replace("a=mid:0", "a=mid:1"), "pranswer")
                )
            assert b.signalingState == "have-remote-offer"
            await b.setLocalDescription(answer)

    async def test_modification_comes_before_the_wrong_state(self) -> None:
        async with two() as (a, b):
            # Nothing was created, so that anything has been modified.
            with pytest.raises(InvalidModificationError):
                await a.setLocalDescription(RTCSessionDescription("nonsense", "answer"))
            with pytest.raises(InvalidModificationError):
                await a.setLocalDescription(RTCSessionDescription("nonsense", "offer"))
            offer = await offer_of(a)
            await a.setRemoteDescription(await offer_of(b))
            with pytest.raises(InvalidStateError):
                await a.setLocalDescription(offer)

    async def test_a_local_answer_in_the_wrong_state(self) -> None:
        async with two() as (a, b):
            for kind in ("answer", "pranswer"):
                with pytest.raises(InvalidStateError):
                    await a.setLocalDescription({"type": kind})
            await a.setLocalDescription(await offer_of(a))
            for kind in ("answer", "pranswer"):
                with pytest.raises(InvalidStateError):
                    await a.setLocalDescription({"type": kind})
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            with pytest.raises(InvalidStateError):
                await b.setLocalDescription({"type": "offer"})

    async def test_a_remote_answer_in_the_wrong_state(self) -> None:
        async with two() as (a, b):
            offer = await offer_of(a)
            await b.setRemoteDescription(offer)
            answer = await b.createAnswer()
            for kind in ("answer", "pranswer"):
                description = RTCSessionDescription(answer.sdp, kind)
                with pytest.raises(InvalidStateError):
                    await a.setRemoteDescription(description)
                with pytest.raises(InvalidStateError):
                    await b.setRemoteDescription(description)
            assert a.signalingState == "stable"
            assert b.signalingState == "have-remote-offer"

    async def test_a_second_remote_offer_takes_the_place_of_the_first(self) -> None:
        async with two() as (a, b):
            told = states(b)
            await b.setRemoteDescription(await a.createOffer())
            second = await offer_of(a)
            await b.setRemoteDescription(second)
            assert b.pendingRemoteDescription == second
            assert told == ["have-remote-offer"]

    async def test_the_answers_of_one_are_not_the_offers_of_the_next(self) -> None:
        async with connected() as pair:
            before = pair.a.currentLocalDescription
            await pair.a.setLocalDescription()
            assert pair.a.pendingLocalDescription is not None
            assert pair.a.currentLocalDescription == before
            with pytest.raises(InvalidAccessError):
                await pair.a.setRemoteDescription(
                    RTCSessionDescription(
                        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", "answer"
                    )
                )
            assert pair.a.signalingState == "have-local-offer"


class TestWithoutArgument:
    async def test_what_is_due_is_made(self) -> None:
        async with two() as (a, b):
            a.createDataChannel("")
            await a.setLocalDescription()
            assert a.localDescription is not None
            assert a.localDescription.type == "offer"
            await b.setRemoteDescription(a.localDescription)
            await b.setLocalDescription({})
            assert b.localDescription is not None
            assert b.localDescription.type == "answer"
            assert b.signalingState == "stable"

    @pytest.mark.parametrize(
        "given", [{"type": "offer"}, {"sdp": ""}, {"type": "offer", "sdp": ""}]
    )
    async def test_what_may_be_left_out(self, given: dict[str, str]) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            pc.createDataChannel("")
            await pc.setLocalDescription(given)
            assert pc.signalingState == "have-local-offer"

    async def test_the_type_may_be_left_out_alone(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            offer = await offer_of(pc)
            with pytest.raises(InvalidModificationError):
                await pc.setLocalDescription({"sdp": offer.sdp + "a=more\r\n"})
            await pc.setLocalDescription({"sdp": offer.sdp})
            assert pc.signalingState == "have-local-offer"

    async def test_an_offer_at_hand_is_used_while_it_is_true(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            offer = await offer_of(pc)
            await pc.setLocalDescription()
            assert pc.localDescription is not None
            assert line(offer, "o=") == line(pc.localDescription, "o=")
            assert line(offer, "a=ice-ufrag") == line(pc.localDescription, "a=ice-ufrag")

    async def test_an_offer_that_is_outdated_is_made_anew(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            await pc.createOffer()
            pc.createDataChannel("")
            await pc.setLocalDescription()
            assert pc.localDescription is not None
            assert "m=application" in pc.localDescription.sdp

    async def test_a_description_of_two_calls(self) -> None:
        async with two() as (a, b):
            a.createDataChannel("")
            await a.setLocalDescription()
            await a.setLocalDescription()
            assert a.signalingState == "have-local-offer"
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            await b.setLocalDescription({"type": "pranswer"})
            assert b.signalingState == "have-local-pranswer"
            await b.setLocalDescription()
            assert b.signalingState == "stable"
            await a.setRemoteDescription(b.localDescription)  # type: ignore[arg-type]
            # Stable again: the next is an offer.
            await b.setLocalDescription()
            assert b.signalingState == "have-local-offer"


class TestMalformed:
    @pytest.mark.parametrize(
        ("damage", "number"),
        [
            (lambda sdp: "Invalid SDP", 1),
            (lambda sdp: "", 1),
            (lambda sdp: sdp.replace("v=0", "v=x"), 1),
            (lambda sdp: sdp.replace("m=application", "m=application x"), 7),
            (lambda sdp: sdp.replace("s=-", "nonsense"), 3),
        ],
        ids=["text", "empty", "version", "m-line", "no-line"],
    )
    async def test_an_error_names_the_line(self, damage: Callable[[str], str], number: int) -> None:
        async with two() as (a, b):
            offer = await offer_of(a)
            with pytest.raises(RTCError) as caught:
                await b.setRemoteDescription(RTCSessionDescription(damage(offer.sdp), "offer"))
            error = caught.value
            assert isinstance(error, SDPSyntaxError)
            assert isinstance(error, ValueError)
            assert error.errorDetail == "sdp-syntax-error"
            assert error.sdpLineNumber == number or (number == 1 and error.sdpLineNumber is None)
            assert b.signalingState == "stable"
            assert b.remoteDescription is None

    @pytest.mark.parametrize(
        "damage",
        [
            lambda sdp: without(sdp, "a=fingerprint"),
            lambda sdp: without(sdp, "a=ice-ufrag"),
            lambda sdp: without(sdp, "a=ice-pwd"),
            lambda sdp: sdp.replace("a=group:BUNDLE 0", "a=group:BUNDLE 7"),
            lambda sdp: sdp.replace("a=setup:actpass", "a=setup:holdconn"),
        ],
        ids=["fingerprint", "ufrag", "pwd", "bundle", "setup"],
    )
    async def test_content_that_cannot_be_used(self, damage: Callable[[str], str]) -> None:
        async with two() as (a, b):
            offer = await offer_of(a)
            damaged = RTCSessionDescription(damage(offer.sdp), "offer")
            with pytest.raises(InvalidAccessError):
                await b.setRemoteDescription(damaged)
            assert b.signalingState == "stable"
            await b.setRemoteDescription(offer)

    async def test_an_answer_that_does_not_answer(self) -> None:
        async with two() as (a, b):
            await a.setLocalDescription(await offer_of(a))
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            answer = await b.createAnswer()
            for damaged in (
                answer.sdp.replace("a=setup:active", "a=setup:actpass"),
                answer.sdp.replace("a=mid:0", "a=mid:1").replace("BUNDLE 0", "BUNDLE 1"),
                answer.sdp + answer.sdp[answer.sdp.index("m=") :].replace("mid:0", "mid:1"),
            ):
                with pytest.raises(InvalidAccessError):
                    await a.setRemoteDescription(RTCSessionDescription(damaged, "answer"))
                assert a.signalingState == "have-local-offer"
            await a.setRemoteDescription(answer)


class TestRollback:
    async def test_nothing_to_roll_back(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            for rollback in (pc.setLocalDescription, pc.setRemoteDescription):
                with pytest.raises(InvalidStateError):
                    await rollback({"type": "rollback"})

    @pytest.mark.parametrize("side", ["local", "remote"])
    async def test_of_either_offer_by_either_call(self, side: str) -> None:
        async with two() as (a, b):
            told = states(a)
            for prepare in ("local", "remote"):
                if prepare == "local":
                    await a.setLocalDescription(await offer_of(a))
                else:
                    await a.setRemoteDescription(await offer_of(b))
                call = a.setLocalDescription if side == "local" else a.setRemoteDescription
                await call({"type": "rollback", "sdp": "is not looked at"})
                assert a.signalingState == "stable"
                assert a.localDescription is a.remoteDescription is None
            assert told == ["have-local-offer", "stable", "have-remote-offer", "stable"]
            await negotiate(a, b)

    async def test_back_to_what_was_negotiated(self) -> None:
        async with connected() as pair:
            current = pair.a.currentLocalDescription
            await pair.a.setLocalDescription(await pair.a.createOffer(iceRestart=True))
            assert pair.a.localDescription != current
            await pair.a.setLocalDescription({"type": "rollback"})
            assert pair.a.localDescription == pair.a.currentLocalDescription
            assert current is not None
            assert pair.a.localDescription is not None
            assert line(pair.a.localDescription, "a=ice-ufrag") == line(current, "a=ice-ufrag")

    async def test_a_remote_offer_rolls_ours_back_in_two_steps(self) -> None:
        async with two() as (a, b):
            a_told = states(a)
            await a.setLocalDescription(await offer_of(a))
            await a.setRemoteDescription(await offer_of(b))
            assert a_told == ["have-local-offer", "stable", "have-remote-offer"]
            assert a.pendingLocalDescription is None
            await a.setLocalDescription()
            assert a.signalingState == "stable"

    async def test_an_unacceptable_offer_does_not_undo_the_rollback(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            told = states(pc)
            await pc.setLocalDescription(await offer_of(pc))
            with pytest.raises(SDPSyntaxError):
                await pc.setRemoteDescription(RTCSessionDescription("nonsense", "offer"))
            assert pc.signalingState == "stable"
            assert pc.localDescription is None
            assert told == ["have-local-offer", "stable"]

    async def test_provisional_answers_are_not_rolled_back_by_an_offer(self) -> None:
        async with two() as (a, b):
            await a.setLocalDescription(await offer_of(a))
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            await b.setLocalDescription({"type": "pranswer"})
            await a.setRemoteDescription(b.localDescription)  # type: ignore[arg-type]
            async with RTCPeerConnection(loopback()) as other:
                offer = await offer_of(other)
            for pc in (a, b):
                with pytest.raises(InvalidStateError):
                    await pc.setRemoteDescription(offer)

    async def test_the_channel_of_an_offer_that_was_rolled_back_still_opens(self) -> None:
        async with two() as (a, b):
            channel = a.createDataChannel("")
            await a.setLocalDescription()
            await a.setLocalDescription({"type": "rollback"})
            await negotiate(a, b)
            await opened(channel)


class TestEventOrder:
    async def test_states_change_then_the_event_fires_then_the_call_returns(self) -> None:
        async with two() as (a, b):
            witness = Witness()
            for name, pc in (("a", a), ("b", b)):
                witness.watch(
                    pc,
                    "signalingstatechange",
                    name=name,
                    tell=lambda event: event.target.signalingState,
                )

            def sees_descriptions() -> None:
                witness.note(f"pending {b.pendingRemoteDescription is not None}")

            b.on("signalingstatechange", sees_descriptions)
            a.createDataChannel("")
            await a.setLocalDescription()
            witness.note("a set local")
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            witness.note("b set remote")
            await b.setLocalDescription()
            witness.note("b set local")
            await a.setRemoteDescription(b.localDescription)  # type: ignore[arg-type]
            witness.note("a set remote")
            assert witness.heard == [
                "a:have-local-offer",
                "a set local",
                "b:have-remote-offer",
                "pending True",
                "b set remote",
                "b:stable",
                "pending False",
                "b set local",
                "a:stable",
                "a set remote",
            ]
            assert (a.sctp is not None) and (b.sctp is not None)

    async def test_candidates_and_gathering_come_after_the_call(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            witness = Witness()
            witness.watch(pc, "icegatheringstatechange", tell=lambda event: pc.iceGatheringState)

            def candidate(event: Any) -> None:
                found = event.candidate
                witness.note(
                    "null" if found is None else found.candidate.split(" ")[0][:9] or "end"
                )
                if found is not None:
                    assert (found.sdpMid, found.sdpMLineIndex) == ("0", 0)
                    assert pc.localDescription is not None
                    ufrag = line(pc.localDescription, "a=ice-ufrag:").split(":")[1]
                    assert found.usernameFragment == ufrag

            pc.addEventListener("icecandidate", candidate)
            pc.createDataChannel("")
            await pc.setLocalDescription()
            witness.note("set local")
            await witness.hear("null")
            assert witness.heard == [
                "set local",
                "gathering",
                "candidate",
                "end",
                "complete",
                "null",
            ]
            assert pc.localDescription is not None
            assert "a=end-of-candidates" in pc.localDescription.sdp


def line(description: RTCSessionDescription, start: str) -> str:
    return next(each for each in description.sdp.splitlines() if each.startswith(start))


def without(sdp: str, start: str) -> str:
    return "".join(each for each in sdp.splitlines(keepends=True) if not each.startswith(start))
