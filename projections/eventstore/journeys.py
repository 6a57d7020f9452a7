"""Who is on the way through a sequence: those who are to be planned anew, because it was changed,
and those for whom a branch can be decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.message import Message
from domain.replanning import Journey
from domain.sequence import Sequence
from projections.database.engine import rows, uuids
from projections.database.quarantined import not_aside
from projections.queue.lookup import COLUMNS, NOT_ASIDE, state
from projections.readmodels import enrollments, sequences

# SQL: enrollment ``n`` is to be planned anew, because of a change of its sequence ``s``.
_BEHIND = f"""
    n.sequence_id = s.sequence_id AND n.status = 'active' AND n.sequence_version < s.plan_version
    AND {not_aside("enrollment", "n.enrollment_id")}
"""


# The enrollments of which a branch may be decided: what became of its step is known, and the person
# did something that a branch asks for, or the shortest wait of one is over. Whether that decides
# it, ``branches.table.decide`` says.
_DECIDABLE = f"""
SELECT DISTINCT m.enrollment_id
FROM unnest(%(steps)s::int[], %(times)s::timestamptz[], %(read)s::boolean[],
    %(delivered)s::boolean[]) AS t(step, sent_before, read, delivered)
JOIN broadcast_messages m ON m.sequence_id = %(id)s AND m.decided_by = t.step
JOIN broadcast_messages b ON b.lead_id = m.lead_id AND b.enrollment_id = m.enrollment_id
    AND b.step = t.step
JOIN enrollments n ON n.enrollment_id = m.enrollment_id
WHERE m.decided_by > 0 AND n.status = 'active'
  AND (%(after)s::uuid IS NULL OR m.enrollment_id > %(after)s::uuid)
  AND (b.status IN ('failed', 'cancelled')
    OR n.branches @> jsonb_build_array(jsonb_build_object('step', t.step))
    OR b.status IN ('sent', 'unknown') AND (
        coalesce(b.sent_at, b.answered_at) <= t.sent_before
        OR t.read AND b.read_at IS NOT NULL
        OR t.delivered AND b.delivered_at IS NOT NULL
        OR EXISTS (SELECT FROM replies r JOIN leads l ON l.lead_id = b.lead_id
                   WHERE r.lead_id IN (l.lead_id, l.merged_into) AND NOT r.automatic
                     AND r.received_at >= coalesce(b.sent_at, b.answered_at))))
  AND {not_aside("enrollment", "n.enrollment_id")}
ORDER BY 1 LIMIT %(limit)s
"""

# Of somebody who was merged into another lead, that one's are the person's too.
_REPLIES = """
SELECT l.lead_id, r.received_at FROM leads l
JOIN replies r ON r.lead_id IN (l.lead_id, l.merged_into)
WHERE l.lead_id = ANY(%(ids)s::uuid[]) AND NOT r.automatic
"""


class Undecided(NamedTuple):
    """Journeys through ``sequence`` of which something may be decided, with the instants of each
    person's replies. There may be more ``after`` that enrollment, if it is not None."""

    sequence: Sequence
    journeys: list[Journey]
    replies: dict[UUID, list[datetime]]
    after: UUID | None


def behind(connection: Connection, limit: int) -> tuple[Sequence, list[Journey]] | None:
    """Locks up to ``limit`` enrollments of one sequence that are to be planned anew, with their
    messages that may still be sent.

    The sequence is locked first, so that it stays as it is and no deadlock with its changes comes
    of it. What another process works on is left to it. None if there is none.
    """
    owners = rows(
        connection,
        f"""
        SELECT s.* FROM sequences s
        WHERE s.plan_version > 1 AND NOT s.cancel_pending
          AND EXISTS (SELECT FROM enrollments n WHERE {_BEHIND})
          AND {not_aside("sequence", "s.sequence_id")}
        ORDER BY s.sequence_id LIMIT 1 FOR SHARE OF s
        """,
    )
    if not owners:
        return None
    state = sequences.state(owners[0])
    return state, _planned_before(connection, state, limit)


def of_changed(connection: Connection, changed: Sequence, limit: int) -> list[Journey]:
    """Locks up to ``limit`` enrollments that are to be planned anew when the sequence is as
    ``changed``, with their messages that may still be sent. The sequence itself is locked first;
    one that was stopped has none."""
    living = rows(
        connection,
        "SELECT FROM sequences WHERE sequence_id = %(id)s AND NOT cancel_pending FOR UPDATE",
        id=str(changed.id),
    )
    return _planned_before(connection, changed, limit) if living else []


def count_behind(connection: Connection, sequence_id: UUID) -> int:
    """How many enrollments of the sequence are still to be planned anew."""
    (found,) = rows(
        connection,
        f"""
        SELECT count(*) FROM sequences s JOIN enrollments n ON {_BEHIND}
        WHERE s.sequence_id = %(id)s AND NOT s.cancel_pending
        """,
        id=str(sequence_id),
    )
    return int(found[0])


