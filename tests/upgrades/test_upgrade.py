"""``sendtrail rebuild`` on a database of the version before: the tables say the same after it, and
what has another name now is gone under the old one."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from click.testing import CliRunner

from domain.errors import StorageError
from domain.topics import BY_TOPIC
from projections.config.settings import Settings
from projections.container import Container
from projections.database.engine import Database
from projections.rebuild import rebuild as module
from projections.rebuild.rebuild import rebuild
from runners.cli.main import main
from tests.projections.rebuild.live_tables import (
    TABLES,
    differences,
    execute,
    identities,
    query,
)
from tests.support import then
from tests.support.api.given import SECRET_KEY
from tests.upgrades import schemas
from tests.upgrades.former import FORMER_TABLES, NIGHT, OLD, SALES_1, SALES_2, SPARE


@pytest.mark.parametrize("page", [7, 5000])
def test_the_handlers_say_what_the_former_ones_said(
    outdated: Container, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """Of every kind of event and for every table, those with new names included, whatever the
    pages."""
    monkeypatch.setattr(module, "PAGE", page)
    logged = {row.topic for row in query(outdated, "SELECT DISTINCT topic FROM stored_events")}
    assert len(logged) == 46
    assert logged <= BY_TOPIC.keys()
    shared = TABLES & identities(outdated).keys()
    assert len(shared) == 13
    assert [name for name in shared if not then.count(outdated.database, name)] == []

    found = rebuild(outdated.database)

    assert found == dict.fromkeys(TABLES)
    for former, present in (
        ("device_id, last_slot_at, 0 FROM device_lanes", "rebuild.device_slots"),
        (
            "device_id, handed_over_at, message_id, 0, NULL, NULL FROM device_hand_overs",
            "rebuild.device_dispatches",
        ),
    ):
        rows = query(outdated, f"SELECT {former} ORDER BY 1")
        assert len(rows) == 5
        assert query(outdated, f"SELECT * FROM {present} ORDER BY 1") == rows


def test_a_difference_to_the_former_tables_is_named(outdated: Container) -> None:
    """A row that somebody changed before the upgrade; it is right after it."""
    execute(outdated, "UPDATE devices SET name = 'Mine' WHERE name = 'Spare'")

    assert differences(outdated, swap=True) == {"devices": f"device_id {SPARE}: differs in name"}
    assert {row.name for row in then.table(outdated, "devices")} == {
        "Sales One",
        "Sales 2",
        "Old",
        "Night",
        "Spare",
    }


def at(clock: str) -> datetime:
    """That time on one of the two days."""
    return datetime.fromisoformat(f"2026-03-{clock}").replace(tzinfo=UTC)


def test_the_rebuild_makes_the_tables_of_now(
    database_url: str, migrated: Settings, prompt: CliRunner
) -> None:
    """The former ones are gone, the new ones have what they had, and from then on everything is
    compared."""
    first = prompt.invoke(main, ["rebuild"])
    second = prompt.invoke(main, ["rebuild"])

    for result in (first, second):
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.count("identical") == len(TABLES)
    with Container(Settings(database_url=database_url, secret_key=SECRET_KEY)) as container:
        assert identities(container).keys() & FORMER_TABLES == set()
        assert [tuple(row) for row in then.table(container, "device_slots")] == [
            (SALES_1, at("03 14:00:36.917010"), 0),
            (SALES_2, at("03 14:00:14"), 0),
            (OLD, at("02 15:18"), 0),
            (NIGHT, at("02 15:18"), 0),
            (SPARE, None, 0),
        ]
        assert [tuple(row)[:4] for row in then.table(container, "device_dispatches")] == [
            (SALES_1, at("03 14:00:14"), UUID("ee35e397-68d0-5313-8eda-97ce1af1e363"), 0),
            (SALES_2, at("03 14:00:14"), UUID("da10c00d-a4f5-582e-b079-3ea77da0a193"), 0),
            (OLD, at("02 15:18"), UUID("b0c5a4f3-ceff-5643-b4ae-b8a74c800cdd"), 0),
            (NIGHT, at("02 15:18"), UUID("6da247d2-246e-508b-b961-0a40a895cee4"), 0),
            (SPARE, None, None, 0),
        ]


def test_a_slot_that_was_changed_after_it_is_named(container: Container) -> None:
    """The new tables are compared like any other once they are there."""
    execute(container, f"UPDATE device_slots SET last_slot_at = NULL WHERE device_id = '{OLD}'")

    assert differences(container) == {"device_slots": f"device_id {OLD}: differs in last_slot_at"}


def test_an_upgraded_database_is_like_a_new_one(container: Container, new_url: str) -> None:
    """In every table, column, index, constraint, view, function and trigger; and a rebuild of the
    new one, which has nothing to drop, is no error."""
    made = Database(new_url, secret_key=SECRET_KEY)
    try:
        assert set(rebuild(made, swap=True).values()) == {None}
    finally:
        made.close()

    assert schemas.shape(container.database.url) == schemas.shape(new_url)


def test_a_single_table_leaves_the_former_ones(outdated: Container, settings: Settings) -> None:
    """Be it one of before or one that is new: only what takes the place of all drops them."""
    rebuild(outdated.database, only="leads", swap=True)
    assert identities(outdated).keys() >= FORMER_TABLES

    rebuild(outdated.database, only="device_slots", swap=True)

    assert identities(outdated).keys() >= {*FORMER_TABLES, "device_slots"}
    assert then.count(outdated.database, "device_slots") == 5
    people = ("lead_addresses", "lead_search", "erased_ids", "suppressions", "replies")
    others = ("message_counts", "series_counts", "composed_messages", "segments", "lead_consents")
    plans = ("broadcast_messages", "enrollments", "sequences", "campaigns")
    for only in (
        "device_dispatches",
        "devices",
        "leases",
        *plans,
        *people,
        *others,
        "message_answers",
    ):
        rebuild(outdated.database, only=only, swap=True)
    with pytest.raises(StorageError, match=r"there is device_hand_overs, .* run sendtrail rebuild"):
        Container(settings)
    assert differences(outdated, swap=True) == {}
    assert identities(outdated).keys() & FORMER_TABLES == set()


def test_after_going_back_to_the_former_version_a_rebuild_is_needed_again(
    container: Container, settings: Settings, prompt: CliRunner
) -> None:
    """Its own rebuild made its tables beside those of now, which know nothing of the device that
    it registered then."""
    execute(
        container,
        "CREATE TABLE device_lanes AS TABLE device_slots",
        f"DELETE FROM device_slots WHERE device_id = '{SPARE}'",
    )

    with pytest.raises(StorageError) as caught:
        Container(settings)
    assert str(caught.value) == (
        "there is device_lanes, a read model of an earlier version, which may have worked here"
        " since: run sendtrail rebuild"
    )
    assert prompt.invoke(main, ["status"]).exit_code == 1

    with Container(settings, outdated=True) as outdated:
        assert differences(outdated, swap=True) == {
            "device_slots": f"device_id {SPARE}: missing in the live table"
        }
    with Container(settings) as opened:
        assert then.count(opened.database, "device_slots") == 5
        assert identities(opened).keys() & FORMER_TABLES == set()


@pytest.mark.parametrize("on", sorted(FORMER_TABLES))
def test_a_view_on_a_former_table_is_named_and_not_dropped(outdated: Container, on: str) -> None:
    """Somebody's report stands on it: the rebuild says which, leaves everything as it is, and goes
    through without the view."""
    execute(outdated, "CREATE SCHEMA bi", f"CREATE VIEW bi.pace AS SELECT * FROM {on}")
    tables, before = identities(outdated), len(query(outdated, "SELECT FROM bi.pace"))

    with pytest.raises(StorageError, match=r"views stand on the live tables: drop bi\.pace, and"):
        rebuild(outdated.database, swap=True)

    assert identities(outdated) == tables
    assert before == len(query(outdated, "SELECT FROM bi.pace")) == 5
    execute(outdated, "DROP VIEW bi.pace")
    assert differences(outdated, swap=True) == {}
    assert identities(outdated).keys() & FORMER_TABLES == set()


def test_a_schema_of_an_earlier_check_is_no_obstacle(outdated: Container) -> None:
    """The version before left its own tables in it."""
    execute(
        outdated,
        "CREATE SCHEMA rebuild",
        "CREATE TABLE rebuild.device_lanes (LIKE device_lanes)",
        "CREATE TABLE rebuild.leads (LIKE leads)",
    )
    columns = shared_columns(outdated)
    before = contents_of(outdated, columns)

    assert differences(outdated, swap=True) == {}

    found = query(outdated, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'")
    assert {row.nspname for row in found} == {"public", "information_schema"}
    assert contents_of(outdated, columns) == before


def shared_columns(container: Container) -> dict[str, str]:
    """The columns of the tables that have their names still, but for the leases, as SQL."""
    found = query(
        container,
        "SELECT table_name, string_agg(column_name, ', ' ORDER BY ordinal_position) AS columns"
        " FROM information_schema.columns WHERE table_schema = 'public' GROUP BY 1",
    )
    return {row.table_name: row.columns for row in found if row.table_name in TABLES - {"leases"}}


def contents_of(container: Container, columns: dict[str, str]) -> dict[str, list[str]]:
    """Every row of these tables, in these columns."""

    def all_of(name: str) -> list[str]:
        chosen = f"SELECT ROW({columns[name]})::text AS whole FROM {name} ORDER BY 1"
        return [row.whole for row in query(container, chosen)]

    return {name: all_of(name) for name in columns}
