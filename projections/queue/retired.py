"""What waits on retired devices. What is in quarantine is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain.message import Message
from projections.database.engine import rows, uuids
from projections.queue.lookup import COLUMNS, NOT_ASIDE, state

# SQL: the paused campaigns and sequences with something pending. What they hold is not due, and so
# it is not in the index of what waits on a device.
_HOLDING = """
    SELECT c.campaign_id AS owner_id FROM campaigns c
    WHERE c.status = 'paused' AND EXISTS (
        SELECT FROM message_counts n WHERE n.owner_id = c.campaign_id AND n.pending > 0)
    UNION ALL
    SELECT s.sequence_id FROM sequences s
    WHERE s.status = 'paused' AND EXISTS (
        SELECT FROM message_counts n WHERE n.owner_id = s.sequence_id AND n.pending > 0)
"""


class Stranded(NamedTuple):
    """A pending message of a retired device, and what is to become of it: with ``move_pending`` it
    moves, to the device ``move_to`` if that is not None."""

    message: Message
    move_pending: bool
    move_to: UUID | None


class Held(NamedTuple):
    """A retired device, and a paused campaign or sequence that may hold messages of it."""

    device_id: UUID
    owner_id: UUID


def count_waiting(connection: Connection, device_id: UUID) -> int:
    """How many messages of the device are pending, held ones too, or processing."""
    ((waiting,),) = rows(
        connection,
        f"""
        SELECT (SELECT count(*) FROM broadcast_messages
                WHERE device_id = %(id)s AND due_at IS NOT NULL)
            + (SELECT count(*) FROM broadcast_messages m
               JOIN sequences s USING (sequence_id)
               WHERE m.device_id = %(id)s AND m.decided_by > 0 AND s.status <> 'paused')
            + (SELECT count(*) FROM ({_HOLDING}) o JOIN broadcast_messages m
                 ON m.campaign_id = o.owner_id OR m.sequence_id = o.owner_id
               WHERE m.device_id = %(id)s AND m.status = 'pending')
            + (SELECT count(*) FROM leases l JOIN broadcast_messages m
                 ON m.message_id = ANY(l.message_ids)
                 AND m.worker = l.worker AND m.lease_until = l.lease_until
               WHERE m.device_id = %(id)s AND m.status = 'processing')
        """,
        id=str(device_id),
    )
    return int(waiting)


def stranded(connection: Connection, limit: int) -> list[Stranded]:
    """Locks messages that are due, some time, on retired devices."""
    messages = rows(
        connection,
        f"""
        SELECT m.message_id, {COLUMNS}, d.move_pending, d.move_to
        FROM devices d JOIN broadcast_messages m USING (device_id)
        WHERE d.status = 'retired' AND m.due_at IS NOT NULL AND {NOT_ASIDE}
        LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
        """,
        limit=limit,
    )
    return [Stranded(state(row), row.move_pending, row.move_to) for row in messages]


def holders(connection: Connection) -> set[Held]:
    """Every retired device with every campaign and sequence that is paused and has something
    pending, whether on that device or not."""
    pairs = rows(
        connection,
        f"SELECT d.device_id, o.owner_id FROM devices d CROSS JOIN ({_HOLDING}) o"
        " WHERE d.status = 'retired'",
    )
    return {Held(*pair) for pair in pairs}


def held(connection: Connection, pairs: Collection[Held], limit: int) -> list[Stranded]:
    """Locks messages of one of these devices that one of these campaigns and sequences holds."""
    messages = rows(
        connection,
        f"""
        SELECT m.message_id, {COLUMNS}, d.move_pending, d.move_to
        FROM unnest(%(owners)s::uuid[]) AS o(owner_id)
        JOIN broadcast_messages m ON m.campaign_id = o.owner_id OR m.sequence_id = o.owner_id
        JOIN devices d USING (device_id)
        WHERE m.status = 'pending' AND d.status = 'retired'
          AND d.device_id = ANY(%(devices)s::uuid[]) AND {NOT_ASIDE}
        LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
        """,
        owners=uuids({pair.owner_id for pair in pairs}),
        devices=uuids({pair.device_id for pair in pairs}),
        limit=limit,
    )
    return [Stranded(state(row), row.move_pending, row.move_to) for row in messages]


def pools(connection: Connection, owner_ids: Iterable[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """The devices that these campaigns and sequences share leads out among; empty for all."""
    found = rows(
        connection,
        """
        SELECT campaign_id, definition -> 'device_ids' FROM campaigns
        WHERE campaign_id = ANY(%(ids)s::uuid[])
        UNION ALL
        SELECT sequence_id, definition -> 'device_ids' FROM sequences
        WHERE sequence_id = ANY(%(ids)s::uuid[])
        """,
        ids=uuids(owner_ids),
    )
    return {row[0]: msgspec.convert(row[1] or (), tuple[UUID, ...]) for row in found}
