"""When each of many messages leaves its device, played on a clock of its own, if the devices that
are online stay so and nothing is added.

The rules are those of the broadcaster: what is due first goes first, at the average of the pace,
within what a day of the device and a day of the person allow, and while the person may be written
to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from heapq import heapify, heappop, heappush
from typing import Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain import frequency, pacing, planning
from domain.forecast import AHEAD, Days
from domain.pacing import Pace
from domain.windows import Hours


class Terms(msgspec.Struct, frozen=True, eq=False):
    """What messages have in common: the ``pace`` that is asked for, the ``hours`` in which people
    in ``zone`` may be written to, and whether what a person may have in a day holds them. Messages
    that share one instance wait in one queue."""

    pace: Pace
    hours: Hours
    zone: ZoneInfo
    capped: bool


class Queued(msgspec.Struct, frozen=True, gc=False):
    """A message that waits on ``device_id`` until ``due_at``; of those due at once the one that was
    planned for the earliest instant goes first."""

    message_id: UUID
    lead_id: UUID
    device_id: UUID
    due_at: datetime
    planned_at: datetime
    terms: Terms
    expires_at: datetime | None = None


class Line(NamedTuple):
    """A device that sends: its pace, its days, and its latest slot, None where that counts for
    nothing."""

    pace: Pace
    days: Days
    last_slot: datetime | None


class Left(NamedTuple):
    """``message`` leaves ``at`` that instant, or never: its device is not ``online``, it
    ``expired``, or there is no room for it in ten years."""

    message: Queued
    at: datetime | None
    why: Literal["", "offline", "expired", "no_room"] = ""


def play(
    start: datetime,
    lines: Mapping[UUID, Line],
    queued: Iterable[Queued],
    cap: int | None = None,
    had: Mapping[UUID, Iterable[datetime]] | None = None,
) -> Iterator[Left]:
    """What becomes of each of the messages ``queued`` from ``start`` on, in the order in which that
    happens, the never sent last. ``lines`` are the devices that are online. People ``had`` messages
    before, and get at most ``cap`` in a day."""
    people = {id_: [*times] for id_, times in (had or {}).items()}
    devices = {id_: _Device(line, start, cap, people) for id_, line in lines.items()}
    for message in queued:
        if message.device_id in devices:
            devices[message.device_id].add(message)
        else:
            yield Left(message, None, "offline")
    turns = [(at, id_) for id_, each in devices.items() if (at := each.moment()) is not None]
    heapify(turns)
    while turns:
        at, id_ = heappop(turns)
        device = devices[id_]
        if (left := device.look(at)) is not None:
            yield left
        if (after := device.moment()) is not None:
            heappush(turns, (after, id_))
    for device in devices.values():
        yield from device.rest()


# When it is due, what it was planned for, its id: the order of a queue.
_Entry = tuple[datetime, datetime, UUID, Queued]


class _Device:
    """One that sends. Messages of the same terms wait in one queue, which stands still as a whole
    while people may not be written to; ``_opens`` says until when."""

    def __init__(
        self, line: Line, start: datetime, cap: int | None, people: dict[UUID, list[datetime]]
    ) -> None:
        self._line = line
        self._start, self._end = start, start + AHEAD
        self._cap = cap
        self._people = people
        self._last = line.last_slot
        self._used: dict[date, int] = {start.astimezone(line.days.zone).date(): line.days.used}
        self._queues: dict[Terms, list[_Entry]] = {}
        self._opens: dict[Terms, datetime] = {}

    def add(self, message: Queued, due_at: datetime | None = None) -> None:
        """Puts the message into its queue, to be sent from ``due_at`` on."""
        entry = (due_at or message.due_at, message.planned_at, message.message_id, message)
        heappush(self._queues.setdefault(message.terms, []), entry)

    def moment(self) -> datetime | None:
        """When the device may send its next message; None without one, or without room for it."""
        if not self._queues:
            return None
        terms = self._next()
        due_at = max(self._start, self._due(terms))
        pace = self._line.pace.slower_of(terms.pace)
        (at,) = pacing.assign_slots(self._last, [(due_at, pace)], _average)
        while at < self._end:
            day = at.astimezone(self._line.days.zone).date()
            limit = self._line.days.limit_of(day)
            if limit is None or self._used.get(day, 0) < limit:
                return at
            at = frequency.next_midnight(at, self._line.days.zone)
        return None

    def look(self, at: datetime) -> Left | None:
        """Sends the next message ``at`` its moment, or puts it off; None for the latter."""
        terms = self._next()
        message = self._queues[terms][0][-1]
        if message.expires_at is not None and message.expires_at <= at:
            self._take(terms)
            return Left(message, None, "expired")
        if terms.capped and self._cap is not None:
            had = self._people.setdefault(message.lead_id, [])
            tomorrow = frequency.next_day(had, self._cap, at, terms.zone)
            if tomorrow is not None:
                self._take(terms)
                self.add(message, tomorrow)
                return None
        opening = planning.opening(at, terms.hours, terms.zone)
        if opening > at:
            self._opens[terms] = opening
            return None
        self._take(terms)
        self._last = at
        day = at.astimezone(self._line.days.zone).date()
        self._used[day] = self._used.get(day, 0) + 1
        if self._cap is not None:
            self._people.setdefault(message.lead_id, []).append(at)
        return Left(message, at)

    def rest(self) -> Iterator[Left]:
        """What is never sent."""
        for queue in self._queues.values():
            for entry in sorted(queue):
                yield Left(entry[-1], None, "no_room")

    def _next(self) -> Terms:
        """The terms of the message that is next."""
        return min(self._queues, key=lambda terms: (self._due(terms), *self._queues[terms][0][1:3]))

    def _due(self, terms: Terms) -> datetime:
        due_at = self._queues[terms][0][0]
        return max(due_at, self._opens.get(terms, due_at))

    def _take(self, terms: Terms) -> None:
        heappop(self._queues[terms])
        if not self._queues[terms]:
            del self._queues[terms]


def _average(low: float, high: float) -> float:
    return (low + high) / 2


def per_day(left: Iterable[Left], zone: ZoneInfo) -> dict[str, dict[str, int]]:
    """How many leave on each day of ``zone``, by date: by device, and in ``total``."""
    days: dict[str, dict[str, int]] = {}
    for each in left:
        if each.at is not None:
            day = days.setdefault(each.at.astimezone(zone).date().isoformat(), {"total": 0})
            device = str(each.message.device_id)
            day[device] = day.get(device, 0) + 1
            day["total"] += 1
    return dict(sorted(days.items()))
