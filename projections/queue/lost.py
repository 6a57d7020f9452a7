"""What the log has lost of dispatches, and which of it can be recorded again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from projections.database.engine import rows, uuids
from projections.queue.lookup import COLUMNS

# An event that was recorded again has another version, but the same instant and actor. What came of
# a dispatch may have another topic then.
_MISSING = """
SELECT e.place FROM unnest(%(ids)s::uuid[], %(dispatches)s::boolean[], %(marks)s::bytea[])
    WITH ORDINALITY AS e(originator_id, dispatch, mark, place)
WHERE NOT EXISTS (
    SELECT FROM stored_events s WHERE s.originator_id = e.originator_id
      AND CASE WHEN e.dispatch THEN s.topic = 'message.queued'
          ELSE s.topic NOT IN ('message.claimed', 'message.queued') END
      AND position(e.mark IN s.state) > 0)
"""


class Sought(NamedTuple):
    """An event to look for: its aggregate, whether it is a dispatch or what came of one, and the
    part of its JSON with its instant and actor."""

    originator_id: UUID
    is_dispatch: bool
    mark: bytes


def missing(connection: Connection, events: Sequence[Sought]) -> set[int]:
    """The indexes of those of ``events`` that are not in the log."""
    found = rows(
        connection,
        _MISSING,
        ids=uuids(event.originator_id for event in events),
        dispatches=[event.is_dispatch for event in events],
        marks=[event.mark for event in events],
    )
    return {row.place - 1 for row in found}


def recordable(connection: Connection, limit: int) -> list[Any]:
    """Locks up to ``limit`` messages of which a dispatch was lost, and which there are again; each
    row is a message with what was ``dispatched`` and the device's ``timezone``."""
    return rows(
        connection,
        f"""
        SELECT m.message_id, {COLUMNS}, q.dispatched, d.timezone
        FROM quarantine q
        JOIN broadcast_messages m ON m.message_id = q.id
        JOIN devices d ON d.device_id = m.device_id
        WHERE q.kind = 'message' AND q.dispatched IS NOT NULL
        ORDER BY m.message_id LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
        """,
        limit=limit,
    )


def still_held(connection: Connection, ids: Sequence[UUID], worker: str) -> set[UUID]:
    """Those of these messages that ``worker`` still holds."""
    held = rows(
        connection,
        "SELECT message_id FROM broadcast_messages WHERE message_id = ANY(%(ids)s::uuid[])"
        " AND status = 'processing' AND worker = %(worker)s",
        ids=uuids(ids),
        worker=worker,
    )
    return {row.message_id for row in held}
