"""What runners ask of the queue: every statement that claims, locks or sweeps messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.message import Message
from domain.pacing import Lane
from projections.database import rows, uuids
from projections.prepared import prepared

_MESSAGE_FIELDS = tuple(f for f in msgspec.structs.fields(Message) if f.name != "id")
_COLUMNS = ", ".join(f"m.{f.name}" for f in _MESSAGE_FIELDS)


# What broadcasters listen to.
CHANNEL = "sendtrail_due"


class Due(NamedTuple):
    """A message to be claimed: its device's pace and latest slot, and the pace asked of it by its
    campaign or sequence; delays in seconds."""

    device_id: UUID
    last_slot_at: datetime | None
    timezone: str
    min_delay_seconds: float
    max_delay_seconds: float
    message_id: UUID
    version: int
    due_at: datetime
    asked_min_seconds: float
    asked_max_seconds: float
    gateway: str
    base_url: str | None


def state(row: Any) -> Message:
    """The aggregate's state, from a row of ``broadcast_messages``."""
    return Message(
        id=row.message_id, **{field.name: getattr(row, field.name) for field in _MESSAGE_FIELDS}
    )


_READY_DEVICES = prepared("""
SELECT l.device_id
FROM device_lanes l JOIN devices d USING (device_id)
WHERE d.status = 'online' AND d.gateway = ANY(%(gateways)s)
  AND l.device_id <> ALL(%(behind)s::uuid[])
  AND (l.last_slot_at IS NULL
       OR l.last_slot_at + make_interval(secs => d.min_delay_seconds) <= %(horizon)s)
  AND (d.daily_limit IS NULL OR d.daily_limit > coalesce((
      SELECT u.claimed FROM device_days u WHERE u.device_id = l.device_id
        AND u.day = (%(now)s::timestamptz AT TIME ZONE d.timezone)::date), 0))
  AND EXISTS (SELECT FROM broadcast_messages m
              WHERE m.device_id = l.device_id AND m.due_at <= %(horizon)s)
ORDER BY l.last_slot_at NULLS FIRST, l.device_id
LIMIT %(limit)s FOR UPDATE OF l SKIP LOCKED
""")

_DUE = prepared("""
SELECT l.device_id, l.last_slot_at, d.timezone, d.min_delay_seconds, d.max_delay_seconds,
    m.message_id, m.version, m.due_at,
    coalesce(c.min_delay_seconds, s.min_delay_seconds) AS asked_min_seconds,
    coalesce(c.max_delay_seconds, s.max_delay_seconds) AS asked_max_seconds,
    d.gateway, d.settings ->> 'base_url' AS base_url
FROM device_lanes l
JOIN devices d USING (device_id)
LEFT JOIN device_days u ON u.device_id = l.device_id
    AND u.day = (%(now)s::timestamptz AT TIME ZONE d.timezone)::date
CROSS JOIN LATERAL (
    SELECT m.message_id, m.version, m.due_at, m.campaign_id, m.sequence_id
    FROM broadcast_messages m
    WHERE m.device_id = l.device_id AND m.due_at <= %(horizon)s
    ORDER BY m.due_at
    LIMIT least(
        %(per_device)s,
        CASE WHEN d.daily_limit IS NOT NULL
            THEN greatest(0, d.daily_limit - coalesce(u.claimed, 0)) END,
        CASE WHEN d.min_delay_seconds > 0 THEN 1 + ceil(
            %(seconds)s / d.min_delay_seconds)::int END)
    FOR UPDATE SKIP LOCKED
) m
LEFT JOIN campaigns c ON c.campaign_id = m.campaign_id
LEFT JOIN sequences s ON s.sequence_id = m.sequence_id
WHERE l.device_id = ANY(%(ids)s::uuid[])
LIMIT %(limit)s
""")

