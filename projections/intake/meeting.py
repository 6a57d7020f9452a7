"""Who has met whom: what ``domain.meeting`` decides upon, read for many people at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection

from domain.meeting import Meetings, meetings
from projections.database.engine import rows, uuids


def of_leads(connection: Connection, lead_ids: Collection[UUID]) -> dict[UUID, Meetings]:
    """The devices that have met each of these leads, or a lead that was merged into it."""
    if not lead_ids:
        return {}
    found = rows(
        connection,
        """
        WITH l AS (SELECT coalesce(merged_into, lead_id) AS person_id, * FROM leads
            WHERE lead_id = ANY(%(ids)s::uuid[]) OR merged_into = ANY(%(ids)s::uuid[]))
        , met AS (
            SELECT person_id, 'own' AS how, device_id FROM l
            UNION
            SELECT l.person_id, 'wrote', m.device_id
            FROM l JOIN broadcast_messages m USING (lead_id) WHERE m.queued_at IS NOT NULL
            UNION
            SELECT person_id, 'heard', replied_through FROM l
            UNION
            SELECT l.person_id, 'heard', r.device_id FROM l JOIN replies r USING (lead_id))
        SELECT met.person_id, met.how, met.device_id, d.status <> 'retired' AS in_service
        FROM met JOIN devices d USING (device_id)
        """,
        ids=uuids(lead_ids),
    )
    in_service = {row.device_id for row in found if row.in_service}
    by_person: dict[UUID, dict[str, set[UUID]]] = defaultdict(lambda: defaultdict(set))
    for row in found:
        by_person[row.person_id][row.how].add(row.device_id)
    return {
        id_: meetings(how["own"], how["wrote"], how["heard"], in_service)
        for id_, how in by_person.items()
    }
