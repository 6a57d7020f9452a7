"""Commits that hold no lock while the disk or a standby is waited for, and what is safe when."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import pytest
from psycopg2.extensions import parse_dsn
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, ProgrammingError

from domain.lead.events import LeadTriggered
from projections.config.settings import Settings
from projections.container import Container
from projections.database import flushing
from projections.database.engine import rows
from projections.database.faults import AWAY, outage
from projections.database.servers import ServerWatch
from projections.records.idempotency import StoredResponse, Turn
from runners.support.clocks import SimulatedClock
from tests.support import given, servers, then
from tests.support.api.given import SECRET_KEY

# What is committed without waiting is not written by anybody else for a while.
LAZY = """
wal_writer_delay = 10s
autovacuum = off
"""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
LOCKS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Watch(ServerWatch):
    """Remembers the versions that it was told of; None where nothing was appended."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[int | None] = []

    def committed(self, event: Any) -> None:
        self.told.append(event and event[1])
        super().committed(event)


@contextmanager
def opened(url: str, clock: SimulatedClock) -> Iterator[Container]:
    with Container(Settings(database_url=url, secret_key=SECRET_KEY), clock) as container:
        yield container


def registers(container: Container, number: int) -> UUID:
    return given.lead(container, number)


def registers_with_key(container: Container, number: int) -> UUID:
    """As a POST with an Idempotency-Key does."""
    now = container.outreach.clock()
    turn = Turn(container.database, "crm", f"{number}", now)
    try:
        lead_id = registers(container, number)
        turn.commit(StoredResponse("0", 201, b"{}"), now)
    finally:
        turn.close()
    return lead_id


def triggers(container: Container, lead_id: UUID) -> None:
    """As a runner does, whose transaction may have to be done anew."""
    events = [triggered(container, lead_id)]
    container.database.run(
        "other", lambda connection: container.outreach.record(connection, events)
    )


def triggered(container: Container, lead_id: UUID) -> LeadTriggered:
    return LeadTriggered(
        originator_id=lead_id,
        originator_version=2,
        timestamp=container.outreach.clock(),
        actor="test",
        trigger="COLD",
    )


def test_what_was_answered_outlives_a_crash_of_the_server(clock: SimulatedClock) -> None:
    with servers.running(LAZY) as server:
        for number, register in enumerate((registers, registers_with_key)):
            with opened(server.url, clock) as container:
                lead_id = register(container, number)
                server.stop("immediate")
            server.start()
            with opened(server.url, clock) as container:
                assert then.topics(container, lead_id) == ["lead.registered"]
                triggers(container, lead_id)
                server.stop("immediate")
            server.start()
            with opened(server.url, clock) as container:
                assert then.topics(container, lead_id) == ["lead.registered", "lead.triggered"]


def test_nothing_is_answered_before_the_standby_has_it_and_nobody_waits_for_the_lock(
    clock: SimulatedClock,
) -> None:
    """A standby that never acknowledges: three commands are committed, in the order of their ids,
    and none is answered."""
    with servers.running() as server, opened(server.url, clock) as container:
        given.lead(container, 9)  # all that is made once is made
        server.ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        server.ask("SELECT pg_reload_conf()")
        then.soon(lambda: server.ask("SHOW synchronous_standby_names") == "nobody")
        with ThreadPoolExecutor(3) as pool:
            try:
                answers: list[Future[UUID]] = []
                for number in range(3):
                    register = registers_with_key if number == 1 else registers
                    answers.append(pool.submit(register, container, number))
                    then.soon(lambda: server.ask(WAITING) == len(answers))

                assert server.ask(LOCKS) == 0
                ids = "SELECT string_agg(notification_id::text, ' ') FROM stored_events"
                assert server.ask(ids) == "1 2 3 4"
                assert not any(answer.done() for answer in answers)
            finally:
                server.ask("ALTER SYSTEM RESET synchronous_standby_names")
                server.ask("SELECT pg_reload_conf()")
            assert [then.topics(container, answer.result()) for answer in answers] == [
                ["lead.registered"]
            ] * 3


def test_others_append_while_the_flush_is_waited_for(
    container: Container, database_url: str, clock: SimulatedClock
) -> None:
    order: list[UUID] = []
    with opened(database_url, clock) as other:

        def meanwhile(point: str) -> None:
            if point.endswith("before_flush"):
                with other.database.transaction() as connection:
                    assert rows(connection, LOCKS)[0].count == 0
                order.append(registers(other, 2))

        container.database.fault_point = meanwhile
        order.insert(0, registers(container, 1))

    assert [event.originator_id for event in then.events(container)] == order


