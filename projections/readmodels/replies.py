"""Replies: events into rows, and which are known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.inbound import AHEAD
from domain.repeats import MOST_EDITS
from projections.database.engine import rows, uuids
from projections.readmodels.counters import marked_by_leads
from projections.readmodels.handler import Handlers, handler
from projections.readmodels.messages import AT
from projections.schema.expressions import answered, counted_owner

# SQL: by what a reply is known.
_REPLY = "sha256(convert_to(provider_id, 'UTF8'))"

# SQL: what answers by itself is no reply that counts.
_BY_A_PERSON = "NOT coalesce(automatic, false)"

# Replies of earlier versions have no id of their own.
_REPLIED = f"""
WITH e AS ({{events}}), known AS (
    INSERT INTO replies (lead_id, reply_sha256, reply_id, text, kind, automatic, message_id,
        device_id, gateway, from_kind, from_value, sent_at, received_at)
    SELECT originator_id, {_REPLY},
        coalesce(reply_id, md5(originator_id::text || provider_id)::uuid), text,
        coalesce(kind, 'text'), coalesce(automatic, false), message_id, device_id,
        coalesce(gateway, ''), sender ->> 'kind', sender ->> 'value', sent_at, "timestamp"
    -- Of a person who was erased no reply is kept.
    FROM e WHERE provider_id <> '' ON CONFLICT DO NOTHING
), changed AS (
    UPDATE leads l
    SET version = e.originator_version, replied_at = e.timestamp, replied_to = e.message_id,
        replied_through = coalesce(e.device_id, l.replied_through),
        unreachable_at = NULL, unreachable_code = NULL
    FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
    RETURNING l.lead_id
), {answered("replied_at", _BY_A_PERSON)}
SELECT NULL AS owner_id, NULL AS step, NULL::timestamptz AS at, count(*)::int FROM changed
UNION ALL
(SELECT {counted_owner()}, m.step, {AT}, count(*)::int
FROM e
JOIN broadcast_messages m ON m.message_id = e.message_id
-- A message counts as replied to once, however often the lead writes after it.
WHERE {_BY_A_PERSON} AND NOT EXISTS (SELECT FROM counted k WHERE k.message_id = e.message_id)
GROUP BY 1, 2, 3)
"""

_EDITED = f"""
WITH e AS ({{events}}), edited AS (
    UPDATE replies r SET text = e.text,
        -- Of a person who was erased, and of earlier versions, there is no id.
        edits = CASE WHEN e.edit_id <> ''
            THEN (r.edits || sha256(convert_to(e.edit_id, 'UTF8')))
                [greatest(1, cardinality(r.edits) + 2 - {MOST_EDITS}):]
            ELSE r.edits END
    FROM (SELECT *, {_REPLY} AS reply_sha256 FROM e) e
    WHERE r.lead_id = e.originator_id AND r.reply_sha256 = e.reply_sha256
)
UPDATE leads l SET version = e.originator_version
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

# Of their own, because they come after the messages.
HANDLERS: Handlers = {
    ("lead.replied",): (
        handler(
            _REPLIED,
            "provider_id text, message_id uuid, reply_id uuid, text text, kind text,"
            " automatic boolean, device_id uuid, gateway text, sender json, sent_at timestamptz",
            counted=marked_by_leads("replied"),
        ),
    ),
    ("lead.reply_edited",): (handler(_EDITED, "provider_id text, edit_id text, text text"),),
}


def said_since(
    connection: Connection, lead_ids: Iterable[UUID], since: datetime
) -> list[tuple[UUID, str, datetime]]:
    """What these leads said after ``since`` by the provider's clock: the words, and when. What
    earlier versions recorded of the far future was said when it was recorded."""
    found = rows(
        connection,
        "SELECT lead_id, text,"
        " CASE WHEN sent_at > received_at + %(ahead)s THEN received_at ELSE sent_at END"
        " FROM replies WHERE lead_id = ANY(%(ids)s::uuid[]) AND sent_at > %(since)s",
        ids=uuids(lead_ids),
        since=since,
        ahead=AHEAD,
    )
    return [tuple(row) for row in found]


def said_between(
    connection: Connection, lead_ids: Iterable[UUID], since: datetime, until: datetime
) -> list[Any]:
    """What these leads, and those that were merged into them, said between the two instants, and
    perhaps more: rows of person_id, device_id, kind, text, message_id, reply_id, sent_at and
    received_at."""
    return rows(
        connection,
        """
        SELECT coalesce(l.merged_into, l.lead_id) AS person_id, r.device_id, r.kind, r.text,
            r.message_id, r.reply_id, r.sent_at, r.received_at
        FROM leads l JOIN replies r USING (lead_id)
        WHERE (l.lead_id = ANY(%(ids)s::uuid[]) OR l.merged_into = ANY(%(ids)s::uuid[]))
          -- What has no time of the provider's came before it was recorded.
          AND CASE WHEN r.sent_at IS NULL THEN r.received_at >= %(since)s
              ELSE r.sent_at BETWEEN %(since)s AND %(until)s END
        """,
        ids=uuids(lead_ids),
        since=since,
        until=until,
    )


def known(
    connection: Connection, lead_ids: Iterable[UUID], provider_ids: Iterable[str]
) -> set[tuple[UUID, str]]:
    """Those pairs of a lead and a provider's id that are replies of the lead, or of one that was
    merged into it, or edits of replies, recorded already."""
    found = rows(
        connection,
        f"""
        WITH p AS (SELECT provider_id, {_REPLY} AS reply_sha256
            FROM unnest(%(provider_ids)s::text[]) AS u(provider_id))
        , l AS (SELECT lead_id, coalesce(merged_into, lead_id) AS person_id FROM leads
            WHERE lead_id = ANY(%(ids)s::uuid[]) OR merged_into = ANY(%(ids)s::uuid[]))
        SELECT l.person_id AS lead_id, p.provider_id
        FROM l JOIN replies r USING (lead_id) JOIN p USING (reply_sha256)
        UNION ALL
        SELECT l.person_id, p.provider_id
        FROM l JOIN replies r USING (lead_id) JOIN p ON p.reply_sha256 = ANY(r.edits)
        WHERE r.edits <> '{{}}'
        """,
        ids=uuids(lead_ids),
        provider_ids=list(provider_ids),
    )
    return {(row.lead_id, row.provider_id) for row in found}
