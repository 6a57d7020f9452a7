"""The read models as they were at an instant, for as long as somebody asks them.

They are made by a replay within one transaction that is always rolled back. Nobody else ever sees
them, and nothing of them is left behind, however the process ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Connection

from projections.database.engine import Database, rows
from projections.rebuild.read_ahead import read_ahead
from projections.rebuild.rebuild import PAGE, Progress, last_id, make_schema, project_page

# How long the transaction may wait for whoever asks, and computes between two queries.
PATIENCE = "SET LOCAL idle_in_transaction_session_timeout = '10min'"
# The last event of the log that is not later than an instant.
_POSITION = """
SELECT coalesce(max(notification_id), 0) FROM public.stored_events
WHERE (convert_from(state, 'UTF8')::json ->> 'timestamp')::timestamptz <= %(until)s
"""
# Whoever was erased since is as good as erased then: what is not known of a person cannot match.
_ERASED = """
UPDATE leads l SET erased_at = e.erased_at FROM public.leads e
WHERE e.lead_id = l.lead_id AND e.erased_at IS NOT NULL AND l.erased_at IS NULL
"""


class Past(NamedTuple):
    """``connection`` finds the read models as they were; ``position`` is the notification id of the
    last event in them. Leads that were erased since are erased in them too: ``erased`` counts
    these."""

    connection: Connection
    position: int
    erased: int


@contextmanager
def as_of(
    database: Database,
    until: datetime,
    progress: Progress = lambda done, total: None,
    begin: Callable[[Connection], None] | None = None,
) -> Iterator[Past]:
    """The read models as they were at the instant ``until``, in the block. ``begin`` is called with
    the connection before anything is replayed.

    Raises StorageError if an event is not what was written.
    """
    with database.engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql(PATIENCE)
        if begin is not None:
            begin(connection)
        indexes = make_schema(connection, f"as_of_{uuid4().hex}")
        total = last_id(connection)
        with read_ahead(database, PAGE, until) as pages:
            for page in pages:
                project_page(connection, page)
                progress(page.last, max(page.last, total))
        for statement in indexes:
            connection.exec_driver_sql(statement)
        erased = connection.exec_driver_sql(_ERASED).rowcount
        connection.exec_driver_sql("ANALYZE leads, broadcast_messages, enrollments")
        (found,) = rows(connection, _POSITION, until=until)
        yield Past(connection, int(found[0]), erased)
        transaction.rollback()
