"""Who matches a campaign and gets no message for one reason: as of now, by the rule that the
campaigner uses."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain import audience, rendering
from domain.campaign import Campaign
from projections.database.engine import rows, uuids
from projections.readmodels import consents, devices, leads, segments
from projections.readmodels.segment_conditions import Compiled
from projections.schema.expressions import FIRST_CONTACT

# Leads that a page looks at, if few of them are left out: then a page may have few items, or none,
# and others after it.
MOST = 20_000
CHUNK = 2000
# SQL: of lead ``l``, what is so of everybody who is left out for a reason. Others are told apart
# by the devices.
_SURE = {
    "opted_out": "l.opted_out_at IS NOT NULL",
    "unreachable": "l.opted_out_at IS NULL AND l.unreachable_at IS NOT NULL",
}
EVERYBODY = Compiled("true", {})
_OTHERS = "l.opted_out_at IS NULL AND l.unreachable_at IS NULL"


class Page(NamedTuple):
    """Leads, and the lead after which the next page begins; None at the end."""

    leads: list[Any]
    after: UUID | None


def page(
    connection: Connection,
    state: Campaign,
    reason: str,
    after: UUID | None,
    limit: int,
    now: datetime,
    most: int | None = None,
) -> Page:
    """Up to ``limit`` leads that match the campaign, have no message of it, and would be left out
    for ``reason`` now, after the lead ``after``. A campaign that has started does not look at those
    who were registered since. At most ``most`` leads are looked at, or ``MOST``."""
    if state.audience_completed and not any(state.excluded.values()):
        return Page([], None)
    most = min(MOST, most or MOST)
    statuses = devices.statuses(connection)
    gateways = devices.gateways(connection)
    senders = audience.of_campaign(state.id, state.definition, statuses, gateways)
    start = max(now, state.definition.scheduled_at or now)
    asked = segments.of_campaign(connection, state, start) or EVERYBODY
    agrees = consents.asked(state.definition.requires_consent)
    found: list[Any] = []
    looked_at = 0
    size = limit + 1 if reason in _SURE else min(CHUNK, most)
    while looked_at < most:
        chunk = rows(
            connection,
            f"""
            SELECT l.lead_id, l.version, l.phone, l.name, l.attributes, l.device_id,
                l.replied_through, {FIRST_CONTACT} AS first_contact, l.opted_out_at,
                l.unreachable_at, {agrees.sql} AS agrees
            FROM campaigns c JOIN leads l ON {leads.MATCHES.format(a="c")}
            WHERE c.campaign_id = %(id)s AND {_SURE.get(reason, _OTHERS)} AND {asked.sql}
              AND l.registered_at <= coalesce(c.triggered_at, 'infinity')
              AND NOT EXISTS (SELECT FROM broadcast_messages m
                  WHERE m.campaign_id = c.campaign_id AND m.lead_id = l.lead_id)
              AND (%(after)s::uuid IS NULL OR l.lead_id > %(after)s::uuid)
            ORDER BY l.lead_id LIMIT %(limit)s
            """,
            id=str(state.id),
            after=None if after is None else str(after),
            limit=size,
            retired=uuids(devices.retired(statuses)),
            **asked.parameters,
            **agrees.parameters,
        )
        looked_at += len(chunk)
        for row in chunk:
            names = rendering.names_of(row.name, row.phone or "", row.attributes)
            if leads.sender(senders, row, names) == reason:
                if len(found) == limit:
                    return Page(found, after)
                found.append(row)
            after = row.lead_id
        if len(chunk) < size:
            return Page(found, None)
    return Page(found, after)
