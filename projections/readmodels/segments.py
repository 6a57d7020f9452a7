"""Segments: events into rows, and who names one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.campaign import Campaign
from domain.errors import NotFoundError
from domain.segments import Predicate
from projections.database.engine import rows
from projections.database.quarantined import FaultyError
from projections.readmodels.handler import Handlers, handler
from projections.readmodels.segment_conditions import Compiled, compiled

_SAVED = """
WITH e AS ({events})
INSERT INTO segments AS s (segment_id, version, name, predicate, created_at, updated_at)
SELECT segment_id, originator_version, predicate ->> 'name', predicate::jsonb, "timestamp",
    "timestamp"
FROM e
ON CONFLICT (segment_id) DO UPDATE
SET version = excluded.version, name = excluded.name, predicate = excluded.predicate,
    updated_at = excluded.updated_at
WHERE s.version < excluded.version
"""

_DELETED = """
WITH e AS ({events})
DELETE FROM segments s USING e
WHERE s.segment_id = e.segment_id AND s.version < e.originator_version
"""

HANDLERS: Handlers = {
    ("access.segment_saved",): (handler(_SAVED, "segment_id uuid, predicate json"),),
    ("access.segment_deleted",): (handler(_DELETED, "segment_id uuid"),),
}


def predicate(row: Any) -> Predicate:
    """The predicate of a row of ``segments``."""
    return msgspec.convert(row.predicate, Predicate)


def by_id(connection: Connection, segment_id: UUID, lock: str = "") -> Predicate | None:
    """The segment of that id, if there is one; ``lock`` is a clause such as FOR UPDATE."""
    found = rows(
        connection,
        f"SELECT predicate FROM segments WHERE segment_id = %(id)s {lock}",
        id=segment_id,
    )
    return predicate(found[0]) if found else None


def of_campaign(connection: Connection, campaign: Campaign, at: datetime) -> Compiled | None:
    """What the campaign asks of leads besides niche and target status: the segment as its start
    froze it, or as it is now, asked at the instant ``at``. None if it has none.

    Raises FaultyError where there is no such segment.
    """
    if campaign.triggered_at is not None:
        frozen, at = campaign.segment, campaign.triggered_at
    else:
        frozen = of_definition(connection, campaign)
    return None if frozen is None else compiled(frozen, at)


def of_definition(connection: Connection, campaign: Campaign) -> Predicate | None:
    """The segment that the campaign names, as it was approved, else as the campaign keeps it, else
    as it is now; None if it names none. Raises FaultyError where there is no such segment."""
    if campaign.approved is not None:
        return campaign.approved.segment
    if campaign.definition.segment is not None:
        return campaign.definition.segment
    named = campaign.definition.segment_id
    if named is None:
        return None
    found = by_id(connection, named)
    if found is None:
        raise FaultyError("campaign", campaign.id, NotFoundError("segment", named))
    return found


def of_sequences(connection: Connection, now: datetime) -> Compiled:
    """SQL that is true of each lead ``l`` that active sequence ``s`` asks for by its segment, if it
    has one, at ``now``."""
    found = rows(
        connection,
        "SELECT sequence_id, definition -> 'segment' AS predicate FROM sequences"
        " WHERE status = 'active' AND definition ->> 'segment_id' IS NOT NULL"
        " ORDER BY sequence_id",
    )
    if not found:
        return Compiled("true", {})
    # Each sequence asks its own segment alone.
    cases = ""
    parameters: dict[str, Any] = {}
    for number, row in enumerate(found):
        asked = compiled(predicate(row), now, f"sequence_{number}")
        parameters |= {**asked.parameters, f"sequence_{number}": row.sequence_id}
        cases += f" WHEN %(sequence_{number})s::uuid THEN {asked.sql}"
    return Compiled(f"CASE s.sequence_id{cases} ELSE true END", parameters)


def users(connection: Connection, segment_id: UUID) -> list[Any]:
    """What goes by the segment from now on, as (kind, id, name, status): campaigns that have not
    started, sequences that people may enter, and changes of these that wait for an approval."""
    return rows(
        connection,
        """
        SELECT 'campaign' AS kind, campaign_id AS id, name, status FROM campaigns
        WHERE definition ->> 'segment_id' = %(id)s AND triggered_at IS NULL
          AND status <> 'cancelled'
        UNION ALL
        SELECT 'sequence', sequence_id, name, status FROM sequences
        WHERE definition ->> 'segment_id' = %(id)s AND status <> 'inactive'
        UNION ALL
        SELECT 'proposed change of the sequence', sequence_id, name, status FROM sequences
        WHERE status <> 'inactive' AND EXISTS (
            -- Each is who proposed it, and what.
            SELECT FROM jsonb_array_elements(proposals) p
            WHERE p -> 1 -> 'definition' ->> 'segment_id' = %(id)s)
        ORDER BY 1, 3, 2
        """,
        id=str(segment_id),
    )
