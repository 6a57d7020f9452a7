"""Makes databases and Sendtrail's schema in them, and checks what versions it meets there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID, uuid4

from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from domain.errors import StorageError
from projections.config import secret_key
from projections.config.settings import Settings
from projections.database import embedded, secret_check
from projections.database.engine import Database, driver_url
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
    which raises StorageError. Raises SettingsError without a secret key. The caller closes the
    database.
    """
    key = secret_key.find(settings)
    url = settings.database_url or ensure(embedded.start(settings.home), BUNDLED)
    database = Database(url, secret_key=key)
    create_schema(database, outdated=outdated)
    return database


def create_schema(database: Database, *, outdated: bool = False) -> None:
    """Create the tables that are missing.

    Raises StorageError if the server does not answer, is older than PostgreSQL 15, or refuses.
    Raises StorageError if an earlier version made the read models, unless ``outdated`` is true: a
    rebuild is about to replace them. Raises SettingsError, and changes nothing, if the database was
    made with another secret key than that of ``database``.
    """
    try:
        with database.engine.begin() as connection:
            version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
            if int(version) < OLDEST_SERVER:
                raise StorageError("the database: expected PostgreSQL 15 or newer")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")
            records.create_kept(connection)
            secret_check.check(connection, database.secret_key)
            functions.create_missing_functions(connection)
            if _exists(connection, "stored_events"):
                if not outdated:
                    _refuse_outdated(connection)
                return
            log.create_log(connection)
            read_models.create_read_models(connection)
            connection.execute(log.installation.insert(), {"singleton": True, "namespace": uuid4()})
    except OperationalError as error:
        raise StorageError(f"the database does not answer: {_first_line(error)}") from None
    except DBAPIError as error:
        raise StorageError(f"the database refuses: {_first_line(error)}") from None


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
    """The URL of the database ``name`` on the same server, password included."""
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def _administration(server_url: str, name: str) -> Iterator[Connection]:
    """A connection for CREATE DATABASE and DROP DATABASE, which run in no transaction."""
    engine = create_engine(driver_url(server_url), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise StorageError(f"no database {name} can be made: {_first_line(error)}") from None
    finally:
        engine.dispose()


def _exists(connection: Connection, table: str) -> bool:
    relation = connection.exec_driver_sql("SELECT to_regclass(%(t)s)", {"t": table}).scalar_one()
    return relation is not None


def _first_line(error: DBAPIError) -> str:
    # The driver's message names host, port, role and database, never the password.
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    return lines[0] if lines else type(error.orig).__name__
