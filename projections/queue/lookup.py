"""Messages of the queue as the states that decisions take, locked where they are to change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.message import Message
from projections.database.engine import rows, uuids
from projections.database.prepared import prepared
from projections.database.quarantined import message_not_aside

_FIELDS = tuple(f for f in msgspec.structs.fields(Message) if f.name != "id")
# SQL: the columns of message ``m`` that ``state`` reads, beside its id.
COLUMNS = ", ".join(f"m.{f.name}" for f in _FIELDS)


def state(row: Any) -> Message:
    """The aggregate's state, from a row of ``broadcast_messages``."""
    return Message(id=row.message_id, **{field.name: getattr(row, field.name) for field in _FIELDS})


# The fields of a row of ``message_id`` and ``COLUMNS`` alone.
_NAMES = ("id", *(field.name for field in _FIELDS))


def _state(row: Any) -> Message:
    """The same from a row of ``message_id`` and ``COLUMNS`` alone, in a third of the time."""
    return Message(**dict(zip(_NAMES, row, strict=True)))


# SQL: message ``m`` is not in quarantine.
NOT_ASIDE = message_not_aside()

_LOCKED = prepared(f"""
SELECT m.message_id, {COLUMNS} FROM broadcast_messages m
WHERE m.message_id = ANY(%(ids)s::uuid[]) AND {NOT_ASIDE} ORDER BY m.message_id FOR UPDATE OF m
""")


def locked(connection: Connection, ids: Iterable[UUID]) -> list[Message]:
    """Locks those of these messages that are not in quarantine, in id order."""
    messages = rows(
        connection,
        _LOCKED,
        ids=uuids(ids),
    )
    return [_state(row) for row in messages]


def put_off(
    connection: Connection, campaign_id: UUID, after: UUID | None, limit: int
) -> list[Message]:
    """Locks up to ``limit`` pending messages of a campaign that wait for a window, in id order
    after ``after``, but for what somebody else has locked, or is in quarantine."""
    messages = rows(
        connection,
        f"""
        SELECT m.message_id, {COLUMNS} FROM broadcast_messages m
        WHERE m.campaign_id = %(campaign_id)s AND m.status = 'pending' AND m.reason = 'window'
          AND (%(after)s::uuid IS NULL OR m.message_id > %(after)s::uuid) AND {NOT_ASIDE}
        ORDER BY m.message_id LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
        """,
        campaign_id=str(campaign_id),
        after=None if after is None else str(after),
        limit=limit,
    )
    return [_state(row) for row in messages]


def cancellable(connection: Connection, lead_ids: Iterable[UUID]) -> list[Message]:
    """Locks what is pending or processing of these leads and not in quarantine, in id order."""
    messages = rows(
        connection,
        f"""
        SELECT m.message_id, {COLUMNS} FROM broadcast_messages m
        WHERE m.status IN ('pending', 'processing')
          AND m.lead_id = ANY(%(ids)s::uuid[]) AND {NOT_ASIDE}
        ORDER BY m.message_id FOR UPDATE OF m
        """,
        ids=uuids(lead_ids),
    )
    return [_state(row) for row in messages]


def owners(connection: Connection, lead_ids: Iterable[UUID]) -> dict[UUID, bool]:
    """The campaigns and sequences that have written to one of these leads, or will, and whether
    they have. What failed or was cancelled reached nobody."""
    messages = rows(
        connection,
        """
        SELECT coalesce(campaign_id, sequence_id) AS owner_id,
            bool_or(status IN ('queued', 'sent', 'unknown')) AS written
        FROM broadcast_messages
        WHERE lead_id = ANY(%(ids)s::uuid[]) AND status NOT IN ('cancelled', 'failed')
          AND (campaign_id IS NOT NULL OR sequence_id IS NOT NULL)
        GROUP BY 1
        """,
        ids=uuids(lead_ids),
    )
    return {row.owner_id: row.written for row in messages}


def first_sent(connection: Connection, sequence_id: UUID, step: int) -> UUID | None:
    """The first message of that step that was sent and read; None if there is none."""
    messages = rows(
        connection,
        "SELECT message_id FROM broadcast_messages"
        " WHERE sequence_id = %(id)s AND step = %(step)s AND read_at IS NOT NULL"
        " ORDER BY sent_at, message_id LIMIT 1",
        id=str(sequence_id),
        step=step,
    )
    return messages[0].message_id if messages else None
