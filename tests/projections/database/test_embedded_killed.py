"""The bundled PostgreSQL after ``kill -9``: whoever needs it starts it again, where it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from projections.database import bundled_files, bundled_server, embedded
from tests.support import then
from tests.support.bundled import answers, asked, kill, processes_of, user

# Seconds: PostgreSQL recovers from the crash first.
LIMIT = 120
WORKING = """
SELECT count(*) FROM pg_stat_activity
WHERE state = 'active' AND query LIKE '%(1, 1000000000000)' AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home whose server has been made and is not running; tests leave it so."""
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        with user(Path(folder)):
            pass
        yield Path(folder)


def test_its_keepers_start_it_again_and_nothing_committed_is_lost(home: Path) -> None:
    """Two of them, one of whom is faster; and again after the next kill. The last to leave stops
    it."""
    with user(home, keeps=True) as first, user(home, keeps=True) as second:
        asked(first.url, "CREATE TABLE kept AS SELECT 0 AS answer; SELECT 1")
        for number in (1, 2):
            asked(first.url, f"UPDATE kept SET answer = {number}; SELECT 1")
            kill(home)

            then.soon(lambda: answers(first.url), LIMIT)
            assert asked(first.url, "SELECT answer FROM kept") == number
            assert {first.process.pid, second.process.pid} == set(embedded.users(home))

        first.leaves()
        assert answers(second.url)
        second.leaves()
    assert processes_of(home) == []


def test_its_keepers_start_it_again_when_it_was_stopped(home: Path) -> None:
    """``sendtrail db stop`` is no end while somebody needs it."""
    with user(home, keeps=True) as keeper:
        before = processes_of(home)[0].pid
        assert embedded.stop(home) is True

        then.soon(lambda: answers(keeper.url), LIMIT)
        assert processes_of(home)[0].pid != before
    assert processes_of(home) == []


def test_a_keeper_that_was_forgotten_is_a_user_again(home: Path) -> None:
    """Whoever loses the list of users, the server is not stopped under one that lives."""
    with user(home, keeps=True) as keeper:
        (home / "postgresql" / ".handle_pids.json").write_text("[12")

        then.soon(lambda: embedded.users(home) == [keeper.process.pid], LIMIT)
        with user(home):
            pass
        assert answers(keeper.url)
    assert processes_of(home) == []


def test_a_statement_that_goes_on_holds_nobody_up(home: Path) -> None:
    """The postmaster alone was killed. A process of its works on, and has what the next needs."""
    with user(home) as first:
        statement = threading.Thread(target=work_on, args=(first.url,))
        statement.start()
        then.soon(lambda: asked(first.url, WORKING) == 1, LIMIT)

        kill(home, children=False)

        with user(home) as second:
            assert second.url == first.url
            assert answers(second.url)
        statement.join()
    assert processes_of(home) == []


def work_on(url: str) -> None:
    """Executes a statement that notices by itself neither that its server nor that its client is
    gone."""
    with pytest.raises(psycopg2.Error):
        asked(url, "SELECT count(*) FROM generate_series(1, 1000000000000)")


def test_it_stops_while_it_recovers_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of its processes was killed, and it starts all of them anew."""
    monkeypatch.setattr(bundled_server, "STOP_SECONDS", 3)
    with user(home) as joined:
        statement = threading.Thread(target=work_on, args=(joined.url,))
        statement.start()
        then.soon(lambda: asked(joined.url, WORKING) == 1, LIMIT)
        os.kill(asked(joined.url, WORKING.replace("count(*)", "pid")), signal.SIGKILL)
        statement.join()

        assert embedded.stop(home) is True
        then.soon(lambda: processes_of(home) == [], LIMIT)


@pytest.mark.parametrize("state", ["alive", "ended"])
def test_an_id_in_its_files_that_means_another_process_is_no_obstacle(
    home: Path, state: str
) -> None:
    """Power fails, and afterwards another process has the id that the postmaster had; or nobody
    waits for a postmaster that ended."""
    with user(home) as first:
        kill(home)
        # PostgreSQL does not mind processes of other users, and as root it has a user of its own.
        owner = "pgserver" if os.geteuid() == 0 else None
        other = subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=owner)
        if state == "ended":
            other.kill()
            os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        data = home / "postgresql"
        for path in (data / "postmaster.pid", *data.glob(".s.PGSQL.*.lock")):
            _, *rest = path.read_text().splitlines(keepends=True)
            path.write_text("".join([f"{other.pid}\n", *rest]))
        assert embedded.state(home) == "stopped"

        with user(home) as second:
            assert second.url == first.url
            assert answers(second.url)
        other.communicate()
    assert processes_of(home) == []


def test_its_address_does_not_depend_on_who_starts_it(tmp_path: Path) -> None:
    """A path too long for a socket: the folder is somewhere else, and stays there."""
    home = tmp_path / ("long" * 25)
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as other,
        user(home, XDG_RUNTIME_DIR=one, TMPDIR=one) as first,
    ):
        kill(home)
        with user(home, XDG_RUNTIME_DIR=other, TMPDIR=other) as second:
            assert one in first.url
            assert second.url == first.url
            assert answers(first.url)
    assert processes_of(home) == []


def test_whoever_was_killed_while_making_it_leaves_nothing() -> None:
    """Half a server is none."""
    home = Path(tempfile.mkdtemp(prefix="st-"))
    half = home / "postgresql-new-half"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    try:
        assert embedded.state(home) == "not created"
        with user(home) as joined:
            assert answers(joined.url)
        assert sorted(path.name for path in home.iterdir()) == ["postgresql", "postgresql.lock"]
    finally:
        shutil.rmtree(home)


def test_a_keeper_makes_no_new_server_where_the_data_was_taken_away(home: Path) -> None:
    """Data that was moved, or is being restored, is not replaced by an empty server."""
    data, away = home / "postgresql", home / "away"
    with user(home, keeps=True) as keeper:
        with bundled_files.locked(data):
            bundled_server.stop(data)
            data.rename(away)
        embedded.Keeper(home)._look()
        assert not data.exists()

        away.rename(data)
        then.soon(lambda: answers(keeper.url), LIMIT)
    assert processes_of(home) == []
