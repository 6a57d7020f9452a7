"""What the reaper looks for: messages that nobody wants any more, and what a worker left behind.
What is in quarantine is left out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from domain.message import Message
from projections.database.engine import rows
from projections.queue.lookup import COLUMNS, NOT_ASIDE, state


def unwanted(connection: Connection, limit: int) -> list[tuple[Message, str]]:
    """Locks pending messages that will never be sent, each with the reason to cancel it: their
    campaign is cancelled, or their sequence stopped. The counts say which campaigns and sequences
    have any."""
    messages = rows(
        connection,
        f"""
        SELECT m.message_id, {COLUMNS}, o.why
        FROM (
            SELECT c.campaign_id, NULL::uuid AS sequence_id, 'campaign_cancelled' AS why
            FROM campaigns c JOIN message_counts n ON n.owner_id = c.campaign_id
            WHERE c.status = 'cancelled' AND n.pending > 0
            UNION ALL
            SELECT DISTINCT NULL::uuid, s.sequence_id, 'sequence_cancelled'
            FROM sequences s JOIN message_counts n ON n.owner_id = s.sequence_id
            WHERE s.cancel_pending AND n.pending > 0
        ) o
        JOIN broadcast_messages m
          ON m.campaign_id = o.campaign_id OR m.sequence_id = o.sequence_id
        WHERE m.status = 'pending' AND {NOT_ASIDE}
        LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
        """,
        limit=limit,
    )
    return [(state(row), row.why) for row in messages]


def expired(connection: Connection, now: datetime, limit: int) -> list[Message]:
    """Locks pending messages whose time to be sent is over, whatever holds them. The counts say
    which campaigns have pending ones. There is no index for it: one that named the status would
    have to be written at every change of a message."""
    messages = rows(
        connection,
        f"""
        SELECT m.message_id, {COLUMNS}
        FROM campaigns c
        JOIN message_counts n ON n.owner_id = c.campaign_id AND n.pending > 0
        JOIN broadcast_messages m USING (campaign_id)
        WHERE c.scheduled_at <= %(now)s::timestamptz - make_interval(
                secs => (c.definition ->> 'expires_after_hours')::float8 * 3600)
          AND m.status = 'pending' AND m.expires_at <= %(now)s AND {NOT_ASIDE}
        LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
        """,
        now=now,
        limit=limit,
    )
    return [state(row) for row in messages]


def abandoned(
    connection: Connection, now: datetime, farthest: datetime, queued_before: datetime, limit: int
) -> list[Message]:
    """Locks messages that their worker will not finish; another reaper's are left to it.

    That is where the lease ended before the message was handed over, or nothing was heard of one
    handed over before ``queued_before``. A lease later than ``farthest`` is of a clock that was
    ahead, and its instants say nothing: what is not handed over is abandoned, and what is handed
    over once ``note_leases_ahead`` has found the lease before ``queued_before``.
    """
    messages = rows(
        connection,
        f"""
        SELECT m.message_id, {COLUMNS}
        FROM leases l JOIN broadcast_messages m ON m.message_id = ANY(l.message_ids)
            AND m.worker = l.worker AND m.lease_until = l.lease_until
        WHERE (l.lease_until <= %(now)s OR l.lease_until > %(farthest)s)
          AND (m.status = 'processing' OR m.status = 'queued' AND %(queued_before)s >=
              CASE WHEN l.lease_until <= %(now)s THEN m.queued_at ELSE l.found_ahead_at END)
          AND {NOT_ASIDE}
        LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
        """,
        now=now,
        farthest=farthest,
        queued_before=queued_before,
        limit=limit,
    )
    return [state(row) for row in messages]


def note_leases_ahead(connection: Connection, now: datetime, farthest: datetime) -> None:
    """Notes at leases later than ``farthest`` that they were found at ``now``, unless they were
    found before: when a call began of which only a wrong clock knows is not known otherwise."""
    connection.exec_driver_sql(
        "UPDATE leases SET found_ahead_at = %(now)s"
        " WHERE lease_until > %(farthest)s AND found_ahead_at IS NULL",
        {"now": now, "farthest": farthest},
    )


def forget_settled_leases(connection: Connection, now: datetime) -> None:
    """Drops ended claims of which nothing is open any more."""
    connection.exec_driver_sql(
        """
        DELETE FROM leases l WHERE l.lease_until <= %(now)s AND NOT EXISTS (
            SELECT FROM broadcast_messages m WHERE m.message_id = ANY(l.message_ids)
              AND m.worker = l.worker AND m.lease_until = l.lease_until
              AND m.status IN ('processing', 'queued'))
        """,
        {"now": now},
    )
