"""What runners ask of the queue: every statement that locks or sweeps messages. What is claimed is
found in ``claim.py``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.message import Message
from projections.database.engine import rows, uuids
from projections.database.prepared import prepared

_MESSAGE_FIELDS = tuple(f for f in msgspec.structs.fields(Message) if f.name != "id")
_COLUMNS = ", ".join(f"m.{f.name}" for f in _MESSAGE_FIELDS)


# What broadcasters listen to.
CHANNEL = "sendtrail_due"


def state(row: Any) -> Message:
    """The aggregate's state, from a row of ``broadcast_messages``."""
    return Message(
        id=row.message_id, **{field.name: getattr(row, field.name) for field in _MESSAGE_FIELDS}
    )


_LOCKED = prepared(f"""
SELECT m.message_id, {_COLUMNS} FROM broadcast_messages m
WHERE m.message_id = ANY(%(ids)s::uuid[]) ORDER BY m.message_id FOR UPDATE
""")


def locked(connection: Connection, ids: Iterable[UUID]) -> list[Message]:
    """Locks messages in id order."""
    found = rows(
        connection,
        _LOCKED,
        ids=uuids(ids),
    )
    return [state(row) for row in found]


def cancellable(
    connection: Connection,
    limit: int,
    *,
    lead_id: UUID | None = None,
    enrollment_id: UUID | None = None,
) -> list[Message]:
    """Locks what is pending or processing of a lead or of one of its enrollments."""
    found = rows(
        connection,
        f"""
        SELECT m.message_id, {_COLUMNS} FROM broadcast_messages m
        WHERE m.status IN ('pending', 'processing')
          AND m.lead_id = %(lead_id)s
          AND (%(enrollment_id)s::uuid IS NULL OR m.enrollment_id = %(enrollment_id)s::uuid)
        ORDER BY m.message_id LIMIT %(limit)s FOR UPDATE
        """,
        lead_id=str(lead_id),
        enrollment_id=None if enrollment_id is None else str(enrollment_id),
        limit=limit,
    )
    return [state(row) for row in found]


def unwanted(connection: Connection, limit: int) -> list[tuple[Message, str]]:
    """Locks pending messages that will never be sent, each with the reason to cancel it: their
    campaign is cancelled, their sequence stopped, their device retired. The counts say which
    campaigns and sequences have any."""
    found = rows(
        connection,
        f"""
        SELECT m.message_id, {_COLUMNS}, o.why
        FROM (
            SELECT c.campaign_id, NULL::uuid AS sequence_id, 'campaign_cancelled' AS why
            FROM campaigns c JOIN message_counts n ON n.owner_id = c.campaign_id
            WHERE c.status = 'cancelled' AND n.pending > 0
            UNION ALL
            SELECT DISTINCT NULL::uuid, s.sequence_id, 'sequence_cancelled'
            FROM sequences s JOIN message_counts n ON n.owner_id = s.sequence_id
            WHERE s.cancel_pending AND n.pending > 0
        ) o
        JOIN broadcast_messages m
          ON m.campaign_id = o.campaign_id OR m.sequence_id = o.sequence_id
        WHERE m.status = 'pending'
        LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
        """,
        limit=limit,
    )
    if not found:
        found = rows(
            connection,
            f"""
            SELECT m.message_id, {_COLUMNS}, 'device_retired' AS why
            FROM devices d JOIN broadcast_messages m USING (device_id)
            WHERE d.status = 'retired' AND m.due_at IS NOT NULL
            LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
            """,
            limit=limit,
        )
    return [(state(row), row.why) for row in found]


def expired(connection: Connection, now: datetime, limit: int) -> list[Message]:
    """Locks pending messages, of devices that cannot send now, whose time to be sent is over; the
    broadcaster finds those of online devices itself."""
    found = rows(
        connection,
        f"""
        SELECT m.message_id, {_COLUMNS}
        FROM devices d JOIN broadcast_messages m USING (device_id)
        WHERE d.status = 'offline' AND m.due_at IS NOT NULL AND m.expires_at <= %(now)s
        LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
        """,
        now=now,
        limit=limit,
    )
    return [state(row) for row in found]


def abandoned(
    connection: Connection, now: datetime, queued_before: datetime, limit: int
) -> list[Message]:
    """Locks messages whose lease ended before they were handed over, and those handed over before
    ``queued_before`` of which nothing was heard; another reaper's are left to it."""
    found = rows(
        connection,
        f"""
        SELECT m.message_id, {_COLUMNS}
        FROM leases l JOIN broadcast_messages m ON m.message_id = ANY(l.message_ids)
            AND m.worker = l.worker AND m.lease_until = l.lease_until
        WHERE l.lease_until <= %(now)s
          AND (m.status = 'processing' OR m.status = 'queued' AND m.queued_at <= %(queued_before)s)
        LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
        """,
        now=now,
        queued_before=queued_before,
        limit=limit,
    )
    return [state(row) for row in found]


def forget_settled_leases(connection: Connection, now: datetime) -> None:
    """Drops ended claims of which nothing is open any more."""
    connection.exec_driver_sql(
        """
        DELETE FROM leases l WHERE l.lease_until <= %(now)s AND NOT EXISTS (
            SELECT FROM broadcast_messages m WHERE m.message_id = ANY(l.message_ids)
              AND m.worker = l.worker AND m.lease_until = l.lease_until
              AND m.status IN ('processing', 'queued'))
        """,
        {"now": now},
    )


def latest_sent_to(connection: Connection, lead_id: UUID) -> UUID | None:
    """The message that a reply of this lead answers: the latest handed over to it."""
    found = rows(
        connection,
        "SELECT message_id FROM broadcast_messages"
        " WHERE lead_id = %(lead_id)s AND queued_at IS NOT NULL"
        " AND status IN ('queued', 'sent', 'unknown')"
        " ORDER BY queued_at DESC, message_id LIMIT 1",
        lead_id=str(lead_id),
    )
    return found[0].message_id if found else None


def wake_broadcasters(connection: Connection) -> None:
    """Tells waiting broadcasters, when this transaction commits, that something is due before they
    look again by themselves."""
    connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


def next_due(connection: Connection) -> datetime | None:
    """When the earliest pending message of an online device is due; None if there is none."""
    found = rows(
        connection,
        """
        SELECT min(x.due_at) AS due_at FROM devices d CROSS JOIN LATERAL (
            SELECT m.due_at FROM broadcast_messages m
            WHERE m.device_id = d.device_id AND m.due_at IS NOT NULL
            ORDER BY m.due_at LIMIT 1) x
        WHERE d.status = 'online'
        """,
    )
    due_at: datetime | None = found[0].due_at
    return due_at


def first_sent(connection: Connection, sequence_id: UUID, step: int) -> UUID | None:
    """The first message of that step that was sent and read; None if there is none."""
    found = rows(
        connection,
        "SELECT message_id FROM broadcast_messages"
        " WHERE sequence_id = %(id)s AND step = %(step)s AND read_at IS NOT NULL"
        " ORDER BY sent_at, message_id LIMIT 1",
        id=str(sequence_id),
        step=step,
    )
    return found[0].message_id if found else None