def test_a_connection_that_is_cut_before_the_flush_leaves_the_outcome_unknown(
    container: Container, admin: Any
) -> None:
    """As if it was cut in the commit: an outage, and the watch is told of nothing."""
    watch = container.database.watch = Watch()

    def cut(point: str) -> None:
        if point == "command.before_flush":
            cut_all(container, admin)

    watch.told.clear()
    container.database.fault_point = cut

    with pytest.raises(DBAPIError) as error:
        registers(container, 1)

    assert outage(error.value) == AWAY
    assert watch.told == []
    assert len(then.events(container)) == 1


def test_a_connection_that_is_cut_in_a_part_is_an_outage_too(
    container: Container, admin: Any
) -> None:
    def is_cut() -> None:
        with container.database.transaction() as connection:
            cut_all(container, admin)
            connection.exec_driver_sql("SELECT 1")

    turn = Turn(container.database, "crm", "1", container.outreach.clock())
    with pytest.raises(DBAPIError) as error:
        is_cut()
    turn.close()

    assert outage(error.value) == AWAY


def test_the_watch_is_told_when_it_is_safe(container: Container) -> None:
    lead_id = registers(container, 1)
    watch = container.database.watch = Watch()
    reached: list[tuple[str, list[int | None]]] = []
    container.database.fault_point = lambda point: reached.append((point, watch.told.copy()))

    triggers(container, lead_id)

    assert reached == [
        ("other.before_commit", []),
        ("other.before_flush", []),
        ("other.after_commit", [2]),
    ]


def test_the_outer_commit_waits_for_what_joined_it(container: Container) -> None:
    reached: list[str] = []
    container.database.fault_point = reached.append

    registers_with_key(container, 1)

    assert reached == ["command.before_commit", "command.before_flush", "command.after_commit"]


def test_what_was_taken_back_is_not_waited_for(container: Container) -> None:
    """The command appended, failed then, and its error is stored as the response."""
    watch = container.database.watch = Watch()
    now = container.outreach.clock()
    turn = Turn(container.database, "crm", "1", now)
    with suppress(ZeroDivisionError), container.database.transaction():
        registers(container, 1)
        raise ZeroDivisionError
    reached: list[str] = []
    container.database.fault_point = reached.append
    turn.commit(StoredResponse("0", 409, b"{}"), now)
    turn.close()

    assert reached == ["command.before_commit", "command.after_commit"]
    assert watch.told[-1] is None
    assert then.events(container) == []


def test_only_who_promised_to_wait_commits_without_waiting(container: Container) -> None:
    """Others who append hold the lock until it is safe, and so does whoever appends nothing."""
    database, outreach = container.database, container.outreach
    changes = [triggered(container, registers(container, 1))]
    with database.engine.begin() as connection:
        outreach.record(connection, changes)
        assert setting(connection) == "on"
        connection.get_transaction().rollback()  # type: ignore[union-attr]
    with database.transaction() as connection:
        assert setting(connection) == "on"
        outreach.record(connection, changes)
        assert setting(connection) == "off"
    with database.transaction() as connection:
        assert setting(connection) == "on"


def test_a_role_without_rights_may_wait(container: Container) -> None:
    with container.database.engine.connect() as connection:
        connection.exec_driver_sql("CREATE ROLE sendtrail_plain")
        connection.exec_driver_sql("SET ROLE sendtrail_plain")
        connection.commit()
        try:
            with pytest.raises(ProgrammingError):
                connection.exec_driver_sql("SELECT * FROM leads")
            connection.rollback()
            flushing.wait(connection)
        finally:
            connection.exec_driver_sql("RESET ROLE")
            connection.exec_driver_sql("DROP ROLE sendtrail_plain")
            connection.commit()


def cut_all(container: Container, admin: Any) -> None:
    """Ends every session of the container's database, and waits until they have ended."""
    name = parse_dsn(container.database.url)["dbname"]
    admin(
        "SELECT count(pg_terminate_backend(pid, 20000)) FROM pg_stat_activity"
        f" WHERE datname = '{name}'"
    )


def setting(connection: Connection) -> str:
    (row,) = rows(connection, "SHOW synchronous_commit")
    return str(row[0])
