"""Who is on the way through a sequence that was changed, and is to be planned anew."""

from __future__ import annotations

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
    return state, _journeys(connection, state, limit)


def of_changed(connection: Connection, changed: Sequence, limit: int) -> list[Journey]:
    """Locks up to ``limit`` enrollments that are to be planned anew when the sequence is as
    ``changed``, with their messages that may still be sent. The sequence itself is locked first;
    one that was stopped has none."""
    living = rows(
        connection,
        "SELECT FROM sequences WHERE sequence_id = %(id)s AND NOT cancel_pending FOR UPDATE",
        id=str(changed.id),
    )
    return _journeys(connection, changed, limit) if living else []


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


def _journeys(connection: Connection, sequence: Sequence, limit: int) -> list[Journey]:
    found = rows(
        connection,
        f"""
        SELECT n.*, l.version AS lead_version, l.phone, l.timezone,
            (SELECT d.device_id FROM devices d WHERE d.status <> 'retired'
               AND d.device_id IN (l.device_id, l.replied_through)
             ORDER BY d.device_id = l.device_id DESC NULLS LAST LIMIT 1) AS device_id
        FROM enrollments n JOIN leads l USING (lead_id)
        WHERE n.sequence_id = %(id)s AND n.status = 'active'
          AND n.sequence_version < %(plan_version)s
          AND {not_aside("enrollment", "n.enrollment_id")}
        LIMIT %(limit)s FOR UPDATE OF n SKIP LOCKED
        """,
        id=str(sequence.id),
        plan_version=sequence.plan_version,
        limit=limit,
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
