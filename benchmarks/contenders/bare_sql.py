"""The floor: the rows that Sendtrail wrote, written again by bare SQL into copies of its tables.

The rows come from numbered tables on the same server, so that nothing is encoded, parsed or sent:
what remains is what PostgreSQL itself needs for the same rows, indexes and commits. The floor's
connections leave the planner its defaults, not what Sendtrail asks of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine

from benchmarks.harness.postgres_fixture import driver_url, duplicate

EVENTS = "floor_events"
MESSAGES = "floor_messages"


@contextmanager
def connected(url: str) -> Iterator[Engine]:
    """Connections to the database at ``url``."""
    # Just-in-time compilation would only slow such statements down.
    engine = create_engine(driver_url(url), connect_args={"options": "-c jit=off"})
    try:
        yield engine
    finally:
        engine.dispose()


def tables(connection: Connection) -> None:
    """Makes the copies, empty."""
    duplicate(connection, "stored_events", EVENTS)
    duplicate(connection, "broadcast_messages", MESSAGES)


def number(connection: Connection, name: str, query: str, order: str) -> int:
    """Makes the table ``name`` of the rows of ``query``, numbered from 1 in ``order`` in a column
    ``n``; returns how many there are."""
    connection.exec_driver_sql(
        f"CREATE TABLE {name} AS SELECT row_number() OVER (ORDER BY {order})::int AS n, q.*"
        f" FROM ({query}) q"
    )
    connection.exec_driver_sql(f"ALTER TABLE {name} ADD PRIMARY KEY (n)")
    connection.exec_driver_sql(f"ANALYZE {name}")
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one())


def columns(connection: Connection, table: str, prefix: str = "") -> str:
    """The names of the table's columns, but not the one that PostgreSQL generates."""
    found = connection.exec_driver_sql(
        "SELECT string_agg(%(p)s || attname, ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = %(t)s::regclass AND attnum > 0 AND attidentity = ''",
        {"t": table, "p": prefix},
    )
    return str(found.scalar_one())


def write(engine: Engine, statements: Sequence[str], rows: Sequence[int], chunks: int) -> None:
    """Runs the ``statements``, of which each handles so many ``rows``, in so many transactions of
    equal shares; ``n`` of a numbered row is between ``%(first)s`` and ``%(last)s``."""
    for chunk in range(chunks):
        with engine.begin() as connection:
            for statement, count in zip(statements, rows, strict=True):
                first, last = chunk * count // chunks + 1, (chunk + 1) * count // chunks
                connection.exec_driver_sql(statement, {"first": first, "last": last})
