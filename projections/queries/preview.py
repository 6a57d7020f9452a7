"""What a campaign would do if it started now, by the rules that the campaigner uses."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain import audience, pacing, rendering
from domain.errors import NotFoundError
from domain.pacing import Pace
from domain.values import zone
from projections.database.engine import rows
from projections.queries.preview_texts import Sample, Texts, TextWarning
from projections.readmodels import campaigns, devices, leads

# Leads per query.
CHUNK = 5000


class DeviceShare(msgspec.Struct, frozen=True, kw_only=True):
    """What one device would send.

    ``messages`` are the campaign's; ``waiting`` is how many messages the device has pending
    already. ``finishes_at`` is when the last one would be sent at the device's average pace and
    within its daily limit.
    """

    device_id: UUID
    name: str
    status: str
    messages: int
    waiting: int
    finishes_at: datetime


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """How many leads would get a message (``audience``), and how many match and would get none.

    The latter are counted by reason in ``excluded``. ``finishes_at`` is that of the last device,
    None without an audience. ``samples`` are what the first leads would get, and ``warnings`` what
    is wrong with the text.
    """

    campaign_id: UUID
    audience: int
    excluded: dict[str, int]
    devices: list[DeviceShare]
    finishes_at: datetime | None
    samples: list[Sample]
    warnings: list[TextWarning]


def preview(connection: Connection, campaign_id: UUID, now: datetime) -> Preview:
    """The preview of a campaign at the instant ``now``. Raises NotFoundError."""
    campaign = campaigns.by_id(connection, campaign_id)
    if campaign is None:
        raise NotFoundError("campaign", campaign_id)
    excluded: Counter[str] = Counter()
    share: Counter[UUID] = Counter()
    definition = campaign.definition
    start = max(now, definition.scheduled_at)
    gateways = devices.gateways(connection)
    senders = audience.Senders(devices.statuses(connection), gateways, definition)
    texts = Texts(definition, gateways, start)
    cursor: UUID | None = None
    while chunk := leads.audience(connection, campaign_id, cursor, CHUNK, named=True):
        cursor = chunk[-1].lead_id
        for row in chunk:
            names = rendering.names_of(row.name, row.phone, row.attributes)
            sender = senders.admit(
                row.lead_id,
                row.device_id,
                opted_out=row.opted_out_at is not None,
                unreachable=row.unreachable_at is not None,
                names=names,
            )
            if isinstance(sender, UUID):
                share[sender] += 1
                texts.add(row, names, sender)
                continue
            excluded[sender] += 1
            if sender == "template_variable_missing":
                texts.leave_out(names)
    asked = Pace(definition.min_delay_seconds, definition.max_delay_seconds)
    shares = [
        DeviceShare(
            device_id=row.device_id,
            name=row.name,
            status=row.status,
            messages=share[row.device_id],
            waiting=row.waiting,
            finishes_at=pacing.projected_finish(
                start,
                row.waiting + share[row.device_id],
                Pace(row.min_delay_seconds, row.max_delay_seconds).slower_of(asked),
                row.daily_limit,
                row.used if start == now else 0,
                zone(row.timezone),
            ),
        )
        for row in _backlog(connection, now)
        if share[row.device_id]
    ]
    return Preview(
        campaign_id=campaign_id,
        audience=share.total(),
        excluded=dict(excluded),
        devices=shares,
        finishes_at=max((device.finishes_at for device in shares), default=None),
        samples=texts.samples,
        warnings=texts.warnings(),
    )


def _backlog(connection: Connection, now: datetime) -> list[Any]:
    """The rows of devices in service, each with how many messages are ``waiting`` on it and how
    many slots of its day it has ``used``."""
    return rows(
        connection,
        """
        SELECT d.*, (SELECT count(*) FROM broadcast_messages m
                     WHERE m.device_id = d.device_id AND m.due_at IS NOT NULL) AS waiting,
            coalesce((SELECT u.claimed FROM device_days u WHERE u.device_id = d.device_id
                AND u.day = (%(now)s::timestamptz AT TIME ZONE d.timezone)::date), 0) AS used
        FROM devices d WHERE d.status <> 'retired' ORDER BY d.name, d.device_id
        """,
        now=now,
    )
