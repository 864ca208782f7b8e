"""What `rtckit connect` shows: plain where there is no terminal, one object for programs."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from rtckit.cli.screen import JsonScreen, Screen
from rtckit.server.demo.candidate_pair import CandidatePair, End
from rtckit.server.demo.measurements import RoundTrips, Transfer

PAIR = CandidatePair(End("host", "udp", "::1", 5000), End("prflx", "udp", "192.0.2.1", 6000))
ROUND_TRIPS = RoundTrips(tuple(n / 1000 for n in range(1, 100)), lost=1)
DOWN = Transfer(16_000_000, 0.5, verified=True)
UP = Transfer(16_000_000, 2.0, verified=False)


def tell(screen: Screen | JsonScreen) -> None:
    screen.state("ice", "checking")
    screen.state("connection", "connected")
    screen.pair(PAIR)
    screen.round_trips(ROUND_TRIPS)
    with screen.transfer("download", 10) as progress:
        progress(5)
    screen.summary(ROUND_TRIPS, DOWN, UP)


def test_a_pipe_gets_plain_lines() -> None:
    out = io.StringIO()
    tell(Screen(Console(file=out, width=80, highlight=False)))
    text = out.getvalue()
    assert "\x1b" not in text
    assert "ice         checking" in text
    assert "host udp [::1]:5000" in text
    assert "p50 50.0 ms, p99 99.0 ms (99 pings, 1 lost)" in text
    assert "256 Mbit/s  verified" in text
    assert "64 Mbit/s  CORRUPT" in text


def test_a_terminal_gets_colour_and_motion() -> None:
    out = io.StringIO()
    tell(Screen(Console(file=out, width=80, force_terminal=True, color_system="standard")))
    assert "\x1b[32mconnected" in out.getvalue()
    assert "download" in out.getvalue()


def test_a_program_gets_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    tell(JsonScreen())
    result = json.loads(capsys.readouterr().out)
    assert result["pair"]["remote"] == {
        "type": "prflx",
        "protocol": "udp",
        "address": "192.0.2.1",
        "port": 6000,
    }
    assert result["round_trip"] == {"p50": 0.05, "p99": 0.099, "received": 99, "lost": 1}
    assert result["download"]["bits_per_second"] == pytest.approx(256e6)
    assert result["upload"]["verified"] is False


def test_a_program_learns_of_failure_with_what_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = JsonScreen()
    screen.pair(PAIR)
    screen.fail("the connection broke")
    result = json.loads(capsys.readouterr().out)
    assert result["error"] == "the connection broke"
    assert result["pair"]["local"]["port"] == 5000


def test_lost_pings_are_said_so() -> None:
    out = io.StringIO()
    Screen(Console(file=out, width=80)).round_trips(RoundTrips((), lost=100))
    assert "no answer to 100 pings" in out.getvalue()
