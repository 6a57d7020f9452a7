"""Sequences: events into rows, and what runners and people ask of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.sequence import Definition, Sequence
from projections.database.engine import rows
from projections.database.quarantined import FaultyError
from projections.readmodels.handler import Handlers, beside, handler, key, keys

_DEFINED = f"""
WITH e AS ({{events}})
INSERT INTO sequences (sequence_id, version, status, cancel_pending, name, trigger_key, niche_keys,
    target_status, min_delay_seconds, max_delay_seconds, definition)
SELECT originator_id, originator_version, 'draft', false, definition ->> 'name',
    {key("definition ->> 'trigger'")}, {keys("definition -> 'niche'")},
    definition ->> 'target_status', (definition ->> 'min_delay_seconds')::float8,
    (definition ->> 'max_delay_seconds')::float8, definition::jsonb
FROM e WHERE originator_version = 1
"""

_STEP_REVISED = """
WITH e AS ({events})
UPDATE sequences s
SET version = e.originator_version,
    definition = jsonb_set(
        s.definition, ARRAY['steps', (e.number - 1)::text], e.step::jsonb)
FROM e WHERE s.sequence_id = e.originator_id AND s.version = e.originator_version - 1
"""


def _update(changes: str) -> str:
    """Changes the sequences, and nothing of their messages."""
    return f"""
WITH e AS ({{events}})
UPDATE sequences s SET version = e.originator_version, {changes}
FROM e WHERE s.sequence_id = e.originator_id AND s.version = e.originator_version - 1
"""


# A statement of its own, so that it sees what others committed before the sequence's row was
# locked.
_HOLD_OR_FREE_MESSAGES = """
WITH e AS ({events}), s AS MATERIALIZED (
    SELECT s.sequence_id, message_is_held(NULL, s.status, s.cancel_pending) AS held
    FROM sequences s JOIN e ON s.sequence_id = e.originator_id
)
UPDATE broadcast_messages m
SET due_at = CASE WHEN NOT s.held THEN coalesce(m.retry_at, m.scheduled_at) END
FROM s
WHERE m.sequence_id = s.sequence_id AND m.status = 'pending' AND (m.due_at IS NULL) <> s.held
"""


HOLD_OR_FREE = beside(_HOLD_OR_FREE_MESSAGES)

HANDLERS: Handlers = {
    ("sequence.defined",): (handler(_DEFINED, "definition json"),),
    ("sequence.activated",): (handler(_update("status = 'active'")),),
    ("sequence.paused",): (handler(_update("status = 'paused'")), HOLD_OR_FREE),
    ("sequence.resumed",): (handler(_update("status = 'active'")), HOLD_OR_FREE),
    ("sequence.deactivated",): (
        handler(
            _update("status = 'inactive', cancel_pending = e.cancel_pending"),
            "cancel_pending boolean",
        ),
        HOLD_OR_FREE,
    ),
    ("sequence.step_revised",): (handler(_STEP_REVISED, "number int, step json"),),
}


def state(row: Any) -> Sequence:
    """The aggregate's state, from a row of ``sequences``. Raises FaultyError if it is none."""
    try:
        definition = msgspec.convert(row.definition, Definition)
    except msgspec.ValidationError as error:
        raise FaultyError("sequence", row.sequence_id, error) from None
    return Sequence(
        id=row.sequence_id, version=row.version, status=row.status, definition=definition
    )


def by_id(connection: Connection, ids: str) -> dict[UUID, Sequence]:
    """The sequences of an array literal of ids."""
    sequences = rows(
        connection, "SELECT * FROM sequences WHERE sequence_id = ANY(%(ids)s::uuid[])", ids=ids
    )
    return {row.sequence_id: state(row) for row in sequences}
