"""How much a person may be sent in a day, by the calendar where the person is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain import windows

# The longest day there is, when the clocks are put back.
LONGEST_DAY = timedelta(hours=26)


def next_day(had: Iterable[datetime], cap: int, at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the next day of the person begins, who is in ``zone``, if on the day of ``at`` there are
    ``cap`` messages, or more, of those that she ``had``; else None."""
    day = windows.wall(at, zone).date()
    count = sum(windows.wall(each, zone).date() == day for each in had)
    return next_midnight(at, zone) if count >= cap else None


def next_midnight(instant: datetime, zone: ZoneInfo) -> datetime:
    """When the next day of ``zone`` begins."""
    day = windows.wall(instant, zone).date() + timedelta(days=1)
    return windows.at_wall(datetime.combine(day, time()), zone)
