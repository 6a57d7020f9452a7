"""When the next message leaves, as far as that is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain import waiting
from projections.config.settings import Settings
from projections.database.engine import rows
from projections.queries.waiting_summary import sender
from projections.queue.lookup import NOT_ASIDE
from projections.schema.expressions import LIMIT_TODAY, TODAY

# The first message of each device that may send. The claim's index alone is read.
_FIRST = f"""
SELECT d.*, {LIMIT_TODAY} AS limit_today, k.last_slot_at,
    coalesce(u.claimed, 0) AS used_today, x.due_at
FROM devices d JOIN device_slots k USING (device_id)
LEFT JOIN device_days u ON u.device_id = d.device_id AND u.day = {TODAY}
CROSS JOIN LATERAL (
    SELECT m.due_at FROM broadcast_messages m
    WHERE m.device_id = d.device_id AND m.due_at IS NOT NULL AND {NOT_ASIDE}
    ORDER BY m.due_at LIMIT 1
) x
WHERE d.status = 'online'
"""

# What a worker that may live has claimed and not handed over yet.
_CLAIMED = """
SELECT m.send_at, d.device_id, d.name
FROM leases l CROSS JOIN LATERAL unnest(l.message_ids) AS i (message_id)
JOIN broadcast_messages m ON m.message_id = i.message_id
JOIN devices d ON d.device_id = m.device_id
WHERE l.lease_until > %(now)s AND m.status = 'processing'
ORDER BY m.send_at LIMIT 1
"""


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """The next message leaves not before ``at``, from that device."""

    at: datetime
    device_id: UUID
    device: str


def next_leaving(connection: Connection, settings: Settings, now: datetime) -> Leaving | None:
    """The next message by plan, pace and daily limits; None if none is to leave before somebody
    does something. Windows that the plan does not know may put it off."""
    look_ahead = timedelta(seconds=settings.broadcast_every)
    found = [
        Leaving(at=max(row.send_at, now), device_id=row.device_id, device=row.name)
        for row in rows(connection, _CLAIMED, now=now)
    ]
    for row in rows(connection, _FIRST, now=now):
        device = sender(row)
        ends = (
            waiting.next_device_day(device, now),
            waiting.next_slot(device, 0, look_ahead, now),
        )
        at = max(filter(None, (row.due_at, now, *ends)))
        found.append(Leaving(at=at, device_id=row.device_id, device=row.name))
    return min(found, key=lambda leaving: leaving.at, default=None)
