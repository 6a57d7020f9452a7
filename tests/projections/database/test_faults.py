"""What the database's errors mean: each as PostgreSQL and the driver really raise it."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest
from eventsourcing.persistence import PersistenceError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import ConflictError, StorageError
from projections.database import faults, sessions
from projections.database.engine import Database
from runners.support import outages


def raised(code: str) -> str:
    """A statement that fails with that code."""
    return f"DO $$ BEGIN RAISE EXCEPTION 'of the server' USING ERRCODE = '{code}'; END $$"


# The statements, and what they say is the matter. What no test can bring about, the server is
# told to say.
OUTAGES = [
    ("SET TRANSACTION READ ONLY; CREATE TABLE t ()", faults.READ_ONLY),
    ("SET LOCAL statement_timeout = '1ms'; SELECT pg_sleep(60)", faults.BUSY),
    ("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(60)", faults.BUSY),
    ("SELECT pg_terminate_backend(pg_backend_pid())", faults.AWAY),
    (raised("53100"), faults.DISK_FULL),
    (raised("53200"), faults.NO_MEMORY),
    (raised("53300"), faults.NO_CONNECTION),
    (raised("53400"), faults.NO_ROOM),
    (raised("57P01"), faults.AWAY),
    (raised("57P02"), faults.AWAY),
    (raised("57P03"), faults.AWAY),
    (raised("58030"), faults.AWAY),
    (raised("40001"), faults.BUSY),
    (raised("40P01"), faults.BUSY),
    (raised("25P03"), faults.AWAY),
    (raised("25P04"), faults.BUSY),
]
NO_OUTAGES = [
    ("SELECT 1 / 0", "the database refuses: DivisionByZero, SQLSTATE 22012"),
    ("SELECT 'Siti'::int", "the database refuses: InvalidTextRepresentation, SQLSTATE 22P02"),
    ("SELECT * FROM nobody", "the database refuses: UndefinedTable, SQLSTATE 42P01"),
    (raised("XX000"), "the database refuses: InternalError_, SQLSTATE XX000"),
    (raised("42501"), "the database refuses: of the server"),
]


def error_of(database: Database, statement: str) -> SQLAlchemyError:
    """What running the statement raises."""
    with pytest.raises(SQLAlchemyError) as caught, database.transaction() as connection:
        connection.exec_driver_sql(statement)
    return caught.value


@pytest.mark.parametrize(("statement", "meaning"), OUTAGES)
def test_an_outage_is_told_apart(database: Database, statement: str, meaning: str) -> None:
    """As SQLAlchemy raises it and as the driver does; a runner waits."""
    error = error_of(database, statement)
    with (
        closing(sessions.connect(database.url)) as connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg2.Error) as caught,
    ):
        cursor.execute(statement)

    assert faults.outage(error) == faults.outage(caught.value) == meaning
    assert outages.is_outage(error)
    assert str(faults.describe(error)).startswith(f"{meaning}: ")
    assert "\n" not in str(faults.describe(error))


@pytest.mark.parametrize(("statement", "line"), NO_OUTAGES)
def test_a_fault_is_no_outage(database: Database, statement: str, line: str) -> None:
    """No waiting mends it. The line for people repeats no value."""
    error = error_of(database, statement)

    assert faults.outage(error) is None
    assert not outages.is_outage(error)
    assert faults.describe(error) == line


def test_a_lock_that_is_not_given_in_time_is_an_outage(database: Database) -> None:
    """Somebody else holds it."""
    with database.transaction() as holder:
        holder.exec_driver_sql("LOCK TABLE leads")
        error = error_of(database, "SET LOCAL lock_timeout = '1ms'; LOCK TABLE leads")

    assert faults.outage(error) == faults.BUSY


def test_a_pool_without_a_connection_is_an_outage(database: Database) -> None:
    """All of them are at work."""
    engine = sessions.make_engine(database.url, pool_size=1, max_overflow=0, pool_timeout=0.01)
    with engine.connect(), pytest.raises(SQLAlchemyError) as caught:
        engine.connect()
    engine.dispose()

    assert faults.outage(caught.value) == faults.describe(caught.value) == faults.POOL_IN_USE


def test_a_connection_that_is_closed_is_an_outage(database: Database) -> None:
    """Whoever closed it."""
    connection = sessions.connect(database.url)
    connection.close()
    with pytest.raises(psycopg2.Error) as caught:
        connection.cursor()

    assert faults.outage(caught.value) == faults.AWAY


def test_what_is_not_of_the_database_is_none_of_its_outages() -> None:
    """A runner waits for some of it all the same."""
    assert faults.outage(StorageError("x")) is faults.outage(OSError("x")) is None
    assert faults.describe(ValueError("x")) is None
    for error in (StorageError("x"), ConflictError("x"), PersistenceError("x")):
        assert outages.is_outage(error)
    assert not outages.is_outage(ValueError("x"))


def test_the_pool_keeps_no_connection_to_a_read_only_server(database: Database) -> None:
    """Any other error of a statement costs no connection."""

    def process(connection: Connection) -> int:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())

    def is_same_after(statement: str) -> bool:
        """Whether the next transaction is in the same session as the one that fails so."""
        seen: list[int] = []

        def fail(connection: Connection) -> None:
            seen.append(process(connection))
            connection.exec_driver_sql(statement)

        with pytest.raises(SQLAlchemyError):
            database.run("other", fail)
        return seen == [database.run("other", process)]

    assert is_same_after("SELECT 1 / 0")
    assert not is_same_after("SET TRANSACTION READ ONLY; CREATE TABLE t ()")