_FOR_HAND_OVER = prepared("""
SELECT m.message_id, m.version, m.status, m.worker, m.lease_until, m.attempt, m.step,
    m.lead_id, m.device_id, m.campaign_id, m.sequence_id, m.scheduled_at, m.expires_at,
    m.send_at,
    l.version AS lead_version, l.phone, l.name, l.attributes, l.opted_out_at,
    d.status AS device_status, d.gateway, d.settings, k.ciphertext,
    coalesce(c.status, s.status) AS owner_status,
    coalesce(s.cancel_pending, false) AS cancel_pending,
    n.reason AS stopped_because,
    coalesce(c.definition ->> 'body', t.step ->> 'body') AS body,
    coalesce(c.definition ->> 'media_url', t.step ->> 'media_url') AS media_url,
    coalesce(c.definition -> 'template', t.step -> 'template') AS template,
    coalesce(c.definition ->> 'content_id', t.step ->> 'content_id') AS content_id,
    greatest(d.min_delay_seconds, c.min_delay_seconds, s.min_delay_seconds)
        AS min_delay_seconds
FROM broadcast_messages m
JOIN leads l USING (lead_id)
JOIN devices d ON d.device_id = m.device_id
LEFT JOIN device_secrets k ON k.device_id = m.device_id
LEFT JOIN campaigns c ON c.campaign_id = m.campaign_id
LEFT JOIN sequences s ON s.sequence_id = m.sequence_id
LEFT JOIN enrollments n ON n.enrollment_id = m.enrollment_id
LEFT JOIN LATERAL (SELECT s.definition -> 'steps' -> (m.step - 1) AS step) t ON true
WHERE m.message_id = ANY(%(ids)s::uuid[])
ORDER BY m.message_id FOR UPDATE OF m
""")

_LOCK_LANES = prepared("""
SELECT FROM device_lanes
WHERE device_id = ANY(%(ids)s::uuid[]) ORDER BY device_id FOR UPDATE
""")

_LANES = prepared("""
SELECT l.device_id, l.last_hand_over_at, m.status = 'queued' AS busy, m.answered_at
FROM device_lanes l LEFT JOIN broadcast_messages m ON m.message_id = l.last_message_id
WHERE l.device_id = ANY(%(ids)s::uuid[])
""")

_LOCKED = prepared(f"""
SELECT m.message_id, {_COLUMNS} FROM broadcast_messages m
WHERE m.message_id = ANY(%(ids)s::uuid[]) ORDER BY m.message_id FOR UPDATE
""")


def ready_devices(
    connection: Connection,
    now: datetime,
    horizon: datetime,
    gateways: Iterable[str],
    behind: Iterable[UUID],
    limit: int,
) -> list[UUID]:
    """Locks the lanes of up to ``limit`` devices that are online and below their daily limit, may
    send again before ``horizon`` and have something due by then; those that waited longest come
    first. Lanes that another worker holds are left to it, and a device that cannot send now, or is
    ``behind`` with what it was given, takes no other's place."""
    found = rows(
        connection,
        _READY_DEVICES,
        now=now,
        horizon=horizon,
        gateways=list(gateways),
        behind=uuids(behind),
        limit=limit,
    )
    return [row.device_id for row in found]


def due(
    connection: Connection,
    device_ids: Iterable[UUID],
    now: datetime,
    horizon: datetime,
    per_device: int,
    limit: int,
) -> list[Due]:
    """Locks the first messages due by ``horizon`` on each of these devices, whose lanes the caller
    has locked in an earlier statement (so that this one sees what the last holder did).

    At most as many per device as its pace fits before ``horizon`` and its daily limit leaves; at
    most ``limit`` in all, device by device.
    """
    found = rows(
        connection,
        _DUE,
        ids=uuids(device_ids),
        now=now,
        horizon=horizon,
        seconds=(horizon - now).total_seconds(),
        per_device=per_device,
        limit=limit,
    )
    return cast(list[Due], found)


def lanes(connection: Connection, device_ids: Iterable[UUID]) -> dict[UUID, Lane]:
    """Locks the lanes in id order and gives what each device did last."""
    ids = uuids(device_ids)
    rows(connection, _LOCK_LANES, ids=ids)
    # A statement of its own, so that it sees what the last holder of the lock did.
    return {
        row.device_id: Lane(row.last_hand_over_at, bool(row.busy), row.answered_at)
        for row in rows(connection, _LANES, ids=ids)
    }


def for_hand_over(connection: Connection, ids: Iterable[UUID]) -> list[Any]:
    """Locks messages, in id order, with all that says whether each is still wanted and what it
    says: its device, its lead, and its content from campaign or sequence step."""
    return rows(
        connection,
        _FOR_HAND_OVER,
        ids=uuids(ids),
    )


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
