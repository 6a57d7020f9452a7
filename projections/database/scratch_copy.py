"""A copy of an installation in a server of its own that is thrown away, to try things out on.

The installation is only read, in one snapshot. What could reach anybody outside is not copied:
credentials, subscriptions, API keys and sessions, what providers told and was not recorded yet.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, MetaData, Table

from domain.errors import StorageError
from projections.config.settings import Settings
from projections.database import embedded
from projections.database.engine import Database, rows
from projections.database.installation import create_schema, ensure
from projections.schema import log, records
from projections.schema.columns import READ_MODELS

NAME = "sendtrail_copy"
_PREFIX = "sendtrail-copy-"
# What is copied beside the read models, and nothing else: without the keys of leads and the
# identity key nobody could be written to or found, and what is in quarantine waits.
_KEPT = (
    log.stored_events,
    log.installation,
    records.identity_key,
    records.secret_check,
    records.lead_keys,
    records.quarantine,
)
# Made with the schema, for another installation.
_REPLACED = (log.installation, records.identity_key, records.secret_check)


@contextmanager
def scratch_copy(
    source: Database, settings: Settings, told: Callable[[str], None] = lambda table: None
) -> Iterator[Settings]:
    """Copy the installation of ``source``, which has the newest schema; give the settings with
    which a container is opened on the copy.

    ``told`` gets the name of each table before it is copied. The copy has a bundled server below
    the folder for temporary files, which is deleted at the end. Raises StorageError if the server
    does not start or the disk has no room.
    """
    _remove_left_ones()
    home = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        url = ensure(embedded.start(home), NAME)
        copy = Database(url, secret_key=source.secret_key)
        try:
            create_schema(copy)
            _fill(source, copy, told)
        finally:
            copy.close()
        yield msgspec.structs.replace(
            settings,
            database_url=url,
            home=home,
            secret_key=source.secret_key,
            secret_key_file=None,
            fault=None,
        )
    finally:
        _remove(home)


def _fill(source: Database, copy: Database, told: Callable[[str], None]) -> None:
    with source.engine.connect() as reading, copy.engine.connect() as writing:
        reading.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # Nothing of a copy has to outlive the server.
        _as_superuser(copy, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        for table in _REPLACED:
            writing.exec_driver_sql(f"DELETE FROM {table.name}")
        for table in (*_KEPT, *_tables(READ_MODELS)):
            told(table.name)
            _copy(reading, writing, table)
        writing.exec_driver_sql(
            "SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'),"
            " max(notification_id)) FROM stored_events"
        )
        writing.commit()
    _as_superuser(copy, "ANALYZE")


def _tables(metadata: MetaData) -> list[Table]:
    return list(metadata.tables.values())


def _copy(reading: Connection, writing: Connection, table: Table) -> None:
    """Copies every row, through a pipe, so that no row is held."""
    # By name: tables that were migrated have their columns in another order. What the server
    # computes is not copied.
    columns = ", ".join(column.name for column in table.columns if column.computed is None)
    out, into = os.pipe()
    failed: list[BaseException] = []

    def send() -> None:
        try:
            with os.fdopen(into, "wb") as stream:
                _cursor(reading).copy_expert(
                    f"COPY {table.name} ({columns}) TO STDOUT (FORMAT binary)", stream
                )
        except Exception as error:
            failed.append(error)

    # The session of the source needs its transaction, which SQLAlchemy begins with a statement.
    reading.exec_driver_sql("SELECT 1")
    sender = threading.Thread(target=send, name="copy")
    sender.start()
    try:
        with os.fdopen(out, "rb") as stream:
            _cursor(writing).copy_expert(
                f"COPY {table.name} ({columns}) FROM STDIN (FORMAT binary)", stream
            )
    finally:
        sender.join()
        if failed:
            raise failed[0]


def _cursor(connection: Connection) -> Any:
    return connection.connection.cursor()


def _as_superuser(copy: Database, *statements: str) -> None:
    """Statements that run in no transaction, as the bundled server's only user."""
    with copy.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        for statement in statements:
            connection.exec_driver_sql(statement)


def log_end(database: Database) -> int:
    """The id of the last event, 0 where there is none."""
    with database.transaction() as connection:
        found = rows(connection, "SELECT coalesce(max(notification_id), 0) FROM stored_events")
    return int(found[0][0])


def _remove(home: Path) -> None:
    with suppress(StorageError):
        embedded.stop(home)
    shutil.rmtree(home, ignore_errors=True)


def _remove_left_ones() -> None:
    """Removes copies whose process was killed."""
    for home in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            # One that is just being made has no user yet.
            if (home / "postgresql").exists() and not embedded.users(home):
                _remove(home)
