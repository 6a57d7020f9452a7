"""Suppressions: events into rows, and which are in force."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain import suppression
from domain.addresses import Address
from domain.suppression import Suppression
from projections.database.engine import rows, uuids
from projections.database.prepared import prepared
from projections.readmodels.handler import Handlers, handler
from projections.schema.expressions import address_key

_SUPPRESSED = """
WITH e AS ({events})
INSERT INTO suppressions AS s (suppression_id, version, kind, scope, value, key, evidence,
    created_at, said_at, by_person, device_id)
SELECT originator_id, originator_version, address ->> 'kind',
    coalesce(address ->> 'scope', ''), address ->> 'value',
    {key},
    evidence, "timestamp", coalesce(said_at, "timestamp"), said_at IS NOT NULL, device_id
FROM e
WHERE originator_version = 1
   OR EXISTS (SELECT FROM suppressions x WHERE x.suppression_id = originator_id)
ON CONFLICT (suppression_id) DO UPDATE
SET version = excluded.version, by_person = excluded.by_person, released_at = NULL,
    -- In force it is what it was, and is said once more.
    kind = CASE WHEN s.released_at IS NULL THEN s.kind ELSE excluded.kind END,
    scope = CASE WHEN s.released_at IS NULL THEN s.scope ELSE excluded.scope END,
    value = CASE WHEN s.released_at IS NULL THEN s.value ELSE excluded.value END,
    key = CASE WHEN s.released_at IS NULL THEN s.key ELSE excluded.key END,
    evidence = CASE WHEN s.released_at IS NULL THEN s.evidence ELSE excluded.evidence END,
    created_at = CASE WHEN s.released_at IS NULL THEN s.created_at ELSE excluded.created_at END,
    said_at = CASE WHEN s.released_at IS NULL THEN greatest(s.said_at, excluded.said_at)
        ELSE excluded.said_at END,
    device_id = CASE WHEN s.released_at IS NULL THEN s.device_id ELSE excluded.device_id END
WHERE s.version = excluded.version - 1
""".replace("{key}", address_key("address"))

_RELEASED = """
WITH e AS ({events})
UPDATE suppressions s SET version = e.originator_version, released_at = e.timestamp
FROM e WHERE s.suppression_id = e.originator_id AND s.version = e.originator_version - 1
"""

_OF_KEYS = prepared(
    "SELECT suppression_id, version, kind, scope, value, key, evidence, created_at, said_at,"
    " by_person, released_at, device_id FROM suppressions WHERE key = ANY(%(keys)s::text[])"
)

HANDLERS: Handlers = {
    ("suppression.address_suppressed",): (
        handler(_SUPPRESSED, "address json, evidence text, said_at timestamptz, device_id uuid"),
    ),
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
    """The suppressions of these keys of addresses, in force or not, by ``suppression.name``."""
    found = rows(connection, _OF_KEYS, keys=list(keys))
    return {suppression.name(row.key, row.scope): _state(row) for row in found}


def _state(row: Any) -> Suppression:
    return Suppression(
        id=row.suppression_id,
        version=row.version,
        address=Address(row.kind, row.value, row.scope),
        evidence=row.evidence,
        since=row.created_at,
        said_at=row.said_at,
        by_person=row.by_person,
        in_force=row.released_at is None,
        device_id=row.device_id,
    )
