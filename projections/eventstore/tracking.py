"""Positions: how far the asynchronous readers of the log have come."""

from __future__ import annotations

from typing import cast

from eventsourcing import persistence
from eventsourcing.persistence import Tracking, TrackingRecorder
from sqlalchemy import Connection

from projections.database.engine import Database
from projections.eventstore.append import library_errors


class Tracker(TrackingRecorder):
    """The library's tracking recorder on the table ``tracking``."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def insert_tracking(self, tracking: Tracking, connection: Connection | None = None) -> None:
        """Record a position, in the transaction of ``connection`` or in one of its own.

        Raises the library's IntegrityError unless the position is beyond the one recorded.
        """
        with library_errors():
            if connection is not None:
                insert_tracking(connection, tracking)
                return
            with self.database.transaction() as own:
                insert_tracking(own, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """The position of that reader, as in ``position``."""
        with library_errors(), self.database.transaction() as connection:
            return position(connection, application_name)


def position(connection: Connection, application_name: str) -> int | None:
    """The notification id up to which that reader has read; None if it has not begun."""
    return cast(
        "int | None",
        connection.exec_driver_sql(
            "SELECT notification_id FROM tracking WHERE application_name = %(name)s",
            {"name": application_name},
        ).scalar_one_or_none(),
    )


def insert_tracking(connection: Connection, tracking: Tracking) -> None:
    """Move a reader's position forwards.

    Raises the library's IntegrityError if the position recorded is there or beyond.
    """
    moved = connection.exec_driver_sql(
        "INSERT INTO tracking AS t (application_name, notification_id)"
        " VALUES (%(name)s, %(id)s) ON CONFLICT (application_name) DO UPDATE"
        " SET notification_id = excluded.notification_id"
        " WHERE t.notification_id < excluded.notification_id",
        {"name": tracking.application_name, "id": tracking.notification_id},
    ).rowcount
    if not moved:
        raise persistence.IntegrityError(
            f"{tracking.application_name} is at or beyond {tracking.notification_id} already"
        )
