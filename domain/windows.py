"""When people may be written to: windows on the wall clock of one zone, and quiet hours.

A window is open on its weekdays from its start until before its end. One that ends before it begins
crosses midnight: it is open from the evening of its weekday until the next morning.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from domain import values
from domain.errors import InvalidInputError

WEEKDAYS = (1, 2, 3, 4, 5, 6, 7)
# How weekdays were written in earlier versions, from Monday.
_FORMER_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Weekly windows open within a week; within two, if the clocks skip one.
_AHEAD = 15


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Open on these weekdays, of which 1 is Monday, from ``start`` until before ``end``, local
    ``HH:MM``; ``end`` may be ``24:00``. Earlier versions stored names of weekdays."""

    weekdays: tuple[int | str, ...] = WEEKDAYS
    start: str = "00:00"
    end: str = "24:00"

    @property
    def days(self) -> frozenset[int]:
        """The weekdays on which it opens."""
        return frozenset(
            _FORMER_WEEKDAYS.index(day) + 1 if isinstance(day, str) else day
            for day in self.weekdays
        )


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """When people of one zone may be written to: in any of the windows, always if there are none,
    and never in the ``quiet`` hours."""

    windows: tuple[Window, ...] = ()
    quiet: Window | None = None

    def __bool__(self) -> bool:
        return bool(self.windows) or self.quiet is not None


ALWAYS = Hours()


def check_windows(windows: Iterable[Window]) -> None:
    """Raises InvalidInputError naming a field that is wrong of one of them, which count from 1."""
    for number, window in enumerate(windows, start=1):
        field = f"windows[{number}]"
        if not window.weekdays or not set(window.weekdays) <= set(WEEKDAYS):
            raise InvalidInputError(f"{field}.weekdays", "some of 1 to 7, where 1 is Monday")
        start = values.time_of_day(window.start, f"{field}.start")
        if window.end != "24:00" and values.time_of_day(window.end, f"{field}.end") == start:
            raise InvalidInputError(f"{field}.end", f"another time of day than {field}.start")


def quiet_hours(written: str, field: str) -> Window:
    """The hours that ``HH:MM-HH:MM`` names, on every day."""
    expected = "local times HH:MM-HH:MM, such as 21:00-08:00"
    start, dash, end = written.replace(" ", "").partition("-")
    try:
        if not dash or values.time_of_day(start, field) == _end_of(end, field):
            raise InvalidInputError(field, expected)
    except InvalidInputError:
        raise InvalidInputError(field, expected) from None
    return Window(start=start, end=end)


def is_open(instant: datetime, hours: Hours, zone: ZoneInfo) -> bool:
    """Whether somebody in ``zone`` may be written to at ``instant``."""
    local = wall(instant, zone)
    if hours.quiet is not None and _covers(hours.quiet, local):
        return False
    return not hours.windows or any(_covers(window, local) for window in hours.windows)


def next_open(instant: datetime, hours: Hours, zone: ZoneInfo) -> datetime | None:
    """``instant`` if somebody in ``zone`` may be written to then, else when that is next. None if
    it is never, because every window lies within the quiet hours."""
    end = instant + timedelta(days=_AHEAD)
    while instant < end:
        if is_open(instant, hours, zone):
            return instant
        # Whatever opens, a window opens then, or the quiet hours end.
        instant = min(_changes_after(instant, hours, zone))
    return None


def next_change(instant: datetime, hours: Hours, zone: ZoneInfo) -> datetime | None:
    """The next instant at which somebody in ``zone`` might be written to again, or no longer; None
    if that never changes."""
    bounds = [*hours.windows, *([] if hours.quiet is None else [hours.quiet])]
    clocks = {clock for bound in bounds for clock in (bound.start, bound.end)}
    changes = []
    for clock in clocks:
        local = wall(instant, zone)
        at = datetime.combine(local.date(), _end_of(clock, "end") or time())
        while (change := _from_wall(at, zone, instant)) <= instant:
            at += timedelta(days=1)
        changes.append(change)
    return min(changes, default=None)


def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows at ``instant``; naive."""
    return instant.astimezone(zone).replace(tzinfo=None)


def at_wall(wall: datetime, zone: ZoneInfo, earliest: datetime | None = None) -> datetime:
    """A wall-clock time as an instant: one skipped by DST moves forward by the gap, one that comes
    twice is its first (PEP 495, ``fold=0``), or its second where the first is before
    ``earliest``."""
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if earliest is not None and instant < earliest:
        instant = max(instant, wall.replace(tzinfo=zone, fold=1).astimezone(UTC))
    return instant


def _from_wall(at: datetime, zone: ZoneInfo, earliest: datetime) -> datetime:
    """From when on the clock on the wall shows ``at`` or later: where the clocks skip it, that is
    when they do."""
    instant = at_wall(at, zone, earliest)
    if wall(instant, zone) <= at:
        return instant
    instant = at.replace(tzinfo=zone, fold=1).astimezone(UTC)  # by the offset that comes after
    while wall(instant, zone) < at:
        instant += timedelta(minutes=1)
    return instant


def _end_of(written: str, field: str) -> time | None:
    """None is midnight at the end of the day."""
    return None if written == "24:00" else values.time_of_day(written, field)


def _covers(window: Window, local: datetime) -> bool:
    now, days = local.time(), window.days
    start, end = values.time_of_day(window.start, "start"), _end_of(window.end, "end")
    if end is None or end > start:
        return local.isoweekday() in days and start <= now and (end is None or now < end)
    yesterday = local.isoweekday() - 1 or 7
    return (local.isoweekday() in days and start <= now) or (yesterday in days and now < end)


def _changes_after(instant: datetime, hours: Hours, zone: ZoneInfo) -> list[datetime]:
    """When windows open, and quiet hours end, on the days after ``instant``: of each the next."""
    times: list[tuple[Window, str]] = [(window, window.start) for window in hours.windows]
    if hours.quiet is not None:
        times.append((hours.quiet, hours.quiet.end))
    day = wall(instant, zone).date()
    changes = [instant + timedelta(days=_AHEAD)]
    for window, written in times:
        clock = _end_of(written, "end")
        for days in range(-1, _AHEAD):
            at = datetime.combine(day + timedelta(days=days), clock or time())
            if clock is None:
                at += timedelta(days=1)
            elif written == window.start and at.isoweekday() not in window.days:
                continue
            change = _from_wall(at, zone, instant)
            if change > instant:
                changes.append(change)
                break
    return changes
