"""Statements that the driver runs at once raise and give what SQLAlchemy's own do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, PendingRollbackError, ResourceClosedError

from projections.container import Container
from projections.database import direct
from projections.database.engine import rows
from projections.database.prepared import execute, fetch, prepared

Run = Callable[[Connection, str], Any]


def directly(connection: Connection, statement: str) -> Any:
    return direct.fetch(connection, statement, {})


def by_sqlalchemy(connection: Connection, statement: str) -> Any:
    return connection.exec_driver_sql(statement, {}).all()


def said(container: Container, run: Run, *statements: str) -> tuple[Any, ...]:
    """What the last of these statements raises, and what is left of the connection."""
    with container.database.engine.connect() as connection:
        for statement in statements[:-1]:
            connection.exec_driver_sql(statement)
        with pytest.raises(DBAPIError) as raised:
            run(connection, statements[-1])
        error = raised.value
        lost = connection.invalidated
        return type(error), type(error.orig), str(error), error.connection_invalidated, lost


CUT = "SELECT pg_terminate_backend(pg_backend_pid())"
FAULTS = {
    "no such table": ("SELECT * FROM nowhere",),
    "a value that does not fit": ("SELECT 1/0",),
    "a transaction that has failed": ("SELECT 1", "SELECT 'x'::int"),
    "a unique value twice": (
        "CREATE TEMP TABLE once (id int UNIQUE) ON COMMIT DROP",
        "INSERT INTO once VALUES (1), (1) RETURNING id",
    ),
    "a connection that is cut": (CUT,),
    "a server that can only be read": (
        "SET TRANSACTION READ ONLY",
        "UPDATE api_keys SET name = '' RETURNING 1",
    ),
    "a statement that takes too long": (
        "SET LOCAL statement_timeout = '1ms'",
        "SELECT pg_sleep(60)",
    ),
}


@pytest.mark.parametrize("statements", FAULTS.values(), ids=FAULTS.keys())
def test_it_raises_what_sqlalchemy_raises(
    container: Container, statements: tuple[str, ...]
) -> None:
    expected = said(container, by_sqlalchemy, *statements)
    assert said(container, directly, *statements) == expected


def test_an_error_repeats_no_value(container: Container) -> None:
    with container.database.transaction() as connection:
        with pytest.raises(DBAPIError) as raised:
            rows(connection, "SELECT %(phone)s::text, 1/0", phone="+60123456789")
        connection.rollback()
    assert "60123456789" not in str(raised.value)


def test_a_connection_that_was_cut_is_not_used_again(container: Container) -> None:
    with container.database.engine.connect() as connection:
        with pytest.raises(DBAPIError):
            rows(connection, CUT)
        with pytest.raises(PendingRollbackError):
            rows(connection, "SELECT 1")
        connection.rollback()
        assert rows(connection, "SELECT 1 AS one")[0].one == 1
    with pytest.raises(ResourceClosedError):
        rows(connection, "SELECT 1")


def test_who_interrupts_a_statement_loses_the_connection(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server still sends on it belongs to nobody."""

    def interrupt(cursor: Any) -> Any:
        raise KeyboardInterrupt

    with container.database.engine.connect() as connection:
        monkeypatch.setattr(direct, "_rows", interrupt)
        with pytest.raises(KeyboardInterrupt):
            rows(connection, "SELECT 1")
        assert connection.invalidated


def test_it_begins_a_transaction_where_there_is_none(container: Container) -> None:
    with container.database.engine.connect() as connection:
        rows(connection, "CREATE TABLE kept (); SELECT 1")
        assert connection.in_transaction()
        connection.commit()
        connection.exec_driver_sql("DROP TABLE kept")
        connection.rollback()
        assert rows(connection, "SELECT to_regclass('kept') AS kept")[0].kept is not None
        connection.exec_driver_sql("DROP TABLE kept")
        connection.commit()


def test_it_is_part_of_the_savepoint(container: Container) -> None:
    with container.database.transaction() as connection:
        with connection.begin_nested() as savepoint:
            rows(connection, "SELECT set_config('sendtrail.kept', 'yes', true)")
            savepoint.rollback()
        kept = rows(connection, "SELECT current_setting('sendtrail.kept', true) AS kept")
        assert not kept[0].kept


def test_rows_have_names_and_types(container: Container) -> None:
    with container.database.transaction() as connection:
        (row,) = rows(
            connection,
            "SELECT %(id)s::uuid AS id, '2026-03-02T09:00Z'::timestamptz AS at, 2 AS twice,"
            " 3 AS twice, '{\"a\": [1]}'::jsonb AS json, 7, 8 AS class, 9 AS count",
            id=UUID(int=1),
        )
        assert rows(connection, "SELECT 1 WHERE false") == []
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert row == (UUID(int=1), at, 2, 3, {"a": [1]}, 7, 8, 9)
    assert (row.id, row.at, row.twice, row.json, row.count) == (UUID(int=1), at, 2, {"a": [1]}, 9)


def test_a_prepared_statement_tells_rows_or_how_many_it_changed(container: Container) -> None:
    change = prepared("UPDATE installation SET namespace = namespace WHERE singleton = %(which)s")
    find = prepared("SELECT singleton FROM installation WHERE singleton = %(which)s")
    for _ in range(2):
        with container.database.transaction() as connection:
            assert execute(connection, change, which=True) == 1
            assert execute(connection, change, which=False) == 0
            assert [row.singleton for row in fetch(connection, find, which=True)] == [True]
