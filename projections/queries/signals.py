"""What people did with what was sent: by device, by hour of their day, and by content.

The messages themselves are read, those that were planned for a time, and at most ``MOST`` of them,
so that no question reads them all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.campaign.variants import wilson
from domain.errors import InvalidInputError
from projections.database.engine import rows

# Messages that one answer is made of.
MOST = 50_000
# For each of these so many that were planned for the time are looked at: some were not sent.
LOOKED_AT = 2
# What one answer spans.
LONGEST = timedelta(days=92)
# What people did, of what was sent.
DID = ("delivered", "read", "replied", "opted_out")


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """So many of those sent, the share, and what holds it with 95 % confidence; None of none."""

    count: int
    share: float | None
    interval: tuple[float, float] | None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The messages that were sent of one device, hour or content, and what became of them.

    ``name`` is that of the device, campaign or sequence. Of hours ``hour`` is there, of contents
    the campaign, or the sequence and its step; a message that somebody wrote has neither.
    """

    sent: int
    delivered: Rate
    read: Rate
    replied: Rate
    opted_out: Rate
    name: str | None = None
    device_id: UUID | None = None
    hour: int | None = None
    campaign_id: UUID | None = None
    sequence_id: UUID | None = None
    step: int | None = None


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """Each list has the same messages. ``whole`` is false where more were sent than were read."""

    since: datetime
    until: datetime
    whole: bool
    devices: list[Group]
    hours: list[Group]
    contents: list[Group]


def signals(connection: Connection, since: datetime, until: datetime, most: int = MOST) -> Signals:
    """Of messages that were planned for ``since`` or later, and before ``until``, and were sent.
    Raises InvalidInputError for a time that is none, or is longer than ``LONGEST``."""
    if since >= until:
        raise InvalidInputError("until", "a time after since")
    if until - since > LONGEST:
        raise InvalidInputError("since", f"at most {LONGEST.days} days before until")
    looked_at = LOOKED_AT * most
    found = rows(connection, _GROUPS, since=since, until=until, most=most, looked_at=looked_at)
    by_kind: dict[str, list[Any]] = {"device": [], "hour": [], "content": [], "looked_at": []}
    for row in found:
        by_kind[row.kind].append(row)
    return Signals(
        since=since,
        until=until,
        whole=sum(row.sent for row in by_kind["device"]) < most
        and by_kind["looked_at"][0].sent < looked_at,
        devices=[_group(row, device_id=row.device_id) for row in by_kind["device"]],
        hours=[_group(row, hour=row.hour) for row in by_kind["hour"]],
        contents=[
            _group(
                row,
                campaign_id=row.campaign_id,
                sequence_id=row.sequence_id,
                step=row.step if row.sequence_id else None,
            )
            for row in by_kind["content"]
        ],
    )


def _group(row: Any, **keys: Any) -> Group:
    rates: dict[str, Any] = {
        name: _rate(min(getattr(row, name), row.sent), row.sent) for name in DID
    }
    return Group(sent=row.sent, name=row.name, **rates, **keys)


def _rate(count: int, of: int) -> Rate:
    share = round(count / of, 4) if of else None
    return Rate(count=count, share=share, interval=wilson(count, of))


# The hour of who got it, on the clock of the lead where it is known, else on the device's.
_GROUPS = """
WITH looked_at AS MATERIALIZED (
    SELECT message_id, lead_id, device_id, campaign_id, sequence_id, step, sent_at, delivered_at,
        read_at
    FROM broadcast_messages WHERE scheduled_at >= %(since)s AND scheduled_at < %(until)s
    LIMIT %(looked_at)s
), m AS MATERIALIZED (
    SELECT message_id, lead_id, device_id, campaign_id, sequence_id, step, sent_at,
        delivered_at, read_at
    FROM looked_at WHERE sent_at IS NOT NULL LIMIT %(most)s
), did AS (
    SELECT m.*, extract(hour FROM m.sent_at AT TIME ZONE
            coalesce(l.timezone, d.timezone, 'UTC'))::int AS hour,
        a.replied_at IS NOT NULL AS replied, a.opted_out_at IS NOT NULL AS opted_out
    FROM m LEFT JOIN message_answers a USING (message_id) LEFT JOIN leads l USING (lead_id)
    LEFT JOIN devices d ON d.device_id = m.device_id
), counted AS (
    SELECT CASE WHEN grouping(device_id) = 0 THEN 'device' WHEN grouping(hour) = 0 THEN 'hour'
            ELSE 'content' END AS kind,
        device_id, hour, campaign_id, sequence_id, step, count(*)::int AS sent,
        count(delivered_at)::int AS delivered, count(read_at)::int AS read,
        (count(*) FILTER (WHERE replied))::int AS replied,
        (count(*) FILTER (WHERE opted_out))::int AS opted_out
    FROM did
    GROUP BY GROUPING SETS ((device_id), (hour), (campaign_id, sequence_id, step))
    UNION ALL
    SELECT 'looked_at', NULL, NULL, NULL, NULL, NULL, CASE
        WHEN (SELECT count(*) FROM m) < %(most)s THEN (SELECT count(*)::int FROM looked_at) ELSE 0
        END, 0, 0, 0, 0
)
SELECT c.*, coalesce(d.name, a.name, s.name) AS name
FROM counted c LEFT JOIN devices d USING (device_id)
LEFT JOIN campaigns a ON a.campaign_id = c.campaign_id
LEFT JOIN sequences s ON s.sequence_id = c.sequence_id
ORDER BY kind, hour, name, step, device_id, c.campaign_id, c.sequence_id
"""
