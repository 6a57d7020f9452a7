"""Campaigns: events into rows, and what runners and people ask of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.campaign import Approval, Campaign, Counted
from domain.campaign.definition import Definition
from domain.segments import Predicate
from projections.database.engine import rows
from projections.database.quarantined import FaultyError, not_aside
from projections.readmodels.handler import Handlers, beside, handler, keys
from projections.schema.expressions import SENDING_STATUS


def _new(status: str, awaits: str = "false") -> str:
    """The campaigns whose first events these are, in that status."""
    return f"""
WITH e AS ({{events}})
INSERT INTO campaigns (campaign_id, version, status, name, scheduled_at, niche_keys, target_status,
    min_delay_seconds, max_delay_seconds, definition, scheduled, excluded, audience_completed,
    made_by, changed_by, awaits_approval)
SELECT originator_id, originator_version, '{status}', definition ->> 'name',
    (definition ->> 'scheduled_at')::timestamptz, {keys("definition -> 'niche'")},
    definition ->> 'target_status', (definition ->> 'min_delay_seconds')::float8,
    (definition ->> 'max_delay_seconds')::float8, definition::jsonb, 0, '{{}}', false,
    actor, actor, {awaits}
FROM e WHERE originator_version = 1
"""


def _redefined(changes: str = "") -> str:
    """The campaigns that are defined anew."""
    return f"""
WITH e AS ({{events}})
UPDATE campaigns c
SET version = e.originator_version, {changes}
    name = e.definition ->> 'name',
    scheduled_at = (e.definition ->> 'scheduled_at')::timestamptz,
    niche_keys = {keys("e.definition -> 'niche'")},
    target_status = e.definition ->> 'target_status',
    min_delay_seconds = (e.definition ->> 'min_delay_seconds')::float8,
    max_delay_seconds = (e.definition ->> 'max_delay_seconds')::float8,
    definition = e.definition::jsonb,
    changed_by = CASE WHEN coalesce(e.approval, 'kept') = 'kept' THEN c.changed_by ELSE e.actor END,
    awaits_approval = CASE WHEN coalesce(e.approval, 'kept') = 'kept' THEN c.awaits_approval
        ELSE e.approval = 'needed' END,
    approved = CASE WHEN coalesce(e.approval, 'kept') = 'kept' THEN c.approved END
FROM e WHERE c.campaign_id = e.originator_id AND c.version = e.originator_version - 1
    AND e.originator_version > 1
"""


_AUDIENCE_EXTENDED = """
WITH e AS ({events})
UPDATE campaigns c
SET version = e.originator_version, cursor = e.cursor, scheduled = c.scheduled + e.scheduled,
    excluded = coalesce((
        SELECT jsonb_object_agg(reason, leads) FROM (
            SELECT reason, sum(count::int) AS leads FROM (
                SELECT * FROM jsonb_each_text(c.excluded)
                UNION ALL SELECT * FROM json_each_text(e.excluded)) counts (reason, count)
            GROUP BY reason) sums), '{}')
FROM e WHERE c.campaign_id = e.originator_id AND c.version = e.originator_version - 1
"""


def _update(changes: str) -> str:
    """Changes the campaigns, and nothing of their messages."""
    return f"""
WITH e AS ({{events}})
UPDATE campaigns c SET version = e.originator_version, {changes}
FROM e WHERE c.campaign_id = e.originator_id AND c.version = e.originator_version - 1
"""


# A statement of its own, so that it sees what others committed before the campaign's row was
# locked.
_HOLD_OR_FREE_MESSAGES = f"""
WITH e AS ({{events}}), c AS MATERIALIZED (
    SELECT c.campaign_id, c.undo_until,
        message_is_held({SENDING_STATUS.format(c="c.")}, NULL, NULL) AS held
    FROM campaigns c JOIN e ON c.campaign_id = e.originator_id
)
UPDATE broadcast_messages m
SET due_at = CASE WHEN NOT c.held
    THEN greatest(coalesce(m.retry_at, m.scheduled_at), c.undo_until) END
