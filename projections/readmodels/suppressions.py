"""Suppressions: events into rows, and which are in force."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.addresses import Address
from domain.suppression import Suppression
from projections.database.engine import rows, uuids
from projections.readmodels.handler import Handlers, handler

_SUPPRESSED = """
WITH e AS ({events})
INSERT INTO suppressions AS s (suppression_id, version, kind, scope, value, key, evidence,
    created_at)
SELECT originator_id, originator_version, address ->> 'kind',
    coalesce(address ->> 'scope', ''), address ->> 'value',
    CASE WHEN address ->> 'kind' = 'wa_id' THEN canonical_phone('+' || (address ->> 'value'))
        ELSE address ->> 'value' END,
    evidence, "timestamp"
FROM e
WHERE originator_version = 1
   OR EXISTS (SELECT FROM suppressions x WHERE x.suppression_id = originator_id)
ON CONFLICT (suppression_id) DO UPDATE
SET version = excluded.version, kind = excluded.kind, scope = excluded.scope,
    value = excluded.value, key = excluded.key, evidence = excluded.evidence,
    created_at = excluded.created_at, released_at = NULL
WHERE s.version = excluded.version - 1
"""

_RELEASED = """
WITH e AS ({events})
UPDATE suppressions s SET version = e.originator_version, released_at = e.timestamp
FROM e WHERE s.suppression_id = e.originator_id AND s.version = e.originator_version - 1
"""

HANDLERS: Handlers = {
    ("suppression.address_suppressed",): (handler(_SUPPRESSED, "address json, evidence text"),),
    ("suppression.address_released",): (handler(_RELEASED),),
}


def by_id(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Suppression]:
    """Locks the suppressions of these ids that there are, in force or not, in id order."""
    found = rows(
        connection,
        "SELECT * FROM suppressions WHERE suppression_id = ANY(%(ids)s::uuid[])"
        " ORDER BY suppression_id FOR UPDATE",
        ids=uuids(ids),
    )
    return {row.suppression_id: _state(row) for row in found}


def of_keys(connection: Connection, keys: Iterable[str]) -> dict[str, Suppression]:
    """The suppressions of these keys of addresses, in force or not."""
    found = rows(
        connection, "SELECT * FROM suppressions WHERE key = ANY(%(keys)s)", keys=list(keys)
    )
    return {row.key: _state(row) for row in found}


def _state(row: Any) -> Suppression:
    return Suppression(
        id=row.suppression_id,
        version=row.version,
        address=Address(row.kind, row.value, row.scope),
        evidence=row.evidence,
        since=row.created_at,
        in_force=row.released_at is None,
    )
