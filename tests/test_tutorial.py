"""docs/tutorial.md does what it says: every command of it is run, in one shell, in its order."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.homes import folder

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tutorial.md"
# What ``make wheel`` and CI do, and the one block that a test cannot: the environment is this one.
INSTALLS = "make demo\n. .venv/bin/activate\n"
# Between the outputs of two blocks.
MARK = "=== {} ==="


def blocks() -> list[tuple[str, str]]:
    """Each block of commands, with the output that the page shows of it, or nothing."""
    found = re.findall(
        r"^```sh\n(.*?)^```$(?:\n\n^```\n(.*?)^```$)?", PAGE.read_text("utf-8"), re.M | re.S
    )
    assert found[0] == (INSTALLS, "")
    return found[1:]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder, and the command ``sendtrail`` below it."""
    with folder() as path:
        (path / "bin").mkdir()
        command = path / "bin" / "sendtrail"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m runners.cli.main "$@"\n')
        command.chmod(0o755)
        (path / "work").mkdir()
        yield path


def run(place: Path, script: str) -> str:
    """What a shell says, its errors too. Whatever the script started has ended afterwards."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("SENDTRAIL_")}
    added = {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "PATH": f"{place}/bin:{kept['PATH']}"}
    output = place / "output"
    with output.open("wb") as file:
        shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=place / "work",
            env={**kept, **added},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            shell.wait(240)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
    return output.read_text("utf-8")


def pattern(line: str) -> str:
    """A line of the page as a regular expression; … stands for anything."""
    return ".*".join(re.escape(part) for part in re.split(" *… *", line.strip()))


def test_every_command_does_what_the_page_shows(place: Path) -> None:
    port = free_port()
    script = "".join(f"echo '{MARK.format(n)}'\n{text}" for n, (text, _) in enumerate(blocks()))
    output = run(place, script.replace("8000", str(port)))

    said = re.split(r"^=== \d+ ===\n", output, flags=re.M)[1:]
    for (commands, shown), real in zip(blocks(), said, strict=True):
        at = 0
        for line in shown.splitlines():
            found = re.search(pattern(line), real[at:])
            assert found, f"{commands}shows {line!r}, and said:\n{real}"
            at += found.end()
    assert not list((place / "work").iterdir())
