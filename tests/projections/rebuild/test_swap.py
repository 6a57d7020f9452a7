"""Blue and green: rebuilt tables take the place of the live ones, while everybody goes on working;
and whatever fails, the live ones stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Connection

from domain.errors import InvalidInputError, StorageError
from projections.config.settings import Settings
from projections.container import Container, utc_now
from projections.database.engine import rows
from projections.rebuild import rebuild as module
from projections.rebuild import swap
from projections.rebuild.rebuild import rebuild
from projections.schema.columns import READ_MODELS
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.mixed import mixed_history
from tests.support.processes import sendtrail
from tests.support.when import Phones

TABLES = set(READ_MODELS.tables)
VIEW = "broadcast_message_report"


def differences(container: Container, **options: Any) -> dict[str, str]:
    found = rebuild(container.database, **options)
    return {table: difference for table, difference in found.items() if difference is not None}


def asked(container: Container, statement: str) -> list[Any]:
    with container.database.transaction() as connection:
        return rows(connection, statement)


def does(container: Container, *statements: str) -> None:
    with container.database.transaction() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def identities(container: Container) -> dict[str, int]:
    """The live tables and views as PostgreSQL knows them: which they are, whatever is in them."""
    statement = (
        "SELECT relname, oid::bigint FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
    )
    return {row.relname: row.oid for row in asked(container, statement)}


def replaced(container: Container, before: dict[str, int]) -> set[str]:
    """Which are others now than those of ``before``; there are as many."""
    now = identities(container)
    assert now.keys() == before.keys()
    return {name for name in now if now[name] != before[name]}


def contents(container: Container) -> dict[str, list[str]]:
    """Every row of every read model, but for the leases: old ones are forgotten without an event,
    and the reaper forgets them again."""

    def all_of(name: str) -> list[str]:
        found = asked(container, f"SELECT t::text AS whole FROM {name} t ORDER BY 1")
        return [row.whole for row in found]

    return {name: all_of(name) for name in TABLES - {"leases"}}


def shape(container: Container) -> list[Any]:
    """Indexes, constraints and storage options of the live tables."""
    return asked(
        container,
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace"
        " UNION ALL SELECT relname, reloptions::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2",
    )


class Worker:
    """A thread that does ``work`` again and again and keeps when each time began and ended."""

    def __init__(self, work: Callable[[int], object]) -> None:
        self.work = work
        self.times: list[tuple[float, float]] = []
        self.error: BaseException | None = None
        self._stop = Event()
        self._thread = Thread(target=self._go)
        self._thread.start()

    def _go(self) -> None:
        try:
            for number in count(1):
                if self._stop.is_set():
                    return
                began = monotonic()
                self.work(number)
                self.times.append((began, monotonic()))
        except BaseException as error:
            self.error = error

    def does_more(self, rounds: int = 5) -> None:
        """Waits until it has worked so many times from now on, or failed."""
        enough = len(self.times) + rounds
        then.soon(lambda: self.error or len(self.times) >= enough, 60)

    def ends(self) -> None:
        self._stop.set()
        self._thread.join(60)

    def longest(self, since: float, until: float) -> float:
        """Seconds, of what it did at any time between these."""
        return max(end - began for began, end in self.times if end >= since and began <= until)


@contextmanager
def working(*works: Callable[[int], object]) -> Iterator[list[Worker]]:
    """All of them at once, until the block ends."""
    workers = [Worker(work) for work in works]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.ends()


def leads_from(container: Container, first: int) -> Callable[[int], object]:
    """Registers somebody new each time and changes at once what it has just written."""

    def work(number: int) -> None:
        lead = given.lead(
            container, first + number, ["COLD"] if number % 5 == 0 else [], niche=["B2"]
        )
        container.outreach.add_trigger(lead, "VIP", actor="api:sales")
        if number % 3 == 0:
            container.outreach.opt_out(lead, "STOP", actor="api:sales")

    return work


def campaigns(container: Container) -> Callable[[int], object]:
    """One after the other for the same few people, and enrollments of those who came meanwhile."""

    def work(number: int) -> None:
        given.campaign(container, name=f"Offer {number}", niche=["B1"])
        when.triggers(container)
        when.enrolls(container)

    return work


def sends(broadcaster: Broadcaster) -> Callable[[int], object]:
    return lambda _: when.looks(broadcaster)


def reads(container: Container) -> Callable[[int], object]:
    """A report by the view that goes with the tables."""
    return lambda _: then.count(container.database, VIEW)


def test_swaps_under_full_load(database_url: str) -> None:
    """Three writers, a broadcaster and a reader: nobody fails, nothing is lost or doubled, and
    nothing waits for two seconds longer than it does without."""
    with Container(Settings(database_url=database_url), utc_now) as container:
        given.device(container)
        given.many_leads(container, 5, niche=["B1"])
        given.sequence(container, "COLD", ["One", "Two"], first_delay_minutes=0)
        phones, started = Phones(utc_now), monotonic()
        with working(
            leads_from(container, 1000),
            leads_from(container, 100_000),
            campaigns(container),
            sends(when.broadcaster(container, phones)),
            reads(container),
        ) as workers:
            for worker in workers:
                worker.does_more(10)
            tables, began = identities(container), monotonic()
            found = [differences(container, swap=True) for _ in range(3)]
            ended = monotonic()
            for worker in workers:
                worker.does_more()

        assert [worker.error for worker in workers] == [None] * 5
        assert found == [{}, {}, {}]
        assert replaced(container, tables) == TABLES | {VIEW}
        assert differences(container) == {}
        assert then.gaps(container) == []
        then_nothing_is_lost_or_doubled(container, workers[:2], phones)
        noise = max(worker.longest(started, began) for worker in workers)
        longest = max(worker.longest(began, ended) for worker in workers)
        print(f"the longest took {longest:.3f} s while tables were swapped, {noise:.3f} s before")
        assert longest < 2.0 + noise


def then_nothing_is_lost_or_doubled(
    container: Container, registering: list[Worker], phones: Phones
) -> None:
    """Neither a lead, nor a change of one, nor a message, nor a call of the gateway."""
    leads = [lead for lead in then.table(container, "leads") if "B2" in lead.niche]
    assert len(leads) == sum(len(worker.times) for worker in registering)
    assert {lead.triggers[-1] for lead in leads} == {"VIP"}
    opted_out = sum(lead.opted_out_at is not None for lead in leads)
    assert opted_out == sum(len(worker.times) // 3 for worker in registering)
    scheduled = then.events(container, "message.scheduled")
    assert then.count(container.database, "broadcast_messages") == len(scheduled)
    called = [outgoing.message_id for outgoing in phones.sent]
    assert len(called) == len(set(called)) == then.statuses(container)["sent"]


def test_the_new_tables_are_like_the_old_ones(container: Container, clock: SimulatedClock) -> None:
    """Row by row, with indexes and constraints; and open connections go on with their prepared
    statements."""
    mixed_history(container, clock)
    tables, before, old_shape = identities(container), contents(container), shape(container)

    assert differences(container, swap=True) == {}

    assert replaced(container, tables) == TABLES | {VIEW}
    assert contents(container) == before
    assert shape(container) == old_shape
    assert asked(container, "SELECT nspname FROM pg_namespace WHERE nspname ~ 'rebuil|retir'") == []
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
    does(
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
    does(container, "UPDATE leads SET name = 'Siti'", "UPDATE devices SET name = 'Mine'")
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


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_rebuild_that_is_killed_leaves_the_live_tables(
    container: Container, database_url: str, moment: str
) -> None:
    """At every commit, one after the other; the one that ends well replaces them."""
    lead = given.lead(container, name="Aisyah")
    does(container, "UPDATE leads SET name = 'Siti'")
    tables, before = identities(container), contents(container)
    said, killed = f"lead_id {lead}: differs in name", 0

    for number in count(1):
        fault = f"rebuild.{moment}_commit:{number}"
        result = sendtrail("rebuild", database_url=database_url, fault=fault)
        if result.returncode != -9 or replaced(container, tables):
            break
        killed = number
        assert contents(container) == before

    # Preparing, a page of events, seven indexes, and once more before the swap; the eleventh is the
    # swap itself.
    assert killed == {"before": 11, "after": 10}[moment]
    assert result.returncode == {"before": 1, "after": -9}[moment]
    assert (said in result.stdout) == (moment == "before")
    assert replaced(container, tables) == TABLES | {VIEW}
    # The server takes a moment to notice that whoever held the lock is gone.
    held = f"SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = {module.REBUILD_LOCK}"
    then.soon(lambda: not asked(container, held))
    assert differences(container) == {}


@pytest.mark.parametrize("on", ["leads", VIEW])
def test_views_of_others_are_never_dropped(container: Container, on: str) -> None:
    """On a table or on the report: the rebuild says which, and goes through without them."""
    given.lead(container)
    does(container, "CREATE SCHEMA bi", f"CREATE VIEW bi.people AS SELECT * FROM {on}")
    tables = identities(container)

    with pytest.raises(StorageError, match=r"views stand on the live tables: drop bi\.people, and"):
        rebuild(container.database, swap=True)

    assert replaced(container, tables) == set()
    assert rebuild(container.database, only="leads").keys() == {"leads"}
    does(container, "DROP VIEW bi.people")
    assert differences(container, swap=True) == {}
    assert replaced(container, tables) == TABLES | {VIEW}


def test_a_table_that_is_in_use_all_the_time_stays(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup that takes an hour, say: the rebuild gives up and writers go on."""
    monkeypatch.setattr(module, "SWAP_TRIES", 2)
    monkeypatch.setattr(module, "SWAP_PATIENCE", "50ms")
    lead = given.lead(container)
    tables = identities(container)

    with container.database.engine.begin() as backup:
        backup.exec_driver_sql("LOCK TABLE devices IN ACCESS SHARE MODE")
        with pytest.raises(StorageError, match="in use all the time: they stay as they were"):
            rebuild(container.database, swap=True)
        container.outreach.add_trigger(lead, "VIP", actor="api:sales")

    assert replaced(container, tables) == set()
    assert differences(container, swap=True) == {}
    assert replaced(container, tables) == TABLES | {VIEW}


