"""What runners ask of the queue: every statement that claims, locks or sweeps messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.message import Message
from projections.database import rows, uuids
from projections.prepared import prepared

_MESSAGE_FIELDS = tuple(f for f in msgspec.structs.fields(Message) if f.name != "id")
_COLUMNS = ", ".join(f"m.{f.name}" for f in _MESSAGE_FIELDS)


# What broadcasters listen to.
CHANNEL = "sendtrail_due"


class Ready(NamedTuple):
    """A device that may send: its latest slot, its pace in seconds, and whom it calls."""

    device_id: UUID
    last_slot_at: datetime | None
    timezone: str
    min_delay_seconds: float
    max_delay_seconds: float
    gateway: str
    base_url: str | None


class Wanted(NamedTuple):
    """Which devices a worker claims for: of these gateways, but not those that are ``behind`` with
    what it claimed for them, and so many at most."""

    gateways: Iterable[str]
    behind: Iterable[UUID]
    limit: int


class Due(NamedTuple):
    """A message to be claimed. ``lane`` is the place of its device among those asked for, from 1;
    its campaign or sequence may ask for a pace, in seconds."""

    lane: int
    message_id: UUID
    version: int
    due_at: datetime
    asked_min_seconds: float
    asked_max_seconds: float


def state(row: Any) -> Message:
    """The aggregate's state, from a row of ``broadcast_messages``."""
    return Message(
        id=row.message_id, **{field.name: getattr(row, field.name) for field in _MESSAGE_FIELDS}
    )


_READY_DEVICES = prepared("""
SELECT l.device_id, l.last_slot_at, d.timezone, d.min_delay_seconds, d.max_delay_seconds,
    d.gateway, d.settings ->> 'base_url' AS base_url
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
SELECT l.lane, m.message_id, m.version, m.due_at,
    coalesce(c.min_delay_seconds, s.min_delay_seconds, 0) AS asked_min_seconds,
    coalesce(c.max_delay_seconds, s.max_delay_seconds, 0) AS asked_max_seconds
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS l(device_id, lane)
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
LIMIT %(limit)s
""")

_LOCKED = prepared(f"""
SELECT m.message_id, {_COLUMNS} FROM broadcast_messages m
WHERE m.message_id = ANY(%(ids)s::uuid[]) ORDER BY m.message_id FOR UPDATE
""")


def ready_devices(
    connection: Connection, now: datetime, horizon: datetime, wanted: Wanted
) -> list[Ready]:
    """Locks the lanes of the ``wanted`` devices that are online and below their daily limit, may
    send again before ``horizon`` and have something due by then; those that waited longest come
    first. Lanes that another worker holds are left to it, and a device that cannot send now, or is
    behind, takes no other's place."""
    found = rows(
        connection,
        _READY_DEVICES,
        now=now,
        horizon=horizon,
        gateways=list(wanted.gateways),
        behind=uuids(wanted.behind),
        limit=wanted.limit,
    )
    return cast(list[Ready], found)


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
