"""What became of a campaign so far and what it would do from now on, by the rules that the
campaigner and the runners use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.campaign import Campaign
from domain.errors import NotFoundError
from domain.forecast import Waiting, last_sent
from domain.pacing import Pace
from domain.windows import ALWAYS, Hours, next_open
from domain.zones import House
from projections.database.engine import rows, uuids
from projections.queries import device_lines
from projections.queries.preview_audience import UTC_ZONE, Audience, Reader
from projections.queries.preview_texts import Sample, TextWarning
from projections.readmodels import campaigns

# For each person that a preview looks at, it looks at so many other messages.
OTHERS = 50
# A time that is farther ahead may have a wrong year.
FAR = timedelta(days=366)


class DeviceShare(msgspec.Struct, frozen=True, kw_only=True):
    """What one device sends.

    ``messages`` are the campaign's; ``waiting`` is how many others the device has pending.
    ``finishes_at`` is when the last of the campaign's is sent, or was: at the device's average
    pace, within its limit of each day, and while people may be written to. None where nobody knows.
    """

    device_id: UUID
    name: str
    status: str
    messages: int
    waiting: int
    finishes_at: datetime | None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """How many leads get a message (``audience``), and how many match and get none.

    The latter are counted by reason in ``excluded``. ``by_status`` counts the messages that there
    are. ``finishes_at`` is that of the last device, None without an audience or where nobody knows;
    then ``not_before`` says what has to happen first. ``samples`` are what the first leads would
    get that got nothing yet, and ``warnings`` what is wrong with the text. What is not ``whole`` is
    of a part of the people alone, and says nothing of an end.
    """

    campaign_id: UUID
    status: str
    whole: bool
    audience: int
    excluded: dict[str, int]
    by_status: dict[str, int]
    devices: list[DeviceShare]
    finishes_at: datetime | None
    not_before: str | None
    samples: list[Sample]
    warnings: list[TextWarning]


def preview(
    connection: Connection,
    campaign_id: UUID,
    now: datetime,
    house: House,
    most: int | None = None,
) -> Preview:
    """The preview of a campaign at the instant ``now``, which looks at no more than so many people,
    and as many times that of what else waits; at all where ``most`` is None. Raises
    NotFoundError."""
    campaign = campaigns.by_id(connection, campaign_id)
    if campaign is None:
        raise NotFoundError("campaign", campaign_id)
    reader = Reader(connection, campaign, house, now, most)
    found = reader.read()
    others = _others(connection, campaign_id, found.share, most) if found.whole else None
    whole = others is not None
    shares = _shares(connection, campaign, found, reader.hours, now, others or ()) if whole else []
    ends = [share.finishes_at for share in shares if share.finishes_at is not None]
    obstacles = list(_obstacles(campaign, found, shares, reader.hours, now))
    return Preview(
        campaign_id=campaign_id,
        status=campaign.status,
        whole=whole,
        audience=found.share.total(),
        excluded=dict(found.excluded),
        by_status=dict(found.by_status),
        devices=shares,
        finishes_at=None if obstacles or not whole else max(ends, default=None),
        not_before=f"not before {' and '.join(obstacles)}" if obstacles and whole else None,
        samples=found.texts.samples,
        warnings=[*_doubtful(campaign, now), *found.texts.warnings()],
    )


def _doubtful(campaign: Campaign, now: datetime) -> Iterable[TextWarning]:
    """What may not be meant, of a campaign that has not started."""
    if campaign.triggered_at is not None or campaign.status not in ("draft", "pending", "paused"):
        return
    wanted = campaign.definition
    if not wanted.niche and wanted.target_status == "all" and wanted.segment_id is None:
        yield TextWarning(code="everybody", message="it goes to every lead: niche is empty")
    if wanted.scheduled_at is not None and wanted.scheduled_at < now:
        yield TextWarning(code="in_the_past", message="its time is over: it starts at once")
    if wanted.scheduled_at is not None and wanted.scheduled_at > now + FAR:
        yield TextWarning(code="far_ahead", message="its time is more than a year ahead")


def _obstacles(
    campaign: Campaign, found: Audience, shares: Iterable[DeviceShare], hours: Hours, now: datetime
) -> Iterable[str]:
    """What has to happen before the campaign can end, if that is more than waiting."""
    if campaign.status == "cancelled":
        return  # what is pending still is never sent
    if campaign.status == "paused":
        yield "the campaign is resumed"
    to_send = {due.device_id for due in found.due}
    if to_send and hours and next_open(now, hours, UTC_ZONE) is None:
        yield "a window is open outside the quiet hours"
        return
    for share in shares:
        if share.device_id in to_send and share.finishes_at is None:
            if share.status == "offline":
                yield f"{share.name} is back"
            elif share.status == "online" and campaign.status != "paused":
                yield f"ten years from now, so much waits for {share.name}"


def _shares(
    connection: Connection,
    campaign: Campaign,
    found: Audience,
    hours: Hours,
    now: datetime,
    others: Iterable[Any],
) -> list[DeviceShare]:
    definition = campaign.definition
    asked = Pace(definition.min_delay_seconds, definition.max_delay_seconds)
    waiting: dict[UUID, list[Waiting]] = {device_id: [] for device_id in found.share}
    devices = device_lines.read(connection, found.share, now)
    paces = {row.device_id: device_lines.pace(row) for row in devices}
    for due, messages in found.due.items():
        pace = paces[due.device_id].slower_of(asked)
        waiting[due.device_id].append(
            Waiting(messages=messages, due_at=due.due_at, pace=pace, hours=hours, zone=due.zone)
        )
    for row in others:
        waiting[row.device_id].append(
            Waiting(
                messages=row.messages,
                due_at=row.due_at,
                pace=paces[row.device_id],
                # They were planned for hours in which people may be written to.
                hours=ALWAYS,
                zone=UTC_ZONE,
                asked=False,
            )
        )
    held = campaign.status in ("paused", "cancelled")
    return [_share(row, found, waiting[row.device_id], now, held=held) for row in devices]


def _share(
    row: Any, found: Audience, waiting: list[Waiting], now: datetime, *, held: bool
) -> DeviceShare:
    finishes_at = found.ended.get(row.device_id)
    if any(each.asked for each in waiting):
        days = device_lines.days(row)
        finishes_at = None
        if row.status == "online" and not held:
            finishes_at = last_sent(_free_at(row, now), waiting, days)
    return DeviceShare(
        device_id=row.device_id,
        name=row.name,
        status=row.status,
        messages=found.share[row.device_id],
        waiting=sum(each.messages for each in waiting if not each.asked),
        finishes_at=finishes_at,
    )


def _free_at(row: Any, now: datetime) -> datetime:
    """When the device may send the next, from a row of ``device_lines``."""
    last = device_lines.last_slot(row, now)
    return (
        now if last is None else max(now, last + timedelta(seconds=device_lines.pace(row).average))
    )


def _others(
    connection: Connection, campaign_id: UUID, ids: Iterable[UUID], most: int | None
) -> list[Any] | None:
    """How many other messages wait on these devices, by the hour in which they are due; None if
    more wait than ``OTHERS`` times ``most``. The claim's index alone says what waits, and of it the
    campaign's own are taken away."""
    found = rows(
        connection,
        """
        WITH waiting AS MATERIALIZED (
            SELECT device_id, due_at FROM broadcast_messages
            WHERE device_id = ANY(%(ids)s::uuid[]) AND due_at IS NOT NULL LIMIT %(limit)s
        ), own AS (
            SELECT device_id, due_at FROM broadcast_messages
            WHERE campaign_id = %(campaign_id)s AND due_at IS NOT NULL
        )
        SELECT device_id, date_trunc('hour', due_at) AS due_at, sum(n)::int AS messages,
            (SELECT count(*) FROM waiting) AS looked_at
        FROM (SELECT device_id, due_at, 1 AS n FROM waiting
              UNION ALL SELECT device_id, due_at, -1 FROM own) m
        GROUP BY 1, 2 HAVING sum(n) > 0
        """,
        campaign_id=str(campaign_id),
        ids=uuids(ids),
        limit=None if most is None else most * OTHERS + 1,
    )
    beyond = most is not None and any(row.looked_at > most * OTHERS for row in found)
    return None if beyond else found
