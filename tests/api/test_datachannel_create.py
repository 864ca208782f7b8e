"""createDataChannel, DCEP and negotiated channels (WebRTC 1.0 §6.1, §6.2; RFC 8832)."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from tests.api.meeting import (
    Box,
    Witness,
    connected,
    loopback,
    negotiate,
    next_channel,
    opened,
    two,
)

from rtckit import InvalidStateError, OperationError, RTCDataChannel, RTCPeerConnection

pytestmark = pytest.mark.anyio


class TestArguments:
    async def test_the_defaults(self) -> None:
        channel = RTCPeerConnection(loopback()).createDataChannel("")
        assert channel.label == channel.protocol == ""
        assert channel.ordered is True
        assert channel.maxPacketLifeTime is channel.maxRetransmits is channel.id is None
        assert channel.negotiated is False
        assert channel.readyState == "connecting"
        assert channel.bufferedAmount == channel.bufferedAmountLowThreshold == 0
        assert channel.binaryType == "arraybuffer"
        assert channel.priority == "low"
        for name in ("open", "message", "bufferedamountlow", "error", "closing", "close"):
            assert getattr(channel, "on" + name) is None

    @pytest.mark.parametrize(
        "init",
        [
            {"maxPacketLifeTime": 0},
            {"maxPacketLifeTime": 65535},
            {"maxRetransmits": 0},
            {"maxRetransmits": 65535, "ordered": False},
            {"protocol": "talk"},
            {"negotiated": True, "id": 0},
            {"negotiated": True, "id": 65534},
            {"id": 65535},  # not looked at: DCEP chooses
            {"id": 7},
            {"priority": "high"},
            {"maxRetransmits": None, "maxPacketLifeTime": None, "id": None},
        ],
        ids=str,
    )
    async def test_taken(self, init: dict[str, Any]) -> None:
        channel = RTCPeerConnection(loopback()).createDataChannel("label", **init)
        for name, value in init.items():
            expected = None if name == "id" and not init.get("negotiated") else value
            assert getattr(channel, name) == expected

    @pytest.mark.parametrize(
        "init",
        [
            {"maxPacketLifeTime": -1},
            {"maxPacketLifeTime": 65536},
            {"maxPacketLifeTime": "1"},
            {"maxPacketLifeTime": 1.5},
            {"maxRetransmits": -1},
            {"maxRetransmits": 65536},
            {"maxRetransmits": 0, "maxPacketLifeTime": 0},
            {"maxRetransmits": 1, "maxPacketLifeTime": 1, "negotiated": True, "id": 1},
            {"negotiated": True},
            {"negotiated": True, "id": 65535},
            {"negotiated": True, "id": 65536},
            {"negotiated": True, "id": -1},
            {"id": -1},
            {"id": 65536},
            {"id": "1"},
            {"protocol": None},
            {"protocol": "p" * 65536},
            {"priority": "urgent"},
        ],
        ids=lambda init: str(init)[:60],
    )
    async def test_type_errors(self, init: dict[str, Any]) -> None:
        pc = RTCPeerConnection(loopback())
        with pytest.raises(TypeError):
            pc.createDataChannel("", **init)
        told: list[str] = []
        pc.on("negotiationneeded", lambda: told.append("needed"))
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        assert told == []

    async def test_labels_are_text_of_65535_bytes(self) -> None:
        pc = RTCPeerConnection(loopback())
        with pytest.raises(TypeError):
            pc.createDataChannel(None)  # type: ignore[arg-type]
        for label in ("l" * 65535, "\N{GRINNING FACE}" * 16383 + "abc"):
            assert pc.createDataChannel(label).label == label
        for label in ("l" * 65536, "\N{GRINNING FACE}" * 16384, "é" * 32768):
            with pytest.raises(TypeError):
                pc.createDataChannel(label)
        # A lone surrogate is U+FFFD, of three bytes.
        assert pc.createDataChannel("\ud800").label == "\ufffd"
        assert pc.createDataChannel("", protocol="a\udfffb").protocol == "a\ufffdb"
        assert pc.createDataChannel("\ud83d\ude00").label == "\N{GRINNING FACE}"
        with pytest.raises(TypeError):
            pc.createDataChannel("\ud800" * 21846)

    async def test_a_closed_connection_makes_none(self) -> None:
        pc = RTCPeerConnection(loopback())
        await pc.close()
        for init in ({}, {"negotiated": True}):
            with pytest.raises(InvalidStateError):
                pc.createDataChannel("", **init)  # type: ignore[arg-type]

    async def test_an_id_in_use(self) -> None:
        pc = RTCPeerConnection(loopback())
        pc.createDataChannel("", negotiated=True, id=3)
        with pytest.raises(OperationError):
            pc.createDataChannel("", negotiated=True, id=3)
        async with connected() as pair:
            assert pair.left.id is not None
            with pytest.raises(OperationError):
                pair.a.createDataChannel("", negotiated=True, id=pair.left.id)


class TestIds:
    @pytest.mark.parametrize("role", ["client", "server"])
    async def test_parity_follows_the_dtls_role(self, role: Any) -> None:
        async with two(loopback(dtls_role=role), loopback()) as (a, b):
            early = [a.createDataChannel(""), b.createDataChannel(""), a.createDataChannel("")]
            assert [each.id for each in early] == [None, None, None]
            await negotiate(a, b)
            # The answer settles the roles, before anything is connected.
            assert [each.id for each in early] == ([0, 1, 2] if role == "client" else [1, 0, 3])
            await opened(*early)
            late = [a.createDataChannel(""), b.createDataChannel("")]
            taken = {each.id for each in early}
            assert late[0].id not in taken
            assert late[0].id % 2 == (0 if role == "client" else 1)  # type: ignore[operator]
            assert late[1].id % 2 == (1 if role == "client" else 0)  # type: ignore[operator]

    async def test_both_sides_see_the_same(self) -> None:
        async with connected() as pair:
            assert pair.left.id == pair.right.id

    async def test_negotiated_ids_are_left_out(self) -> None:
        async with two(loopback(dtls_role="client"), loopback()) as (a, b):
            for pc in (a, b):
                for id in (0, 1, 4):
                    pc.createDataChannel("", negotiated=True, id=id)
            first, second = a.createDataChannel(""), a.createDataChannel("")
            await negotiate(a, b)
            assert (first.id, second.id) == (2, 6)
            await opened(first, second)

    async def test_an_id_is_used_again_when_its_channel_is_closed(self) -> None:
        async with connected() as pair:
            for number in range(5):
                left, right = await pair.channel(str(number))
                assert (left.id, right.id) == (3, 3)
                box = Box(right)
                left.send(f"message {number}")
                assert await box.hold(1) == [f"message {number}"]
                done = Witness()
                done.watch(left, "close", name="left")
                done.watch(right, "close", name="right")
                (left if number % 2 else right).close()
                await done.hear("left:close", "right:close")


class TestOpening:
    @pytest.mark.parametrize(
        "init",
        [
            {},
            {"ordered": False},
            {"maxRetransmits": 0},
            {"maxRetransmits": 65535, "ordered": False},
            {"maxPacketLifeTime": 0, "ordered": False},
            {"maxPacketLifeTime": 65535},
            {"protocol": "\N{SNOWMAN} protocol"},
            {"priority": "very-low"},
            {"priority": "medium"},
            {"priority": "high"},
        ],
        ids=str,
    )
    async def test_dcep_keeps_it_all(self, init: dict[str, Any]) -> None:
        async with connected(label="label", **init) as pair:
            assert pair.right is not pair.left
            for name in (
                "label",
                "ordered",
                "maxPacketLifeTime",
                "maxRetransmits",
                "protocol",
                "priority",
                "id",
                "negotiated",
            ):
                assert getattr(pair.right, name) == getattr(pair.left, name)
            assert pair.right.binaryType == "arraybuffer"
            box = Box(pair.right)
            pair.left.send("through")
            assert await box.hold(1) == ["through"]

    @pytest.mark.parametrize(
        "label",
        [
            "",
            "null\0null",
            "ünïcødé \N{GRINNING FACE}",
            "\ud800 lone",
            "l" * 65535,
            "\N{SNOWMAN}" * 21845,
        ],
        ids=["empty", "nul", "unicode", "surrogate", "long", "long snowmen"],
    )
    async def test_labels_on_the_wire(self, label: str) -> None:
        async with connected(label=label, protocol=label) as pair:
            assert pair.right.label == pair.left.label == label.replace("\ud800", "\ufffd")
            assert pair.right.protocol == pair.left.protocol
            pair.left.send("through")

    async def test_datachannel_comes_before_open(self) -> None:
        async with two() as (a, b):
            witness = Witness()

            def found(event: Any) -> None:
                channel = event.channel
                witness.note(f"datachannel {channel.readyState}")
                channel.onopen = lambda event: witness.note(f"open {channel.readyState}")

            b.ondatachannel = found
            channel = a.createDataChannel("")
            witness.watch(channel, "open", name="left", tell=lambda e: e.target.readyState)
            await negotiate(a, b)
            await witness.hear("left:open", "datachannel open", "open open")
            heard = [each for each in witness.heard if not each.startswith("left")]
            assert heard == ["datachannel open", "open open"]

    async def test_who_was_woken_by_datachannel_still_hears_open_and_the_first_message(
        self,
    ) -> None:
        async with two() as (a, b):
            channel = a.createDataChannel("")
            channel.onopen = lambda event: channel.send("at once")
            await negotiate(a, b)
            other = await next_channel(b)
            witness = Witness()
            witness.watch(other, "open", "message")
            await witness.hear("open", "message")
            assert witness.heard == ["open", "message"]

    async def test_sending_from_the_datachannel_handler(self) -> None:
        async with two() as (a, b):
            b.on("datachannel", lambda channel: channel.send("welcome"))
            channel = a.createDataChannel("")
            box = Box(channel)
            await negotiate(a, b)
            assert await box.hold(1) == ["welcome"]

    async def test_closing_from_the_datachannel_handler(self) -> None:
        async with two() as (a, b):
            witness = Witness()

            def found(channel: RTCDataChannel) -> None:
                witness.watch(channel, "open", "close", name="right")
                channel.close()
                witness.note(f"right {channel.readyState}")

            b.on("datachannel", found)
            channel = a.createDataChannel("")
            witness.watch(channel, "close", name="left")
            await negotiate(a, b)
            await witness.hear("left:close", "right:close")
            assert "right:open" not in witness.heard
            assert "right closing" in witness.heard

    async def test_negotiated_channels_open_by_themselves_and_fire_no_datachannel(self) -> None:
        async with two() as (a, b):
            witness = Witness()
            for pc in (a, b):
                witness.watch(pc, "datachannel")
            pairs = [
                [pc.createDataChannel(str(id), negotiated=True, id=id) for pc in (a, b)]
                for id in (0, 99, 65534)
            ]
            await negotiate(a, b)
            for left, right in pairs:
                await opened(left, right)
                box = Box(right)
                left.send("hello")
                assert await box.hold(1) == ["hello"]
            assert witness.heard == []

    async def test_negotiated_ends_may_differ(self) -> None:
        async with two() as (a, b):
            left = a.createDataChannel("left", negotiated=True, id=5, ordered=False)
            right = b.createDataChannel("right", negotiated=True, id=5, maxRetransmits=3)
            await negotiate(a, b)
            await opened(left, right)
            assert (left.label, right.label) == ("left", "right")
            assert (left.ordered, right.maxRetransmits) == (False, 3)

    async def test_one_created_while_connected(self) -> None:
        async with connected() as pair:
            left, right = await pair.channel("late")
            assert left.readyState == right.readyState == "open"
            back = pair.b.createDataChannel("back")
            assert back.readyState == "connecting"
            found = await next_channel(pair.a)
            assert (found.label, found.id) == ("back", back.id)

    async def test_a_thousand(self) -> None:
        async with two() as (a, b):
            count = 1000
            found: list[RTCDataChannel] = []
            got: list[str] = []
            witness = Witness()

            def adopt(channel: RTCDataChannel) -> None:
                found.append(channel)
                channel.on("message", got.append)
                if len(found) == count:
                    witness.note("all found")

            b.on("datachannel", adopt)
            channels = [a.createDataChannel(str(number)) for number in range(count)]
            await negotiate(a, b)
            await witness.hear("all found")
            await opened(*channels)
            assert len({each.id for each in channels}) == count
            assert sorted(int(each.label) for each in found) == list(range(count))
            for channel in channels:
                channel.send(channel.label)
            box = Box(found[-1])
            channels[int(found[-1].label)].send("last")
            await box.hold(1)
            assert len(got) >= count
