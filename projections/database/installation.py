"""Makes databases and Sendtrail's schema in them, and checks what versions it meets there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from domain.errors import StorageError
from projections.config import database_url, secret_key
from projections.config.settings import Settings
from projections.database import (
    embedded,
    faults,
    identity_key,
    poolers,
    schema_version,
    secret_check,
)
from projections.database.engine import Database
from projections.database.sessions import make_engine
from projections.schema import creation, earlier, functions, log, records

# The name of the database on the bundled server.
BUNDLED = "sendtrail"
# The oldest PostgreSQL that will do, as ``server_version_num`` has it.
OLDEST_SERVER = 150000


class Migrated(NamedTuple):
    """What ``migrate`` found.

    ``before`` is the version that the database had, None if it was empty. ``outdated`` is what is
    to be done about the read models, None if they are of this version.
    """

    before: str | None
    outdated: str | None


def open_database(settings: Settings, *, outdated: bool = False) -> Database:
    """Open the database that the settings name, or else the bundled server's, with its schema made.

    An older schema of the bundled server's is migrated. ``outdated`` and errors are those of
    ``create_schema``; the bundled server may not start either, which raises StorageError, as does a
    URL that leads to a pooler in another mode than session mode. Raises SettingsError without a
    secret key. The caller closes the database.
    """
    database = connect(settings)
    if settings.database_url:
        poolers.refuse(settings.database_url)
    migrating = settings if settings.database_url is None else None
    create_schema(database, outdated=outdated, migrating=migrating)
    return database


def connect(settings: Settings) -> Database:
    """The database that the settings name, or else the bundled server's, as it is.

    Raises StorageError if the bundled server does not start, and SettingsError without a secret
    key. The caller closes the database.
    """
    if settings.database_url:
        return Database(settings.database_url, secret_key=secret_key.find(settings))
    url = ensure(embedded.start(settings.home), BUNDLED)
    kept = _token(url)
    # Where there is a database with a key already, a new one would open nothing.
    key = secret_key.find(settings, make=kept is None)
    if kept is not None and not secret_check.made_by(kept, key):
        fits = partial(secret_check.made_by, kept)
        key = secret_key.finish_rotation(settings, fits) or key
    return Database(url, secret_key=key)


def _token(url: str) -> bytes | None:
    """The check value of the secret key that the database was made with, if any."""
    database = Database(url)
    try:
        with _connection(database) as connection:
            return secret_check.token(connection)
    finally:
        database.close()


def create_schema(
    database: Database, *, outdated: bool = False, migrating: Settings | None = None
) -> None:
    """Create the schema in a database that has none, and check the versions in any other.

    Raises StorageError if the server does not answer, is older than PostgreSQL 15, or refuses.
    Raises StorageError if a newer program made the schema, or an older one did, unless there are
    settings for ``migrating`` it. Raises StorageError if an earlier version made the read models,
    unless ``outdated`` is true: a rebuild is about to replace them. Raises SettingsError, and
    changes nothing, if the database was made with another secret key than that of ``database``.
    """
    with _connection(database) as connection:
        secret_check.refuse_another(connection, database.secret_key)
        if schema_version.found(connection) != schema_version.newest():
            connection.rollback()
            with schema_version.exclusive(connection):
                _create_or_migrate(connection, _with_key(migrating, database))
        _keep_keys(connection, database.secret_key)
        if not outdated and (reason := _outdated(connection)):
            raise StorageError(reason)


def migrate(database: Database, settings: Settings, report: schema_version.Report) -> Migrated:
    """Bring the schema to the version that this program needs, or create it.

    It waits while another process does. ``report`` is called after each step. Raises StorageError
    as ``create_schema`` and ``schema_version.upgrade`` do.
    """
    with _connection(database) as connection:
        secret_check.refuse_another(connection, database.secret_key)
        connection.rollback()
        with schema_version.exclusive(connection):
            before = schema_version.found(connection)
            connection.rollback()
            _create_or_migrate(connection, _with_key(settings, database), report)
        _keep_keys(connection, database.secret_key)
        return Migrated(before, _outdated(connection))


def _keep_keys(connection: Connection, secret_key: str | None) -> None:
    """Give the database, which has the newest schema, its secret key and its identity key, unless
    it has them. Raises OtherSecretKeyError if it has another secret key."""
    secret_check.keep(connection, secret_key)
    identity_key.keep(connection, secret_key)


def _with_key(settings: Settings | None, database: Database) -> Settings | None:
    """The settings with the secret key that was found; a migration encrypts with it."""
    if settings is None or database.secret_key is None:
        return settings
    return msgspec.structs.replace(settings, secret_key=database.secret_key)


@contextmanager
def _connection(database: Database) -> Iterator[Connection]:
    """A connection to a server that is new enough; its errors are StorageErrors."""
    try:
        with database.engine.connect() as connection:
            version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
            if int(version) < OLDEST_SERVER:
                raise StorageError("the database: expected PostgreSQL 15 or newer")
            yield connection
    except DBAPIError as error:
        raise StorageError(faults.describe(error)) from None


def _create_or_migrate(
    connection: Connection,
    migrating: Settings | None,
    report: schema_version.Report = lambda step: None,
) -> None:
    """Make the schema the newest. Raises StorageError if it is older and ``migrating`` None."""
    version = schema_version.found(connection)
    connection.rollback()
    if version is None:
        with connection.begin():
            log.create_log(connection)
            records.create_kept(connection)
            functions.create_functions(connection)
            creation.create_read_models(connection)
            connection.execute(log.installation.insert(), {"singleton": True, "namespace": uuid4()})
            schema_version.stamp(connection)
    elif migrating is not None:
        schema_version.upgrade(connection, migrating, report)
    elif version != schema_version.newest():
        raise StorageError(
            f"the database has schema {version}, this program needs {schema_version.newest()}:"
            " run sendtrail db migrate"
        )


def _outdated(connection: Connection) -> str | None:
    """What is to be done if an earlier version made the read models, or some of them anew."""
    if missing := earlier.outdated(connection):
        return (
            f"the read models have no {missing[0]} yet, because an earlier version made them:"
            " run sendtrail rebuild"
        )
    if former := earlier.former(connection):
        return (
            f"there is {former[0]}, a read model of an earlier version, which may have worked here"
            " since: run sendtrail rebuild"
        )
    return None


def namespace(database: Database) -> UUID:
    """The UUID of this installation, made with its schema. Ids of leads that earlier versions
    registered are derived from it, so it is shown to nobody; see ``digest``."""
    with database.engine.connect() as connection:
        installation_id = connection.execute(log.installation.select()).one().namespace
        assert isinstance(installation_id, UUID)  # noqa: S101 - a Uuid column
        return installation_id


def digest(namespace: UUID) -> str:
    """What says which installation it is, in hexadecimal, without what ids are derived from."""
    return hashlib.sha256(b"sendtrail installation\0" + namespace.bytes).hexdigest()


def ensure(server_url: str, name: str) -> str:
    """Create the database ``name`` on that server unless it exists; return its URL.

    Raises StorageError if the server does not answer or refuses.
    """
    with _administration(server_url, name) as connection:
        if not _has_database(connection, name):
            # Whoever makes it at the same time waits until this session ends, and finds it made.
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({schema_version.SCHEMA_LOCK})")
            if not _has_database(connection, name):
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


def _has_database(connection: Connection, name: str) -> bool:
    found = connection.exec_driver_sql(
        "SELECT 1 FROM pg_database WHERE datname = %(name)s", {"name": name}
    )
    return found.first() is not None
