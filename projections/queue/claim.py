"""What may be claimed: devices that may send, and what is due on each of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from sqlalchemy import Connection

from domain import pacing
from projections.database.engine import rows, uuids
from projections.database.prepared import prepared
from projections.queue.dispatch import CANDIDATE, Candidate, candidates
from projections.queue.lookup import NOT_ASIDE
from projections.schema.expressions import LIMIT_TODAY, TODAY


class SendingDevice(NamedTuple):
    """A device that may send: its latest slot, its pace in seconds, whom it calls, the epoch of the
    slot, and whether its days have a limit. A slot that is too far ahead to count is here as it
    is."""

    device_id: UUID
    last_slot_at: datetime | None
    timezone: str
    min_delay_seconds: float
    max_delay_seconds: float
    gateway: str
    base_url: str | None
    epoch: int = 0
    is_limited: bool = False


class Wanted(NamedTuple):
    """Which devices a worker claims for: at most ``limit``, of these gateways, without those that
    are ``behind`` with what the worker claimed before."""

    gateways: Iterable[str]
    behind: Iterable[UUID]
    limit: int


# SQL: the device's latest slot, null where it counts for nothing: ``pacing.slot_that_counts``.
_LAST_SLOT = """
    CASE WHEN l.last_slot_at
            <= %(farthest)s::timestamptz + make_interval(secs => d.max_delay_seconds)
        THEN l.last_slot_at END
"""

_SENDING_DEVICES = prepared(f"""
SELECT l.device_id, l.last_slot_at, d.timezone, d.min_delay_seconds, d.max_delay_seconds,
    d.gateway, d.settings ->> 'base_url' AS base_url, l.epoch,
    d.daily_limit IS NOT NULL OR d.warm_up IS NOT NULL AS is_limited
FROM device_slots l JOIN devices d USING (device_id)
WHERE d.status = 'online' AND d.gateway = ANY(%(gateways)s)
  AND l.device_id <> ALL(%(behind)s::uuid[])
  AND coalesce({_LAST_SLOT} + make_interval(secs => d.min_delay_seconds) <= %(horizon)s, true)
  AND (d.daily_limit IS NULL AND d.warm_up IS NULL OR {LIMIT_TODAY} > coalesce((
      SELECT u.claimed FROM device_days u WHERE u.device_id = l.device_id
        AND u.day = {TODAY}), 0))
  AND EXISTS (SELECT FROM broadcast_messages m
              WHERE m.device_id = l.device_id AND m.due_at <= %(horizon)s AND {NOT_ASIDE})
ORDER BY {_LAST_SLOT} NULLS FIRST, l.device_id
LIMIT %(limit)s FOR UPDATE OF l SKIP LOCKED
""")

# What is read of a lead here may be older than the lock on its message. But whoever makes a message
# unwanted changes the message too, and then it is not found.
_DUE = prepared(f"""
SELECT m.place, {CANDIDATE}
FROM (
    SELECT slot.place, m.*
    FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS slot(device_id, place)
    JOIN devices d USING (device_id)
    LEFT JOIN device_days u ON u.device_id = slot.device_id
        AND u.day = {TODAY}
    CROSS JOIN LATERAL (SELECT {LIMIT_TODAY} AS of_day) n
    CROSS JOIN LATERAL (
        SELECT m.* FROM broadcast_messages m
        WHERE m.device_id = slot.device_id AND m.due_at <= %(horizon)s AND {NOT_ASIDE}
        ORDER BY m.due_at, m.planned_at
        LIMIT least(
            %(per_device)s,
            CASE WHEN n.of_day IS NOT NULL
                THEN greatest(0, n.of_day - coalesce(u.claimed, 0)) END,
            CASE WHEN d.min_delay_seconds > 0 AND NOT %(unpaced)s THEN 1 + ceil(
                %(seconds)s / d.min_delay_seconds)::int END)
        FOR UPDATE OF m SKIP LOCKED
    ) m
    LIMIT %(limit)s
) m JOIN leads l USING (lead_id)
""")


def sending_devices(
    connection: Connection, now: datetime, horizon: datetime, wanted: Wanted
) -> list[SendingDevice]:
    """Locks the slots of the ``wanted`` devices that are online, below their limit of the day, may
    send again before ``horizon`` and have something due by then.

    Devices that waited longest come first; a slot further ahead than ``pacing.farthest_slot`` holds
    no device back. Those that another worker has locked are left to it. A
    device that cannot send now, or is behind, takes no other's place.
    """
    devices = rows(
        connection,
        _SENDING_DEVICES,
        now=now,
        horizon=horizon,
        farthest=pacing.farthest_slot(now, horizon - now),
        gateways=list(wanted.gateways),
        behind=uuids(wanted.behind),
        limit=wanted.limit,
    )
    return cast(list[SendingDevice], devices)


def messages(
    connection: Connection,
    device_ids: Iterable[UUID],
    now: datetime,
    horizon: datetime,
    per_device: int,
    limit: int,
    *,
    unpaced: bool = False,
) -> list[Candidate]:
    """Locks the first messages due by ``horizon`` on each of these devices. The caller has locked
    the devices' slots in an earlier statement, so that this one sees what the last holder did.

    At most as many per device as its pace fits before ``horizon`` and its daily limit leaves; at
    most ``limit`` in all, device by device. The ``place`` of each is that of its device. If
    ``unpaced``, more than the pace fits: many of them may not be sent yet.
    """
    return candidates(
        connection,
        _DUE,
        ids=uuids(device_ids),
        now=now,
        horizon=horizon,
        seconds=(horizon - now).total_seconds(),
        per_device=per_device,
        limit=limit,
        unpaced=unpaced,
    )
