"""Leads: events into rows, and what runners and people ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.lead import Lead, Profile
from projections.database.engine import rows, uuids
from projections.database.quarantined import not_aside
from projections.readmodels.counters import Tally
from projections.readmodels.handler import Handlers, handler, keys, texts

# SQL: by what a reply is known.
_REPLY = "sha256(convert_to(provider_id, 'UTF8'))"


def _replied(tally: Tally, rows: Sequence[Any]) -> int:
    """The first of ``rows`` counts the leads, the others the messages that they answer."""
    (_, _, leads), *messages = rows
    tally.marked("replied", messages)
    return int(leads)


_REGISTERED = f"""
WITH e AS ({{events}})
INSERT INTO leads (lead_id, version, phone, name, niche, niche_keys, target_status, triggers,
    trigger_keys, device_id, timezone, attributes, registered_at)
SELECT originator_id, originator_version, nullif(phone, ''), profile ->> 'name',
    {texts("profile -> 'niche'")}, {keys("profile -> 'niche'")}, profile ->> 'target_status',
    {texts("triggers")}, {keys("triggers")}, (profile ->> 'device_id')::uuid,
    profile ->> 'timezone', (profile -> 'attributes')::jsonb, "timestamp"
FROM e WHERE originator_version = 1
"""

_UPDATED = f"""
WITH e AS ({{events}})
UPDATE leads l
SET version = e.originator_version,
    name = e.profile ->> 'name',
    niche = {texts("e.profile -> 'niche'")},
    niche_keys = {keys("e.profile -> 'niche'")},
    target_status = e.profile ->> 'target_status',
    device_id = (e.profile ->> 'device_id')::uuid,
    timezone = e.profile ->> 'timezone',
    attributes = (e.profile -> 'attributes')::jsonb
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_TRIGGERED = """
WITH e AS ({events})
UPDATE leads l
SET version = e.originator_version, triggers = l.triggers || e.trigger,
    trigger_keys = l.trigger_keys || fold_case(e.trigger)
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_TRIGGER_CONSUMED = """
WITH e AS ({events})
UPDATE leads l
SET version = e.originator_version, triggers = array_remove(l.triggers, e.trigger),
    trigger_keys = array_remove(l.trigger_keys, fold_case(e.trigger))
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_OPTED_OUT = """
WITH e AS ({events})
UPDATE leads l SET version = e.originator_version, opted_out_at = e.timestamp
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_OPTED_IN = """
WITH e AS ({events})
UPDATE leads l SET version = e.originator_version, opted_out_at = NULL
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_ERASED = """
WITH e AS ({events}), forgotten AS (
    DELETE FROM replies r USING e WHERE r.lead_id = e.originator_id
)
UPDATE leads l
SET version = e.originator_version, phone = NULL, name = '', attributes = '{}', triggers = '{}',
    trigger_keys = '{}', opted_out_at = coalesce(l.opted_out_at, e.timestamp),
    erased_at = e.timestamp
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_REPLIED = f"""
WITH e AS ({{events}}), known AS (
    INSERT INTO replies (lead_id, reply_sha256)
    SELECT originator_id, {_REPLY} FROM e ON CONFLICT DO NOTHING
), old AS (
    SELECT l.lead_id, l.replied_to FROM leads l JOIN e ON l.lead_id = e.originator_id
), changed AS (
    UPDATE leads l
    SET version = e.originator_version, replied_at = e.timestamp, replied_to = e.message_id
    FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
    RETURNING l.lead_id
)
SELECT NULL AS owner_id, NULL AS step, count(*)::int FROM changed
UNION ALL
(SELECT coalesce(m.campaign_id, m.sequence_id), m.step, count(*)::int
FROM e
JOIN old ON old.lead_id = e.originator_id
JOIN broadcast_messages m ON m.message_id = e.message_id
-- A message counts as replied to once, however often the lead writes after it.
WHERE old.replied_to IS DISTINCT FROM e.message_id
GROUP BY 1, 2)
"""

HANDLERS: Handlers = {
    ("lead.registered",): (handler(_REGISTERED, "phone text, triggers json, profile json"),),
    ("lead.updated",): (handler(_UPDATED, "profile json"),),
    ("lead.triggered",): (handler(_TRIGGERED, "trigger text"),),
    ("lead.trigger_consumed",): (handler(_TRIGGER_CONSUMED, "trigger text"),),
    ("lead.opted_out",): (handler(_OPTED_OUT),),
    ("lead.opted_in",): (handler(_OPTED_IN),),
    ("lead.erased",): (handler(_ERASED),),
}

# Of their own, because they come after the messages.
REPLIES: Handlers = {
    ("lead.replied",): (handler(_REPLIED, "provider_id text, message_id uuid", counted=_replied),),
}

# Whether an audience of niches and a target status takes lead ``l``; ``{a}`` has the criteria.
MATCHES = """
    l.erased_at IS NULL AND (cardinality({a}.niche_keys) = 0 OR l.niche_keys && {a}.niche_keys)
    AND ({a}.target_status = 'all' OR l.target_status = {a}.target_status)
