"""Read models anew from the events, in a schema of their own, by the very same handlers.

A rebuild compares every row with the live tables, and may then take their place: blue and green.
Commands and runners go on meanwhile; only the swap itself holds them up, for as long as it takes to
catch up with the last few events and to rename the tables. Whatever fails, the live tables stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Event

import psycopg2.errors
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from domain.errors import InvalidInputError, StorageError
from projections.database.engine import Database, rows
from projections.eventstore.encryption import erase_copies
from projections.readmodels.projector import project
from projections.rebuild import swap
from projections.rebuild.compare import difference
from projections.rebuild.indexes import defer_indexes
from projections.rebuild.read_ahead import Page, not_as_written, read, read_ahead
from projections.schema.read_models import READ_MODELS, create_read_models

SCHEMA = "rebuild"
LIVE = "public"
PAGE = 5000
REBUILD_LOCK = 0x5E4D7243
# How long the swap waits for the tables at a time, and how often it tries.
SWAP_PATIENCE, SWAP_TRIES = "250ms", 100
# And how long, each time, for a vacuum of theirs, in nobody's way.
VACUUM_PATIENCE = "10s"
# The swap begins when so few events are left to replay.
NEARLY = 200

BUSY = (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected)

Progress = Callable[[int, int], None]


def rebuild(
    database: Database,
    progress: Progress = lambda done, total: None,
    *,
    only: str | None = None,
    swap: bool = False,
) -> dict[str, str | None]:
    """Rebuilds every read model beside the live ones; says per table None where they are identical,
    else what the first difference is (keys and column names, no values).

    With ``swap`` the rebuilt tables then become the live ones; with ``only`` comparison and swap
    are for that table alone. Raises StorageError where another rebuild is under way or the tables
    are in use all the time, InvalidInputError if there is no such table.
    """
    wanted = _tables(only)
    with _alone(database):
        indexes = _prepare(database, SCHEMA, anew=True)
        position = _replay(database, SCHEMA, progress)
        _make(database, SCHEMA, indexes, position)
        with (
            database.engine.connect().execution_options(
                isolation_level="REPEATABLE READ"
            ) as connection,
            connection.begin(),
        ):
            # The live tables in one snapshot, with exactly the events that made them.
            _work_in(connection, SCHEMA)
            position = _catch_up(connection, position)
            found = {table.name: difference(connection, table, LIVE, SCHEMA) for table in wanted}
        if swap:
            _swap(database, wanted, position)
        return found


def replay(
    database: Database,
    schema: str,
    until: datetime,
    progress: Progress = lambda done, total: None,
) -> None:
    """Fills the new schema ``schema`` with every read model as it was at the instant ``until``, for
    any SQL client. Who has been erased since is blank. Raises InvalidInputError where the name is
    no good or taken."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema) or schema.startswith("pg_"):
        raise InvalidInputError("schema", "a name of lower-case letters, digits and _")
    with database.transaction() as connection:
        taken = rows(connection, "SELECT FROM pg_namespace WHERE nspname = %(s)s", s=schema)
        # Such a word would have to be quoted in every query, as in SELECT FROM "user".leads.
        reserved = rows(
            connection,
            "SELECT FROM pg_get_keywords() WHERE word = %(s)s AND catcode IN ('R', 'T')",
            s=schema,
        )
    if reserved:
        raise InvalidInputError("schema", "a name that is no reserved word of SQL")
    if taken or schema in (LIVE, SCHEMA, swap.RETIRED):
        raise InvalidInputError("schema", "a name that is not taken")
    indexes = _prepare(database, schema)
    position = _replay(database, schema, progress, until=until)
    _make(database, schema, indexes, position)
    with database.transaction() as connection:
        erase_copies(connection, schema)


def _tables(only: str | None) -> list[Table]:
    if only is None:
        return list(READ_MODELS.sorted_tables)
    if only not in READ_MODELS.tables:
        raise InvalidInputError("table", f"one of {', '.join(sorted(READ_MODELS.tables))}")
    return [READ_MODELS.tables[only]]


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """No other rebuild of this database until the block ends."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        (row,) = rows(connection, f"SELECT pg_try_advisory_lock({REBUILD_LOCK})")
        if not row[0]:
            raise StorageError("another rebuild is under way; wait until it has ended")
        try:
            yield
        finally:
            rows(connection, f"SELECT pg_advisory_unlock({REBUILD_LOCK})")


def _prepare(database: Database, schema: str, *, anew: bool = False) -> list[str]:
    """Makes empty tables in ``schema``; returns the statements that make their indexes."""
    with database.transaction("rebuild") as connection:
        if anew:
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        _work_in(connection, schema)
        create_read_models(connection)
        return defer_indexes(connection, schema)


def _make(database: Database, schema: str, indexes: Sequence[str], position: int) -> None:
    """Each in a transaction of its own: while one is made, whoever erases a lead waits for it."""
    for statement in indexes:
        with database.transaction("rebuild") as connection:
            _work_in(connection, schema)
            try:
                connection.exec_driver_sql(statement)
            except IntegrityError:
                raise not_as_written(1, position) from None


def _replay(
    database: Database, schema: str, progress: Progress, until: datetime | None = None
) -> int:
    """Page by page, to the end of the log; returns the last event's id."""
    position = total = 0
    with read_ahead(database, PAGE, until) as pages:
        for page in pages:
            with database.transaction("rebuild") as connection:
                total = _last_id(connection)
                # Nobody misses it after a crash: the next rebuild begins anew.
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                _work_in(connection, schema)
                _project(connection, page)
            position = page.last
            progress(position, total)
    return position


def _catch_up(connection: Connection, position: int) -> int:
    while (page := read(connection, position, PAGE)) is not None:
        _project(connection, page)
        position = page.last
    return position


def _project(connection: Connection, page: Page) -> None:
    try:
        project(connection, page.changes).write(connection)
    # The driver raises ValueError itself for a text with a NUL.
    except (IntegrityError, DataError, ValueError):
        raise not_as_written(page.first, page.last) from None


def _swap(database: Database, wanted: Sequence[Table], position: int) -> None:
    for _ in range(SWAP_TRIES):
        while True:
            with database.transaction("rebuild") as connection:
                _work_in(connection, SCHEMA)
                if (page := read(connection, position, PAGE)) is not None:
                    _project(connection, page)
                    position = page.last
                left = _last_id(connection) - position
            if left <= NEARLY:
                break
        try:
            with database.transaction("rebuild") as connection:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{VACUUM_PATIENCE}'")
                swap.keep_vacuum_away(connection, LIVE, SCHEMA)
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{SWAP_PATIENCE}'")
                swap.lock(connection, LIVE)
                _work_in(connection, SCHEMA)
                _catch_up(connection, position)
                swap.swap(connection, wanted, LIVE, SCHEMA)
            return
        except DBAPIError as error:
            if not isinstance(error.orig, BUSY):
                raise
        # Those who waited for the swap go first.
        Event().wait(0.1)
    raise StorageError("the tables are in use all the time: they stay as they were; try again")


def _last_id(connection: Connection) -> int:
    found = rows(connection, f"SELECT coalesce(max(notification_id), 0) FROM {LIVE}.stored_events")
    return int(found[0][0])


def _work_in(connection: Connection, schema: str) -> None:
    # Functions are found in the live schema; every table is there in the first one.
    connection.exec_driver_sql(f"SET LOCAL search_path = {schema}, {LIVE}")
