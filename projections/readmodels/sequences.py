"""Sequences: events into rows, and what runners and people ask of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.sequence import Definition, Sequence
from projections.database.engine import rows
from projections.readmodels.handler import COUNT_CHANGED, Handlers, changed, handler, keys

_DEFINED = f"""
WITH e AS ({{events}})
INSERT INTO sequences (sequence_id, version, status, cancel_pending, name, trigger_key, niche_keys,
    target_status, min_delay_seconds, max_delay_seconds, definition)
SELECT originator_id, originator_version, 'draft', false, definition ->> 'name',
    fold_case(definition ->> 'trigger'), {keys("definition -> 'niche'")},
    definition ->> 'target_status', (definition ->> 'min_delay_seconds')::float8,
    (definition ->> 'max_delay_seconds')::float8, definition::jsonb
FROM e WHERE originator_version = 1
"""

_ACTIVATED = """
WITH e AS ({events})
UPDATE sequences s SET version = e.originator_version, status = 'active'
FROM e WHERE s.sequence_id = e.originator_id AND s.version = e.originator_version - 1
"""

_STEP_REVISED = """
WITH e AS ({events})
UPDATE sequences s
SET version = e.originator_version,
    definition = jsonb_set(
        s.definition, ARRAY['steps', (e.number - 1)::text], e.step::jsonb)
FROM e WHERE s.sequence_id = e.originator_id AND s.version = e.originator_version - 1
"""


def _hold_or_free(changes: str) -> str:
    """Changes the sequences, and holds or frees their pending messages as they now say."""
    return f"""
WITH e AS ({{events}}), changed AS (
    UPDATE sequences s SET version = e.originator_version, {changes}
    FROM e WHERE s.sequence_id = e.originator_id AND s.version = e.originator_version - 1
    RETURNING s.sequence_id, message_is_held(NULL, s.status, s.cancel_pending) AS held
), messages AS (
    UPDATE broadcast_messages m
    SET due_at = CASE WHEN NOT c.held THEN coalesce(m.retry_at, m.scheduled_at) END
    FROM changed c
    WHERE m.sequence_id = c.sequence_id AND m.status = 'pending' AND (m.due_at IS NULL) <> c.held
)
{COUNT_CHANGED}"""


HANDLERS: Handlers = {
    ("sequence.defined",): (handler(_DEFINED, "definition json"),),
    ("sequence.activated",): (handler(_ACTIVATED),),
    ("sequence.paused",): (handler(_hold_or_free("status = 'paused'"), counted=changed),),
    ("sequence.resumed",): (handler(_hold_or_free("status = 'active'"), counted=changed),),
    ("sequence.deactivated",): (
        handler(
            _hold_or_free("status = 'inactive', cancel_pending = e.cancel_pending"),
            "cancel_pending boolean",
            counted=changed,
        ),
    ),
    ("sequence.step_revised",): (handler(_STEP_REVISED, "number int, step json"),),
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
    sequences = rows(
        connection, "SELECT * FROM sequences WHERE sequence_id = ANY(%(ids)s::uuid[])", ids=ids
    )
    return {row.sequence_id: state(row) for row in sequences}