def undecided_sequences(connection: Connection) -> list[UUID]:
    """The sequences with messages of which it is not decided whether they go."""
    found = rows(
        connection,
        f"""
        SELECT s.sequence_id FROM sequences s
        WHERE EXISTS (SELECT FROM broadcast_messages m
                      WHERE m.sequence_id = s.sequence_id AND m.decided_by > 0)
          AND NOT s.cancel_pending AND {not_aside("sequence", "s.sequence_id")}
        """,
    )
    return [row.sequence_id for row in found]


def undecided(
    connection: Connection, sequence_id: UUID, after: UUID | None, now: datetime, limit: int
) -> Undecided:
    """Locks up to ``limit`` enrollments of the sequence, in the order of their ids after ``after``,
    of which something may be decided at ``now``, with their messages that may still be sent."""
    (row,) = rows(
        connection,
        "SELECT * FROM sequences WHERE sequence_id = %(id)s FOR SHARE",
        id=str(sequence_id),
    )
    sequence = sequences.state(row)
    tables = [step for step in sequence.definition.steps if step.branches]
    looks_at = [{each.what for each in step.branches} for step in tables]
    found = rows(
        connection,
        _DECIDABLE,
        id=str(sequence_id),
        after=None if after is None else str(after),
        steps=[step.number for step in tables],
        times=[now - min(each.within for each in step.branches) for step in tables],
        read=["read" in what or "delivered" in what for what in looks_at],
        delivered=["delivered" in what for what in looks_at],
        limit=limit,
    )
    ids = [row.enrollment_id for row in found]
    journeys = _journeys(
        connection, sequence, "n.enrollment_id = ANY(%(ids)s::uuid[])", ids=uuids(ids)
    )
    replies: dict[UUID, list[datetime]] = {}
    leads = uuids({journey.enrollment.lead_id for journey in journeys})
    for reply in rows(connection, _REPLIES, ids=leads):
        replies.setdefault(reply.lead_id, []).append(reply.received_at)
    return Undecided(sequence, journeys, replies, ids[-1] if len(ids) == limit else None)


def _planned_before(connection: Connection, sequence: Sequence, limit: int) -> list[Journey]:
    return _journeys(
        connection,
        sequence,
        "n.sequence_version < %(plan_version)s",
        limit,
        plan_version=sequence.plan_version,
    )


def _journeys(
    connection: Connection,
    sequence: Sequence,
    condition: str,
    limit: int | None = None,
    **values: Any,
) -> list[Journey]:
    """Locks active enrollments ``n`` of the sequence that meet the SQL ``condition``."""
    found = rows(
        connection,
        f"""
        SELECT n.*, l.version AS lead_version, l.phone, l.timezone,
            (SELECT d.device_id FROM devices d WHERE d.status <> 'retired'
               AND d.device_id IN (l.device_id, l.replied_through)
             ORDER BY d.device_id = l.device_id DESC NULLS LAST LIMIT 1) AS device_id
        FROM enrollments n JOIN leads l USING (lead_id)
        WHERE n.sequence_id = %(id)s AND n.status = 'active' AND {condition}
          AND {not_aside("enrollment", "n.enrollment_id")}
        LIMIT %(limit)s FOR UPDATE OF n SKIP LOCKED
        """,
        id=str(sequence.id),
        limit=limit,
        **values,
    )
    messages = _messages(connection, [row.lead_id for row in found], sequence.id)
    return [
        Journey(
            enrollments.state(row),
            row.enrolled_at,
            row.lead_version,
            row.phone or "",
            row.timezone,
            messages.get(row.enrollment_id, ()),
            row.device_id,
        )
        for row in found
    ]


def _messages(
    connection: Connection, lead_ids: list[UUID], sequence_id: UUID
) -> dict[UUID, list[Message]]:
    """The messages of these leads in the sequence, by enrollment. Found by lead, because there is
    no index by enrollment. Those that may still be sent are locked, so that nobody dispatches one
    meanwhile; what is in quarantine is as if it were claimed."""
    rows(
        connection,
        """
        SELECT FROM broadcast_messages m
        WHERE m.lead_id = ANY(%(ids)s::uuid[]) AND m.sequence_id = %(sequence)s
          AND m.status IN ('pending', 'processing')
        ORDER BY m.message_id FOR UPDATE OF m
        """,
        ids=uuids(lead_ids),
        sequence=str(sequence_id),
    )
    # A statement of its own, so that it sees what became of those that it waited for.
    found = rows(
        connection,
        f"""
        SELECT m.message_id, {COLUMNS}, {NOT_ASIDE} AS usable FROM broadcast_messages m
        WHERE m.lead_id = ANY(%(ids)s::uuid[]) AND m.sequence_id = %(sequence)s
        """,
        ids=uuids(lead_ids),
        sequence=str(sequence_id),
    )
    messages: dict[UUID, list[Message]] = {}
    for row in found:
        message = state(row)
        if not row.usable and message.status == "pending":
            message = msgspec.structs.replace(message, status="processing")
        messages.setdefault(row.enrollment_id, []).append(message)
    return messages
