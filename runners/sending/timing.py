"""When each message of a batch may be sent, beside the pace of its device: after the step before it
in its distance, when the person may be written to, and not more often than a day allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from domain import distances, frequency, planning, zones
from domain.distances import Other
from domain.enrollment import wish
from domain.message.events import LaterReason
from domain.windows import Hours
from projections.container import Container
from projections.queue import dispatch, timing


class Later(NamedTuple):
    """When the message may be sent, and why not before."""

    at: datetime
    reason: LaterReason


class Timing:
    """Answers for the messages that it was given to ``know``. If they are being claimed, they count
    against what a person may have in a day: whoever claims counts, and nobody else at the same
    time. ``at_any_time`` has the campaigns without any rule, by id: most messages are of these."""

    def __init__(self, container: Container, now: datetime, *, claiming: bool) -> None:
        self.now = now
        self._house = container.outreach.house
        self._cap = container.settings.lead_daily_cap if claiming else None
        self._owners: dict[str, dispatch.Owner] = {}
        self.at_any_time: set[str] = set()
        self._hours: dict[str, Hours] = {}
        self._others: dict[UUID, list[Other]] = {}
        self._timezones: dict[str, str] = {}
        self._had: dict[str, list[datetime]] = {}
        self._claims: dict[str, dict[UUID, datetime]] = {}
        self._zones: dict[tuple[str, str], ZoneInfo] = {}
        self._openings: dict[tuple[str, str, datetime], datetime] = {}

    def know(
        self,
        connection: Connection,
        rows: Collection[dispatch.Candidate],
        owners: Mapping[str, dispatch.Owner],
    ) -> None:
        """Reads whatever the answers for ``rows`` depend on, which is mostly nothing."""
        self._owners |= owners
        for id_, owner in owners.items():
            self._hours[id_] = Hours(windows=owner.windows, quiet=self._house.quiet)
            if not owner.steps_ever and not self._hours[id_] and self._cap is None:
                self.at_any_time.add(id_)
        if self.at_any_time:
            rows = [row for row in rows if row.owner_id not in self.at_any_time]
        steps = [row.message_id for row in rows if row.step]
        if steps:
            self._others |= timing.others(connection, steps)
        capped = [row.lead_id for row in rows if self._is_capped(row)]
        if capped:
            self._had |= timing.had(connection, capped, self.now - frequency.LONGEST_DAY)
        local = [row.lead_id for row in rows if row.step or self._hours[row.owner_id]]
        if local or capped:
            self._timezones |= timing.timezones(connection, [*local, *capped])

    def later(self, row: dispatch.Candidate, at: datetime) -> Later | None:
        """When the message may be sent, if that is after ``at``, and the first reason why not then.

        What will not be sent at all has nothing to wait for.
        """
        if row.owner_id in self.at_any_time:
            return None
        gone = row.expires_at is not None and row.expires_at <= self.now
        stopped = row.stopped_because is not None and wish(row.stopped_because) is not None
        removed = row.step > 0 and self._owners[row.owner_id].lacks(row.step)
        if gone or stopped or removed or row.opted_out_at is not None:
            return None
        found = at
        reason: LaterReason | None = None
        if (after := self._after_steps(row)) and after > found:
            found, reason = after, "previous_step"
        if self._is_capped(row) and (tomorrow := self._tomorrow(row, found)):
            found, reason = tomorrow, reason or "frequency_cap"
        if self._hours[row.owner_id]:
            opening = self._opening(row, found)
            if opening > found:
                found, reason = opening, reason or "window"
        return None if reason is None else Later(found, reason)

    def claimed(self, row: dispatch.Candidate, at: datetime) -> None:
        """The message is claimed for ``at``."""
        if self._is_capped(row):
            self._claims.setdefault(row.lead_id, {})[row.message_id] = at

    def place(self, row: dispatch.Candidate) -> tuple[Hours, ZoneInfo]:
        """When the person may be written to, and where the person is."""
        return self._hours[row.owner_id], self._zone(row)

    def _is_capped(self, row: dispatch.Candidate) -> bool:
        return self._cap is not None and not self._owners[row.owner_id].ignore_cap

    def _zone(self, row: dispatch.Candidate) -> ZoneInfo:
        key = row.lead_id, row.owner_id
        found = self._zones.get(key)
        if found is None:
            own, owner = self._timezones.get(row.lead_id), self._owners[row.owner_id]
            found = zones.of_recipient(own, owner.timezone, row.phone, self._house)
            self._zones[key] = found
        return found

    def _after_steps(self, row: dispatch.Candidate) -> datetime | None:
        if not row.step:
            return None
        return distances.earliest(
            row.step,
            self._others.get(row.message_id, ()),
            self._owners[row.owner_id].contents,
            self._zone(row),
            self.now,
        )

    def _tomorrow(self, row: dispatch.Candidate, at: datetime) -> datetime | None:
        """The next day of the person, if she had all that the day of ``at`` allows."""
        if self._cap is None:
            return None
        zone = self._zone(row)
        had = [*self._had.get(row.lead_id, ())]
        claims = self._claims.get(row.lead_id, {})
        had += [each for id_, each in claims.items() if id_ != row.message_id]
        return frequency.next_day(had, self._cap, at, zone)

    def _opening(self, row: dispatch.Candidate, at: datetime) -> datetime:
        """``at``, or when the person may be written to next. It is the same for a whole minute."""
        zone = self._zone(row)
        minute = at.replace(second=0, microsecond=0)
        key = row.owner_id, str(zone), minute
        opening = self._openings.get(key)
        if opening is None:
            opening = planning.opening(minute, self._hours[row.owner_id], zone)
            self._openings[key] = opening
        return max(at, opening)
