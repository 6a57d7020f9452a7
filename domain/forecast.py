"""When a device will have sent what waits on it, if it stays online and nothing is added."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from domain.pacing import Pace
from domain.windows import Hours, is_open, next_change, next_open

# Nobody waits longer for an answer about the future.
AHEAD = timedelta(days=3653)


class Waiting(msgspec.Struct, kw_only=True, gc=False):
    """So many ``messages`` of one device that are due at ``due_at``, at this ``pace``, to people in
    one ``zone`` who may be written to in these ``hours``. ``asked`` says that the forecast is about
    them; the others are in their way."""

    messages: int
    due_at: datetime
    pace: Pace
    hours: Hours
    zone: ZoneInfo
    asked: bool = True


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """A device's days: they begin at midnight in ``zone``, ``limit_of`` gives how many messages one
    may have, None for any number, and ``used`` is how many the first one has had."""

    zone: ZoneInfo
    limit_of: Callable[[date], int | None]
    used: int = 0


def last_sent(start: datetime, waiting: Iterable[Waiting], days: Days) -> datetime | None:
    """When the last message that was asked for leaves a device that begins at ``start``; None
    without one, or if that is more than ten years after they are due.

    The device sends at the average of each pace and what is due first goes first, the others before
    those that were asked for. It sends only while people may be written to, and not more on a day
    than its limit allows.
    """
    queue = list(waiting)
    due_at = (each.due_at for each in queue if each.asked)
    try:
        return _Device(start, queue, days).last_sent(max([start, *due_at]) + AHEAD)
    except OverflowError:  # the calendar ends before they do
        return None


class _Device:
    """One that sends, in steps as long as nothing changes."""

    def __init__(self, start: datetime, waiting: Iterable[Waiting], days: Days) -> None:
        self._days = days
        self._at = start
        self._day, self._used = start.astimezone(days.zone).date(), days.used
        self._queue = sorted(
            (msgspec.structs.replace(each) for each in waiting if each.messages > 0),
            key=lambda each: (each.due_at, each.asked),
        )
        self._last: datetime | None = None

    def last_sent(self, end: datetime) -> datetime | None:
        """When the last one asked for leaves; None without one, or if it is after ``end``."""
        while any(each.asked for each in self._queue):
            if self._at >= end:
                return None
            self._advance()
            self._queue = [each for each in self._queue if each.messages]
        return self._last

    def _advance(self) -> None:
        midnight, room = self._today()
        due = [each for each in self._queue if each.due_at <= self._at]
        ready = [each for each in due if is_open(self._at, each.hours, each.zone)]
        if not room:
            self._at = midnight
        elif not ready:
            self._at = min(_turn(self._at, each) for each in self._queue)
        else:
            changes = [midnight, *(each.due_at for each in self._queue if each.due_at > self._at)]
            changes += (next_change(self._at, each.hours, each.zone) or midnight for each in due)
            self._send(ready, min(changes), room)

    def _today(self) -> tuple[datetime, float]:
        """When the day ends, and how many messages it has room for."""
        day = self._at.astimezone(self._days.zone).date()
        if day != self._day:
            self._day, self._used = day, 0
        limit = self._days.limit_of(day)
        midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=self._days.zone)
        room = math.inf if limit is None else max(0, limit - self._used)
        return midnight.astimezone(UTC), room

    def _send(self, ready: Iterable[Waiting], until: datetime, room: float) -> None:
        """Sends until the instant ``until``, when something changes, or until it has no room."""
        for each in ready:
            pause = each.pace.average
            fits = min(each.messages, room)
            if pause > 0:
                fits = min(fits, math.ceil((until - self._at).total_seconds() / pause))
            if fits < 1:
                return
            sent = int(fits)
            if each.asked:
                self._last = self._at + timedelta(seconds=(sent - 1) * pause)
            self._at += timedelta(seconds=sent * pause)
            self._used += sent
            room -= sent
            each.messages -= sent


def _turn(now: datetime, each: Waiting) -> datetime:
    """When the next of them may be sent. A day later where nobody may ever be written to."""
    due_at = max(now, each.due_at)
    return next_open(due_at, each.hours, each.zone) or due_at + timedelta(days=1)
