"""Rebuilds read models from the events, in a schema of their own, with the live handlers.

A rebuild compares every row with the live tables, and its tables may then take their place (blue
and green). Commands and runners go on meanwhile. Only the swap holds them up, for as long as it
takes to catch up with the last few events and to rename the tables. If anything fails, the live
tables stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Event

import psycopg2.errors
from eventsourcing import persistence
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from domain.errors import InvalidInputError, StorageError
from projections.database.engine import Database, rows
from projections.eventstore.erasure import erase_copies
from projections.eventstore.missing_keys import refuse_without
from projections.readmodels.projector import project
from projections.rebuild import swap
from projections.rebuild.compare import difference
from projections.rebuild.indexes import defer_indexes, unique
from projections.rebuild.read_ahead import Page, not_as_written, read, read_ahead
from projections.schema.columns import READ_MODELS
from projections.schema.creation import create_read_models, reading_indexes

SCHEMA = "rebuild"
LIVE = "public"
# Events per transaction.
PAGE = 5000
# The advisory lock of a rebuild.
REBUILD_LOCK = 0x5E4D7243
# How long one attempt of the swap waits for the tables, and how many attempts there are.
SWAP_PATIENCE, SWAP_TRIES = "250ms", 100
# How long each attempt waits before that for a vacuum of the tables; it blocks nobody meanwhile.
VACUUM_PATIENCE = "10s"
# The swap begins when at most so many events are left to replay.
NEARLY = 200

# The driver's errors after which the swap is tried again.
BUSY = (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected)

# Called with the notification id that was projected last and the last one of the log.
Progress = Callable[[int, int], None]


def rebuild(
    database: Database,
    progress: Progress = lambda done, total: None,
    *,
    only: str | None = None,
    swap: bool = False,
) -> dict[str, str | None]:
    """Rebuild every read model beside the live ones and compare them.

    Returns by table name None if live and rebuilt table are identical, else a description of the
    first difference: its key and the names of its columns, without values. With ``only`` comparison
    and swap are for that table alone. With ``swap`` the rebuilt tables become the live ones, and
    without it they get no indexes that only readers need.

    Raises StorageError if another rebuild is under way, if an event is not what was written, or if
    the swap finds the tables in use all the time. With ``swap`` it is also raised if leads that
    were not erased have no key: the rebuilt tables lack their personal data. Raises
    InvalidInputError if there is no such table.
    """
    wanted = _tables(only)
    with _exclusive(database):
        if swap:
            with database.transaction() as connection:
                refuse_without(connection)
        indexes = _create_schema(database, SCHEMA, anew=True)
        position = _replay(database, SCHEMA, progress)
        _create_indexes(database, SCHEMA, indexes if swap else unique(indexes), position)
        with (
            database.engine.connect().execution_options(
                isolation_level="REPEATABLE READ"
            ) as connection,
            connection.begin(),
        ):
            # The live tables in one snapshot, with exactly the events that made them.
            _set_search_path(connection, SCHEMA)
            position = _catch_up(connection, position)
            if swap:  # the keys may have gone since the beginning
                refuse_without(connection)
            differences = {
                table.name: difference(connection, table, LIVE, SCHEMA) for table in wanted
            }
        if swap:
            _swap(database, wanted, position)
        return differences


def replay(
    database: Database,
    schema: str,
    until: datetime,
    progress: Progress = lambda done, total: None,
) -> None:
    """Create the schema ``schema`` with every read model as it was at the instant ``until``.

    Personal data of leads that were erased since is blank. Raises InvalidInputError if the name is
    not a plain one or is taken, StorageError if an event is not what was written.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema) or schema.startswith("pg_"):
        raise InvalidInputError("schema", "a name of lower-case letters, digits and _")
    with database.transaction() as connection:
        taken = rows(connection, "SELECT FROM pg_namespace WHERE nspname = %(s)s", s=schema)
        # A reserved word would have to be quoted in every query, as in SELECT FROM "user".leads.
        reserved = rows(
            connection,
            "SELECT FROM pg_get_keywords() WHERE word = %(s)s AND catcode IN ('R', 'T')",
            s=schema,
        )
    if reserved:
        raise InvalidInputError("schema", "a name that is no reserved word of SQL")
    if taken or schema in (LIVE, SCHEMA, swap.RETIRED):
        raise InvalidInputError("schema", "a name that is not taken")
    indexes = _create_schema(database, schema)
    try:
        position = _replay(database, schema, progress, until=until)
        _create_indexes(database, schema, indexes, position)
    except StorageError:
        with database.transaction() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        raise
    with database.transaction() as connection:
        erase_copies(connection, schema)


