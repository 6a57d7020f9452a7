"""When broadcasters should look, before they look by themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from projections.database.engine import rows

# What broadcasters listen to.
CHANNEL = "sendtrail_due"


def wake_broadcasters(connection: Connection) -> None:
    """Tells waiting broadcasters, when this transaction commits, that something is due before they
    look again by themselves."""
    connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


def next_due(connection: Connection) -> datetime | None:
    """When the earliest pending message of an online device is due; None if there is none."""
    (earliest,) = rows(
        connection,
        """
        SELECT min(x.due_at) AS due_at FROM devices d CROSS JOIN LATERAL (
            SELECT m.due_at FROM broadcast_messages m
            WHERE m.device_id = d.device_id AND m.due_at IS NOT NULL
            ORDER BY m.due_at LIMIT 1) x
        WHERE d.status = 'online'
        """,
    )
    due_at: datetime | None = earliest.due_at
    return due_at
