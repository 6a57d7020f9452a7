"""The database goes back to a second, and nothing is wrong: nothing is lost, and who was erased
stays erased."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from projections.container import Container
from projections.database import backup_manifest
from projections.database.engine import rows
from projections.eventstore import lead_keys
from tests.support import given, then
from tests.support.api.given import OTHER_KEY, SECRET_KEY
from tests.support.homes import LONG, folder, opened, takes_long
from tests.support.processes import running, sendtrail

INTERVALS: dict[str, object] = {
    "campaign_every": 0.2,
    "broadcast_every": 0.2,
    "notary_every": 0.5,
}
LEADS = 1000


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder for all homes and backups of this module."""
    with folder() as made:
        yield made


def log(container: Container, last: int | None = None) -> list[tuple[Any, ...]]:
    """The log as it is stored, up to the notification id ``last``."""
    with container.database.transaction() as connection:
        stored = rows(
            connection,
            "SELECT notification_id, originator_id, originator_version, topic, state"
            " FROM stored_events WHERE %(last)s::bigint IS NULL OR notification_id <= %(last)s"
            " ORDER BY 1",
            last=last,
        )
    return [(*row[:4], bytes(row[4])) for row in stored]


def present(container: Container) -> tuple[datetime, int]:
    """The server's clock, and the last event that is committed by then."""
    with container.database.transaction() as connection:
        (row,) = rows(
            connection,
            "SELECT (SELECT max(notification_id) FROM stored_events) AS last,"
            " clock_timestamp() AS at",
        )
    return row.at, row.last


def sent(container: Container) -> int:
    return then.statuses(container).get("sent", 0)


def files_with(backup: Path, words: bytes) -> list[str]:
    return [str(p) for p in backup.rglob("*") if p.is_file() and words in p.read_bytes()]


def test_every_message_up_to_the_second_is_there(place: Path) -> None:
    """The backup was made and followed while runners sent at full speed."""
    home, backup, elsewhere = place / "home", place / "backup", place / "elsewhere"
    ours: dict[str, object] = {"home": home, **INTERVALS}
    with opened(home) as office:
        given.device(office)
        leads = given.many_leads(office, LEADS)
        given.campaign(office)
        with (
            running("run", **ours) as runners,
            running("db", "backup", str(backup), "--follow", **ours) as follower,
        ):
            then.soon(lambda: any("following" in line for line in follower.lines), LONG)
            given.campaign(office, name="Second")
            then.soon(lambda: sent(office) > LEADS + 100, LONG)
            at, last = present(office)
            given.campaign(office, name="Third")
            then.soon(lambda: sent(office) == 3 * LEADS, LONG)
            assert follower.ends(signal.SIGTERM) == 0, follower.lines
            assert runners.ends(signal.SIGTERM) == 0, runners.lines
        original = log(office)
        with office.database.transaction() as connection:
            keys = lead_keys.read(connection, leads)
    manifest = backup_manifest.read(backup)
    assert manifest is not None
    (series,) = manifest.series
    assert series.archived_until is not None
    # The second is between base backup and end, so that its log is what brings it back.
    assert series.bases[0].ended_at < at < series.archived_until

    restored = takes_long("db", "restore", backup, "--until", at.isoformat(), home=elsewhere)

    assert restored.returncode == 0, restored.stdout
    assert "intact: " in restored.stdout
    assert restored.stdout.count("identical") > 10
    assert "is NOT erased again" in restored.stdout
    with opened(elsewhere) as copy:
        again = log(copy)
    assert len(again) >= last
    assert again == original[: len(again)]
    assert len(again) < len(original)
    everything = takes_long("db", "restore", backup, "--force", home=elsewhere)
    assert everything.returncode == 0, everything.stdout
    with opened(elsewhere) as copy:
        assert log(copy) == original
        assert sent(copy) == 3 * LEADS
        assert then.gaps(copy) == []
    # What opens personal data is not in the backup; the same search finds what is.
    stored = next(row.key for row in original_keys(elsewhere) if row.lead_id == leads[0])
    assert files_with(backup, bytes(stored)) != []
    for lead in (leads[0], leads[-1]):
        assert files_with(backup, keys[lead]) == []
    assert files_with(backup, SECRET_KEY.encode()) == []
    assert [path for path in backup.rglob("*") if path.name == "secret.key"] == []
    assert backup.stat().st_mode & 0o777 == 0o700


def original_keys(home: Path) -> list[Any]:
    with opened(home) as copy:
        return then.table(copy, "lead_keys")


@pytest.fixture(scope="module")
def shop(place: Path) -> dict[str, Any]:
    """A home with three leads and a backup of it, after which the second and third were erased."""
    home, backup = place / "shop", place / "shop backup"
    with opened(home) as office:
        leads = [given.lead(office, number, name=f"Lead {number}") for number in (1, 2, 3)]
        office.outreach.erase_lead(leads[2], actor="api:boss")
    made = takes_long("db", "backup", backup, home=home)
    assert made.returncode == 0, made.stdout
    with opened(home) as office:
        office.outreach.erase_lead(leads[1], actor="api:boss")
    printed = sendtrail("db", "erasures", home=home)
    return {"home": home, "backup": backup, "leads": leads, "printed": printed}


