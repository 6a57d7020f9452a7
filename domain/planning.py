"""When a step is due: delays, local times of day and windows, right across changes of the clocks.

All instants are aware and in UTC. Local times are reckoned on the wall clock of one zone, so that
"the next day at 09:00" is 09:00 on both sides of a DST change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from domain import values
from domain.content import Content
from domain.errors import InvalidInputError

APART = timedelta(seconds=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Steps may be due on these weekdays from ``start`` until before ``end``, local ``HH:MM``."""

    weekdays: tuple[str, ...] = WEEKDAYS
    start: str = "00:00"
    end: str = "24:00"


class Step(Content, frozen=True, kw_only=True):
    """One message of a sequence.

    ``delay_hours`` counts from the step before (the first step counts from the sequence's first
    delay and has none); ``send_at`` is a local time of day ``HH:MM``.
    """

    delay_hours: float = 24.0
    send_at: str | None = None


def check_window(window: Window) -> Window:
    """The window unchanged. Raises InvalidInputError naming a field that is wrong."""
    if not window.weekdays or not set(window.weekdays) <= set(WEEKDAYS):
        raise InvalidInputError("windows.weekdays", f"some of {', '.join(WEEKDAYS)}")
    start = values.time_of_day(window.start, "windows.start")
    if window.end != "24:00" and values.time_of_day(window.end, "windows.end") <= start:
        raise InvalidInputError("windows.end", "a time of day after windows.start (at most 24:00)")
    return window


def plan(
    start: datetime,
    first_delay_minutes: float,
    steps: Sequence[Step],
    windows: Sequence[Window],
    zone: ZoneInfo,
) -> list[datetime]:
    """The due instant of every step, in their order, for an enrollment at ``start``.

    Each is at least its delay after the one before. Steps without a delay are a second apart, so
    that they are sent in their order.
    """
    due: list[datetime] = []
    for step in steps:
        delay = timedelta(hours=step.delay_hours) if due else timedelta(minutes=first_delay_minutes)
        at = due_after(due[-1] if due else start, delay, step.send_at, windows, zone)
        if due and at <= due[-1]:
            at = next_open(due[-1] + APART, windows, zone)
        due.append(at)
    return due


def due_after(
    before: datetime,
    delay: timedelta,
    send_at: str | None,
    windows: Sequence[Window],
    zone: ZoneInfo,
) -> datetime:
    """The instant ``delay`` after ``before``, moved on to the local time ``send_at`` (``HH:MM``),
    unless it is None, and then into a window."""
    if send_at is None:
        return next_open(before + delay, windows, zone)
    # Whole days on the wall clock: a day later is the same local time, though it may be 23 or 25
    # hours. What is left of the delay is real time, which no change of the clocks cuts short.
    days = timedelta(days=delay.days)
    earliest = before + delay
    if days:
        earliest = _instant(_wall(before, zone) + days, zone) + (delay - days)
    clock_time = values.time_of_day(send_at, "send_at")
    day = _wall(earliest, zone).date()
    due = _instant(datetime.combine(day, clock_time), zone, earliest)
    if due < earliest:
        due = _instant(datetime.combine(day + timedelta(days=1), clock_time), zone)
    return next_open(due, windows, zone)


def next_open(instant: datetime, windows: Sequence[Window], zone: ZoneInfo) -> datetime:
    """``instant`` if a window is open then, or if there are none; else when the next one opens."""
    if not windows:
        return instant
    local = _wall(instant, zone)
    openings: list[datetime] = []
    for window in windows:
        # Two weeks: a weekly window may fall into the very hour that DST skips.
        for days in range(15):
            day = local.date() + timedelta(days=days)
            if WEEKDAYS[day.weekday()] not in window.weekdays:
                continue
            opens = datetime.combine(day, values.time_of_day(window.start, "windows.start"))
            closes = _closing(day_start=datetime.combine(day, time()), end=window.end)
            if local >= closes:
                continue
            if opens <= local:
                return instant
            opening = _instant(opens, zone, instant)
            if _wall(opening, zone) < closes:
                openings.append(opening)
                break
    return min(openings)


def _closing(day_start: datetime, end: str) -> datetime:
    if end == "24:00":
        return day_start + timedelta(days=1)
    return datetime.combine(day_start.date(), values.time_of_day(end, "windows.end"))


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _instant(wall: datetime, zone: ZoneInfo, earliest: datetime | None = None) -> datetime:
    """A wall-clock time as an instant: one skipped by DST moves forward by the gap, one that comes
    twice is its first (PEP 495, ``fold=0``), or its second where the first is before
    ``earliest``."""
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if earliest is not None and instant < earliest:
        instant = max(instant, wall.replace(tzinfo=zone, fold=1).astimezone(UTC))
    return instant
