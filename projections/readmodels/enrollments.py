"""Enrollments: events into rows, and what runners and people ask of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.branches.table import Taken
from domain.enrollment import Enrollment, Unsent
from projections.database.engine import rows, uuids
from projections.database.quarantined import not_aside
from projections.readmodels.handler import Handlers, handler

_LEAD_ENROLLED = """
WITH e AS ({events}), progress AS (
    INSERT INTO enrollment_progress (enrollment_id, open) SELECT originator_id, steps FROM e
)
INSERT INTO enrollments (enrollment_id, version, status, lead_id, sequence_id, entry, steps,
    sequence_version, trigger, enrolled_at)
SELECT originator_id, originator_version, 'active', lead_id, sequence_id, entry, steps,
    sequence_version, trigger, "timestamp"
FROM e WHERE originator_version = 1
"""

# What is cancelled of steps that were removed, the messages' own events count.
_REPLANNED = """
WITH e AS ({events}), progress AS (
    UPDATE enrollment_progress p SET open = p.open + e.added
    FROM e WHERE p.enrollment_id = e.originator_id
)
UPDATE enrollments n
SET version = e.originator_version, sequence_version = e.sequence_version,
    steps = n.steps + e.added - e.removed
FROM e WHERE n.enrollment_id = e.originator_id AND n.version = e.originator_version - 1
"""

_BRANCHED = """
WITH e AS ({events})
UPDATE enrollments n
SET version = e.originator_version, branches = n.branches || jsonb_build_array(jsonb_build_object(
    'step', e.step, 'branch', e.branch, 'then', e."then", 'at', e.at))
FROM e WHERE n.enrollment_id = e.originator_id AND n.version = e.originator_version - 1
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

# SQL: message ``m`` is of enrollment ``n``. The lead is what the index knows.
_OF_ENROLLMENT = "m.lead_id = n.lead_id AND m.enrollment_id = n.enrollment_id"

HANDLERS: Handlers = {
    ("enrollment.lead_enrolled",): (
        handler(
            _LEAD_ENROLLED,
            "lead_id uuid, sequence_id uuid, sequence_version int, entry int, steps int,"
            " trigger text",
        ),
    ),
    ("enrollment.replanned",): (
        handler(_REPLANNED, "sequence_version int, added int, removed int"),
    ),
    ("enrollment.branched",): (handler(_BRANCHED, "step int, branch int, then int, at text"),),
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
        sequence_version=row.sequence_version,
        reason=row.reason,
        branches=msgspec.convert(row.branches, tuple[Taken, ...]),
    )


def finished(connection: Connection, limit: int) -> list[Any]:
    """Locks up to ``limit`` active enrollments whose last message has ended, and their leads; each
    row is an enrollment with its sequence's ``next_trigger`` and ``cancel_pending``. What it says
    of steps that were not sent, ``unsent`` reads.

    A message whose outcome is unknown has not ended here, unless the sequence was stopped: it may
    turn out to be sent. One that is to be planned anew may get another step. The counts say where
    to look; messages are found by their lead.
    """
    return rows(
        connection,
        f"""
        SELECT n.*, s.definition ->> 'next_trigger' AS next_trigger, s.cancel_pending,
            (SELECT json_agg(json_build_array(m.step, m.status, m.reason))
             FROM broadcast_messages m WHERE {_OF_ENROLLMENT} AND m.status <> 'sent') AS unsent
        FROM enrollment_progress p
        JOIN enrollments n USING (enrollment_id)
        JOIN leads l USING (lead_id)
        JOIN sequences s USING (sequence_id)
        WHERE p.open = 0 AND n.status = 'active'
          AND (s.cancel_pending OR n.sequence_version >= s.plan_version)
          AND (s.cancel_pending OR NOT EXISTS (
              SELECT FROM broadcast_messages m WHERE {_OF_ENROLLMENT}
              AND m.status IN ('pending', 'processing', 'queued', 'unknown')))
          AND {not_aside("enrollment", "n.enrollment_id")} AND {not_aside("lead", "n.lead_id")}
        ORDER BY n.enrollment_id LIMIT %(limit)s
        FOR UPDATE OF l, n SKIP LOCKED
        """,
        limit=limit,
    )


def unsent(row: Any) -> list[Unsent]:
    """The steps of a row of ``finished`` that were not sent."""
    return [Unsent(*step) for step in row.unsent or ()]


def earlier(connection: Connection, lead_id: UUID, sequence_id: UUID) -> list[Enrollment]:
    """The enrollments of a lead in a sequence, the latest first."""
    enrollments = rows(
        connection,
        "SELECT * FROM enrollments WHERE lead_id = %(lead_id)s AND sequence_id = %(sequence_id)s"
        " ORDER BY entry DESC",
        lead_id=str(lead_id),
        sequence_id=str(sequence_id),
    )
    return [state(row) for row in enrollments]


def active(
    connection: Connection,
    *,
    lead_ids: Iterable[UUID] | None = None,
    sequence_id: UUID | None = None,
) -> list[Any]:
    """Locks the active enrollments of leads, or of a sequence; each row has the sequence's
    ``stop_on_reply`` and ``stop_on_manual_message``."""
    return rows(
        connection,
        f"""
        SELECT n.*, (s.definition ->> 'stop_on_reply')::boolean AS stop_on_reply,
            coalesce((s.definition ->> 'stop_on_manual_message')::boolean, true)
                AS stop_on_manual_message
        FROM enrollments n JOIN sequences s USING (sequence_id)
        WHERE n.status = 'active' AND {not_aside("enrollment", "n.enrollment_id")}
          AND (%(lead_ids)s::uuid[] IS NULL OR n.lead_id = ANY(%(lead_ids)s::uuid[]))
          AND (%(sequence_id)s::uuid IS NULL OR n.sequence_id = %(sequence_id)s::uuid)
        ORDER BY n.enrollment_id FOR UPDATE OF n
        """,
        lead_ids=None if lead_ids is None else uuids(lead_ids),
        sequence_id=None if sequence_id is None else str(sequence_id),
    )
