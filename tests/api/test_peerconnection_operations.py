"""The operations chain, and when negotiation is needed (WebRTC 1.0 §4.4.1.2, §4.7.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from tests.api.meeting import Witness, connected, loopback, negotiate, opened, two

from rtckit import InvalidStateError, RTCPeerConnection, RTCSessionDescription

pytestmark = pytest.mark.anyio


async def settle() -> None:
    """Let everything run that is ready to, several times over."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def counting(pc: RTCPeerConnection) -> AsyncIterator[list[str]]:
    """The ``negotiationneeded`` events of a connection, with the state at each."""
    told: list[str] = []

    def needed() -> None:
        told.append(pc.signalingState)

    pc.on("negotiationneeded", needed)
    yield told
    pc.remove_listener("negotiationneeded", needed)


class TestChain:
    async def test_operations_run_one_after_another_in_the_order_of_the_calls(self) -> None:
        async with RTCPeerConnection(loopback()) as pc, anyio.create_task_group() as tasks:
            pc.createDataChannel("")
            order: list[str] = []

            async def run(name: str, call: Callable[[], Awaitable[Any]]) -> None:
                try:
                    await call()
                    order.append(f"{name} {pc.signalingState}")
                except InvalidStateError:
                    order.append(f"{name} refused")

            calls: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
                ("offer", pc.createOffer),
                ("set", pc.setLocalDescription),
                ("answer", pc.createAnswer),
                ("candidate", pc.addIceCandidate),
                ("rollback", lambda: pc.setLocalDescription({"type": "rollback"})),
                ("again", pc.createOffer),
            ]
            for name, call in calls:
                tasks.start_soon(run, name, call)
                # Each enters the chain before the next does, whichever trio runs first.
                await anyio.lowlevel.checkpoint()
                await anyio.lowlevel.checkpoint()
        assert order == [
            "offer stable",
            "set have-local-offer",
            "answer refused",
            "candidate refused",
            "rollback stable",
            "again stable",
        ]

    async def test_none_runs_in_the_middle_of_another(self) -> None:
        async with two() as (a, b):
            a.createDataChannel("")
            await a.setLocalDescription()
            await b.setLocalDescription()
            remote = b.localDescription
            assert remote is not None
            offered: list[str] = []

            async def offer() -> None:
                try:
                    await a.createOffer()
                except InvalidStateError:
                    return
                offered.append(a.signalingState)

            # It rolls back first, and is stable for a moment that no other operation sees.
            a.on("signalingstatechange", offer)
            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(offer)
                tasks.start_soon(a.setRemoteDescription, remote)
                for _ in range(5):
                    tasks.start_soon(offer)
            await settle()
            assert a.signalingState == "have-remote-offer"
            assert "stable" not in offered

    async def test_a_failed_operation_does_not_stop_the_next(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            results: list[str] = []

            async def answer() -> None:
                with pytest.raises(InvalidStateError):
                    await pc.createAnswer()
                results.append("answer")

            async def offer() -> None:
                await pc.createOffer()
                results.append("offer")

            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(answer)
                    tasks.start_soon(offer)
            assert sorted(results) == ["answer"] * 3 + ["offer"] * 3

    async def test_a_cancelled_operation_does_not_stop_the_next(self) -> None:
        async with RTCPeerConnection(loopback()) as pc:
            for turns in range(4):
                async with anyio.create_task_group() as tasks:
                    for _ in range(3):
                        tasks.start_soon(pc.createOffer)
                    for _ in range(turns):
                        await anyio.lowlevel.checkpoint()
                    tasks.cancel_scope.cancel()
                await pc.createOffer()

    async def test_what_waits_when_it_closes_is_told(self) -> None:
        pc = RTCPeerConnection(loopback())
        refused: list[str] = []

        async def run(name: str, call: Callable[[], Awaitable[Any]]) -> None:
            try:
                await call()
            except InvalidStateError:
                refused.append(name)

        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(run, f"offer {number}", pc.createOffer)
            tasks.start_soon(run, "set", pc.setLocalDescription)
            await anyio.lowlevel.checkpoint()
            await pc.close()
        assert "set" in refused
        assert pc.localDescription is None

    async def test_closing_from_an_event_within_an_operation(self) -> None:
        pc = RTCPeerConnection(loopback())
        pc.createDataChannel("")
        pc.on("signalingstatechange", pc.close)
        try:
            await pc.setLocalDescription()
        except InvalidStateError:
            pass  # if the handler ran that soon
        await settle()
        assert pc.signalingState == "closed"
        with pytest.raises(InvalidStateError):
            await pc.createOffer()

    async def test_closing_in_the_middle_of_an_operation(self) -> None:
        pc = RTCPeerConnection(loopback())
        pc.createDataChannel("")
        # Up to the first time that it yields: closed at once, inside the event.
        pc.on("signalingstatechange", lambda: pc.close().send(None))
        with pytest.raises(InvalidStateError):
            await pc.setLocalDescription()
        assert pc.signalingState == "closed"


class TestNegotiationNeeded:
    async def test_the_first_channel_needs_it_once(self) -> None:
        async with RTCPeerConnection(loopback()) as pc, counting(pc) as told:
            await settle()
            assert told == []
            for _ in range(3):
                pc.createDataChannel("")
            assert told == []  # in a task of its own
            await settle()
            assert told == ["stable"]
            pc.createDataChannel("")
            await settle()
            assert told == ["stable"]

    async def test_a_connection_made_before_any_loop_runs(self) -> None:
        # The handler is there, the channel too, when the connection is first used.
        witness = Witness()
        pc = await anyio.to_thread.run_sync(_prepared, witness)
        await pc.getStats()
        await witness.hear("needed")
        await pc.close()

    async def test_not_while_an_operation_runs(self) -> None:
        async with RTCPeerConnection(loopback()) as pc, counting(pc) as told:
            done: list[str] = []

            async def offer() -> None:
                await pc.createOffer()
                done.append(f"after {len(told)} events")

            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(offer)
                await anyio.lowlevel.checkpoint()
                await anyio.lowlevel.checkpoint()
                pc.createDataChannel("")
            await settle()
            assert done == ["after 0 events"] * 3
            assert told == ["stable"]

    async def test_not_outside_the_stable_state_but_when_it_is_back(self) -> None:
        async with two() as (a, b), counting(b) as told:
            await a.setLocalDescription()
            assert a.localDescription is not None
            await b.setRemoteDescription(a.localDescription)
            b.createDataChannel("")
            await settle()
            assert told == []
            await b.setLocalDescription()
            assert told == []  # the call returns before the event fires
            await settle()
            assert told == ["stable"]

    async def test_not_again_when_the_negotiation_has_answered_it(self) -> None:
        async with two() as (a, b), counting(a) as a_told, counting(b) as b_told:
            a.createDataChannel("")
            await settle()
            await negotiate(a, b)
            await settle()
            assert a_told == ["stable"]
            assert b_told == []
            a.createDataChannel("second")
            b.createDataChannel("third")
            await settle()
            assert a_told == ["stable"]
            assert b_told == []

    async def test_anew_when_the_offer_was_rolled_back(self) -> None:
        async with RTCPeerConnection(loopback()) as pc, counting(pc) as told:
            pc.createDataChannel("")
            await settle()
            await pc.setLocalDescription()
            await settle()
            assert told == ["stable"]
            await pc.setLocalDescription({"type": "rollback"})
            await settle()
            assert told == ["stable", "stable"]

    async def test_anew_when_the_other_side_did_not_answer_it(self) -> None:
        async with two() as (a, b):
            a.createDataChannel("")
            await settle()
            async with counting(a) as told:
                # An offer of the other side's, of nothing, in place of ours.
                await b.setLocalDescription()
                await a.setLocalDescription()
                await a.setRemoteDescription(b.localDescription)  # type: ignore[arg-type]
                await settle()
                assert told == []
                await a.setLocalDescription()
                await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
                await settle()
                assert told == ["stable"]
                await negotiate(a, b)
                await settle()
                assert told == ["stable"]

    async def test_the_state_change_is_told_first(self) -> None:
        async with two() as (a, b):
            witness = Witness()
            witness.watch(b, "signalingstatechange", "negotiationneeded")
            await a.setLocalDescription()
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            b.createDataChannel("")
            await b.setLocalDescription()
            witness.note("returned")
            await witness.hear("negotiationneeded")
            assert witness.heard == [
                "signalingstatechange",
                "signalingstatechange",
                "returned",
                "negotiationneeded",
            ]

    async def test_not_after_it_is_closed(self) -> None:
        pc = RTCPeerConnection(loopback())
        async with counting(pc) as told:
            pc.createDataChannel("")
            await pc.close()
            pc.restartIce()
            await settle()
            assert told == []


class TestRestartIce:
    async def test_nothing_to_restart(self) -> None:
        async with RTCPeerConnection(loopback()) as pc, counting(pc) as told:
            pc.restartIce()
            await settle()
            assert told == []

    async def test_it_needs_one_negotiation_with_new_credentials(self) -> None:
        async with connected() as pair, counting(pair.a) as told:
            a, b = pair.a, pair.b
            before = ufrag(a.currentLocalDescription), ufrag(b.currentLocalDescription)
            a.restartIce()
            a.restartIce()
            await settle()
            assert told == ["stable"]
            await negotiate(a, b)
            await settle()
            assert told == ["stable"]
            after = ufrag(a.currentLocalDescription), ufrag(b.currentLocalDescription)
            assert set(before).isdisjoint(after)
            await negotiate(a, b)
            assert after == (ufrag(a.currentLocalDescription), ufrag(b.currentLocalDescription))

    async def test_data_goes_on_and_the_connection_stays(self) -> None:
        async with connected() as pair:
            a, b = pair.a, pair.b
            witness = Witness()
            for name, pc in (("a", a), ("b", b)):
                witness.watch(
                    pc, "connectionstatechange", name=name, tell=lambda e: e.target.connectionState
                )
            pair.right.on("message", lambda message: witness.note(f"got {message}"))
            assert a.sctp is not None
            transport = a.sctp.transport.iceTransport
            witness.watch(transport, "selectedcandidatepairchange")
            pair.left.send("before")
            a.restartIce()
            await a.setLocalDescription()
            pair.left.send("offered")
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            await b.setLocalDescription()
            pair.left.send("answered")
            await a.setRemoteDescription(b.localDescription)  # type: ignore[arg-type]
            pair.left.send("after")
            await witness.hear("got before", "got offered", "got answered", "got after")
            await witness.hear("selectedcandidatepairchange")
            pair.left.send("on the new pair")
            await witness.hear("got on the new pair")
            assert a.connectionState == b.connectionState == "connected"
            assert not {"a:failed", "b:failed", "a:disconnected"} & set(witness.heard)
            local = transport.getLocalParameters()
            remote = transport.getRemoteParameters()
            assert local is not None
            assert remote is not None
            assert local.usernameFragment == ufrag(a.currentLocalDescription)
            assert remote.usernameFragment == ufrag(b.currentLocalDescription)

    async def test_by_create_offer(self) -> None:
        async with connected() as pair:
            before = ufrag(pair.a.currentLocalDescription)
            assert ufrag(await pair.a.createOffer()) == before
            offer = await pair.a.createOffer(iceRestart=True)
            assert ufrag(offer) != before
            await pair.a.setLocalDescription(offer)
            await pair.b.setRemoteDescription(offer)
            await pair.b.setLocalDescription()
            await pair.a.setRemoteDescription(pair.b.localDescription)  # type: ignore[arg-type]
            assert ufrag(pair.a.currentLocalDescription) == ufrag(offer)
            assert ufrag(await pair.a.createOffer()) == ufrag(offer)

    async def test_it_survives_a_rollback(self) -> None:
        async with connected() as pair, counting(pair.a) as told:
            a, b = pair.a, pair.b
            before = ufrag(a.currentLocalDescription)
            a.restartIce()
            await a.setLocalDescription()
            assert ufrag(a.pendingLocalDescription) != before
            await a.setLocalDescription({"type": "rollback"})
            assert ufrag(a.localDescription) == before
            await settle()
            assert told[-1] == "stable"
            pair.left.send("between")
            await negotiate(a, b)
            assert ufrag(a.currentLocalDescription) != before

    async def test_it_survives_an_offer_of_the_other_side(self) -> None:
        async with connected() as pair, counting(pair.a) as told:
            a, b = pair.a, pair.b
            before = ufrag(a.currentLocalDescription)
            await b.setLocalDescription()
            await a.setRemoteDescription(b.localDescription)  # type: ignore[arg-type]
            a.restartIce()
            await settle()
            assert told == []
            await a.setLocalDescription()
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            assert ufrag(a.currentLocalDescription) == before
            await settle()
            assert told == ["stable"]
            await negotiate(a, b)
            assert ufrag(a.currentLocalDescription) != before

    async def test_a_restart_of_the_other_side_answers_it(self) -> None:
        async with connected() as pair, counting(pair.a) as told:
            a, b = pair.a, pair.b
            await b.setLocalDescription(await b.createOffer(iceRestart=True))
            await a.setRemoteDescription(b.localDescription)  # type: ignore[arg-type]
            a.restartIce()
            await a.setLocalDescription()
            await b.setRemoteDescription(a.localDescription)  # type: ignore[arg-type]
            await settle()
            assert told == []
            pair.left.send("still there")

    async def test_many_in_a_row(self) -> None:
        async with connected() as pair:
            witness = Witness()
            pair.right.on("message", witness.note)
            for number in range(5):
                one, other = (pair.a, pair.b) if number % 2 else (pair.b, pair.a)
                one.restartIce()
                await negotiate(one, other)
                pair.left.send(str(number))
                await witness.hear(str(number))
            extra = pair.a.createDataChannel("late")
            await opened(extra)


def ufrag(description: RTCSessionDescription | None) -> str:
    assert description is not None
    return next(
        line.removeprefix("a=ice-ufrag:")
        for line in description.sdp.splitlines()
        if line.startswith("a=ice-ufrag:")
    )


def _prepared(witness: Witness) -> RTCPeerConnection:
    pc = RTCPeerConnection(loopback())
    pc.on("negotiationneeded", lambda: witness.note("needed"))
    pc.createDataChannel("early")
    return pc
