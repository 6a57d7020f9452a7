"""What a backup asks of the server: who it is, replication slots, and marks in its log.

The log here is PostgreSQL's write-ahead log, not Sendtrail's log of events.
"""

from __future__ import annotations

from datetime import datetime
from threading import Event
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from domain.errors import StorageError
from projections.database import installation, secret_check
from projections.database.engine import Database, rows

# The name of what marks write; nobody reads it.
_PREFIX = "sendtrail backup"
# How often, and at intervals of how many seconds, a receiver is told to end.
_TRIES, _LOOK = 300, 0.1


class Server(NamedTuple):
    """The server of an installation.

    ``installation`` is a digest of the installation's own UUID, of which leads' ids follow;
    ``secret_check`` the value that proves its secret key. ``segment`` is in bytes.
    """

    major: int
    version: str
    system_identifier: str
    timeline: int
    segment: int
    installation: str
    secret_check: str


class Mark(NamedTuple):
    """A moment of the server's clock that is certain to be in the log.

    All that was committed by ``at`` is before ``lsn``, and a later commit is in the log behind it.
    """

    at: datetime
    lsn: str


def server(database: Database) -> Server:
    """Who the server is. Raises StorageError if no physical backup can be made of it."""
    try:
        with database.engine.connect() as connection:
            _refuse_unfit(connection)
            (row,) = rows(
                connection,
                "SELECT current_setting('server_version_num')::int / 10000 AS major,"
                " current_setting('server_version') AS version, system_identifier::text,"
                " pg_size_bytes(current_setting('wal_segment_size')) AS segment,"
                " pg_walfile_name(pg_current_wal_lsn()) AS file,"
                " (SELECT namespace FROM installation) AS namespace"
                " FROM pg_control_system()",
            )
            return Server(
                row.major,
                row.version.split()[0],
                row.system_identifier,
                int(row.file[:8], 16),
                row.segment,
                installation.digest(row.namespace),
                _check(connection),
            )
    except OperationalError as error:
        raise StorageError(f"the database does not answer: {_first_line(error)}") from None


def check_of_secret(database: Database) -> str:
    """What proves the secret key that the database has now."""
    with database.engine.connect() as connection:
        return _check(connection)


def _check(connection: Connection) -> str:
    return (secret_check.token(connection) or b"").decode()


def _refuse_unfit(connection: Connection) -> None:
    (may,) = rows(
        connection,
        "SELECT pg_is_in_recovery() AS standby, current_setting('wal_level') AS wal_level,"
        " (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user) AS role,"
        " to_regclass('public.secret_check') IS NOT NULL AS made",
    )
    if may.standby:
        raise StorageError("the database: expected the writable server, not a standby")
    if may.wal_level == "minimal":
        raise StorageError("the server's wal_level: expected replica or logical, for a backup")
    if not may.role:
        raise StorageError("the database's role: expected the right REPLICATION, for a backup")
    if not may.made:
        raise StorageError(
            "the database: expected the schema of this version; run sendtrail db migrate"
        )
    plain = "SELECT 1 FROM lead_keys WHERE octet_length(key) = 32 LIMIT 1"
    if rows(connection, plain):
        raise StorageError(
            "the keys of leads: expected them encrypted, before a backup; run sendtrail db migrate"
        )


def mark(database: Database) -> Mark:
    """Write a moment of the server's clock into its log."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # The commits below are on the disk when they return, whatever the server's settings.
        connection.exec_driver_sql("SET synchronous_commit = local")
        try:
            # The server's own clock: commits in its log carry that one.
            at = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
            _write(connection)
            lsn = connection.exec_driver_sql("SELECT pg_current_wal_flush_lsn()").scalar_one()
            # pg_receivewal ends at a position only after it has received what is behind it.
            _write(connection)
        finally:
            connection.exec_driver_sql("RESET synchronous_commit")
    return Mark(at, str(lsn))


def _write(connection: Connection) -> None:
    connection.exec_driver_sql(
        "SELECT pg_logical_emit_message(true, %(prefix)s, '')", {"prefix": _PREFIX}
    )


def is_received(database: Database, slot: str, lsn: str) -> bool:
    """Whether the receiver that uses ``slot`` has everything up to ``lsn`` on its disk."""
    with database.engine.connect() as connection:
        found = rows(
            connection,
            # A slot is where its receiver says that it has flushed; every role may read that.
            "SELECT restart_lsn >= %(lsn)s::pg_lsn AS received FROM pg_replication_slots"
            " WHERE slot_name = %(slot)s",
            slot=slot,
            lsn=lsn,
        )
        return bool(found and found[0].received)


def has_slot(database: Database, slot: str) -> bool:
    """Whether the server keeps its log for ``slot`` and has kept all of it."""
    with database.engine.connect() as connection:
        found = rows(
            connection,
            "SELECT restart_lsn IS NOT NULL AND wal_status <> 'lost' AS kept"
            " FROM pg_replication_slots WHERE slot_name = %(slot)s",
            slot=slot,
        )
        return bool(found and found[0].kept)


def free_slot(database: Database, slot: str) -> None:
    """End the receiver that uses ``slot``, if there is one.

    Raises StorageError if it does not end, or belongs to another role.
    """
    for _ in range(_TRIES):
        try:
            with database.engine.begin() as connection:
                found = rows(
                    connection,
                    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                    " WHERE slot_name = %(slot)s AND active",
                    slot=slot,
                )
        except DBAPIError as error:
            raise StorageError(f"the replication slot is in use: {_first_line(error)}") from None
        if not found:
            return
        Event().wait(_LOOK)
    raise StorageError(f"the replication slot {slot} is in use, and its receiver does not end")


def make_slot(database: Database, slot: str) -> None:
    """Let the server keep its log from now on until it is fetched; an older slot is replaced.

    Raises StorageError if the server has no slot left.
    """
    free_slot(database, slot)
    drop_slot(database, slot)
    try:
        with database.engine.begin() as connection:
            rows(
                connection,
                "SELECT pg_create_physical_replication_slot(%(slot)s, true)",
                slot=slot,
            )
    except DBAPIError as error:
        raise StorageError(f"no replication slot can be made: {_first_line(error)}") from None


def drop_slot(database: Database, slot: str) -> bool:
    """Let the server keep no log for ``slot`` any more; returns whether there was such a slot.

    Raises StorageError if the slot is in use.
    """
    try:
        with database.engine.begin() as connection:
            return bool(
                rows(
                    connection,
                    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                    " WHERE slot_name = %(slot)s",
                    slot=slot,
                )
            )
    except DBAPIError as error:
        raise StorageError(f"the replication slot stays: {_first_line(error)}") from None


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