FROM c
WHERE m.campaign_id = c.campaign_id AND m.status = 'pending' AND (m.due_at IS NULL) <> c.held
"""

HOLD_OR_FREE = beside(_HOLD_OR_FREE_MESSAGES)

# Where a page of a rebuild has both, messages are planned before their campaign starts.
_WAIT_FOR_UNDO = """
WITH e AS ({events})
UPDATE broadcast_messages m SET due_at = e.undo_until
FROM e WHERE m.campaign_id = e.originator_id AND m.due_at < e.undo_until
"""

_NOT_ASIDE = not_aside("campaign", "campaigns.campaign_id")

_DEFINED = "definition json, actor text, approval text"

HANDLERS: Handlers = {
    ("campaign.drafted",): (handler(_new("draft"), "definition json, actor text"),),
    # Of each event one of the two statements makes or changes a row.
    ("campaign.scheduled",): (
        handler(_new("pending", "coalesce(approval = 'needed', false)"), _DEFINED),
        handler(_redefined("status = 'pending',"), _DEFINED),
    ),
    ("campaign.revised",): (handler(_redefined(), _DEFINED), HOLD_OR_FREE),
    ("campaign.approved",): (
        handler(
            _update(
                "awaits_approval = false, approved = jsonb_build_object('by', e.actor, 'at',"
                " e.timestamp, 'segment', e.segment)"
            ),
            "actor text, segment json",
        ),
        HOLD_OR_FREE,
    ),
    ("campaign.triggered",): (
        handler(
            _update(
                "status = 'triggering', triggered_at = e.timestamp, undo_until = e.undo_until,"
                " segment = e.segment::jsonb"
            ),
            "undo_until timestamptz, segment json",
        ),
        beside(_WAIT_FOR_UNDO, "undo_until timestamptz"),
    ),
    ("campaign.audience_extended",): (
        handler(_AUDIENCE_EXTENDED, "cursor uuid, scheduled int, excluded json"),
    ),
    ("campaign.audience_completed",): (
        handler(_update("status = 'triggered', audience_completed = true")),
    ),
    ("campaign.paused",): (
        handler(
            _update(
                "status = 'paused', paused_from = c.status, braked = CASE WHEN e.reason = 'brake'"
                " THEN jsonb_build_object('tried', e.tried, 'failed', coalesce(e.failed, 0),"
                " 'opted_out', coalesce(e.opted_out, 0), 'share', e.share, 'at', e.timestamp) END"
            ),
            "reason text, tried int, failed int, opted_out int, share json",
        ),
        HOLD_OR_FREE,
    ),
    ("campaign.resumed",): (
        handler(
            _update(
                "status = c.paused_from, paused_from = NULL, braked = NULL, counted_before ="
                " jsonb_build_object('tried', coalesce(e.tried, 0), 'failed',"
                " coalesce(e.failed, 0), 'opted_out', coalesce(e.opted_out, 0))"
            ),
            "tried int, failed int, opted_out int",
        ),
        HOLD_OR_FREE,
    ),
    ("campaign.cancelled",): (
        handler(_update("status = 'cancelled', paused_from = NULL, braked = NULL")),
        HOLD_OR_FREE,
    ),
    ("campaign.finished",): (handler(_update("status = 'finished'")),),
    ("campaign.reopened",): (handler(_update("status = 'triggered'")),),
    ("campaign.tested",): (handler(_update("status = c.status")),),
}


def state(row: Any) -> Campaign:
    """The aggregate's state, from a row of ``campaigns``. Raises FaultyError if it is none."""
    try:
        definition = msgspec.convert(row.definition, Definition)
        segment = msgspec.convert(row.segment, Predicate | None)
    except msgspec.ValidationError as error:
        raise FaultyError("campaign", row.campaign_id, error) from None
    return Campaign(
        id=row.campaign_id,
        version=row.version,
        status=row.status,
        definition=definition,
        paused_from=row.paused_from,
        triggered_at=row.triggered_at,
        undo_until=row.undo_until,
        made_by=row.made_by,
        changed_by=row.changed_by,
        awaits_approval=row.awaits_approval,
        pause_reason="" if row.braked is None else "brake",
        counted_before=msgspec.convert(row.counted_before or {}, Counted),
        approved=msgspec.convert(row.approved, Approval | None),
        segment=segment,
        cursor=row.cursor,
        scheduled=row.scheduled,
        excluded=row.excluded,
        audience_completed=row.audience_completed,
    )


