"""Enrollments: events into rows, and what runners and people ask of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.enrollment import Enrollment
from projections.database.engine import rows
from projections.database.quarantined import not_aside
from projections.readmodels.handler import Handlers, handler

_LEAD_ENROLLED = """
WITH e AS ({events}), progress AS (
    INSERT INTO enrollment_progress (enrollment_id, open) SELECT originator_id, steps FROM e
)
INSERT INTO enrollments (enrollment_id, version, status, lead_id, sequence_id, entry, steps,
    trigger, enrolled_at)
SELECT originator_id, originator_version, 'active', lead_id, sequence_id, entry, steps, trigger,
    "timestamp"
FROM e WHERE originator_version = 1
"""

_COMPLETED = """
WITH e AS ({events}), progress AS (
    DELETE FROM enrollment_progress p USING e WHERE p.enrollment_id = e.originator_id
)
UPDATE enrollments n
SET version = e.originator_version, status = 'completed', ended_at = e.timestamp
FROM e WHERE n.enrollment_id = e.originator_id AND n.version = e.originator_version - 1
"""

_STOPPED = """
WITH e AS ({events}), progress AS (
    DELETE FROM enrollment_progress p USING e WHERE p.enrollment_id = e.originator_id
)
UPDATE enrollments n
SET version = e.originator_version, status = 'stopped', ended_at = e.timestamp, reason = e.reason
FROM e WHERE n.enrollment_id = e.originator_id AND n.version = e.originator_version - 1
"""

HANDLERS: Handlers = {
    ("enrollment.lead_enrolled",): (
        handler(
            _LEAD_ENROLLED, "lead_id uuid, sequence_id uuid, entry int, steps int, trigger text"
        ),
    ),
    ("enrollment.completed",): (handler(_COMPLETED),),
    ("enrollment.stopped",): (handler(_STOPPED, "reason text"),),
}


def state(row: Any) -> Enrollment:
    """The aggregate's state, from a row of ``enrollments``."""
    return Enrollment(
        id=row.enrollment_id,
        version=row.version,
        status=row.status,
        lead_id=row.lead_id,
        sequence_id=row.sequence_id,
        entry=row.entry,
        steps=row.steps,
        reason=row.reason,
    )


def finished(connection: Connection, limit: int) -> list[Any]:
    """Locks up to ``limit`` active enrollments whose last message has ended, and their leads; each
    row is an enrollment with its sequence's ``next_trigger`` and ``cancel_pending``."""
    return rows(
        connection,
        f"""
        SELECT n.*, s.definition ->> 'next_trigger' AS next_trigger, s.cancel_pending
        FROM enrollment_progress p
        JOIN enrollments n USING (enrollment_id)
        JOIN leads l USING (lead_id)
        JOIN sequences s USING (sequence_id)
        WHERE p.open = 0 AND n.status = 'active'
          AND {not_aside("enrollment", "n.enrollment_id")} AND {not_aside("lead", "n.lead_id")}
        ORDER BY n.enrollment_id LIMIT %(limit)s
        FOR UPDATE OF l, n SKIP LOCKED
        """,
        limit=limit,
    )


def active(
    connection: Connection, *, lead_id: UUID | None = None, sequence_id: UUID | None = None
) -> list[Any]:
    """Locks the active enrollments of a lead or of a sequence; each row has the sequence's
    ``stop_on_reply``."""
    return rows(
        connection,
        f"""
        SELECT n.*, (s.definition ->> 'stop_on_reply')::boolean AS stop_on_reply
        FROM enrollments n JOIN sequences s USING (sequence_id)
        WHERE n.status = 'active' AND {not_aside("enrollment", "n.enrollment_id")}
          AND (%(lead_id)s::uuid IS NULL OR n.lead_id = %(lead_id)s::uuid)
          AND (%(sequence_id)s::uuid IS NULL OR n.sequence_id = %(sequence_id)s::uuid)
        ORDER BY n.enrollment_id FOR UPDATE OF n
        """,
        lead_id=None if lead_id is None else str(lead_id),
        sequence_id=None if sequence_id is None else str(sequence_id),
    )
