"""What all pending messages wait for, summed up.

A million messages may be pending. So what is held is read from the counters, and what is due by its
device from the claim's index alone. Of what is due later that index knows when; why, and of what
campaign or sequence, it does not. Up to ``EXACT`` messages each is asked. Beyond that no campaign
and no sequence is named, and what was put off to the same minute answers by one of its messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from heapq import nlargest
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain import values, waiting
from domain.waiting import Reason, Sender, Wait
from domain.waiting_words import Names, line
from projections.config.settings import Settings
from projections.database.engine import rows
from projections.queries import waiting_statements

# So many messages that are due later are asked one by one, or less.
EXACT = 20_000
LINES = 20
# So many groups of what is due later are looked at, the largest first.
_GROUPS = 1000
_NO_IDS: Mapping[str, UUID | None] = MappingProxyType({})
_NO_NAMES = Names()


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` messages wait for the same, see ``waiting.Wait``. It names their campaign or
    sequence, or the device that is waited for, as far as they are the same; ``story`` is a
    sentence."""

    reason: Reason
    until: datetime | None
    device_id: UUID | None = None
    campaign_id: UUID | None = None
    sequence_id: UUID | None = None
    count: int
    story: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """``total`` messages are pending; ``by_reason`` counts them by what they wait for. ``lines``
    say the same in sentences, at most ``LINES`` of them, most messages first."""

    total: int
    by_reason: dict[Reason, int]
    lines: list[Line]


def summary(
    connection: Connection, settings: Settings, now: datetime, exact: int = EXACT
) -> Summary:
    """What all pending messages wait for at ``now``, as the runners left them. What is due later is
    told group by group if it is more than ``exact`` messages."""
    total = rows(connection, waiting_statements.TOTAL)[0].pending
    groups = _Groups(settings, now)
    aside = rows(connection, waiting_statements.UNRECORDABLE)
    groups.add(len(aside), Wait("unrecordable", None))
    for row in rows(connection, waiting_statements.HELD):
        owner_id = row.campaign_id or row.sequence_id
        groups.held(row, sum(each.owner_id == owner_id for each in aside))
    for row in rows(connection, waiting_statements.UNDECIDED):
        groups.add(row.count, Wait("branch", None), Names(owner=row.owner), _owner(row))
    for row in rows(connection, waiting_statements.OF_DEVICES, now=now):
        groups.of_device(row, [each.due_at for each in aside if each.device_id == row.device_id])
    later = total - groups.total
    if 0 < later <= exact:
        found = rows(connection, waiting_statements.LATER, now=now)
    elif later > 0:
        found = rows(connection, waiting_statements.LATER_BY_ONE, now=now, groups=_GROUPS)
    else:
        found = []
    for row in found:
        wait = Wait(waiting.recorded(row.deferred, row.reason), row.until)
        groups.add(
            row.count, wait, Names(owner=row.owner, has_windows=row.has_windows), _owner(row)
        )
    # The queries do not see the same instant, and the least groups may be missing.
    return Summary(
        total=max(total, groups.total), by_reason=groups.by_reason(), lines=groups.lines()
    )


class _Group(msgspec.Struct, frozen=True):
    """``count`` messages that wait for the same. ``ids`` are those of ``Line``. ``earliest`` says
    that they wait until different instants, of which that of ``wait`` is the first."""

    count: int
    wait: Wait
    names: Names
    ids: Mapping[str, UUID | None]
    earliest: bool = False


