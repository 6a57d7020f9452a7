"""Streams to which nothing can be appended any more, and how to work around them.

A stream is broken if the log has an event of it that its row has never seen: somebody inserted it,
or the database was put together from two. Whoever decides by the row then appends a version that is
taken, again and again. Such an aggregate is put aside, and everything else goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from typing import TypeVar, cast
from uuid import UUID

import structlog
from sqlalchemy import Connection

from projections.config import metrics
from projections.database.engine import Database, rows, uuids
from projections.database.quarantined import FaultyError
from projections.eventstore.append import StreamConflictError
from projections.records import quarantine
from projections.records.quarantine import Aside, Kind

log = structlog.get_logger()

T = TypeVar("T")

# How many aggregates one call may find faulty.
MOST = 100
REASON = "the log has an event of it that was never recorded; see sendtrail audit verify"

# The row of each kind of aggregate.
_TABLES: dict[str, tuple[str, str]] = {
    "message": ("broadcast_messages", "message_id"),
    "lead": ("leads", "lead_id"),
    "enrollment": ("enrollments", "enrollment_id"),
    "campaign": ("campaigns", "campaign_id"),
    "sequence": ("sequences", "sequence_id"),
    "device": ("devices", "device_id"),
}

Broken = tuple[Kind, UUID]


def broken(connection: Connection, conflict: StreamConflictError) -> list[Broken]:
    """The broken streams among those of ``conflict``; none if another transaction was faster."""
    found: list[Broken] = []
    for kind, (table, key) in _TABLES.items():
        events = [event for event in conflict.events if event[2].startswith(f"{kind}.")]
        if not events:
            continue
        streams = rows(
            connection,
            f"""
            SELECT DISTINCT e.id FROM unnest(%(ids)s::uuid[], %(versions)s::int[]) e (id, version)
            JOIN stored_events s
                ON s.originator_id = e.id AND s.originator_version = e.version
            LEFT JOIN {table} t ON t.{key} = e.id
            WHERE coalesce(t.version, 0) < e.version AND NOT EXISTS (
                SELECT FROM stored_events g
                WHERE g.originator_id = e.id AND g.topic = 'sequence.deleted')
            ORDER BY 1
            """,
            ids=uuids(event[0] for event in events),
            versions=[event[1] for event in events],
        )
        found.extend((cast(Kind, kind), row.id) for row in streams)
    return found


def put_aside_broken(
    database: Database,
    conflict: StreamConflictError,
    runner: str,
    now: datetime,
    blame: Callable[[Broken], Broken] = lambda stream: stream,
) -> int:
    """Put aside the broken streams of ``conflict``; returns how many these are. ``blame`` says what
    is put aside for each."""
    with database.transaction() as connection:
        found = {blame(stream) for stream in broken(connection, conflict)}
        put_aside(connection, [(kind, id_, REASON) for kind, id_ in found], runner, now)
    return len(found)


def put_aside(
    connection: Connection, faulty: Sequence[tuple[Kind, UUID, str]], runner: str, now: datetime
) -> None:
    """Put aside each of ``faulty`` (kind, id, reason), and say so."""
    if not faulty:
        return
    asides = [Aside(kind=kind, id=id_, runner=runner, reason=why) for kind, id_, why in faulty]
    quarantine.put(connection, asides, now)
    for aside in asides:
        metrics.put_aside(aside.kind)
        log.error("quarantine.put", kind=aside.kind, id=str(aside.id), runner=runner)


def run_around(
    database: Database,
    name: str,
    runner: str,
    work: Callable[[Connection], T],
    now: Callable[[], datetime],
    blame: Callable[[Broken], Broken] = lambda stream: stream,
) -> T:
    """``database.run``, but around broken streams and whatever raises FaultyError: these are put
    aside, and ``work``, which leaves out what is in quarantine, is done anew.

    Raises the conflict itself if no stream is broken: then somebody else was faster. Raises the
    last FaultyError after ``MOST``: then it is no single aggregate that is at fault.
    """
    for number in count(1):
        try:
            return database.run(name, work)
        except StreamConflictError as conflict:
            if not put_aside_broken(database, conflict, runner, now(), blame):
                raise
        except FaultyError as faulty:
            if number > MOST:
                raise
            with database.transaction() as connection:
                found = [(cast(Kind, faulty.kind), faulty.id, faulty.reason)]
                put_aside(connection, found, runner, now())
    raise AssertionError("unreachable")