def erased(home: Path) -> dict[UUID, bool]:
    """Who is erased, by the tables, where nothing of them is left."""
    with opened(home) as office:
        for lead in then.table(office, "leads"):
            assert (lead.phone is None) == (lead.name == "") == (lead.erased_at is not None)
        known = {row.lead_id for row in then.table(office, "lead_keys")}
        found = {row.lead_id: row.erased_at is not None for row in then.table(office, "leads")}
        assert known == {lead for lead, is_erased in found.items() if not is_erased}
        return found


def test_who_was_erased_since_stays_erased_by_the_list(place: Path, shop: dict[str, Any]) -> None:
    """The living installation is lost; the list was kept elsewhere. It may name strangers."""
    aisyah, siti, budi = shop["leads"]
    assert shop["printed"].stdout.split() == [str(budi), str(siti)]
    listed = place / "erasures.txt"
    stranger = '{"lead_id": "00000000-0000-4000-8000-000000000000"}'
    listed.write_text(f"{shop['printed'].stdout}\n{stranger}\n")
    home = place / "listed"

    restored = takes_long("db", "restore", shop["backup"], "--erasures", listed, home=home)

    assert restored.returncode == 0, restored.stdout
    assert "erased again 1 people; 1 were erased in the backup, 1 are not in it" in restored.stdout
    assert "NOT erased again" not in restored.stdout
    assert erased(home) == {aisyah: False, siti: True, budi: True}


def test_who_was_erased_since_stays_erased_by_the_living_installation(
    shop: dict[str, Any],
) -> None:
    """It is put aside with --force, and in no other way; what it knows is repeated first."""
    aisyah, siti, budi = shop["leads"]
    home = shop["home"]
    refused = sendtrail("db", "restore", shop["backup"], home=home)
    before = erased(home)

    restored = takes_long("db", "restore", shop["backup"], "--force", home=home)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"Error: {home}/postgresql: expected nothing there;"
        " --force puts the present database aside\n"
    )
    assert restored.returncode == 0, restored.stdout
    assert "erased again 1 people; 1 were erased in the backup, 0 are not in it" in restored.stdout
    assert erased(home) == before == {aisyah: False, siti: True, budi: True}
    (aside,) = home.glob("postgresql.before-restore-*")
    assert f"the database of before is in {aside}" in restored.stdout
    left = {path.name for path in home.iterdir()}
    assert left == {"postgresql", aside.name, "postgresql.lock"}

    # A backup after that goes on in the same folder, as a series of its own.
    again = takes_long("db", "backup", shop["backup"], "--keep", 1, home=home)
    assert again.returncode == 0, again.stdout
    manifest = backup_manifest.read(shop["backup"])
    assert manifest is not None
    assert [(series.name, series.timeline, len(series.bases)) for series in manifest.series] == [
        ("0002", 2, 1)
    ]
    assert not (shop["backup"] / "0001").exists()


def test_a_restore_that_cannot_be_right_changes_nothing(place: Path, shop: dict[str, Any]) -> None:
    """Another secret key, an instant that is not there, a database in use, a damaged file."""
    backup, home = shop["backup"], place / "refused"
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    refusals = [
        sendtrail("db", "restore", backup, home=home, secret_key=OTHER_KEY),
        sendtrail("db", "restore", backup, home=home, secret_key=None),
        sendtrail("db", "restore", backup, "--until", later, home=home),
        sendtrail("db", "restore", backup, "--until", "2020-01-01T00:00Z", home=home),
        sendtrail("db", "restore", place, home=home),
        sendtrail("db", "restore", backup, home=home, database_url="postgresql://h/x"),
    ]
    with opened(shop["home"]):
        in_use = sendtrail("db", "restore", backup, "--force", home=shop["home"])
    damaged = next(backup.glob("*/base/*/PG_VERSION"))
    damaged.write_text("17\n")
    altered = takes_long("db", "restore", backup, home=home)
    damaged.write_text("18\n")

    said = [result.stderr for result in refusals]
    assert [result.returncode for result in [*refusals, in_use, altered]] == [1] * 8
    assert said[0].startswith(
        "Error: SENDTRAIL_SECRET_KEY: expected the key that this database was made with, or the"
    )
    assert said[1].startswith("Error: SENDTRAIL_SECRET_KEY: expected a Fernet key here or in")
    assert said[2] == said[3]
    assert said[2].startswith("Error: until: expected an instant of 20")
    assert "expected a folder that sendtrail db backup made" in said[4]
    assert "docs/backup.md" in said[5]
    assert in_use.stderr.startswith("Error: the database is in use: stop serve, run and")
    assert "is damaged: PG_VERSION was altered" in altered.stdout
    assert {path.name for path in home.glob("*")} <= {"postgresql.lock"}