class _Groups:
    """Collects groups, and makes lines of them. Instants are said in the zone of the house."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self.now = now
        self.look_ahead = timedelta(seconds=settings.broadcast_every)
        self.zone = values.zone(settings.timezone)
        self.found: list[_Group] = []

    @property
    def total(self) -> int:
        """The messages of all groups."""
        return sum(each.count for each in self.found)

    def by_reason(self) -> dict[Reason, int]:
        """The messages of all groups, in the order of ``REASONS``; a reason that none has is left
        out."""
        counts: Counter[Reason] = Counter()
        for each in self.found:
            counts[each.wait.reason] += each.count
        return {reason: counts[reason] for reason in waiting.REASONS if counts[reason]}

    def add(
        self,
        count: int,
        wait: Wait,
        names: Names = _NO_NAMES,
        ids: Mapping[str, UUID | None] = _NO_IDS,
    ) -> None:
        """A group, unless it is empty."""
        if count > 0:
            self.found.append(_Group(count, wait, names, ids))

    def held(self, row: Any, unrecordable: int) -> None:
        """``row`` is that of a campaign or sequence that holds its messages; so many of them are
        told of already."""
        names = Names(owner=row.owner, owner_status=row.owner_status)
        reason: Reason = "sequence_paused" if row.campaign_id is None else "campaign_paused"
        if row.awaits_approval and row.owner_status not in ("paused", "cancelled"):
            reason = "approval"
        self.add(row.count - unrecordable, Wait(reason, None), names, _owner(row))

    def of_device(self, row: Any, unrecordable: Sequence[datetime | None]) -> None:
        """``row`` is that of a device; the messages that were due then are told of already."""
        is_online = row.status == "online"
        told = sum(due is not None and (due <= self.now or not is_online) for due in unrecordable)
        names = Names(
            device=row.name,
            device_status=row.status,
            offline_since=row.offline_since,
            daily_limit=row.limit_today,
        )
        self.add(row.count - told, self._wait_of(sender(row)), names, {"device_id": row.device_id})

    def _wait_of(self, sender: Sender) -> Wait:
        """What a message waits for that is due on the device."""
        if sender.status != "online":
            return Wait("device_offline", None)
        tomorrow = waiting.next_device_day(sender, self.now)
        if tomorrow is not None:
            return Wait("daily_limit", tomorrow)
        slot = waiting.next_slot(sender, 0, self.look_ahead, self.now)
        return Wait("pace", slot if slot is not None and slot > self.now else None)

    def lines(self) -> list[Line]:
        """The lines with most messages. Where there are too many lines, those for the same campaign
        or sequence are one, and so are all devices that only keep their pace."""
        found = self.found if len(self.found) <= LINES else self._merged()
        return [self._line(each) for each in nlargest(LINES, found, key=lambda each: each.count)]

    def _line(self, group: _Group) -> Line:
        count, wait = group.count, group.wait
        story = line(count, wait, group.names, self.zone, self.now, earliest=group.earliest)
        return Line(reason=wait.reason, until=wait.until, count=count, story=story, **group.ids)

    def _merged(self) -> list[_Group]:
        alike: dict[tuple[Reason, frozenset[tuple[str, UUID | None]]], list[_Group]] = {}
        for each in self.found:
            ids = _NO_IDS if each.wait.reason == "pace" else each.ids
            alike.setdefault((each.wait.reason, frozenset(ids.items())), []).append(each)
        merged = []
        for (reason, ids_of_all), groups in alike.items():
            untils = {each.wait.until for each in groups}
            until = None if None in untils else min(filter(None, untils))
            names = groups[0].names if ids_of_all else _NO_NAMES
            count = sum(each.count for each in groups)
            merged.append(
                _Group(count, Wait(reason, until), names, dict(ids_of_all), len(untils) > 1)
            )
        return merged


def sender(row: Any) -> Sender:
    """The device of a row of ``devices`` with ``limit_today``, ``used_today``, ``last_slot_at``."""
    return Sender(
        status=row.status,
        min_delay_seconds=row.min_delay_seconds,
        max_delay_seconds=row.max_delay_seconds,
        daily_limit=row.limit_today,
        used_today=row.used_today,
        zone=values.zone(row.timezone),
        last_slot_at=row.last_slot_at,
    )


def _owner(row: Any) -> dict[str, UUID | None]:
    return {"campaign_id": row.campaign_id, "sequence_id": row.sequence_id}
