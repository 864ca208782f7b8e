"""The multicast DNS sockets, on asyncio and on trio."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
import trio

from rtckit.runtime import Batch, InterfaceAddress, current_runtime, multicast

Story = Callable[[], Awaitable[None]]


def on_asyncio(story: Story) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(main())


def on_trio(story: Story) -> None:
    async def main() -> None:
        with trio.fail_after(20):
            await story()

    trio.run(main)


both = pytest.mark.parametrize("run", [on_asyncio, on_trio], ids=["asyncio", "trio"])

QUERY = bytes.fromhex("000000000001000000000000") + b"\x06rtckit\x05local\x00\x00\x01\x00\x01"


@both
def test_a_query_goes_to_everyone_who_listens(run: Callable[[Story], None]) -> None:
    async def story() -> None:
        runtime = current_runtime()
        heard = runtime.event()
        ports: set[int] = set()

        def receive(batch: Batch, now: float) -> None:
            for train, source in batch:
                if QUERY in list(train):
                    ports.add(source[1])
                    heard.set()

        try:
            listener = await runtime.open_mdns(receive=receive)
            asker = await runtime.open_mdns(receive=lambda batch, now: None)
        except OSError as error:
            pytest.skip(f"no multicast here: {error}")
        assert asker.interfaces
        asker.send(QUERY)
        if not asker.drops:
            await heard.wait()
            assert ports == {5353}
        listener.close()
        asker.close()
        asker.send(QUERY)
        asker.close()

    run(story)


@both
def test_where_no_interface_joins_the_error_says_so(
    run: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = InterfaceAddress("192.0.2.250", "eth9", 999, 4, 24, False, False)
    monkeypatch.setattr(multicast, "interface_addresses", lambda **_: [elsewhere])

    async def story() -> None:
        with pytest.raises(OSError, match="5353"):
            await current_runtime().open_mdns(receive=lambda batch, now: None)

    run(story)


@both
def test_a_port_that_is_not_shared_is_an_error(
    run: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 0))
        monkeypatch.setattr(multicast, "MDNS_PORT", taken.getsockname()[1])
        here = InterfaceAddress("127.0.0.1", "lo", 1, 4, 8, True, False)
        monkeypatch.setattr(multicast, "interface_addresses", lambda **_: [here])

        async def story() -> None:
            with pytest.raises(OSError, match="in use"):
                await current_runtime().open_mdns(receive=lambda batch, now: None)

        run(story)
