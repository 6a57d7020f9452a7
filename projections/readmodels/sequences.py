"""Sequences: events into rows, and what runners and people ask of them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.sequence import Definition, Proposal, Sequence
from projections.database.engine import rows
from projections.database.quarantined import FaultyError
from projections.readmodels.handler import Handlers, beside, handler, key, keys

_DEFINED = f"""
WITH e AS ({{events}})
INSERT INTO sequences (sequence_id, version, status, cancel_pending, name, trigger_key, niche_keys,
    target_status, min_delay_seconds, max_delay_seconds, definition, plan_version, steps_ever,
    made_by, changed_by)
SELECT originator_id, originator_version, 'draft', false, definition ->> 'name',
    {key("definition ->> 'trigger'")}, {keys("definition -> 'niche'")},
    definition ->> 'target_status', (definition ->> 'min_delay_seconds')::float8,
    (definition ->> 'max_delay_seconds')::float8, definition::jsonb, 1,
    json_array_length(definition -> 'steps'), actor, actor
FROM e WHERE originator_version = 1
"""


def _place(number: str) -> str:
    """SQL: the place, from 0, of the step of that number in sequence ``s``. The number is the last
    part of the content's name."""
    return f"""(SELECT (p.place - 1)::text
        FROM jsonb_array_elements(s.definition -> 'steps') WITH ORDINALITY AS p(step, place)
        WHERE split_part(p.step ->> 'content_id', ':', 3)::int = {number})"""


# SQL: another edit of a draft, which is not approved any more.
_DRAFTED = """
    changed_by = CASE WHEN s.status = 'draft' THEN e.actor ELSE s.changed_by END,
    approved_by = CASE WHEN s.status <> 'draft' THEN s.approved_by END"""

_STEP_REVISED = f"""
WITH e AS ({{events}})
UPDATE sequences s
SET version = e.originator_version, {_DRAFTED},
    plan_version = CASE WHEN e.replans THEN e.originator_version ELSE s.plan_version END,
    definition = jsonb_set(s.definition, ARRAY['steps', {_place("e.number")}], e.step::jsonb)
FROM e WHERE s.sequence_id = e.originator_id AND s.version = e.originator_version - 1
"""

_STEP_ADDED = f"""
WITH e AS ({{events}})
UPDATE sequences s
SET version = e.originator_version, {_DRAFTED}, plan_version = e.originator_version,
    steps_ever = s.steps_ever + 1,
    definition = CASE WHEN e.before IS NULL
        THEN jsonb_set(s.definition, '{{steps}}', (s.definition -> 'steps') || e.step::jsonb)
        ELSE jsonb_insert(
            s.definition, ARRAY['steps', {_place("e.before")}], e.step::jsonb) END
FROM e WHERE s.sequence_id = e.originator_id AND s.version = e.originator_version - 1
"""

_STEP_REMOVED = f"""
WITH e AS ({{events}})
UPDATE sequences s
SET version = e.originator_version, {_DRAFTED}, plan_version = e.originator_version,
    definition = s.definition #- ARRAY['steps', {_place("e.number")}]
FROM e WHERE s.sequence_id = e.originator_id AND s.version = e.originator_version - 1
"""

_REVISED = f"""
WITH e AS ({{events}})
UPDATE sequences s
SET version = e.originator_version, {_DRAFTED},
    plan_version = CASE WHEN e.replans THEN e.originator_version ELSE s.plan_version END,
    name = e.definition ->> 'name',
    niche_keys = {keys("e.definition -> 'niche'")},
    target_status = e.definition ->> 'target_status',
    min_delay_seconds = (e.definition ->> 'min_delay_seconds')::float8,
    max_delay_seconds = (e.definition ->> 'max_delay_seconds')::float8,
    definition = e.definition::jsonb
FROM e WHERE s.sequence_id = e.originator_id AND s.version = e.originator_version - 1
"""


def _update(changes: str) -> str:
    """Changes the sequences, and nothing of their messages."""
    return f"""
WITH e AS ({{events}})
UPDATE sequences s SET version = e.originator_version, {changes}
FROM e WHERE s.sequence_id = e.originator_id AND s.version = e.originator_version - 1
"""


