"""The floor: the rows that Sendtrail wrote, written again by bare SQL into copies of its tables.

The rows come from numbered tables on the same server, so that nothing is encoded, parsed or sent.
What remains is what PostgreSQL itself needs for the same rows, indexes and commits. The floor's
connections leave the planner its defaults, not the settings of Sendtrail's connections.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine

from benchmarks.harness.postgres_fixture import create_table_like, driver_url

EVENTS_COPY = "floor_events"
MESSAGES_COPY = "floor_messages"


@contextmanager
def connect(url: str) -> Iterator[Engine]:
    """An engine for the database at ``url``."""
    # Just-in-time compilation would only slow such statements down.
    engine = create_engine(driver_url(url), connect_args={"options": "-c jit=off"})
    try:
        yield engine
    finally:
        engine.dispose()


def create_copies(connection: Connection) -> None:
    """Create ``EVENTS_COPY`` and ``MESSAGES_COPY``, empty."""
    create_table_like(connection, "stored_events", EVENTS_COPY)
    create_table_like(connection, "broadcast_messages", MESSAGES_COPY)


def number_rows(connection: Connection, name: str, query: str, order: str) -> int:
    """Create the table ``name`` from the rows of ``query``; returns the number of rows. The column
    ``n`` numbers them from 1 by ``order``."""
    connection.exec_driver_sql(
        f"CREATE TABLE {name} AS SELECT row_number() OVER (ORDER BY {order})::int AS n, q.*"
        f" FROM ({query}) q"
    )
    connection.exec_driver_sql(f"ALTER TABLE {name} ADD PRIMARY KEY (n)")
    connection.exec_driver_sql(f"ANALYZE {name}")
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one())


def column_names(connection: Connection, table: str) -> str:
    """The names of the table's columns, with commas, without those that PostgreSQL generates."""
    return str(
        connection.exec_driver_sql(
            "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute"
            " WHERE attrelid = %(table)s::regclass AND attnum > 0"
            " AND attidentity = '' AND attgenerated = ''",
            {"table": table},
        ).scalar_one()
    )
