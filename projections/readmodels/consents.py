"""What people agreed to: events into rows, and who agrees to what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.lead import Consent
from projections.database.engine import rows, uuids
from projections.database.prepared import prepared
from projections.readmodels.handler import Handlers, handler
from projections.readmodels.segment_conditions import Compiled

# One that was given before its purpose was withdrawn is not in force.
_GIVEN = """
WITH e AS ({events}), kept AS (
    INSERT INTO lead_consents (lead_id, version, consent_id, purpose, source, words, given_at,
        recorded_at, recorded_by, reply_id, from_lead, withdrawn_at, withdrawal)
    SELECT e.originator_id, e.originator_version,
        -- The ids are in the order of time.
        (lpad(to_hex((extract(epoch FROM e.timestamp) * 1000)::bigint), 12, '0')
            || lpad(to_hex(e.originator_version), 4, '0')
            || right(md5(e.originator_id || ' consent ' || e.originator_version), 16))::uuid,
        e.purpose, e.source, e.words, e.given_at, e.timestamp, e.actor, e.reply_id,
        e.from_lead, w.withdrawn_at, w.withdrawal
    FROM e LEFT JOIN LATERAL (
        SELECT k.withdrawn_at, k.withdrawal FROM lead_consents k
        WHERE k.lead_id = e.originator_id AND k.purpose = e.purpose
          AND k.withdrawn_at > e.given_at
        ORDER BY k.version DESC LIMIT 1) w ON true
)
UPDATE leads l SET version = e.originator_version
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

_WITHDRAWN = """
WITH e AS ({events}), changed AS (
    UPDATE lead_consents k SET withdrawn_at = e.timestamp, withdrawal = e.evidence
    FROM e WHERE k.lead_id = e.originator_id AND k.purpose = e.purpose AND k.withdrawn_at IS NULL
)
UPDATE leads l SET version = e.originator_version
FROM e WHERE l.lead_id = e.originator_id AND l.version = e.originator_version - 1
"""

HANDLERS: Handlers = {
    ("lead.consent_given",): (
        handler(
            _GIVEN,
            "purpose text, source text, words text, given_at timestamptz, reply_id uuid,"
            " from_lead uuid, actor text",
        ),
    ),
    ("lead.consent_withdrawn",): (handler(_WITHDRAWN, "purpose text, evidence text"),),
}

# SQL: whether lead ``l`` agrees to the purpose ``{purpose}``.
AGREES = """EXISTS (SELECT FROM lead_consents k
    WHERE k.lead_id = l.lead_id AND k.purpose = {purpose} AND k.withdrawn_at IS NULL)"""

# A lead that was merged is written to by the consent of the lead that goes on for it. The rows stay
# as they are until the transaction ends: who withdraws meanwhile comes after the dispatch.
_HELD = prepared("""
SELECT w.lead_id::text, w.purpose
FROM unnest(%(ids)s::uuid[], %(purposes)s::text[]) AS w(lead_id, purpose)
JOIN leads l ON l.lead_id = w.lead_id
JOIN lead_consents k ON k.lead_id = coalesce(l.merged_into, l.lead_id)
    AND k.purpose = w.purpose AND k.withdrawn_at IS NULL
ORDER BY k.lead_id, k.version FOR SHARE OF k
""")


def asked(purpose: str | None) -> Compiled:
    """SQL that is true of each lead ``l`` that agrees to the purpose, and of every lead where it is
    None."""
    if purpose is None:
        return Compiled("true", {})
    return Compiled(AGREES.format(purpose="%(consent_purpose)s"), {"consent_purpose": purpose})


def held(connection: Connection, wanted: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these pairs of a lead's id and a purpose of which the person agrees, which stays so
    until the transaction ends."""
    pairs = sorted(wanted)
    if not pairs:
        return set()
    found = rows(
        connection,
        _HELD,
        ids=uuids(lead_id for lead_id, _ in pairs),
        # A purpose has no character that means something in an array.
        purposes=f"{{{','.join(purpose for _, purpose in pairs)}}}",
    )
    return {(row[0], row[1]) for row in found}


def of_leads(connection: Connection, lead_ids: Iterable[UUID]) -> dict[UUID, list[Consent]]:
    """All consents of each of these leads that were recorded, in their order."""
    found: dict[UUID, list[Consent]] = {}
    for row in recorded(connection, lead_ids):
        found.setdefault(row.lead_id, []).append(state(row))
    return found


def recorded(connection: Connection, lead_ids: Iterable[UUID]) -> list[Any]:
    """The rows of these leads' consents, in their order."""
    return rows(
        connection,
        "SELECT * FROM lead_consents WHERE lead_id = ANY(%(ids)s::uuid[])"
        " ORDER BY lead_id, version",
        ids=uuids(lead_ids),
    )


def state(row: Any) -> Consent:
    """The consent of a row."""
    return Consent(
        **{name: getattr(row, name) for name in Consent.__struct_fields__},
    )
