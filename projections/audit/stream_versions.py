"""The versions of every stream rise by one, from 1, in the order of the log.

A database that went back to an earlier state, by a failover or a restore, can be appended to by
processes that remember the later one. Such a stream has a gap that the hash chain does not show,
because the notary chained the log as it was.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from projections.database.engine import rows
from projections.database.whole_tables import planned_by_size

# One scan and one sort of narrow rows: an index on the streams would look up every event at random.
_FIRST = """
SELECT notification_id, expected FROM (
    SELECT notification_id, originator_version,
        row_number() OVER (PARTITION BY originator_id ORDER BY notification_id) AS expected
    FROM stored_events
) AS e
WHERE originator_version <> expected ORDER BY notification_id LIMIT 1
"""


class Irregular(NamedTuple):
    """An event, by its notification id, and the version that was to come in its stream there."""

    id: int
    expected: int


def first_irregular(connection: Connection) -> Irregular | None:
    """The first event of the log whose version does not follow the one before it in its stream.

    None if there is no such event. It reads the whole log.
    """
    with planned_by_size(connection):
        connection.exec_driver_sql("SET LOCAL enable_indexscan = off")
        found = rows(connection, _FIRST)
    return Irregular(*found[0]) if found else None