def _tables(only: str | None) -> list[Table]:
    """The read model's table of that name, or all; raises InvalidInputError if there is none."""
    if only is None:
        return list(READ_MODELS.sorted_tables)
    if only not in READ_MODELS.tables:
        raise InvalidInputError("table", f"one of {', '.join(sorted(READ_MODELS.tables))}")
    return [READ_MODELS.tables[only]]


@contextmanager
def _exclusive(database: Database) -> Iterator[None]:
    """Keep other rebuilds from this database until the block ends, or raise StorageError."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        (row,) = rows(connection, f"SELECT pg_try_advisory_lock({REBUILD_LOCK})")
        if not row[0]:
            raise StorageError("another rebuild is under way; wait until it has ended")
        try:
            yield
        finally:
            rows(connection, f"SELECT pg_advisory_unlock({REBUILD_LOCK})")


def _create_schema(database: Database, schema: str, *, anew: bool = False) -> list[str]:
    """Create ``schema`` with empty tables; return the statements that create their indexes.

    ``anew`` drops a schema of that name first.
    """
    with database.transaction("rebuild") as connection:
        if anew:
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        return make_schema(connection, schema)


def make_schema(connection: Connection, schema: str) -> list[str]:
    """Create ``schema`` with empty tables, first in the search path of this transaction; return the
    statements that create their indexes."""
    connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    _set_search_path(connection, schema)
    create_read_models(connection, all_indexes=False)
    return defer_indexes(connection, schema) + reading_indexes()


def _create_indexes(database: Database, schema: str, indexes: Sequence[str], position: int) -> None:
    """Create the indexes of the filled tables, which hold the events up to ``position``.

    Each is created in a transaction of its own: an erasure of a lead waits for it meanwhile.
    """
    for statement in indexes:
        with database.transaction("rebuild") as connection:
            _set_search_path(connection, schema)
            try:
                connection.exec_driver_sql(statement)
            except IntegrityError:
                raise not_as_written(1, position) from None


def _replay(
    database: Database, schema: str, progress: Progress, until: datetime | None = None
) -> int:
    """Project the log page by page to its end; return the notification id of the last event."""
    position = total = 0
    with read_ahead(database, PAGE, until) as pages:
        for page in pages:
            with database.transaction("rebuild") as connection:
                total = last_id(connection)
                # What a crash loses is not missed: the next rebuild begins anew.
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                _set_search_path(connection, schema)
                project_page(connection, page)
            position = page.last
            progress(position, total)
    return position


def _catch_up(connection: Connection, position: int) -> int:
    """Project the events after ``position`` in this transaction; return the last one's id."""
    while (page := read(connection, position, PAGE)) is not None:
        project_page(connection, page)
        position = page.last
    return position


def project_page(connection: Connection, page: Page) -> None:
    """Project a page of the log. Raises StorageError if an event is not what was written."""
    try:
        project(connection, page.changes).write(connection)
    # The driver raises ValueError itself for a text with a NUL.
    except (persistence.IntegrityError, IntegrityError, DataError, ValueError):
        raise not_as_written(page.first, page.last) from None


def _swap(database: Database, wanted: Sequence[Table], position: int) -> None:
    """Replay until nearly no event is left, then lock the live tables, catch up and swap."""
    for _ in range(SWAP_TRIES):
        while True:
            with database.transaction("rebuild") as connection:
                _set_search_path(connection, SCHEMA)
                if (page := read(connection, position, PAGE)) is not None:
                    project_page(connection, page)
                    position = page.last
                left = last_id(connection) - position
            if left <= NEARLY:
                break
        try:
            with database.transaction("rebuild") as connection:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{VACUUM_PATIENCE}'")
                swap.keep_vacuum_away(connection, LIVE, SCHEMA)
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{SWAP_PATIENCE}'")
                swap.lock(connection, LIVE)
                _set_search_path(connection, SCHEMA)
                _catch_up(connection, position)
                swap.swap(connection, wanted, LIVE, SCHEMA)
            return
        except DBAPIError as error:
            if not isinstance(error.orig, BUSY):
                raise
        # Let the transactions that waited for the swap go first.
        Event().wait(0.1)
    raise StorageError("the tables are in use all the time: they stay as they were; try again")


def last_id(connection: Connection) -> int:
    """The notification id of the last event of the log; 0 of an empty one."""
    (row,) = rows(connection, f"SELECT coalesce(max(notification_id), 0) FROM {LIVE}.stored_events")
    return int(row[0])


def _set_search_path(connection: Connection, schema: str) -> None:
    # Functions are found in the live schema; every table is there in the first one.
    connection.exec_driver_sql(f"SET LOCAL search_path = {schema}, {LIVE}")
