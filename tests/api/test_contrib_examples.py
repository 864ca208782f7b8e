"""Programs written for aiortc's data channels run when their import is changed.

Two programs, in the manner of aiortc's ``datachannel-cli`` and ``datachannel-filexfer`` examples,
are run against each other: both on RTCKit, and one of them on aiortc itself.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

CLI = textwrap.dedent(
    """
    import argparse
    import asyncio
    import time

    from LIBRARY import RTCIceCandidate, RTCPeerConnection, RTCSessionDescription
    from LIBRARY.contrib.signaling import BYE, add_signaling_arguments, create_signaling

    start = None


    def timestamp():
        global start
        if start is None:
            start = time.monotonic()
            return 0
        return int((time.monotonic() - start) * 1_000_000)


    def log(channel, direction, message):
        print(f"channel({channel.label}) {direction} {message}", flush=True)


    def say(channel, message):
        log(channel, ">", message)
        channel.send(message)


    async def follow(pc, signaling):
        while True:
            obj = await signaling.receive()
            if isinstance(obj, RTCSessionDescription):
                await pc.setRemoteDescription(obj)
                if obj.type == "offer":
                    await pc.setLocalDescription(await pc.createAnswer())
                    await signaling.send(pc.localDescription)
            elif isinstance(obj, RTCIceCandidate):
                await pc.addIceCandidate(obj)
            elif obj is BYE or obj is None:
                print("Exiting", flush=True)
                break


    async def run_answer(pc, signaling):
        await signaling.connect()

        @pc.on("datachannel")
        def on_datachannel(channel):
            log(channel, "-", "created by remote party")

            @channel.on("message")
            def on_message(message):
                log(channel, "<", message)
                if isinstance(message, str) and message.startswith("ping"):
                    say(channel, f"pong{message[4:]}")

        await follow(pc, signaling)


    async def run_offer(pc, signaling, done):
        await signaling.connect()
        channel = pc.createDataChannel("chat")
        log(channel, "-", "created by local party")
        count = 0

        async def send_ping():
            say(channel, f"ping {timestamp()}")

        @channel.on("open")
        def on_open():
            asyncio.ensure_future(send_ping())

        @channel.on("message")
        def on_message(message):
            nonlocal count
            log(channel, "<", message)
            if isinstance(message, str) and message.startswith("pong"):
                count += 1
                if count == 5:
                    done.set()
                else:
                    asyncio.ensure_future(send_ping())

        await pc.setLocalDescription(await pc.createOffer())
        await signaling.send(pc.localDescription)
        await follow(pc, signaling)


    if __name__ == "__main__":
        parser = argparse.ArgumentParser()
        parser.add_argument("role", choices=["offer", "answer"])
        add_signaling_arguments(parser)
        args = parser.parse_args()
        signaling = create_signaling(args)
        pc = RTCPeerConnection()
        done = asyncio.Event()
        if args.role == "offer":
            coro = run_offer(pc, signaling, done)
        else:
            coro = run_answer(pc, signaling)

        async def main():
            task = asyncio.ensure_future(coro)
            if args.role == "offer":
                await done.wait()
                task.cancel()
            else:
                await task

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(main())
        finally:
            loop.run_until_complete(pc.close())
            loop.run_until_complete(signaling.close())
    """
)

FILE_TRANSFER = textwrap.dedent(
    """
    import argparse
    import asyncio

    from LIBRARY import RTCIceCandidate, RTCPeerConnection, RTCSessionDescription
    from LIBRARY.contrib.signaling import BYE, add_signaling_arguments, create_signaling


    async def follow(pc, signaling):
        while True:
            obj = await signaling.receive()
            if isinstance(obj, RTCSessionDescription):
                await pc.setRemoteDescription(obj)
                if obj.type == "offer":
                    await pc.setLocalDescription(await pc.createAnswer())
                    await signaling.send(pc.localDescription)
            elif isinstance(obj, RTCIceCandidate):
                await pc.addIceCandidate(obj)
            elif obj is BYE or obj is None:
                break


    async def run_answer(pc, signaling, filename):
        await signaling.connect()

        @pc.on("datachannel")
        def on_datachannel(channel):
            received = 0
            fp = open(filename, "wb")

            @channel.on("message")
            async def on_message(message):
                nonlocal received
                if message:
                    received += len(message)
                    fp.write(message)
                else:
                    fp.close()
                    print(f"received {received} bytes", flush=True)
                    # say goodbye
                    await signaling.send(BYE)

        await follow(pc, signaling)


    async def run_offer(pc, signaling, fp):
        await signaling.connect()
        done_reading = False
        channel = pc.createDataChannel("filexfer")

        def send_data():
            nonlocal done_reading
            while (
                channel.bufferedAmount <= channel.bufferedAmountLowThreshold
            ) and not done_reading:
                data = fp.read(16384)
                channel.send(data)
                if not data:
                    done_reading = True

        channel.on("open", send_data)
        channel.on("bufferedamountlow", send_data)
        await pc.setLocalDescription(await pc.createOffer())
        await signaling.send(pc.localDescription)
        await follow(pc, signaling)


    if __name__ == "__main__":
        parser = argparse.ArgumentParser()
        parser.add_argument("role", choices=["send", "receive"])
        parser.add_argument("filename")
        add_signaling_arguments(parser)
        args = parser.parse_args()
        signaling = create_signaling(args)
        pc = RTCPeerConnection()
        if args.role == "send":
            coro = run_offer(pc, signaling, open(args.filename, "rb"))
        else:
            coro = run_answer(pc, signaling, args.filename)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(coro)
        except KeyboardInterrupt:
            pass
        finally:
            loop.run_until_complete(pc.close())
            loop.run_until_complete(signaling.close())
    """
)

PAIRS = [("rtckit", "rtckit"), ("rtckit", "aiortc"), ("aiortc", "rtckit")]


def start(directory: Path, program: str, library: str, *arguments: str) -> subprocess.Popen[str]:
    path = directory / f"{arguments[0]}.py"
    path.write_text(program.replace("LIBRARY", library))
    command = [sys.executable, "-u", str(path), *arguments, "-s", "unix-socket"]
    return subprocess.Popen(
        [*command, "--signaling-path", str(directory / "signaling")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def finish(*programs: subprocess.Popen[str]) -> list[str]:
    """What they print; they must end by themselves, and without a complaint."""
    printed = []
    try:
        for program in programs:
            out, error = program.communicate(timeout=40)
            assert program.returncode == 0, f"{out}\n{error}"
            assert "Traceback" not in error, error
            printed.append(out)
    finally:
        for program in programs:
            if program.poll() is None:
                program.kill()
                program.communicate()
    return printed


def wait_for_socket(directory: Path, offerer: subprocess.Popen[str]) -> None:
    """The answerer dials: the offerer must listen by then."""
    for _ in range(1500):
        if (directory / "signaling").exists():
            return
        try:
            offerer.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        break
    finish(offerer)
    pytest.fail("the offerer ended without listening")


@pytest.mark.parametrize(("offering", "answering"), PAIRS)
def test_pings_and_pongs(offering: str, answering: str, tmp_path: Path) -> None:
    offer = start(tmp_path, CLI, offering, "offer")
    wait_for_socket(tmp_path, offer)
    answer = start(tmp_path, CLI, answering, "answer")
    said, heard = finish(offer, answer)
    assert said.count("channel(chat) < pong ") >= 5
    assert "created by remote party" in heard
    assert heard.count("channel(chat) < ping ") >= 5
    assert "Exiting" in heard


@pytest.mark.parametrize(("sending", "receiving"), PAIRS)
def test_a_file(sending: str, receiving: str, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(hashlib.shake_256(b"a file").digest(1_000_001))
    sender = start(tmp_path, FILE_TRANSFER, sending, "send", str(source))
    wait_for_socket(tmp_path, sender)
    receiver = start(tmp_path, FILE_TRANSFER, receiving, "receive", str(target))
    _, said = finish(sender, receiver)
    assert "received 1000001 bytes" in said
    assert target.read_bytes() == source.read_bytes()
