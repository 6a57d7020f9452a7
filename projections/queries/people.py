"""What is known of a person besides the lead itself, and what people wrote.

A lead stands for those that were merged into it, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from projections.database.engine import rows, uuids
from projections.queries.pages import SOURCES
from projections.schema.expressions import address_key

_REPLIES, _ = SOURCES["reply"]
_SUPPRESSIONS, _ = SOURCES["suppression"]


def lead_ids(connection: Connection, lead_id: UUID) -> list[UUID]:
    """The lead, and those that were merged into it."""
    found = rows(
        connection,
        "SELECT lead_id FROM leads WHERE lead_id = %(id)s OR merged_into = %(id)s ORDER BY 1",
        id=lead_id,
    )
    return [row.lead_id for row in found]


def called(connection: Connection, lead_ids: Iterable[UUID]) -> dict[UUID, tuple[str, str | None]]:
    """The names and phones of these leads as they are now; of one that was erased neither."""
    found = rows(
        connection,
        "SELECT lead_id, name, phone FROM leads WHERE lead_id = ANY(%(ids)s::uuid[])",
        ids=uuids(lead_ids),
    )
    return {row.lead_id: (row.name, row.phone) for row in found}


def keys(connection: Connection, lead_ids: Iterable[UUID]) -> list[str]:
    """By what the person of these leads is found."""
    found = rows(
        connection,
        "SELECT DISTINCT key FROM lead_addresses WHERE lead_id = ANY(%(ids)s::uuid[]) ORDER BY 1",
        ids=uuids(lead_ids),
    )
    return [row.key for row in found]


def replies(connection: Connection, lead_ids: Iterable[UUID], keys: Sequence[str]) -> Sequence[Any]:
    """What the person of these leads wrote, in the order in which it came; also what came from an
    address with one of these keys before anybody was known by it."""
    return rows(
        connection,
        f"""
        SELECT * FROM {_REPLIES} r WHERE lead_id = ANY(%(ids)s::uuid[])
        UNION ALL
        SELECT * FROM {_REPLIES} r WHERE lead_id IS NULL AND reply_id IN (
            SELECT u.reply_id FROM unattributed_replies u, jsonb_array_elements(u.sender) s
            WHERE {address_key("s")} = ANY(%(keys)s)
        )
        ORDER BY received_at, reply_id
        """,
        ids=uuids(lead_ids),
        keys=keys,
    )


def suppressions(connection: Connection, keys: Sequence[str]) -> Sequence[Any]:
    """The suppressions in force of addresses with these keys, the oldest first."""
    return rows(
        connection,
        f"SELECT * FROM {_SUPPRESSIONS} s WHERE key = ANY(%(keys)s)"
        " ORDER BY created_at, suppression_id",
        keys=keys,
    )
