"""What the database and the machine refuse is one line; what is wrong in the code is not hidden."""

from __future__ import annotations

import subprocess
import sys
from errno import EACCES, ENOSPC
from pathlib import Path

import click
import psycopg2
import pytest
from click.testing import CliRunner

from runners.cli.common import actor
from runners.cli.main import COMMANDS, Commands
from tests.support.processes import MODULE, ROOT, environment, fresh

FULL = Path("/dev/full")


def test_several_hosts_that_do_not_answer_are_all_named() -> None:
    """In one line."""
    result = fresh("status", database_url="postgresql://anna:s3cret@127.0.0.1:1,127.0.0.1:2/x")

    assert result.stderr == (
        "Error: the database does not answer:"
        ' connection to server at "127.0.0.1", port 1 failed: Connection refused;'
        ' connection to server at "127.0.0.1", port 2 failed: Connection refused\n'
    )
    assert (result.returncode, result.stdout) == (1, "")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_is_one_line(database_url: str) -> None:
    """Here that on which the output is written."""
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", MODULE, "status"],
            cwd=ROOT,
            env=environment(database_url=database_url),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert (done.returncode, done.stderr) == (1, "Error: No space left on device\n")


def test_a_home_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    """With what to do about it."""
    (tmp_path / "file").touch()

    result = fresh("status", home=tmp_path / "file" / "home")

    assert result.stderr == (
        f"Error: the bundled PostgreSQL does not start under {tmp_path}/file/home/postgresql:"
        " Not a directory; name another folder by SENDTRAIL_HOME,"
        " or set SENDTRAIL_DATABASE_URL to a PostgreSQL 15 or newer\n"
    )
    assert (result.returncode, result.stdout) == (1, "")


def test_a_user_without_a_name_is_called_by_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user may be a number and nothing else."""

    def nobody(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.setattr("os.getuid", lambda: 12345)

    assert actor() == "cli:uid 12345"


@click.command()
@click.pass_context
def fails(ctx: click.Context) -> None:
    """A command that meets an error."""
    raise ctx.obj


REFUSED_BY_THE_MACHINE = [
    (PermissionError(EACCES, "Permission denied", "/srv/x"), "/srv/x: Permission denied"),
    (OSError(ENOSPC, "No space left on device"), "No space left on device"),
    (TimeoutError(), "TimeoutError"),
    (MemoryError(), "the machine has no memory left"),
    (psycopg2.OperationalError("gone\nhint"), "the database does not answer: gone"),
]


@pytest.mark.parametrize(("error", "line"), REFUSED_BY_THE_MACHINE, ids=repr)
def test_what_the_machine_refuses_is_one_line(
    error: Exception, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever command meets it."""
    monkeypatch.setitem(COMMANDS, "fails", (f"{__name__}:fails", ""))

    result = CliRunner().invoke(Commands(), ["fails"], obj=error)

    assert (result.exit_code, result.stderr) == (1, f"Error: {line}\n")


def test_a_fault_of_the_code_is_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a place in the code, which somebody has to find. Its words do not act."""
    monkeypatch.setitem(COMMANDS, "fails", (f"{__name__}:fails", ""))
    error = ValueError("a bug\x1b[2J")

    result = CliRunner().invoke(Commands(), ["fails"], obj=error)

    assert (result.exit_code, result.stdout) == (1, "")
    first, *_, last = result.stderr.splitlines()
    assert (first, last) == (
        "Traceback (most recent call last):",
        r"ValueError: a bug\x1b[2J",
    )
    assert f'File "{__file__}"' in result.stderr
