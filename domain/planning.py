"""When a step is due: delays, local times of day and windows, right across changes of the clocks.

All instants are aware and in UTC. Local times are reckoned on the wall clock of one zone, so that
"the next day at 09:00" is 09:00 on both sides of a DST change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain import values
from domain.branches.table import Branch, longest
from domain.content import Content
from domain.windows import Hours, at_wall, next_open, wall

APART = timedelta(seconds=1)


class Step(Content, frozen=True, kw_only=True):
    """One message of a sequence.

    ``delay_hours`` counts from the step before (the first step counts from the sequence's first
    delay and has none); ``send_at`` is a local time of day ``HH:MM``. ``branches`` say what comes
    next.
    """

    delay_hours: float = 24.0
    send_at: str | None = None
    branches: tuple[Branch, ...] = ()

    @property
    def number(self) -> int:
        """The step's name in its sequence, from 1: it never changes, and no other step gets it. Its
        place among the steps may be another."""
        return int(self.content_id.rpartition(":")[2])


class Sent(NamedTuple):
    """A step that was sent: at ``at``, by the plan at ``planned``, by the local time ``send_at`` if
    it named one."""

    at: datetime
    planned: datetime
    send_at: str | None


def plan(
    start: datetime,
    first_delay_minutes: float,
    steps: Sequence[Step],
    hours: Hours,
    zone: ZoneInfo,
) -> list[datetime]:
    """The due instant of every step, in their order, for an enrollment at ``start``.

    Each is at least its delay after the one before. Steps without a delay are a second apart, so
    that they are sent in their order. What comes after a step with branches is planned as late as
    these may be decided.
    """
    first, *others = steps
    first_delay = timedelta(minutes=first_delay_minutes)
    due = [due_after(start, first_delay, first.send_at, hours, zone)]
    return due + follow(_as_planned(due[0], first), others, hours, zone)


def follow(last: Sent, steps: Sequence[Step], hours: Hours, zone: ZoneInfo) -> list[datetime]:
    """The due instants of ``steps``, the first of which comes after ``last``."""
    due: list[datetime] = []
    for step in steps:
        before, named = _counted_from(last, step, zone)
        delay = timedelta(hours=step.delay_hours)
        at = due_after(before, delay, step.send_at, hours, zone, named)
        if at <= last.at:
            at = opening(last.at + APART, hours, zone)
        due.append(at)
        last = _as_planned(at, step)
    return due


def due_after(
    before: datetime,
    delay: timedelta,
    send_at: str | None,
    hours: Hours,
    zone: ZoneInfo,
    named: datetime | None = None,
) -> datetime:
    """The instant ``delay`` after ``before``, moved on to the local time ``send_at`` (``HH:MM``),
    unless it is None, and then to where somebody may be written to.

    ``named`` is the wall-clock time that ``before`` was to be, if the clocks skip that one.
    """
    if send_at is None:
        return opening(before + delay, hours, zone)
    # Whole days on the wall clock: a day later is the same local time, though it may be 23 or 25
    # hours. What is left of the delay is real time, which no change of the clocks cuts short.
    days = timedelta(days=delay.days)
    earliest = before + delay
    if days:
        earliest = at_wall((named or wall(before, zone)) + days, zone) + (delay - days)
    clock_time = values.time_of_day(send_at, "send_at")
    day = wall(earliest, zone).date()
    due = at_wall(datetime.combine(day, clock_time), zone, earliest)
    if due < earliest:
        due = at_wall(datetime.combine(day + timedelta(days=1), clock_time), zone)
    return opening(due, hours, zone)


def opening(instant: datetime, hours: Hours, zone: ZoneInfo) -> datetime:
    """``instant``, or when somebody in ``zone`` may be written to next. A day later where that is
    never: then what the hours are may be another by then."""
    if not hours:
        return instant
    return next_open(instant, hours, zone) or instant + timedelta(days=1)


def _as_planned(at: datetime, step: Step) -> Sent:
    """What the next step counts from, if ``step`` is sent at ``at``, and its branches are decided
    as late as they may be."""
    if not step.branches:
        return Sent(at, at, step.send_at)
    decided = at + longest(step.branches)
    return Sent(decided, decided, None)


def _counted_from(last: Sent, step: Step, zone: ZoneInfo) -> tuple[datetime, datetime | None]:
    """From when the delay of ``step`` counts, which comes after ``last``, and what the wall clock
    would have shown then, if the clocks skipped that.

    It counts from when that was sent. But whole days to a local time are days of the calendar: what
    was late on its own day puts off nothing.
    """
    planned_day = wall(last.planned, zone).date()
    by_the_calendar = step.send_at is not None and step.delay_hours >= 24
    if not by_the_calendar or wall(last.at, zone).date() != planned_day:
        return last.at, None
    if last.send_at is not None:
        named = datetime.combine(planned_day, values.time_of_day(last.send_at, "send_at"))
        if at_wall(named, zone) == last.planned:
            return last.planned, named
    return last.planned, None
