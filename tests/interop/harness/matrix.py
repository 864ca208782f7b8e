"""What every remote implementation must do with ours, offering and answering.

A test module names its peer by a fixture ``far`` and inherits :class:`DataChannelMatrix`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from tests.interop.harness.call import NEAR, Call, Side, Traits
from tests.interop.harness.library import LIBRARY
from tests.interop.harness.wire import Channel, Event

__all__ = ["DataChannelMatrix", "Meet"]

#: Opens a call to the module's peer; see :func:`tests.interop.harness.call.meet`.
Meet = Callable[..., AbstractAsyncContextManager[Call]]

SIZES = (1, 1_200, 16_384, 65_535, 262_144)
BULK = 6 << 20
#: Seconds for a bulk transfer in one direction: a floor under speed, not a measure of it.
BULK_PATIENCE = 60.0

OPTIONS: dict[str, dict[str, Any]] = {
    "ordered": {},
    "unordered": {"ordered": False},
    "no-retransmits": {"ordered": False, "maxRetransmits": 0},
    "ordered-retransmits": {"maxRetransmits": 3},
    "lifetime": {"ordered": False, "maxPacketLifeTime": 5_000},
}


async def transfer(sender: Channel, receiver: Channel, kind: str, size: int, **more: Any) -> None:
    """Send a series one way, and see it arrive whole."""
    patience = more.pop("timeout", 20.0)
    any_order = more.pop("any_order", False)
    await receiver.expect(kind, size, **more, any_order=any_order)
    await asyncio.gather(
        sender.send(kind, size, **more, timeout=patience), receiver.verified(patience)
    )


def credentials(description: Event) -> tuple[str, ...]:
    """The user name fragments in a description."""
    return tuple(sorted(set(re.findall(r"a=ice-ufrag:(\S+)", description["sdp"]))))


@pytest.mark.anyio
@pytest.mark.parametrize("offering", ["near", "far"])
class DataChannelMatrix:
    """Inherit it in a module that has the fixtures ``meet`` and ``traits``."""

    async def test_connects_and_talks(self, meet: Meet, offering: Side) -> None:
        async with meet(offering) as call:
            near, far = await call.open_channel("chat", protocol="talk/1")
            await call.connected()
            await near.send_text("hællo ☃ 😀")
            assert (await far.message())["text"] == "hællo ☃ 😀"
            await far.send_text("hællo ☃ 😀 back")
            assert (await near.message())["text"] == "hællo ☃ 😀 back"

    @pytest.mark.parametrize("by", ["near", "far"])
    @pytest.mark.parametrize("kind", OPTIONS)
    async def test_channel_arrives_as_created(
        self, meet: Meet, traits: Traits, offering: Side, by: Side, kind: str
    ) -> None:
        options = OPTIONS[kind]
        async with meet(offering) as call:
            await call.open_channel("first")
            maker = call.side(by)
            letters = by != NEAR or LIBRARY != "aiortc"
            letters = letters and (by == NEAR or traits.measures_labels_in_bytes)
            label, protocol = ("läbel ☃", "prötocol") if letters else ("label", "protocol")
            made = await maker.create_channel(label, protocol=protocol, **options)
            came, event = await (call.far if maker is call.near else call.near).announced_channel(
                label
            )
            await asyncio.gather(made.opened(), came.opened())
            assert event["protocol"] == protocol
            if by != NEAR or traits.shows_reliability:
                shown = {name: event[name] for name in ("maxRetransmits", "maxPacketLifeTime")}
                assert event["ordered"] == options.get("ordered", True)
                assert shown == {name: options.get(name) for name in shown}
            # One message at a time: nothing is lost on an idle path, whatever the reliability.
            for sender, receiver in ((made, came), (came, made)):
                for _ in range(5):
                    await transfer(sender, receiver, "binary", 100)

    async def test_messages_of_every_size(self, meet: Meet, traits: Traits, offering: Side) -> None:
        async with meet(offering) as call:
            near, far = await call.open_channel("sizes")
            for kind in ("binary", "text"):
                for size in SIZES:
                    if size <= traits.largest_message:
                        await transfer(near, far, kind, size)
                    await transfer(far, near, kind, size)

    async def test_empty_messages(self, meet: Meet, offering: Side) -> None:
        async with meet(offering) as call:
            near, far = await call.open_channel("empty")
            for sender, receiver in ((near, far), (far, near)):
                for kind in ("text", "binary"):
                    await sender.send(kind, 0)
                    message = await receiver.message()
                    assert (message["kind"], message["size"]) == (kind, 0)

    async def test_many_small_messages_stay_in_order(self, meet: Meet, offering: Side) -> None:
        async with meet(offering) as call:
            near, far = await call.open_channel("small")
            await asyncio.gather(
                transfer(near, far, "binary", 60, count=2_000, seed=3),
                transfer(far, near, "text", 60, count=2_000, seed=4),
            )

    async def test_unordered_messages_all_come_once(self, meet: Meet, offering: Side) -> None:
        async with meet(offering) as call:
            near, far = await call.open_channel("unordered", ordered=False)
            for sender, receiver in ((near, far), (far, near)):
                await transfer(sender, receiver, "binary", 3_000, count=200, any_order=True)

    @pytest.mark.parametrize("sending", ["near", "far"])
    async def test_bulk(self, meet: Meet, offering: Side, sending: Side) -> None:
        size = 32_768
        async with meet(offering) as call:
            near, far = await call.open_channel("bulk")
            sender, receiver = (near, far) if sending == NEAR else (far, near)
            await transfer(
                sender, receiver, "binary", size, count=BULK // size, timeout=BULK_PATIENCE
            )

    async def test_echo_of_interleaved_sizes(self, meet: Meet, offering: Side) -> None:
        async with meet(offering) as call:
            near, far = await call.open_channel("echo")
            await far.echo()
            for size, count in ((1, 1), (50_000, 20), (700, 50)):
                await transfer(near, near, "binary", size, count=count)

    async def test_twenty_channels(self, meet: Meet, offering: Side) -> None:
        async with meet(offering) as call:
            await call.open_channel("first")
            sides: list[Side] = ["near", "far"]
            pairs = await asyncio.gather(
                *(call.open_channel(f"channel {n}", by=sides[n % 2]) for n in range(20))
            )
            assert len({near.id for near, _ in pairs if near.id is not None}) == 20
            await asyncio.gather(
                *(
                    transfer(*ends, kind, 500, count=5, seed=seed)
                    for seed, (near, far) in enumerate(pairs)
                    for kind, ends in (("binary", (near, far)), ("text", (far, near)))
                )
            )

    @pytest.mark.parametrize("closing", ["near", "far"])
    async def test_channel_close_is_seen_by_both(
        self, meet: Meet, offering: Side, closing: Side
    ) -> None:
        async with meet(offering) as call:
            near, far = await call.open_channel("closing")
            other = await call.open_channel("staying")
            await (near if closing == NEAR else far).close()
            await asyncio.gather(near.closed(), far.closed())
            await transfer(*other, "binary", 1_000)

    async def test_everything_sent_before_close_arrives(self, meet: Meet, offering: Side) -> None:
        async with meet(offering) as call:
            near, far = await call.open_channel("last words")
            await far.expect("binary", 16_000, 30)
            await near.send("binary", 16_000, 30)
            await near.close()
            await far.verified()
            await asyncio.gather(near.closed(), far.closed())

    async def test_channels_open_again_after_close(self, meet: Meet, offering: Side) -> None:
        async with meet(offering) as call:
            await call.open_channel("first")
            sides: list[Side] = ["near", "far", "near"]
            for closing in sides:
                near, far = await call.open_channel("again", by=closing)
                await transfer(near, far, "text", 50)
                await (far if closing == NEAR else near).close()
                await asyncio.gather(near.closed(), far.closed())

    async def test_negotiated_id_is_used_again(self, meet: Meet, offering: Side) -> None:
        async with meet(offering) as call:
            await call.open_channel("first")
            for turn in range(3):
                near, far = await asyncio.gather(
                    *(
                        side.create_channel(f"turn {turn}", negotiated=True, id=100)
                        for side in (call.near, call.far)
                    )
                )
                await asyncio.gather(near.opened(), far.opened())
                await transfer(near, far, "binary", 2_000, seed=turn)
                await transfer(far, near, "binary", 2_000, seed=turn)
                await (near if turn % 2 else far).close()
                await asyncio.gather(near.closed(), far.closed())

    @pytest.mark.parametrize("restarting", ["offerer", "answerer"])
    async def test_ice_restart(
        self, meet: Meet, traits: Traits, offering: Side, restarting: str
    ) -> None:
        turned: Side = "far" if offering == NEAR else "near"
        starter: Side = offering if restarting == "offerer" else turned
        if LIBRARY == "aiortc" or not traits.restarts_ice:
            pytest.skip("a peer cannot restart ICE")
        async with meet(offering) as call:
            near, far = await call.open_channel("through")
            await call.connected()
            assert call.descriptions is not None
            before = [credentials(d) for d in call.descriptions]
            if starter != offering:
                call.offering = starter
                before.reverse()
            await call.side(starter).command("restartIce")
            after = [credentials(d) for d in await call.negotiate()]
            assert all(old != new for old, new in zip(before, after, strict=True)), (before, after)
            await transfer(near, far, "binary", 16_384, count=50)
            await transfer(far, near, "binary", 16_384, count=50)

    @pytest.mark.parametrize("withheld", ["near", "far"])
    async def test_one_side_learns_candidates_from_checks_alone(
        self, meet: Meet, traits: Traits, offering: Side, withheld: Side
    ) -> None:
        if withheld == NEAR and not traits.waits_for_candidates:
            pytest.skip("the peer fails at once when told of no candidates")
        introduced: frozenset[Side] = frozenset({"far" if withheld == NEAR else "near"})
        async with meet(offering, introduced) as call:
            near, far = await call.open_channel("reflexive")
            await transfer(near, far, "binary", 1_000)
            await transfer(far, near, "binary", 1_000)

    @pytest.mark.parametrize("closing", ["near", "far"])
    async def test_connection_close_is_seen(
        self, meet: Meet, offering: Side, closing: Side
    ) -> None:
        async with meet(offering) as call:
            near, far = await call.open_channel("bye")
            await call.connected()
            await call.side(closing).close()
            await (far if closing == NEAR else near).closed()
