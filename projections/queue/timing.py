"""What says when a message may be sent, beside the pace of its device: where the person is, which
steps came before, and how much the person had today."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.distances import Other
from domain.message import Message
from projections.database.engine import rows, uuids
from projections.database.prepared import prepared
from projections.queue.lookup import COLUMNS, NOT_ASIDE, state

# The key of the lock of those who count what people had: two who count at once would each allow the
# last message.
_CAP_LOCK = 7_165_482_190

_TIMEZONES = prepared("""
SELECT lead_id::text, timezone FROM leads
WHERE lead_id = ANY(%(ids)s::uuid[]) AND timezone IS NOT NULL
""")

# By lead, because there is no index by enrollment: a person has few messages.
_OTHERS = prepared("""
SELECT i.message_id, p.step, p.status, coalesce(p.send_at, p.retry_at, p.scheduled_at) AS due_at,
    p.scheduled_at, p.queued_at, p.answered_at
FROM unnest(%(ids)s::uuid[]) AS i(message_id)
JOIN broadcast_messages m USING (message_id)
JOIN broadcast_messages p ON p.lead_id = m.lead_id AND p.enrollment_id = m.enrollment_id
    AND p.step <> m.step AND p.status <> 'cancelled'
""")

_PENDING_OTHERS = prepared(f"""
SELECT i.message_id AS beside, m.message_id, {COLUMNS}
FROM unnest(%(ids)s::uuid[]) AS i(message_id)
JOIN broadcast_messages p USING (message_id)
JOIN broadcast_messages m ON m.lead_id = p.lead_id AND m.enrollment_id = p.enrollment_id
    AND m.step <> p.step AND m.status = 'pending' AND m.decided_by = 0 AND {NOT_ASIDE}
ORDER BY m.message_id FOR UPDATE OF m SKIP LOCKED
""")

HAD = prepared("""
SELECT m.lead_id::text, t.at FROM broadcast_messages m
-- What is processing may have been queued before, on another day.
CROSS JOIN LATERAL (SELECT CASE WHEN m.status = 'processing' THEN m.send_at ELSE m.queued_at END
    AS at) t
WHERE m.lead_id = ANY(%(ids)s::uuid[]) AND m.status IN ('processing', 'queued', 'sent', 'unknown')
  AND t.at >= %(since)s
""")


def timezones(connection: Connection, lead_ids: Iterable[str]) -> dict[str, str]:
    """The zones of those of these leads that have one of their own."""
    found = rows(connection, _TIMEZONES, ids=uuids(lead_ids))
    return {row.lead_id: row.timezone for row in found}


def others(connection: Connection, message_ids: Iterable[UUID]) -> dict[UUID, list[Other]]:
    """By these messages, the other steps of their enrollments, but for what was cancelled."""
    found: dict[UUID, list[Other]] = {}
    for row in rows(connection, _OTHERS, ids=uuids(message_ids)):
        found.setdefault(row[0], []).append(Other(*row[1:]))
    return found


def pending_others(
    connection: Connection, message_ids: Iterable[UUID]
) -> dict[UUID, list[Message]]:
    """Locks what else is pending of the enrollments of these messages. What somebody else has
    locked, is in quarantine, or waits for a branch, is left out."""
    found: dict[UUID, list[Message]] = {}
    for row in rows(connection, _PENDING_OTHERS, ids=uuids(message_ids)):
        found.setdefault(row.beside, []).append(state(row))
    return found


def had(
    connection: Connection, lead_ids: Iterable[str], since: datetime
) -> dict[str, list[datetime]]:
    """When these leads were sent something since, or will be by a worker that holds it. Until the
    transaction ends nobody else counts."""
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%(key)s)", {"key": _CAP_LOCK})
    found: dict[str, list[datetime]] = {}
    for row in rows(connection, HAD, ids=uuids(lead_ids), since=since):
        found.setdefault(row.lead_id, []).append(row.at)
    return found