def test_a_vacuum_of_a_table_is_waited_for(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it takes longer than the swap may hold up anybody. It works on the rebuilt table, as
    autovacuum does when many rows came into it; whoever writes goes on meanwhile."""
    monkeypatch.setattr(module, "SWAP_PATIENCE", "50ms")
    monkeypatch.setattr(module, "SWAP_TRIES", 1)
    given.device(container)
    tables = identities(container)
    keep, vacuum = swap.keep_vacuum_away, container.database.engine.connect()

    def while_it_is_vacuumed(connection: Connection, *schemas: str) -> None:
        vacuum.exec_driver_sql("LOCK TABLE rebuild.devices IN SHARE UPDATE EXCLUSIVE MODE")
        ends = Thread(target=vacuum_ends)
        ends.start()
        keep(connection, *schemas)
        ends.join()

    def vacuum_ends() -> None:
        """When the swap has waited for longer than for anybody else."""
        waits = (
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database() AND now() - query_start > interval '200ms'"
        )
        then.soon(lambda: asked(container, waits))
        given.lead(container, 1)
        vacuum.close()

    monkeypatch.setattr(swap, "keep_vacuum_away", while_it_is_vacuumed)

    assert differences(container, swap=True) == {}

    assert replaced(container, tables) == TABLES | {VIEW}
    assert differences(container) == {}


def test_a_table_that_is_in_use_for_a_while_is_waited_for(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tries again, with what was written meanwhile."""
    monkeypatch.setattr(module, "SWAP_PATIENCE", "50ms")
    given.device(container)
    tables = identities(container)
    lock, tries = swap.lock, 0
    report = container.database.engine.connect()
    report.exec_driver_sql("LOCK TABLE leads IN ACCESS SHARE MODE")

    def lock_at_the_third_try(connection: Connection, schema: str) -> None:
        nonlocal tries
        tries += 1
        given.lead(container, tries)
        if tries == 3:
            report.close()
        lock(connection, schema)

    monkeypatch.setattr(swap, "lock", lock_at_the_third_try)

    assert differences(container, swap=True) == {}

    assert tries == 3
    assert replaced(container, tables) == TABLES | {VIEW}
    assert then.count(container.database, "leads") == 3


@pytest.fixture
def role(container: Container, admin: Callable[[str], None]) -> Iterator[str]:
    """Somebody who may log in to the same server."""
    name = f'"{container.database.engine.url.database} BI"'
    admin(f"CREATE ROLE {name}")
    yield name
    does(container, f"REASSIGN OWNED BY {name} TO CURRENT_USER", f"DROP OWNED BY {name}")
    admin(f"DROP ROLE {name}")


def test_rights_survive(container: Container, role: str) -> None:
    """On tables and on the report, of a role and of everybody, and who owns them."""
    statement = (
        "SELECT relname, relowner::regrole::text, relacl::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1"
    )
    does(
        container,
        f"GRANT SELECT, UPDATE ON leads TO {role}",
        f"GRANT SELECT ON {VIEW} TO {role}",
        f"GRANT SELECT ON campaigns TO {role} WITH GRANT OPTION",
        "GRANT SELECT ON message_counts TO PUBLIC",
        f"ALTER TABLE devices OWNER TO {role}",
    )
    tables, before = identities(container), asked(container, statement)

    rebuild(container.database, swap=True)

    assert replaced(container, tables) == TABLES | {VIEW}
    assert asked(container, statement) == before
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
    does(container, *statements)

    says = f"the read models have no {missing} yet, .* run sendtrail rebuild"
    with pytest.raises(StorageError, match=says):
        Container(Settings(database_url=database_url))
    refused = sendtrail("status", database_url=database_url)
    assert (refused.returncode, "run sendtrail rebuild" in refused.stderr) == (1, True)

    rebuilt = sendtrail("rebuild", database_url=database_url)

    assert (rebuilt.returncode, rebuilt.stderr) == (0, "")
    assert identities(container).keys() == tables
    assert contents(container) == before
    assert shape(container) == old_shape
    with Container(Settings(database_url=database_url), clock) as opened:
        when.plays(clock, 600, when.broadcaster(opened, Phones(clock)))
        assert differences(opened) == {}
    # Also those who had it open all the time.
    when.plays(clock, 600, when.broadcaster(container, Phones(clock), "worker 2"))
    assert differences(container) == {}
