"""Makes databases and Sendtrail's schema in them, and checks what versions it meets there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID, uuid4

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, ProgrammingError

from domain.errors import StorageError
from projections.config import database_url
from projections.config.settings import Settings
from projections.database import embedded, faults, poolers
from projections.database.engine import Database
from projections.database.sessions import make_engine
from projections.schema import functions, log, read_models, records

# The name of the database on the bundled server.
BUNDLED = "sendtrail"
# The oldest PostgreSQL that will do, as ``server_version_num`` has it.
OLDEST_SERVER = 150000
# The advisory lock that lets one process at a time create the schema.
SCHEMA_LOCK = 0x5E4D7242


def open_database(settings: Settings, *, outdated: bool = False) -> Database:
    """Open the database that the settings name, or else the bundled server's, with its schema made.

    ``outdated`` and errors are those of ``create_schema``; the bundled server may not start either,
    which raises StorageError, as does a URL that leads to a pooler in another mode than session
    mode. The caller closes the database.
    """
    if settings.database_url:
        poolers.refuse(settings.database_url)
    database = Database(settings.database_url or ensure(embedded.start(settings.home), BUNDLED))
    create_schema(database, outdated=outdated)
    return database


def create_schema(database: Database, *, outdated: bool = False) -> None:
    """Create the tables that are missing.

    Raises StorageError if the server does not answer, is older than PostgreSQL 15, or refuses.
    Raises StorageError if an earlier version made the read models, unless ``outdated`` is true: a
    rebuild is about to replace them.
    """
    try:
        with database.engine.begin() as connection:
            version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
            if int(version) < OLDEST_SERVER:
                raise StorageError("the database: expected PostgreSQL 15 or newer")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")
            records.create_kept(connection)
            functions.create_missing_functions(connection)
            if _exists(connection, "stored_events"):
                if not outdated:
                    _refuse_outdated(connection)
                return
            log.create_log(connection)
            read_models.create_read_models(connection)
            connection.execute(log.installation.insert(), {"singleton": True, "namespace": uuid4()})
    except DBAPIError as error:
        raise StorageError(faults.describe(error)) from None


def _refuse_outdated(connection: Connection) -> None:
    """Raise StorageError if an earlier version made the read models, or some of them anew."""
    if missing := read_models.outdated(connection):
        raise StorageError(
            f"the read models have no {missing[0]} yet, because an earlier version made them:"
            " run sendtrail rebuild"
        )
    if former := read_models.former(connection):
        raise StorageError(
            f"there is {former[0]}, a read model of an earlier version, which may have worked here"
            " since: run sendtrail rebuild"
        )


def namespace(database: Database) -> UUID:
    """The UUID of this installation, made with its schema; the ids of leads are derived from it."""
    with database.engine.connect() as connection:
        installation_id = connection.execute(log.installation.select()).one().namespace
        assert isinstance(installation_id, UUID)  # noqa: S101 - a Uuid column
        return installation_id


def ensure(server_url: str, name: str) -> str:
    """Create the database ``name`` on that server unless it exists; return its URL.

    Raises StorageError if the server does not answer or refuses.
    """
    with _administration(server_url, name) as connection:
        existing = connection.exec_driver_sql(
            "SELECT 1 FROM pg_database WHERE datname = %(name)s", {"name": name}
        ).first()
        if existing is None:
            with suppress(ProgrammingError):  # another process created it just now
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return url_of(server_url, name)


def recreate(server_url: str, name: str) -> str:
    """Drop the database ``name`` on that server if it exists, create it empty and return its URL.

    Sessions that use it are ended. Raises StorageError if the server does not answer or refuses.
    """
    with _administration(server_url, name) as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return url_of(server_url, name)


def url_of(server_url: str, name: str) -> str:
    """The URL of the database ``name`` on the same hosts, password included."""
    return database_url.of_database(server_url, name)


@contextmanager
def _administration(server_url: str, name: str) -> Iterator[Connection]:
    """A connection for CREATE DATABASE and DROP DATABASE, which run in no transaction."""
    engine = make_engine(server_url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise StorageError(f"no database {name} can be made: {faults.driver_line(error)}") from None
    finally:
        engine.dispose()


def _exists(connection: Connection, table: str) -> bool:
    relation = connection.exec_driver_sql("SELECT to_regclass(%(t)s)", {"t": table}).scalar_one()
    return relation is not None
