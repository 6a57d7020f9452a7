"""The bundled PostgreSQL: one server per home, shared by processes, gone with the last."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from domain.errors import StorageError
from projections.database import embedded
from tests.support.bundled import asked, processes_of, user
from tests.support.processes import each, sendtrail


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home whose server has been made and is not running; tests leave it so."""
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        with user(Path(folder)):
            pass
        yield Path(folder)


@pytest.fixture
def bare_home() -> Iterator[Path]:
    """A home with nothing in it."""
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        yield Path(folder)
        embedded.stop(Path(folder))


def test_a_home_without_a_server_says_so(tmp_path: Path) -> None:
    """Asking does not make one."""
    home = tmp_path / "fresh"

    assert embedded.state(home) == "not created"
    assert embedded.users(home) == []
    assert embedded.stop(home) is False
    with pytest.raises(StorageError, match="the bundled PostgreSQL is not running"):
        embedded.url(home)
    assert not home.exists()


def test_it_starts_and_stops_and_keeps_what_was_committed(home: Path) -> None:
    """Whoever uses it: stopping is for everybody."""
    assert embedded.state(home) == "stopped"

    with user(home) as only:
        assert embedded.state(home) == "running"
        assert embedded.users(home) == [only.process.pid]
        assert embedded.url(home) == only.url
        assert asked(only.url, "CREATE TABLE kept AS SELECT 42 AS answer; SELECT 1") == 1
        assert embedded.stop(home) is True
        assert embedded.state(home) == "stopped"
        assert embedded.stop(home) is False

    with user(home) as another:
        assert asked(another.url, "SELECT answer FROM kept") == 42


def test_processes_share_it_and_it_stops_with_the_last(home: Path) -> None:
    """The first may leave before the second."""
    with user(home) as first, user(home) as second:
        assert first.url == second.url
        assert {first.process.pid, second.process.pid} <= set(embedded.users(home))

        first.leaves()
        assert embedded.state(home) == "running"
        assert asked(second.url)

        second.leaves()
        assert embedded.state(home) == "stopped"


def test_the_last_user_stops_it_whoever_started_it_last(home: Path) -> None:
    """It was stopped while it was used, and another process started it anew: the first is its user
    still, and the last."""
    with user(home) as first:
        assert embedded.stop(home) is True
        with user(home) as second:
            assert {first.process.pid, second.process.pid} == set(embedded.users(home))
        assert embedded.state(home) == "running"
        assert asked(first.url)

        first.leaves()
        assert embedded.state(home) == "stopped"
        assert processes_of(home) == []


def test_a_killed_process_is_no_user_any_more(home: Path) -> None:
    """The server stays up after the kill; the next process that joins and leaves stops it."""
    with user(home) as killed:
        killed.dies()
        assert embedded.state(home) == "running"
        assert killed.process.pid not in embedded.users(home)

        with user(home) as next_one:
            assert asked(next_one.url)
        assert embedded.state(home) == "stopped"


@pytest.mark.parametrize("content", ["[1234567", "", "[99999999]"])
def test_a_list_of_users_that_was_half_written_is_no_obstacle(home: Path, content: str) -> None:
    """Killed in the middle of writing it; or the process in it is long gone."""
    (home / "postgresql" / ".handle_pids.json").write_text(content)

    assert embedded.users(home) == []
    with user(home) as joined:
        assert asked(joined.url)
    assert embedded.state(home) == "stopped"
    assert json.loads((home / "postgresql" / ".handle_pids.json").read_text()) == []


def test_a_list_of_before_the_machine_was_started_means_nobody(home: Path) -> None:
    """Power fails, and afterwards other processes have those ids."""
    pids = home / "postgresql" / ".handle_pids.json"
    pids.write_text(f"[{os.getpid()}]")
    assert embedded.users(home) == [os.getpid()]
    before = psutil.boot_time() - 60
    os.utime(pids, (before, before))

    assert embedded.users(home) == []
    with user(home) as joined:
        assert embedded.users(home) == [joined.process.pid]
    assert embedded.state(home) == "stopped"


def test_a_home_that_cannot_be_used_is_one_clear_error(tmp_path: Path) -> None:
    """It says where, and what else one could do."""
    occupied = tmp_path / "home"
    occupied.write_text("a file")

    with pytest.raises(StorageError) as refused:
        embedded.start(occupied)

    assert str(refused.value).splitlines() == [
        f"the bundled PostgreSQL does not start under {occupied}/postgresql: File exists;"
        " name another folder by SENDTRAIL_HOME,"
        " or set SENDTRAIL_DATABASE_URL to a PostgreSQL 15 or newer"
    ]


def test_the_command_line_tells_stops_and_shows_it(home: Path) -> None:
    """``sendtrail db status``, ``url`` and ``stop``."""
    asking = [(["db", "status"], {"home": home}), (["db", "url"], {"home": home})]
    stopped, nowhere = each(*asking)
    with user(home) as joined:
        running, url = each(*asking)
        stop = sendtrail("db", "stop", home=home)
        joined.leaves()

    assert stopped.stdout == "stopped, 0 processes use it\n"
    assert nowhere.returncode == 1
    assert nowhere.stderr == (
        "Error: the bundled PostgreSQL is not running; it runs while a command that needs it does\n"
    )
    assert running.stdout == "running, 1 processes use it\n"
    assert url.stdout.startswith("postgresql://postgres:@/sendtrail?host=")
    assert (stop.stdout, stop.returncode) == ("stopped\n", 0)
    assert stop.stderr == "1 processes use it; serve and run start it again\n"
    assert embedded.state(home) == "stopped"


def test_a_command_without_a_database_url_brings_its_own(home: Path) -> None:
    """Nothing to install, nothing to set up; afterwards nothing is left running."""
    result = sendtrail("status", home=home)

    assert (result.returncode, result.stderr) == (0, "")
    assert "leads" in result.stdout
    assert embedded.state(home) == "stopped"


def test_a_lost_secret_key_is_not_made_anew(bare_home: Path) -> None:
    """A new one would open nothing, and take the place of the right one in tomorrow's backup."""
    home = bare_home
    without = {"home": home, "secret_key": ""}
    assert sendtrail("status", **without).returncode == 0
    key = home / "secret.key"
    kept = key.read_text()
    key.unlink()

    refused = sendtrail("status", **without)

    assert refused.returncode == 1
    assert f"here or in {key.resolve()}" in refused.stderr
    assert not key.exists()
    key.write_text(kept)
    assert sendtrail("status", **without).returncode == 0
