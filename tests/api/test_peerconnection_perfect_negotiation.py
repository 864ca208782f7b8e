"""Perfect negotiation (WebRTC 1.0 §10.7), with every interleaving that a seed can think of."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup
from tests.api.meeting import PATIENCE, Witness, loopback, two

from rtckit import RTCPeerConnection

pytestmark = pytest.mark.anyio


class Negotiator:
    """One side of the Recommendation's example.

    Its signaling channel keeps messages in order, and takes as long as the seed says.
    """

    def __init__(
        self, pc: RTCPeerConnection, polite: bool, dice: random.Random, witness: Witness
    ) -> None:
        self.pc = pc
        self.polite = polite
        self.dice = dice
        self.witness = witness
        self.other: Negotiator
        self.making_offer = False
        self.ignore_offer = False
        self.setting_remote_answer = False
        self.queue: list[dict[str, Any]] = []
        self.errors: list[Exception] = []
        pc.onnegotiationneeded = self.negotiation_needed
        pc.onicecandidate = self.ice_candidate

    async def dawdle(self) -> None:
        for _ in range(self.dice.randrange(6)):
            await anyio.lowlevel.checkpoint()

    def send(self, message: dict[str, Any]) -> None:
        self.other.queue.append(message)
        self.witness.note("message")

    async def negotiation_needed(self, event: object) -> None:
        try:
            self.making_offer = True
            await self.pc.setLocalDescription()
            assert self.pc.localDescription is not None
            self.send({"description": self.pc.localDescription.toJSON()})
        except Exception as error:  # noqa: BLE001 - the test looks at them
            self.errors.append(error)
        finally:
            self.making_offer = False

    def ice_candidate(self, event: Any) -> None:
        candidate = event.candidate
        self.send({"candidate": candidate.toJSON() if candidate else None})

    async def serve(self) -> None:
        while True:
            await self.witness.until(lambda: self.queue, "a message")
            await self.dawdle()
            message = self.queue.pop(0)
            try:
                await self.take(message)
            except Exception as error:  # noqa: BLE001 - the test looks at them
                self.errors.append(error)
            self.witness.note("taken")

    async def take(self, message: dict[str, Any]) -> None:
        pc = self.pc
        if "description" in message:
            description = message["description"]
            ready = not self.making_offer and (
                pc.signalingState == "stable" or self.setting_remote_answer
            )
            collision = description["type"] == "offer" and not ready
            self.ignore_offer = not self.polite and collision
            if self.ignore_offer:
                return
            self.setting_remote_answer = description["type"] == "answer"
            await pc.setRemoteDescription(description)
            self.setting_remote_answer = False
            if description["type"] == "offer":
                await pc.setLocalDescription()
                assert pc.localDescription is not None
                self.send({"description": pc.localDescription.toJSON()})
            return
        try:
            await pc.addIceCandidate(message["candidate"])
        except Exception:
            if not self.ignore_offer:
                raise


async def agreed(witness: Witness, *sides: Negotiator) -> None:
    """Wait until both sides are at rest and connected."""

    def at_rest() -> bool:
        return all(
            side.pc.signalingState == "stable"
            and side.pc.connectionState == "connected"
            and not side.queue
            and not side.making_offer
            for side in sides
        )

    for side in sides:
        side.pc.on("connectionstatechange", lambda: witness.note("state"))
    await witness.until(at_rest, f"agreement; errors {[side.errors for side in sides]}")


async def negotiating(
    seed: int, story: Callable[[TaskGroup, Witness, Negotiator, Negotiator], Awaitable[None]]
) -> None:
    dice = random.Random(seed)
    witness = Witness()
    async with two(loopback(), loopback()) as (a, b), anyio.create_task_group() as tasks:
        first_is_polite = dice.random() < 0.5
        left = Negotiator(a, first_is_polite, dice, witness)
        right = Negotiator(b, not first_is_polite, dice, witness)
        left.other, right.other = right, left
        tasks.start_soon(left.serve)
        tasks.start_soon(right.serve)
        with anyio.fail_after(2 * PATIENCE):
            await story(tasks, witness, left, right)
        assert left.errors == right.errors == [], f"seed {seed}"
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("seed", range(12))
async def test_glare_at_the_start(seed: int) -> None:
    async def story(
        tasks: TaskGroup, witness: Witness, left: Negotiator, right: Negotiator
    ) -> None:
        for name, side in (("left", left), ("right", right)):
            side.pc.createDataChannel(f"of {name}")
            side.pc.on("datachannel", lambda channel: witness.note(channel.label))
            await side.dawdle()
        await agreed(witness, left, right)
        await witness.hear("of left", "of right")
        assert [witness.heard.count(f"of {name}") for name in ("left", "right")] == [1, 1]

    await negotiating(seed, story)


@pytest.mark.parametrize("seed", range(100, 108))
async def test_glare_of_restarts_while_data_flows(seed: int) -> None:
    async def story(
        tasks: TaskGroup, witness: Witness, left: Negotiator, right: Negotiator
    ) -> None:
        one = left.pc.createDataChannel("data", negotiated=True, id=0)
        other = right.pc.createDataChannel("data", negotiated=True, id=0)
        other.on("message", witness.note)
        one.on("open", lambda: witness.note("one open"))
        await agreed(witness, left, right)
        await witness.hear("one open")
        for number in range(3):
            for side in (left, right):
                if left.dice.random() < 0.8:
                    side.pc.restartIce()
                await side.dawdle()
            one.send(str(number))
            await witness.hear(str(number))
            await agreed(witness, left, right)
        assert left.pc.connectionState == right.pc.connectionState == "connected"

    await negotiating(seed, story)
