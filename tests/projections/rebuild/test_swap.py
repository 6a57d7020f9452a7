"""Blue and green: rebuilt tables are like the live ones; and whatever fails, the live ones stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from domain.errors import InvalidInputError, StorageError
from projections.config.settings import Settings
from projections.container import Container
from projections.rebuild import rebuild as module
from projections.rebuild.indexes import defer_indexes
from projections.rebuild.rebuild import rebuild
from runners.support.clocks import SimulatedClock
from tests.projections.rebuild.live_tables import (
    TABLES,
    VIEW,
    contents,
    differences,
    execute,
    identities,
    query,
    replaced,
    shape,
)
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY
from tests.support.mixed import mixed_history
from tests.support.processes import sendtrail
from tests.support.when import Phones


def test_the_new_tables_are_like_the_old_ones(container: Container, clock: SimulatedClock) -> None:
    """Row by row, with indexes and constraints; and open connections go on with their prepared
    statements."""
    mixed_history(container, clock)
    tables, before, old_shape = identities(container), contents(container), shape(container)

    assert differences(container, swap=True) == {}

    assert replaced(container, tables) == TABLES | {VIEW}
    assert contents(container) == before
    assert shape(container) == old_shape
    assert query(container, "SELECT nspname FROM pg_namespace WHERE nspname ~ 'rebuil|retir'") == []
    when.plays(clock, 600, when.broadcaster(container, Phones(clock)))
    assert differences(container) == {}


def test_a_damaged_table_is_repaired_and_the_damage_reported(
    container: Container, clock: SimulatedClock
) -> None:
    """A row that was changed, one that is missing, one that nobody wrote."""
    lead = given.lead(container, name="Aisyah")
    device = given.device(container)
    before = contents(container)
    stray = "00000000-0000-0000-0000-000000000001"
    execute(
        container,
        "UPDATE leads SET name = 'Siti'",
        "DELETE FROM device_slots",
        f"INSERT INTO enrollment_progress (enrollment_id, open) VALUES ('{stray}', 1)",
    )

    assert differences(container, swap=True) == {
        "leads": f"lead_id {lead}: differs in name",
        "device_slots": f"device_id {device}: missing in the live table",
        "enrollment_progress": f"enrollment_id {stray}: only in the live table",
    }
    assert contents(container) == before


def test_a_single_table_is_replaced_alone(container: Container) -> None:
    """What is wrong elsewhere is neither reported nor repaired."""
    lead = given.lead(container, name="Aisyah")
    given.device(container)
    execute(container, "UPDATE leads SET name = 'Siti'", "UPDATE devices SET name = 'Mine'")
    tables = identities(container)

    found = rebuild(container.database, only="leads", swap=True)

    assert found == {"leads": f"lead_id {lead}: differs in name"}
    assert replaced(container, tables) == {"leads", VIEW}
    assert (then.row(container, "leads", lead_id=lead).name) == "Aisyah"
    assert [device.name for device in then.table(container, "devices")] == ["Mine"]
    assert then.count(container.database, VIEW) == 0


@pytest.mark.parametrize("name", ["stored_events", "api_keys", VIEW, "nothing", ""])
def test_only_a_read_model_can_be_replaced(container: Container, name: str) -> None:
    """Never the log, nor what is not made of it."""
    with pytest.raises(InvalidInputError, match="table: expected one of broadcast_messages, "):
        rebuild(container.database, only=name, swap=True)


def deferred_indexes(container: Container) -> int:
    """How many indexes a rebuild makes when the tables are full. None is dropped here."""
    with container.database.engine.connect() as connection:
        statements = defer_indexes(connection, "public")
    return sum(bool(TABLES & set(re.findall(r"\w+", statement))) for statement in statements)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_rebuild_that_is_killed_leaves_the_live_tables(
    container: Container, database_url: str, moment: str
) -> None:
    """At every commit, one after the other; the one that ends well replaces them."""
    lead = given.lead(container, name="Aisyah")
    execute(container, "UPDATE leads SET name = 'Siti'")
    tables, before = identities(container), contents(container)
    said, killed = f"lead_id {lead}: differs in name", 0
    # Preparing, a page of events, each index, once more before the swap, and the swap itself.
    commits = 4 + deferred_indexes(container)

    for number in count(1):
        fault = f"rebuild.{moment}_commit:{number}"
        result = sendtrail("rebuild", database_url=database_url, fault=fault)
        if result.returncode != -9 or replaced(container, tables):
            break
        killed = number
        assert contents(container) == before

    assert killed == {"before": commits, "after": commits - 1}[moment]
    assert result.returncode == {"before": 1, "after": -9}[moment]
    assert (said in result.stdout) == (moment == "before")
    assert replaced(container, tables) == TABLES | {VIEW}
    # The server takes a moment to notice that whoever held the lock is gone.
    held = f"SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = {module.REBUILD_LOCK}"
    then.soon(lambda: not query(container, held))
    assert differences(container) == {}


@pytest.mark.parametrize("on", ["leads", VIEW])
def test_views_of_others_are_never_dropped(container: Container, on: str) -> None:
    """On a table or on the report: the rebuild says which, and goes through without them."""
    given.lead(container)
    execute(container, "CREATE SCHEMA bi", f"CREATE VIEW bi.people AS SELECT * FROM {on}")
    tables = identities(container)

    with pytest.raises(StorageError, match=r"views stand on the live tables: drop bi\.people, and"):
        rebuild(container.database, swap=True)

    assert replaced(container, tables) == set()
    assert rebuild(container.database, only="leads").keys() == {"leads"}
    execute(container, "DROP VIEW bi.people")
    assert differences(container, swap=True) == {}
    assert replaced(container, tables) == TABLES | {VIEW}


@pytest.fixture
def role(container: Container, admin: Callable[[str], None]) -> Iterator[str]:
    """Somebody who may log in to the same server."""
    name = f'"{container.database.engine.url.database} BI"'
    admin(f"CREATE ROLE {name}")
    yield name
    execute(container, f"REASSIGN OWNED BY {name} TO CURRENT_USER", f"DROP OWNED BY {name}")
    admin(f"DROP ROLE {name}")


def test_rights_survive(container: Container, role: str) -> None:
    """On tables and on the report, of a role and of everybody, and who owns them."""
    statement = (
        "SELECT relname, relowner::regrole::text, relacl::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1"
    )
    execute(
        container,
        f"GRANT SELECT, UPDATE ON leads TO {role}",
        f"GRANT SELECT ON {VIEW} TO {role}",
        f"GRANT SELECT ON campaigns TO {role} WITH GRANT OPTION",
        "GRANT SELECT ON message_counts TO PUBLIC",
        f"ALTER TABLE devices OWNER TO {role}",
    )
    tables, before = identities(container), query(container, statement)

    rebuild(container.database, swap=True)

    assert replaced(container, tables) == TABLES | {VIEW}
    assert query(container, statement) == before
    assert {row.relname for row in before if "BI" in f"{row.relowner}{row.relacl}"} == {
        "leads",
        VIEW,
        "campaigns",
        "devices",
    }


def test_two_rebuilds_at_once_are_one_too_many(container: Container) -> None:
    """The second is refused, the first goes on and ends well."""
    given.many_leads(container, 3)
    refused: list[str] = []

    def meanwhile(done: int, total: int) -> None:
        with pytest.raises(StorageError) as caught:
            rebuild(container.database)
        refused.append(str(caught.value))

    found = rebuild(container.database, meanwhile, swap=True)

    assert set(refused) == {"another rebuild is under way; wait until it has ended"}
    assert not any(found.values())
    assert differences(container) == {}


EARLIER = {
    "a column": (
        "broadcast_messages.answered_at",
        [f"DROP VIEW {VIEW}", "ALTER TABLE broadcast_messages DROP COLUMN answered_at"],
    ),
    "a table": ("reason_counts.owner_id", ["DROP TABLE reason_counts"]),
}


@pytest.mark.parametrize(("missing", "statements"), EARLIER.values(), ids=list(EARLIER))
def test_a_changed_projection_is_deployed_by_a_rebuild(
    container: Container,
    clock: SimulatedClock,
    database_url: str,
    missing: str,
    statements: list[str],
) -> None:
    """The tables are those of an earlier version, which had less in them: this one does not work
    on them, says what to do, and then has everything, as if it had always been there."""
    mixed_history(container, clock)
    before, old_shape, tables = contents(container), shape(container), identities(container).keys()
    execute(container, *statements)

    says = f"the read models have no {missing} yet, .* run sendtrail rebuild"
    with pytest.raises(StorageError, match=says):
        Container(Settings(database_url=database_url, secret_key=SECRET_KEY))
    refused = sendtrail("status", database_url=database_url)
    assert (refused.returncode, "run sendtrail rebuild" in refused.stderr) == (1, True)

    rebuilt = sendtrail("rebuild", database_url=database_url)

    assert (rebuilt.returncode, rebuilt.stderr) == (0, "")
    assert identities(container).keys() == tables
    assert contents(container) == before
    assert shape(container) == old_shape
    with Container(Settings(database_url=database_url, secret_key=SECRET_KEY), clock) as opened:
        when.plays(clock, 600, when.broadcaster(opened, Phones(clock)))
        assert differences(opened) == {}
    # Also those who had it open all the time.
    when.plays(clock, 600, when.broadcaster(container, Phones(clock), "worker 2"))
    assert differences(container) == {}
