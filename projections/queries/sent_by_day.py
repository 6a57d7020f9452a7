"""What was sent since an instant: day by day, by device, and by campaign or sequence."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from projections.database.engine import rows
from projections.database.whole_tables import planned_by_size


class SentByDay(msgspec.Struct, frozen=True, kw_only=True):
    """What a device sent on a day (ISO 8601) for a campaign or sequence of that ``name``, and what
    failed there. Messages of nothing have the name ``direct``."""

    day: str
    device_id: UUID
    device: str
    campaign_id: UUID | None
    sequence_id: UUID | None
    name: str
    sent: int
    failed: int


_SENT = """
SELECT (coalesce(m.sent_at, m.failed_at) AT TIME ZONE %(zone)s)::date::text AS day, m.device_id,
    d.name AS device, m.campaign_id, m.sequence_id, coalesce(c.name, s.name, 'direct') AS name,
    (count(*) FILTER (WHERE m.status = 'sent'))::int AS sent,
    (count(*) FILTER (WHERE m.status = 'failed'))::int AS failed
FROM broadcast_messages m JOIN devices d USING (device_id)
LEFT JOIN campaigns c USING (campaign_id) LEFT JOIN sequences s USING (sequence_id)
WHERE m.status IN ('sent', 'failed') AND coalesce(m.sent_at, m.failed_at) >= %(since)s
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 3, 6, 2, 4, 5
"""


def sent_by_day(connection: Connection, since: datetime, zone: str) -> list[SentByDay]:
    """What was sent at ``since`` and after it, by the days of the IANA ``zone``, in their order. It
    reads the whole table of messages."""
    with planned_by_size(connection):
        found = rows(connection, _SENT, since=since, zone=zone)
    return [SentByDay(**row._asdict()) for row in found]
