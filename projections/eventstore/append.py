"""How events get into the log: projected, encrypted, ordered by the append lock, copied.

The lock makes notification ids follow the order of commits, so that a reader of the log never skips
an event. The lock is taken last and held for COPY and commit only, and the commit does not wait for
the disk (``projections.database.flushing``). Whatever replaces the lock has to keep that promise;
nothing outside this file depends on how it is kept.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

import psycopg2
import psycopg2.errors
from eventsourcing import persistence
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from projections.config import metrics
from projections.database import flushing
from projections.database.servers import APPENDED
from projections.eventstore.encryption import PERSONAL, encrypt
from projections.readmodels.projector import Change, Row, changes, project

# The advisory lock that orders the log.
APPEND_LOCK = 0x5E4D7241
# One message to the server, and so one wait: the lock is there when the rows come.
_LOCK_AND_COPY = (
    f"SELECT pg_advisory_xact_lock({APPEND_LOCK}); "
    "COPY stored_events (originator_id, originator_version, topic, state) "
    "FROM STDIN (FORMAT binary)"
)
# Signature, flags and header extension; PostgreSQL manual, COPY, "Binary Format".
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_COPY_TRAILER = b"\xff\xff"
# Four fields: 16 bytes of UUID, 4 bytes of integer, then topic and state with their lengths.
_pack_ids = struct.Struct(">hi16sii").pack
_pack_length = struct.Struct(">i").pack


class PreparedEvents(NamedTuple):
    """Events encoded ahead of the transaction that appends them.

    ``changes`` are what the events do to the read models, in order. ``packed`` is their rows in the
    binary format of COPY, without header and trailer; ``rows`` are the same as they were given.
    """

    changes: Sequence[Change] = ()
    packed: bytes = b""
    rows: Sequence[Row] = ()


class StreamConflictError(persistence.IntegrityError):
    """Events that do not follow what is stored; ``events`` are all that were to be appended, as
    (aggregate, version, topic)."""

    def __init__(self, message: str, events: Sequence[tuple[UUID, int, str]]) -> None:
        super().__init__(message)
        self.events = events


def prepare(rows: Sequence[Row]) -> PreparedEvents:
    """Do ahead of the transaction the part of ``append`` that needs no database.

    None of ``rows`` may hold personal data, which is encrypted in the transaction.
    """
    assert PERSONAL.keys().isdisjoint({row[2] for row in rows})  # noqa: S101
    return PreparedEvents(changes(rows), _packed(rows), rows)


def append(
    connection: Connection, rows: Sequence[Row], prepared: PreparedEvents | None = None
) -> None:
    """Project and append the ``prepared`` events and then ``rows``.

    It must be the last thing that ``connection`` does before its commit. Raises StreamConflictError
    where a version exists already, or where the version before it does not; the transaction must
    be rolled back then.
    """
    prepared = prepared or PreparedEvents()
    if not (rows or prepared.packed):
        return
    with _conflicts(prepared.rows, rows), library_errors(), metrics.timed("append"):
        counted = project(connection, [*prepared.changes, *changes(rows)])
        stored = encrypt(connection, rows)
        data = io.BytesIO(b"".join((_COPY_HEADER, prepared.packed, _packed(stored), _COPY_TRAILER)))
        connection.info[APPENDED] = stored[-1] if stored else prepared.rows[-1]
        cursor: Any = connection.connection.cursor()
        # Other transactions wait for the rows of the counts: write these as late as possible.
        counted.write(connection)
        if flushing.is_owned(connection):
            cursor.copy_expert(f"{flushing.COMMIT_WITHOUT_WAITING}; {_LOCK_AND_COPY}", data)
        else:
            cursor.copy_expert(_LOCK_AND_COPY, data)


@contextmanager
def _conflicts(*batches: Sequence[Row]) -> Iterator[None]:
    """Raise the library's IntegrityError of the block with the events that it was about."""
    try:
        yield
    except persistence.IntegrityError as error:
        events = [row[:3] for batch in batches for row in batch]
        raise StreamConflictError(str(error), events) from error


def _packed(rows: Sequence[Row]) -> bytes:
    """The rows in the binary format of COPY, without header and trailer."""
    topics: dict[str, bytes] = {}
    parts: list[bytes] = []
    for originator_id, version, topic, state in rows:
        field = topics.get(topic)
        if field is None:
            name = topic.encode()
            field = topics[topic] = _pack_length(len(name)) + name
        parts.append(_pack_ids(4, 16, originator_id.bytes, 4, version))
        parts.append(field)
        parts.append(_pack_length(len(state)))
        parts.append(state)
    return b"".join(parts)


def ids_of_last(connection: Connection, count: int) -> list[int]:
    """The notification ids of the ``count`` rows that ``connection`` copied last, ascending.

    They are contiguous, because the append lock lets one transaction copy at a time.
    """
    if not count:
        return []
    last = connection.exec_driver_sql(
        "SELECT currval(pg_get_serial_sequence('stored_events', 'notification_id'))"
    ).scalar_one()
    return list(range(last - count + 1, last + 1))


@contextmanager
def library_errors() -> Iterator[None]:
    """Raise the driver's errors in the block as the errors that callers look for.

    A unique violation becomes the library's IntegrityError. A connection that was cut becomes
    psycopg2.OperationalError. Every other error passes unchanged.
    """
    try:
        yield
    except (DBAPIError, psycopg2.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, psycopg2.errors.UniqueViolation):
            raise persistence.IntegrityError("that version exists already") from error
        if type(error) is psycopg2.DatabaseError:  # the connection was cut
            raise psycopg2.OperationalError(str(error)) from error
        raise
