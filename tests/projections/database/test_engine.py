"""The sessions that the engine opens."""

from __future__ import annotations

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
