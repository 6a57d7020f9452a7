"""A short chaos run, so that the long one is known to work."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support.processes import ROOT


def test_nothing_is_doubled_or_lost() -> None:
    """Its own server and database; what it prints is what a person would see."""
    size = ["--kills", "8", "--messages", "300", "--devices", "6"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *size, "--seed", "1", "--no-deferrals"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Four fifths, a fork of three steps for a tenth of the people, one text for one person, and
    # those who are not held out of the other fifth.
    (messages,) = re.findall(r"^messages (\d+), kills 8, ", done.stdout)
    assert 259 < int(messages) < 259 + 48
    assert ", duplicates 0, lost 0, " in done.stdout
