"""Messages of the queue as the states that decisions take, locked where they are to change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.message import Message
from projections.database.engine import rows, uuids
from projections.database.prepared import prepared
from projections.database.quarantined import not_aside

_FIELDS = tuple(f for f in msgspec.structs.fields(Message) if f.name != "id")
# SQL: the columns of message ``m`` that ``state`` reads, beside its id.
COLUMNS = ", ".join(f"m.{f.name}" for f in _FIELDS)


def state(row: Any) -> Message:
    """The aggregate's state, from a row of ``broadcast_messages``."""
    return Message(id=row.message_id, **{field.name: getattr(row, field.name) for field in _FIELDS})


# SQL: message ``m`` is not in quarantine.
NOT_ASIDE = not_aside("message", "m.message_id")

_LOCKED = prepared(f"""
SELECT m.message_id, {COLUMNS} FROM broadcast_messages m
WHERE m.message_id = ANY(%(ids)s::uuid[]) AND {NOT_ASIDE} ORDER BY m.message_id FOR UPDATE OF m
""")


def locked(connection: Connection, ids: Iterable[UUID]) -> list[Message]:
    """Locks those of these messages that are not in quarantine, in id order."""
    messages = rows(
        connection,
        _LOCKED,
        ids=uuids(ids),
    )
    return [state(row) for row in messages]


def cancellable(
    connection: Connection,
    limit: int,
    *,
    lead_id: UUID | None = None,
    enrollment_id: UUID | None = None,
) -> list[Message]:
    """Locks what is pending or processing of a lead or of one of its enrollments, and not in
    quarantine."""
    messages = rows(
        connection,
        f"""
        SELECT m.message_id, {COLUMNS} FROM broadcast_messages m
        WHERE m.status IN ('pending', 'processing')
          AND m.lead_id = %(lead_id)s AND {NOT_ASIDE}
          AND (%(enrollment_id)s::uuid IS NULL OR m.enrollment_id = %(enrollment_id)s::uuid)
        ORDER BY m.message_id LIMIT %(limit)s FOR UPDATE OF m
        """,
        lead_id=str(lead_id),
        enrollment_id=None if enrollment_id is None else str(enrollment_id),
        limit=limit,
    )
    return [state(row) for row in messages]


def latest_sent_to(connection: Connection, lead_id: UUID) -> UUID | None:
    """The message that a reply of this lead answers: the latest handed over to it."""
    messages = rows(
        connection,
        "SELECT message_id FROM broadcast_messages"
        " WHERE lead_id = %(lead_id)s AND queued_at IS NOT NULL"
        " AND status IN ('queued', 'sent', 'unknown')"
        " ORDER BY queued_at DESC, message_id LIMIT 1",
        lead_id=str(lead_id),
    )
    return messages[0].message_id if messages else None


def first_sent(connection: Connection, sequence_id: UUID, step: int) -> UUID | None:
    """The first message of that step that was sent and read; None if there is none."""
    messages = rows(
        connection,
        "SELECT message_id FROM broadcast_messages"
        " WHERE sequence_id = %(id)s AND step = %(step)s AND read_at IS NOT NULL"
        " ORDER BY sent_at, message_id LIMIT 1",
        id=str(sequence_id),
        step=step,
    )
    return messages[0].message_id if messages else None