# The advisory lock of those who may close a cycle: two at once would not see each other.
_CYCLE_LOCK = 0x5E4D7246

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
  AND m.decided_by = 0
"""

_DELETED = """
WITH e AS ({events})
DELETE FROM sequences s
USING e WHERE s.sequence_id = e.originator_id AND s.version = e.originator_version - 1
"""

HOLD_OR_FREE = beside(_HOLD_OR_FREE_MESSAGES)

HANDLERS: Handlers = {
    ("sequence.defined",): (handler(_DEFINED, "definition json, actor text"),),
    ("sequence.activated",): (
        handler(
            _update(
                "status = 'active', definition = CASE WHEN e.segment IS NULL THEN s.definition"
                " ELSE jsonb_set(s.definition, '{segment}', e.segment::jsonb) END"
            ),
            "segment json",
        ),
    ),
    ("sequence.paused",): (handler(_update("status = 'paused'")), HOLD_OR_FREE),
    ("sequence.resumed",): (handler(_update("status = 'active'")), HOLD_OR_FREE),
    ("sequence.deactivated",): (
        handler(
            _update("status = 'inactive', cancel_pending = e.cancel_pending"),
            "cancel_pending boolean",
        ),
        HOLD_OR_FREE,
    ),
    ("sequence.step_revised",): (
        handler(_STEP_REVISED, "number int, step json, replans boolean, actor text"),
    ),
    ("sequence.step_added",): (handler(_STEP_ADDED, "step json, before int, actor text"),),
    ("sequence.step_removed",): (handler(_STEP_REMOVED, "number int, actor text"),),
    ("sequence.revised",): (handler(_REVISED, "definition json, replans boolean, actor text"),),
    ("sequence.approved",): (
        handler(_update("approved_by = e.actor, proposals = '[]'"), "actor text"),
    ),
    ("sequence.change_proposed",): (
        handler(
            _update(
                "proposals = s.proposals || jsonb_build_array(jsonb_build_array(e.actor, e.change))"
            ),
            "actor text, change json",
        ),
    ),
    ("sequence.proposals_discarded",): (handler(_update("proposals = '[]'")),),
    ("sequence.deleted",): (handler(_DELETED),),
}


def state(row: Any) -> Sequence:
    """The aggregate's state, from a row of ``sequences``. Raises FaultyError if it is none."""
    try:
        definition = msgspec.convert(row.definition, Definition)
        proposals = msgspec.convert(row.proposals, tuple[tuple[str, Proposal], ...])
    except msgspec.ValidationError as error:
        raise FaultyError("sequence", row.sequence_id, error) from None
    return Sequence(
        id=row.sequence_id,
        version=row.version,
        status=row.status,
        definition=definition,
        plan_version=row.plan_version,
        steps_ever=row.steps_ever,
        made_by=row.made_by,
        changed_by=row.changed_by,
        approved_by=row.approved_by,
        proposals=proposals,
    )


def by_id(connection: Connection, ids: str) -> dict[UUID, Sequence]:
    """The sequences of an array literal of ids."""
    sequences = rows(
        connection, "SELECT * FROM sequences WHERE sequence_id = ANY(%(ids)s::uuid[])", ids=ids
    )
    return {row.sequence_id: state(row) for row in sequences}


def with_next_trigger(connection: Connection, *, alone: bool) -> dict[UUID, Definition]:
    """The definitions of the sequences that are not inactive and have a next trigger, by their ids.
    What cannot be read is left out. If ``alone``, nobody else asks so until the transaction
    ends."""
    if alone:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%(key)s)", {"key": _CYCLE_LOCK})
    found: dict[UUID, Definition] = {}
    for row in rows(
        connection,
        "SELECT * FROM sequences WHERE status <> 'inactive'"
        " AND definition ->> 'next_trigger' IS NOT NULL",
    ):
        with suppress(FaultyError):
            found[row.sequence_id] = state(row).definition
    return found
