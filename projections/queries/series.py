"""What happened hour by hour or day by day, for charts.

Of everything, of a campaign and of a sequence it is summed up from counters of quarters of an hour,
so that a day begins at midnight in every time zone. Of a device its own messages are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from domain.errors import InvalidInputError
from projections.database.engine import rows
from projections.schema.counters import SERIES

By = Literal["hour", "day"]
# Hours or days in one answer.
MOST_BUCKETS = 1000


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """What happened from ``at``, which is in the zone that was asked for, to the next bucket.

    Messages that were sent, and those that failed; those of which a receipt said that they were
    delivered or read, and those to which somebody replied first; and people who opted out. It is
    counted when it happens, and not taken back.
    """

    at: datetime
    sent: int = 0
    delivered: int = 0
    read: int = 0
    replied: int = 0
    failed: int = 0
    opted_out: int = 0


def series(
    connection: Connection,
    by: By,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    *,
    owner_id: UUID | None = None,
    device_id: UUID | None = None,
) -> list[Bucket]:
    """The whole hours or days, in that zone, from the one with ``since`` to the last before
    ``until``; of a campaign or sequence ``owner_id``, or of a device. Raises InvalidInputError for
    a time that is none, or for more than ``MOST_BUCKETS``."""
    if since >= until:
        raise InvalidInputError("until", "a time after since")
    starts = []
    for at in _starts(by, since, until, zone):
        starts.append(at)
        if len(starts) > MOST_BUCKETS:
            raise InvalidInputError("since", f"at most {MOST_BUCKETS} {by}s before until")
    wanted = {
        "by": by,
        "since": starts[0],
        "until": _after(by, starts[-1], zone),
        "zone": zone.key,
        "id": owner_id or device_id,
    }
    statement = _OF_DEVICE if device_id is not None else _counted(owner_id)
    found = {_label(by, row.at, zone): row for row in rows(connection, statement, **wanted)}
    return [_bucket(at.astimezone(zone), found.get(_label(by, at, zone))) for at in starts]


def _bucket(at: datetime, row: Any) -> Bucket:
    counts = {} if row is None else {name: getattr(row, name) for name in SERIES}
    return Bucket(at=at, **counts)


def _starts(by: By, since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """When each bucket begins."""
    local = since.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    at = local if by == "hour" else local.replace(hour=0, fold=0)
    while at < until:
        yield at
        at = _after(by, at, zone)


def _after(by: By, at: datetime, zone: ZoneInfo) -> datetime:
    """When the next bucket begins. An hour is one on every clock; a day ends at midnight."""
    if by == "hour":
        return (at.astimezone(UTC) + timedelta(hours=1)).astimezone(zone)
    return (at.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)


def _label(by: By, at: datetime, zone: ZoneInfo) -> Any:
    """What two writings of the beginning of one bucket share."""
    return at.astimezone(UTC) if by == "hour" else at.astimezone(zone).date()


def _counted(owner_id: UUID | None) -> str:
    sums = ", ".join(f"sum({name})::int AS {name}" for name in SERIES)
    of = "" if owner_id is None else " AND owner_id = %(id)s"
    return (
        f"SELECT date_trunc(%(by)s, at, %(zone)s) AS at, {sums} FROM series_counts"
        f" WHERE at >= %(since)s AND at < %(until)s{of} GROUP BY 1"
    )


# What happened ``at`` once to one of the device's messages, or to who was written to by it.
_OF_DEVICE = f"""
WITH m AS MATERIALIZED (
    SELECT message_id, sent_at, delivered_at, read_at, failed_at FROM broadcast_messages
    WHERE device_id = %(id)s AND queued_at IS NOT NULL
), happened AS (
    SELECT sent_at AS at, 'sent' AS what FROM m
    UNION ALL SELECT delivered_at, 'delivered' FROM m
    UNION ALL SELECT read_at, 'read' FROM m
    UNION ALL SELECT failed_at, 'failed' FROM m
    UNION ALL SELECT a.replied_at, 'replied' FROM message_answers a JOIN m USING (message_id)
    UNION ALL SELECT a.opted_out_at, 'opted_out' FROM message_answers a JOIN m USING (message_id)
)
SELECT date_trunc(%(by)s, at, %(zone)s) AS at,
    {", ".join(f"(count(*) FILTER (WHERE what = '{name}'))::int AS {name}" for name in SERIES)}
FROM happened WHERE at >= %(since)s AND at < %(until)s GROUP BY 1
"""
