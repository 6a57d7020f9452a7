"""The version of the schema: what a database has, what this program needs, the steps between.

The schema is that of the log's and the records' tables. A version is four digits. Alembic keeps it
in the table ``alembic_version`` and runs the migrations; it is imported only where one runs or a
schema is made, because importing it takes longer than starting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import psycopg2.errors
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from domain.errors import StorageError
from projections.config.settings import Settings

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")
# The version of databases that were made before versions were kept.
FIRST = "0001"
# The advisory lock that lets one process at a time make or change the schema.
SCHEMA_LOCK = 0x5E4D7242
# Seconds between two looks at whether that lock is free.
LOOK_EVERY = 0.1
# How long a statement of a migration waits for a table, during which all others wait behind it; how
# often a migration is tried, and how many seconds others go first.
PATIENCE, TRIES, PAUSE = "500ms", 100, 0.5

# The driver's errors after which a migration is tried again.
BUSY = (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected)


class Step(NamedTuple):
    """A migration to ``version``; ``title`` says what it does, in one line."""

    version: str
    title: str


# Called after each step.
Report = Callable[[Step], None]


def newest() -> str:
    """The version that this program needs."""
    files = (MIGRATIONS / "versions").glob("m[0-9]*.py")
    return max(file.name[1:].partition("_")[0] for file in files)


def found(connection: Connection) -> str | None:
    """The version that the database has; None if nothing of Sendtrail is there.

    Raises StorageError if a newer program made it.
    """
    if not _exists(connection, "stored_events"):
        return None
    version = _stamped(connection) or FIRST
    if version > newest():
        raise StorageError(
            f"the database has schema {version}, made by a newer Sendtrail;"
            f" this program knows up to {newest()}"
        )
    return version


@contextmanager
def exclusive(connection: Connection) -> Iterator[None]:
    """Keep other processes from making or changing the schema until the block ends.

    It waits for a process that does. ``connection`` is in no transaction then. Waiting is looking
    again and again: a statement that waited would be waited for by CREATE INDEX CONCURRENTLY.
    """
    while not _locked(connection):
        Event().wait(LOOK_EVERY)
    try:
        yield
    finally:
        connection.rollback()
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({SCHEMA_LOCK})")
        connection.commit()


def stamp(connection: Connection) -> None:
    """Note that the schema, which was just made, is the newest."""
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config())
    MigrationContext.configure(connection).stamp(scripts, newest())


def upgrade(connection: Connection, settings: Settings, report: Report = lambda step: None) -> None:
    """Run the migrations that the database lacks, each in a transaction of its own.

    ``connection`` is in no transaction, and holds ``exclusive``. A migration finds ``settings`` in
    the attributes of alembic's configuration. Raises StorageError if the tables are in use all the
    time: then that migration has done nothing.
    """
    config = _config(connection=connection, settings=settings)
    # Every transaction of the migrations, also one that a migration begins itself.
    event.listen(connection, "begin", _lose_patience_soon)
    try:
        for step in _missing(config, connection):
            _run(config, connection, step)
            report(step)
    finally:
        event.remove(connection, "begin", _lose_patience_soon)


def _missing(config: Config, connection: Connection) -> list[Step]:
    """The steps from the version that the database has to the newest, in their order."""
    from alembic.script import ScriptDirectory

    stamped = _stamped(connection)
    connection.rollback()
    scripts = ScriptDirectory.from_config(config)
    steps = [
        Step(script.revision, _title(script.doc))
        for script in scripts.walk_revisions("base", "head")
    ]
    return [step for step in reversed(steps) if stamped is None or step.version > stamped]


def _title(docstring: str) -> str:
    """Its first line, as a part of a sentence."""
    first = docstring.splitlines()[0].rstrip(".")
    return first[:1].lower() + first[1:]


def _run(config: Config, connection: Connection, step: Step) -> None:
    from alembic import command

    for _ in range(TRIES):
        try:
            command.upgrade(config, step.version)
            return
        except DBAPIError as error:
            connection.rollback()
            if not isinstance(error.orig, BUSY):
                raise
        Event().wait(PAUSE)
    raise StorageError(
        f"schema {step.version} is not made, because the tables are in use all the time:"
        " stop what uses them, and try again"
    )


def _config(**attributes: object) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(attributes)
    return config


def _lose_patience_soon(connection: Connection) -> None:
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}'")


def _locked(connection: Connection) -> bool:
    (taken,) = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({SCHEMA_LOCK})").one()
    # The lock is the session's, and outlives the transaction.
    connection.rollback()
    return bool(taken)


def _stamped(connection: Connection) -> str | None:
    if not _exists(connection, "alembic_version"):
        return None
    version = connection.exec_driver_sql("SELECT max(version_num) FROM alembic_version")
    return version.scalar_one()  # type: ignore[no-any-return]


def _exists(connection: Connection, table: str) -> bool:
    relation = connection.exec_driver_sql("SELECT to_regclass(%(t)s)", {"t": table}).scalar_one()
    return relation is not None