def next_to_start(connection: Connection, now: datetime) -> Campaign | None:
    """Locks a campaign whose instant has come, the earliest first; another campaigner's are left
    to it."""
    campaigns = rows(
        connection,
        f"SELECT * FROM campaigns WHERE status = 'pending' AND scheduled_at <= %(now)s"
        f" AND NOT awaits_approval"
        f" AND {_NOT_ASIDE} ORDER BY scheduled_at, campaign_id LIMIT 1 FOR UPDATE SKIP LOCKED",
        now=now,
    )
    return state(campaigns[0]) if campaigns else None


def next_to_extend(connection: Connection) -> Campaign | None:
    """Locks a campaign whose audience is not complete."""
    campaigns = rows(
        connection,
        f"SELECT * FROM campaigns WHERE status = 'triggering' AND {_NOT_ASIDE}"
        " ORDER BY triggered_at, campaign_id LIMIT 1 FOR UPDATE SKIP LOCKED",
    )
    return state(campaigns[0]) if campaigns else None


def finished(connection: Connection) -> list[Campaign]:
    """Locks the triggered campaigns of which nothing is pending, processing or queued."""
    campaigns = rows(
        connection,
        f"""
        SELECT c.* FROM campaigns c
        WHERE c.status = 'triggered' AND {not_aside("campaign", "c.campaign_id")} AND NOT EXISTS (
            SELECT FROM message_counts n WHERE n.owner_id = c.campaign_id
              AND n.pending + n.processing + n.queued > 0)
        ORDER BY c.campaign_id FOR UPDATE OF c SKIP LOCKED
        """,
    )
    return [state(row) for row in campaigns]


# SQL: what was counted of campaign ``c`` by its counts ``n``.
_COUNTED = """coalesce(n.sent + n.failed, 0) AS tried, coalesce(n.failed, 0) AS failed,
    coalesce(n.opted_out, 0) AS opted_out"""


def counted(connection: Connection, campaign_id: UUID) -> Counted:
    """How many of its messages were tried, and what came of it."""
    found = rows(
        connection,
        f"SELECT {_COUNTED} FROM message_counts n WHERE n.owner_id = %(id)s AND n.step = 0",
        id=str(campaign_id),
    )
    return Counted(*found[0]) if found else Counted()


def with_brake(connection: Connection) -> list[tuple[Campaign, Counted]]:
    """Locks those campaigns under way, with something to hold, whose brake has counted enough."""
    found = rows(
        connection,
        f"""
        SELECT c.*, {_COUNTED}
        FROM campaigns c JOIN message_counts n ON n.owner_id = c.campaign_id AND n.step = 0
        WHERE c.status IN ('triggering', 'triggered')
          AND n.sent + n.failed >= (c.definition -> 'brake' ->> 'at_least')::int
          AND n.failed + n.opted_out > 0
          AND (c.status = 'triggering' OR n.pending + n.processing > 0)
        ORDER BY c.campaign_id FOR UPDATE OF c
        """,
    )
    return [(state(row), Counted(row.tried, row.failed, row.opted_out)) for row in found]


def next_scheduled(connection: Connection) -> datetime | None:
    """When the next pending campaign that awaits no approval is to start; None if there is
    none."""
    campaigns = rows(
        connection,
        "SELECT min(scheduled_at) AS at FROM campaigns WHERE status = 'pending'"
        " AND NOT awaits_approval",
    )
    at: datetime | None = campaigns[0].at
    return at


def by_id(connection: Connection, campaign_id: UUID) -> Campaign | None:
    """The campaign of that id, if there is one."""
    campaigns = rows(
        connection, "SELECT * FROM campaigns WHERE campaign_id = %(id)s", id=campaign_id
    )
    return state(campaigns[0]) if campaigns else None
