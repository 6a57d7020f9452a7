"""What says when a device may send from now on: its latest slot, its pace, and its days."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain import pacing
from domain.forecast import Days
from domain.pacing import Pace
from domain.queue_forecast import Line
from domain.values import zone
from projections.database.engine import rows, uuids
from projections.schema.expressions import DAILY_LIMIT

# Runners give out slots so far ahead at the most. A later one is of a clock that was wrong.
_LOOK_AHEAD = timedelta(minutes=10)


def read(connection: Connection, ids: Iterable[UUID], now: datetime) -> list[Any]:
    """The rows of these devices, each with its day ``today``, how much of that it has ``used``, and
    the ``last_slot_at`` that was given out. ``limits`` are those of today and of the days after it;
    the last of them is that of all later days."""
    limit = DAILY_LIMIT.format(day="t.today + n", now="%(now)s::timestamptz")
    return rows(
        connection,
        f"""
        SELECT d.*, t.today,
            ARRAY(SELECT {limit} FROM generate_series(0, coalesce((d.warm_up ->> 'days')::int, 0))
                  AS n ORDER BY n) AS limits,
            coalesce((SELECT u.claimed FROM device_days u
                WHERE u.device_id = d.device_id AND u.day = t.today), 0) AS used,
            (SELECT s.last_slot_at FROM device_slots s WHERE s.device_id = d.device_id)
                AS last_slot_at
        FROM devices d CROSS JOIN LATERAL (
            SELECT (%(now)s::timestamptz AT TIME ZONE d.timezone)::date AS today) t
        WHERE d.device_id = ANY(%(ids)s::uuid[]) ORDER BY d.name, d.device_id
        """,
        now=now,
        ids=uuids(ids),
    )


def last_slot(row: Any, now: datetime) -> datetime | None:
    """The latest slot that the device of a row of ``read`` was given, None where that counts for
    nothing."""
    return pacing.slot_that_counts(row.last_slot_at, pacing.farthest_slot(now, _LOOK_AHEAD))


def pace(row: Any) -> Pace:
    """The pace of the device of a row of ``read``."""
    return Pace(row.min_delay_seconds, row.max_delay_seconds)


def days(row: Any) -> Days:
    """The days of the device of a row of ``read``."""
    return Days(zone=zone(row.timezone), limit_of=_limits(row), used=row.used)


def line(row: Any, now: datetime) -> Line:
    """All that, of the device of a row of ``read``."""
    return Line(pace(row), days(row), last_slot(row, now))


def _limits(row: Any) -> Callable[[date], int | None]:
    """A device's limit of a day, from a row of ``read``."""
    limits: list[int | None] = row.limits
    today: date = row.today

    def limit_of(day: date) -> int | None:
        return limits[min(max(0, (day - today).days), len(limits) - 1)]

    return limit_of
