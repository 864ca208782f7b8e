"""The command line: versions, help, wrong usage, and life without the extra."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from typer.testing import CliRunner

from rtckit import __version__
from rtckit.cli.application import application


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(application, list(arguments))
    return result.exit_code, result.output


def test_the_version_is_printed() -> None:
    assert run("--version") == (0, f"rtckit {__version__}\n")


def test_help_names_the_commands() -> None:
    code, text = run("--help")
    assert code == 0
    assert "demo" in text
    assert "connect" in text


@pytest.mark.parametrize("command", ["demo", "connect"])
def test_every_command_has_help(command: str) -> None:
    code, text = run(command, "--help")
    assert code == 0
    assert "Usage" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ftp://127.0.0.1"], "expected an address"),
        (["http://"], "expected an address"),
        (["http://127.0.0.1:99999"], "out of range"),
        (["http://127.0.0.1:0"], "port 0"),
        (["http://[::1"], "Invalid IPv6"),
        (["http://127.0.0.1", "--size", "lots"], "is not a size"),
        (["http://127.0.0.1", "--size", "2GiB"], "1 GiB"),
        (["http://127.0.0.1", "--size", "0"], "1 GiB"),
        (["http://127.0.0.1", "--timeout", "0"], "--timeout"),
        (["http://127.0.0.1", "--echo", "--json"], "exclude each other"),
    ],
)
def test_wrong_usage_is_explained(arguments: list[str], words: str) -> None:
    code, text = run("connect", *arguments)
    assert code == 2
    assert words in " ".join(text.replace("│", " ").split())


def test_demo_says_why_it_cannot_listen() -> None:
    # An address of the documentation range (RFC 5737) is none of this machine's.
    code, text = run("demo", "--host", "203.0.113.7")
    assert code == 1
    assert "cannot listen on 203.0.113.7" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("missing", ["typer", "rich", "starlette", "websockets"])
def test_without_the_extra_it_says_what_to_install(missing: str) -> None:
    script = textwrap.dedent(f"""
        import sys
        sys.modules[{missing!r}] = None
        sys.argv = ["rtckit", "demo"]
        from rtckit.cli import main
        main()
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'rtckit[server]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_version_needs_no_extra() -> None:
    script = textwrap.dedent("""
        import sys
        sys.modules["typer"] = None
        sys.argv = ["rtckit", "--version"]
        from rtckit.cli import main
        main()
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"rtckit {__version__}\n")
