"""Backups of a server: what they need, that the log in them has no gap, and what is kept."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from projections.container import Container
from projections.database import backup_manifest
from projections.database.backup_manifest import Manifest
from projections.database.engine import rows
from tests.support import given, then
from tests.support.homes import LONG, folder, opened, takes_long
from tests.support.processes import running, sendtrail

PASSWORD = "s3cret-of-the-backup"


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.fixture(scope="module")
def office(place: Path) -> Iterator[Container]:
    """A server that runs all the time, and an application on it with a lead."""
    with opened(place / "home") as container:
        given.lead(container)
        yield container


def manifest(backup: Path) -> Manifest:
    found = backup_manifest.read(backup)
    assert found is not None
    return found


def slots(office: Container) -> list[str]:
    with office.database.transaction() as connection:
        return [
            row.slot_name
            for row in rows(
                connection,
                "SELECT slot_name FROM pg_replication_slots WHERE NOT temporary ORDER BY 1",
            )
        ]


def execute(office: Container, *statements: str) -> None:
    with office.database.transaction() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def role_url(office: Container, name: str) -> str:
    """The URL of the same database for that role."""
    return office.database.url.replace("postgres:@", f"{name}:{PASSWORD}@")


def test_the_log_goes_on_after_a_follower_was_killed(place: Path, office: Container) -> None:
    """The next run fetches what the server kept, in the same series; another at once is refused."""
    home, backup = place / "home", place / "killed"
    with running("db", "backup", str(backup), "--follow", home=home) as follower:
        then.soon(lambda: any("following" in line for line in follower.lines), LONG)
        second = sendtrail("db", "backup", backup, home=home)
        first_end = manifest(backup).series[0].archived_until
        (receiver,) = psutil.Process(follower.process.pid).children(recursive=True)
        follower.ends(signal.SIGKILL)
    given.lead(office, 2)
    assert receiver.is_running()  # it goes on by itself until the next run ends it

    again = takes_long("db", "backup", backup, home=home)

    assert second.stderr == f"Error: {backup}: another sendtrail db backup works on it\n"
    assert again.returncode == 0, again.stdout
    (series,) = manifest(backup).series
    assert first_end is not None
    assert series.archived_until is not None
    assert series.archived_until > first_end
    assert len(series.bases) == 1
    assert manifest(backup).slot in slots(office)
    assert psutil.wait_procs([receiver], 60)[1] == []

    dropped = sendtrail("db", "backup", backup, "--drop-slot", home=home)

    assert dropped.stdout == f"{manifest(backup).slot}: dropped\n"
    assert manifest(backup).slot not in slots(office)


def test_a_server_by_url_needs_the_right_to_replicate_and_no_more(
    place: Path, office: Container
) -> None:
    """The password is in no argument of a program, and in no file. The restore is not ours."""
    execute(
        office,
        f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_read_all_data",
        f"CREATE ROLE keeper LOGIN REPLICATION PASSWORD '{PASSWORD}' IN ROLE pg_read_all_data",
    )
    backup = place / "by url"

    refused = sendtrail("db", "backup", backup, database_url=role_url(office, "reader"))
    seen: list[str] = []
    url = role_url(office, "keeper")
    with running("db", "backup", str(backup), "--follow", database_url=url) as follower:
        process = psutil.Process(follower.process.pid)

        def is_following() -> bool:
            for child in process.children(recursive=True):
                try:
                    seen.extend(child.cmdline())
                except psutil.Error:  # it has ended
                    continue
            return any("following" in line for line in follower.lines)

        then.soon(is_following, LONG)
        then.soon(lambda: is_following() and any("receivewal" in word for word in seen), LONG)
        assert follower.ends(signal.SIGTERM) == 0, follower.lines
    restored = sendtrail("db", "restore", backup, home=place / "nowhere")

    assert refused.stderr == (
        "Error: the database's role: expected the right REPLICATION, for a backup\n"
    )
    assert any("user=keeper" in word for word in seen)
    assert [word for word in seen if PASSWORD in word] == []
    words = [path for path in backup.glob("*.json") if PASSWORD in path.read_text()]
    assert (words, manifest(backup).bundled) == ([], False)
    assert restored.stderr.startswith("Error: the backup is of a server of your own")


def test_the_newest_are_kept_with_the_log_that_they_need(place: Path, office: Container) -> None:
    """Older ones go only when that is asked, each with the log before the next."""
    home, backup = place / "home", place / "kept"
    for more in ([], ["--base"], ["--base", "--keep", 2]):
        result = takes_long("db", "backup", backup, *more, home=home)
        assert result.returncode == 0, result.stdout

    (series,) = manifest(backup).series
    names = sorted(path.name for path in (backup / series.name / "base").iterdir())
    segments = backup_manifest.segments(backup / series.name / "wal")

    assert names == [base.name for base in series.bases]
    assert len(names) == 2
    assert min(segments) == backup_manifest.segment_of(series, series.bases[0].start_lsn)


def test_what_is_no_place_for_a_backup_is_refused(place: Path, office: Container) -> None:
    """The database's own folder, a home, a backup of another server, a file."""
    home, other = place / "home", place / "other home"
    (place / "file").write_text("")
    with opened(place / "second"):
        another = takes_long("db", "backup", place / "of another", home=place / "second")
        assert another.returncode == 0, another.stdout

    def said(backup: Path, **settings: object) -> str:
        result = sendtrail("db", "backup", backup, **{"home": home, **settings})
        assert (result.returncode, result.stdout) == (1, "")
        (line,) = result.stderr.splitlines()
        return line

    assert "outside of the database's own" in said(home / "postgresql" / "backup")
    assert "a new folder, or one with a backup in it" in said(home)
    assert "expected a backup of this server, not of another" in said(place / "of another")
    assert f"there is no database under {other} yet" in said(place / "new", home=other)
    assert not (place / "new").exists()


def test_keys_of_an_earlier_version_are_no_part_of_a_backup(place: Path, office: Container) -> None:
    """They would open personal data for whoever gets hold of it."""
    execute(
        office,
        "INSERT INTO lead_keys VALUES ('00000000-0000-4000-8000-000000000000', decode(repeat('00',"
        " 32), 'hex'))",
    )

    refused = sendtrail("db", "backup", place / "plain", home=place / "home")
    execute(office, "DELETE FROM lead_keys WHERE octet_length(key) = 32")

    assert "the keys of leads: expected them encrypted" in refused.stderr
