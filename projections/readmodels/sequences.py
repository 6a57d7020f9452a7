"""Sequences: events into rows, and what runners and people ask of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.sequence import Definition, Sequence
from projections.database.engine import rows
from projections.readmodels.handler import Handler, handler, keys


def _update(fields: str, changes: str) -> Handler:
    return handler(
        fields,
        f"UPDATE sequences s SET version = e.originator_version, {changes}"
        " FROM e WHERE s.sequence_id = e.originator_id",
    )


def _hold_or_free(fields: str, changes: str) -> Handler:
    """Changes the sequences, and holds or frees their pending messages as they now say."""
    return handler(
        fields,
        f""", changed AS (
            UPDATE sequences s SET version = e.originator_version, {changes}
            FROM e WHERE s.sequence_id = e.originator_id
            RETURNING s.sequence_id, s.status = 'paused' OR s.cancel_pending AS held
        )
        UPDATE broadcast_messages m
        SET due_at = CASE WHEN NOT c.held THEN coalesce(m.retry_at, m.scheduled_at) END
        FROM changed c
        WHERE m.sequence_id = c.sequence_id AND m.status = 'pending'
          AND (m.due_at IS NULL) <> c.held""",
    )


HANDLERS: dict[str, Handler] = {
    "sequence.defined": handler(
        "definition json",
        f"""INSERT INTO sequences (sequence_id, version, status, cancel_pending, name, trigger_key,
            niche_keys, target_status, min_delay_seconds, max_delay_seconds, definition)
        SELECT e.originator_id, e.originator_version, 'draft', false, d ->> 'name',
            fold_case(d ->> 'trigger'), {keys("d -> 'niche'")}, d ->> 'target_status',
            (d ->> 'min_delay_seconds')::float8, (d ->> 'max_delay_seconds')::float8, d::jsonb
        FROM e, LATERAL (SELECT e.definition AS d) x""",
    ),
    "sequence.activated": _update("", "status = 'active'"),
    "sequence.paused": _hold_or_free("", "status = 'paused'"),
    "sequence.resumed": _hold_or_free("", "status = 'active'"),
    "sequence.deactivated": _hold_or_free(
        "cancel_pending boolean", "status = 'inactive', cancel_pending = e.cancel_pending"
    ),
    "sequence.step_revised": _update(
        "number int, step json",
        "definition = jsonb_set(s.definition, ARRAY['steps', (e.number - 1)::text], e.step::jsonb)",
    ),
}


def state(row: Any) -> Sequence:
    """The aggregate's state, from a row of ``sequences``."""
    return Sequence(
        id=row.sequence_id,
        version=row.version,
        status=row.status,
        definition=msgspec.convert(row.definition, Definition),
    )


def by_id(connection: Connection, ids: str) -> dict[UUID, Sequence]:
    """The sequences of an array literal of ids."""
    found = rows(
        connection, "SELECT * FROM sequences WHERE sequence_id = ANY(%(ids)s::uuid[])", ids=ids
    )
    return {row.sequence_id: state(row) for row in found}
