"""The engine, the schema's creation, and transactions that start anew after a deadlock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg2.errors
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from domain.errors import StorageError
from projections import embedded, tables
from projections.settings import Settings

T = TypeVar("T")

# Keys of the advisory locks: one orders the log, one lets a single process create the schema.
APPEND_LOCK = 0x5E4D7241
SCHEMA_LOCK = 0x5E4D7242

OLDEST_SERVER = 150000


class Database:
    """A PostgreSQL database with Sendtrail's schema in it.

    Times come and go as aware datetimes in UTC. Make one per process, after forking.
    """

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        self.url = url
        self.engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg2://", 1),
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 5,
                "application_name": "sendtrail",
                # Just-in-time compilation costs more than such short statements take.
                "options": "-c timezone=UTC -c jit=off",
            },
        )

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction, committed if the block ends well."""
        with self.engine.begin() as connection:
            yield connection

    def run(self, work: Callable[[Connection], T], attempts: int = 5) -> T:
        """``work`` in one transaction; after a deadlock or a serialization failure the whole of it
        is done anew, at most ``attempts`` times."""
        for attempt in range(1, attempts + 1):
            try:
                with self.engine.begin() as connection:
                    return work(connection)
            except DBAPIError as error:
                if attempt == attempts or not is_transient(error.orig):
                    raise
            except psycopg2.Error as error:
                if attempt == attempts or not is_transient(error):
                    raise
        raise AssertionError("unreachable")

    def prepare(self) -> None:
        """Creates the schema where it is missing. Raises StorageError if the server does not
        answer, is too old, or refuses."""
        try:
            with self.engine.begin() as connection:
                version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
                if int(version) < OLDEST_SERVER:
                    raise StorageError("the database: expected PostgreSQL 15 or newer")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")
                if _exists(connection, "stored_events"):
                    return
                tables.create_log(connection)
                tables.create_read_models(connection)
                connection.execute(
                    tables.installation.insert(), {"singleton": True, "namespace": uuid4()}
                )
        except OperationalError as error:
            raise StorageError(f"the database does not answer: {_first_line(error)}") from None
        except DBAPIError as error:
            raise StorageError(f"the database refuses: {_first_line(error)}") from None

    def namespace(self) -> UUID:
        """The installation's own, from which the ids of its leads follow."""
        with self.engine.connect() as connection:
            namespace = connection.execute(tables.installation.select()).one().namespace
            assert isinstance(namespace, UUID)  # noqa: S101 - a Uuid column
            return namespace

    def close(self) -> None:
        """Closes every connection of the pool."""
        self.engine.dispose()


def open_database(settings: Settings) -> Database:
    """The database that the settings name, or the bundled one, ready for use."""
    database = Database(settings.database_url or embedded.start(settings.home))
    database.prepare()
    return database


def rows(connection: Connection, statement: str, **parameters: Any) -> list[Any]:
    """The rows that ``statement`` gives; ``%(name)s`` stands for a parameter."""
    return list(connection.exec_driver_sql(statement, parameters).all())


def uuids(ids: Any) -> str:
    """Ids as a PostgreSQL array literal: much cheaper than adapting each of them."""
    return "{" + ",".join(map(str, ids)) + "}"


def is_transient(error: BaseException | None) -> bool:
    """Whether the same work may succeed if it is done anew."""
    return isinstance(
        error, (psycopg2.errors.DeadlockDetected, psycopg2.errors.SerializationFailure)
    )


def _exists(connection: Connection, table: str) -> bool:
    found = connection.exec_driver_sql("SELECT to_regclass(%(t)s)", {"t": table}).scalar_one()
    return found is not None


def _first_line(error: DBAPIError) -> str:
    # The driver's message names host, port, role and database, never the password.
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    return lines[0] if lines else type(error.orig).__name__