"""


def enrollable(connection: Connection, limit: int) -> list[Any]:
    """Locks up to ``limit`` leads that enter a sequence now and gives one row per lead and
    sequence, in lead order; ``trigger`` is the sequence's trigger as the lead has it.

    A lead enters every active sequence whose trigger it has and whose niche and target status it
    matches, as often as the sequence's re-entry policy says, provided that a device can write to
    it. Leads that another enroller holds are left to it.
    """
    enters = f"""
        s.status = 'active' AND {not_aside("sequence", "s.sequence_id")}
        AND l.trigger_keys @> ARRAY[s.trigger_key]
        AND {MATCHES.format(a="s")}
        AND (s.definition ->> 'reentry' = 'always' OR NOT EXISTS (
            SELECT FROM enrollments e
            WHERE e.lead_id = l.lead_id AND e.sequence_id = s.sequence_id
              AND (s.definition ->> 'reentry' = 'once' OR e.status = 'active')))
    """
    return rows(
        connection,
        f"""
        WITH locked AS MATERIALIZED (
            SELECT l.* FROM leads l
            WHERE l.opted_out_at IS NULL AND {not_aside("lead", "l.lead_id")}
              AND l.trigger_keys && ARRAY(
                  SELECT trigger_key FROM sequences WHERE status = 'active')
              AND EXISTS (SELECT FROM sequences s WHERE {enters})
              AND EXISTS (SELECT FROM devices d WHERE d.status <> 'retired'
                          AND d.device_id = coalesce(l.device_id, d.device_id))
            LIMIT %(limit)s FOR UPDATE OF l SKIP LOCKED
        )
        SELECT l.lead_id, l.version, l.triggers, l.device_id, l.timezone,
            (SELECT t FROM unnest(l.triggers) t WHERE fold_case(t) = s.trigger_key LIMIT 1)
                AS trigger,
            s.sequence_id, s.version AS sequence_version,
            1 + coalesce((SELECT max(entry) FROM enrollments e
                 WHERE e.lead_id = l.lead_id AND e.sequence_id = s.sequence_id), 0) AS entry
        FROM locked l JOIN sequences s ON {enters}
        ORDER BY l.lead_id, s.sequence_id
        """,
        limit=limit,
    )


def audience(
    connection: Connection, campaign_id: UUID, after: UUID | None, limit: int
) -> list[Any]:
    """The next ``limit`` leads, in id order after ``after``, that match the campaign's frozen niche
    and target status; the campaign's row must be locked."""
    return rows(
        connection,
        f"""
        SELECT l.lead_id, l.version, l.device_id, l.opted_out_at
        FROM campaigns c JOIN leads l ON {MATCHES.format(a="c")}
        WHERE c.campaign_id = %(campaign_id)s
          AND (%(after)s::uuid IS NULL OR l.lead_id > %(after)s::uuid)
        ORDER BY l.lead_id LIMIT %(limit)s
        """,
        campaign_id=str(campaign_id),
        after=None if after is None else str(after),
        limit=limit,
    )


def state(row: Any) -> Lead:
    """The aggregate's state, from a row of ``leads``."""
    return Lead(
        id=row.lead_id,
        version=row.version,
        phone=row.phone or "",
        triggers=tuple(row.triggers),
        profile=Profile(
            name=row.name,
            niche=tuple(row.niche),
            target_status=row.target_status,
            device_id=row.device_id,
            timezone=row.timezone,
            attributes=row.attributes,
        ),
        opted_out_at=row.opted_out_at,
        replied_at=row.replied_at,
        replied_to=row.replied_to,
        registered_at=row.registered_at,
        erased_at=row.erased_at,
    )


def states(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Lead]:
    """The leads of these ids that there are."""
    leads = rows(
        connection, "SELECT * FROM leads WHERE lead_id = ANY(%(ids)s::uuid[])", ids=uuids(ids)
    )
    return {row.lead_id: state(row) for row in leads}


def has_replied(connection: Connection, lead_id: UUID, provider_id: str) -> bool:
    """Whether this very reply is recorded already."""
    return bool(
        rows(
            connection,
            f"SELECT FROM replies, (SELECT %(provider_id)s::text AS provider_id) e"
            f" WHERE lead_id = %(lead_id)s AND reply_sha256 = {_REPLY}",
            lead_id=str(lead_id),
            provider_id=provider_id,
        )
    )


def known(connection: Connection, ids: Iterable[UUID]) -> set[UUID]:
    """Those of these ids that are leads already."""
    leads = rows(
        connection,
        "SELECT lead_id FROM leads WHERE lead_id = ANY(%(ids)s::uuid[])",
        ids=uuids(ids),
    )
    return {row.lead_id for row in leads}
