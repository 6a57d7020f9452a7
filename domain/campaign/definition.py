"""The definition of a campaign: what it says, to whom and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain import content, values
from domain.content import Content
from domain.errors import InvalidInputError
from domain.values import TargetFilter
from domain.windows import Window, at_wall, check_window

# How far the first of all clocks is ahead of UTC, on Kiritimati.
_FIRST_CLOCK = timedelta(hours=14)


class Definition(Content, frozen=True, kw_only=True):
    """What a campaign says, to whom and when. ``scheduled_at`` is an instant in UTC. An empty
    ``niche`` matches every lead. Delays of zero leave the pace to the device. Messages go only
    while one of the ``windows`` is open, if there are any, on the clock of the recipient;
    ``timezone`` is for people who have none. One that is to ``ignore_cap`` is no promotion. Leads
    that nothing ties to a device are shared out among ``device_ids``, or among all if it is empty.

    With a ``local_time`` (``YYYY-MM-DDTHH:MM``) everybody gets it at that time of the own clock,
    and ``scheduled_at`` is when that is on the first of all clocks.
    """

    name: str
    scheduled_at: datetime
    niche: tuple[str, ...] = ()
    target_status: TargetFilter = "all"
    min_delay_seconds: float = 0.0
    max_delay_seconds: float = 0.0
    windows: tuple[Window, ...] = ()
    timezone: str | None = None
    ignore_cap: bool = False
    local_time: str | None = None
    expires_after_hours: float | None = None
    device_ids: tuple[UUID, ...] = ()


def check(
    campaign_id: UUID, version: int, definition: Definition, present: Definition | None = None
) -> Definition:
    """The definition, tidied, with the content id of the event at ``version`` that will hold it.
    It replaces ``present`` if there is one. Raises InvalidInputError naming a field that is
    wrong."""
    definition = content.checked(definition, present=present)
    hours = definition.expires_after_hours
    if hours is not None and not 0 < hours <= 24 * 366:
        raise InvalidInputError("expires_after_hours", "hours above 0 and up to 8784, or null")
    low, high = values.delay_range(definition.min_delay_seconds, definition.max_delay_seconds)
    if definition.timezone is not None:
        values.zone(definition.timezone)
    for window in definition.windows:
        check_window(window)
    return msgspec.structs.replace(
        definition,
        name=values.name("name", definition.name, longest=200),
        niche=values.tokens("niche", definition.niche),
        target_status=values.target_filter(definition.target_status),
        scheduled_at=values.instant(definition.scheduled_at, "scheduled_at"),
        content_id=f"{campaign_id}:{version}:0",
        min_delay_seconds=low,
        max_delay_seconds=high,
        device_ids=tuple(dict.fromkeys(definition.device_ids)),
    )


def due_at(definition: Definition, zone: ZoneInfo) -> datetime:
    """When the message to somebody in ``zone`` is due."""
    if definition.local_time is None:
        return definition.scheduled_at
    return at_wall(datetime.fromisoformat(definition.local_time), zone)


def earliest(local_time: datetime) -> datetime:
    """When a local time is, in UTC, on the first of all clocks."""
    return (local_time - _FIRST_CLOCK).replace(tzinfo=UTC)


def expires_at(definition: Definition, scheduled_at: datetime) -> datetime | None:
    """The instant after which a message that was planned for ``scheduled_at`` and is not dispatched
    is cancelled as ``expired``; None is never."""
    if definition.expires_after_hours is None:
        return None
    try:
        return scheduled_at + timedelta(hours=definition.expires_after_hours)
    except OverflowError:  # beyond the calendar
        return None
