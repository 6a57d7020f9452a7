"""The sessions that the engine opens."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from projections.container import Container
from projections.database.engine import rows
from runners.support import outages
from tests.support import then


def test_a_session_that_stands_still_in_a_transaction_is_ended(container: Container) -> None:
    """So that it does not hold the others' rows for ever; for its own process that is an outage."""

    def stands_still(connection: Connection) -> None:
        (own,) = rows(connection, "SELECT pg_backend_pid() AS pid")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '1ms'")
        then.soon(lambda: own.pid not in backends(container))
        connection.exec_driver_sql("SELECT 1")

    with pytest.raises(DBAPIError) as ended:
        container.database.run("other", stands_still)
    assert outages.is_outage(ended.value)
    with container.database.transaction() as connection:
        (row,) = rows(connection, "SHOW idle_in_transaction_session_timeout")
    assert row[0] == "1min"


def backends(container: Container) -> set[int]:
    """The process ids of the server's sessions."""
    with container.database.transaction() as connection:
        return {row.pid for row in rows(connection, "SELECT pid FROM pg_stat_activity")}


def test_each_statement_of_a_reading_is_a_transaction_of_its_own(container: Container) -> None:
    """And the connection begins transactions again afterwards."""
    number = "SELECT pg_current_xact_id()::text"
    with container.database.reading() as connection:
        reading = [rows(connection, number)[0][0] for _ in range(2)]
    with container.database.transaction() as connection:
        writing = [rows(connection, number)[0][0] for _ in range(2)]

    assert len(set(reading)) == 2
    assert len(set(writing)) == 1


def test_a_reading_that_fails_leaves_what_it_was_joined_to(container: Container) -> None:
    database = container.database
    with database.transaction() as connection, database.joined(connection):
        with suppress(DBAPIError), database.reading() as part:
            assert part is connection
            rows(part, "SELECT 1/0")
        assert rows(connection, "SELECT 1 AS one")[0].one == 1
