"""What the log has lost of dispatches, and which of it can be recorded again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.message import Origin
from projections.database.engine import rows, uuids
from projections.database.quarantined import ORIGIN
from projections.queue.lookup import COLUMNS


def _present(named: str) -> str:
    """SQL: the id of the message that is for the same as ``named``, which the log may have lost and
    which was then planned anew; its own if there is none."""
    return f"""coalesce((SELECT m.message_id FROM broadcast_messages m
        WHERE {ORIGIN} = ({named}.lead_id, {named}.owner_id, {named}.step)), {named}.id)"""


# An event that was recorded again has another version, but the same instant and actor. What came of
# a dispatch may have another topic then.
_MISSING = f"""
SELECT e.place FROM unnest(%(ids)s::uuid[], %(leads)s::uuid[], %(owners)s::uuid[], %(steps)s::int[],
        %(dispatches)s::boolean[], %(marks)s::bytea[])
    WITH ORDINALITY AS e(id, lead_id, owner_id, step, dispatch, mark, place)
WHERE NOT EXISTS (
    SELECT FROM stored_events s WHERE s.originator_id = {_present("e")}
      AND CASE WHEN e.dispatch THEN s.topic = 'message.queued'
          ELSE s.topic NOT IN ('message.claimed', 'message.queued') END
      AND position(e.mark IN s.state) > 0)
"""


class Sought(NamedTuple):
    """An event to look for: its message, and what that is for, whether it is a dispatch or what
    came of one, and the part of its JSON with its instant and actor."""

    originator_id: UUID
    origin: Origin
    is_dispatch: bool
    mark: bytes


def missing(connection: Connection, events: Sequence[Sought]) -> set[int]:
    """The indexes of those of ``events`` that are not in the log."""
    found = rows(
        connection,
        _MISSING,
        ids=uuids(event.originator_id for event in events),
        **_named(event.origin for event in events),
        dispatches=[event.is_dispatch for event in events],
        marks=[event.mark for event in events],
    )
    return {row.place - 1 for row in found}


def present(connection: Connection, lost: Mapping[UUID, Origin]) -> dict[UUID, UUID]:
    """The ids of today of messages that the log had ``lost``, by those they had."""
    found = rows(
        connection,
        f"""
        SELECT e.id, {_present("e")} AS present
        FROM unnest(%(ids)s::uuid[], %(leads)s::uuid[], %(owners)s::uuid[], %(steps)s::int[])
            AS e(id, lead_id, owner_id, step)
        """,
        ids=uuids(lost),
        **_named(lost.values()),
    )
    return {row.id: row.present for row in found}


def _named(origins: Iterable[Origin]) -> dict[str, Any]:
    named = list(origins)
    return {
        "leads": uuids(origin.lead_id for origin in named),
        "owners": uuids(origin.owner_id for origin in named),
        "steps": [origin.step for origin in named],
    }


def recordable(connection: Connection, limit: int) -> list[Any]:
    """Locks up to ``limit`` messages of which a dispatch was lost, and which there are again; each
    row is a message with what was ``dispatched`` under the id ``lost_id``, and the device's
    ``timezone``."""
    return rows(
        connection,
        f"""
        SELECT m.message_id, {COLUMNS}, q.id AS lost_id, q.dispatched, d.timezone
        FROM quarantine q
        JOIN broadcast_messages m ON m.message_id = {_present("q")}
        JOIN devices d ON d.device_id = m.device_id
        WHERE q.kind = 'message' AND q.dispatched IS NOT NULL
        ORDER BY m.message_id LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
        """,
        limit=limit,
    )


def still_held(connection: Connection, ids: Sequence[UUID], worker: str) -> set[UUID]:
    """Those of these messages that ``worker`` still holds."""
    held = rows(
        connection,
        "SELECT message_id FROM broadcast_messages WHERE message_id = ANY(%(ids)s::uuid[])"
        " AND status = 'processing' AND worker = %(worker)s",
        ids=uuids(ids),
        worker=worker,
    )
    return {row.message_id for row in held}
