"""What commands must see beyond the one aggregate they change, answered from the read models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import RecordConflictError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from domain.enrollment import Enrollment
from domain.message import Message
from projections.database import installation
from projections.database.engine import Database, is_transient
from projections.eventstore import broken_streams, encryption
from projections.eventstore.append import StreamConflictError
from projections.queue import lookup, wake
from projections.readmodels import enrollments, leads


class DatabaseCommandQueries:
    """Implements ``CommandQueries`` of the application on this database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def namespace(self) -> UUID:
        """The installation's UUID."""
        return installation.namespace(self.database)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction of the name ``command``; one that lost against another raises the library's
        RecordConflictError."""
        try:
            with self.database.transaction("command") as connection:
                yield connection
        except DBAPIError as error:
            if is_transient(error.orig):
                raise RecordConflictError("deadlock or serialization failure") from error
            raise

    def has_lead(self, connection: Any, lead_id: UUID) -> bool:
        """Whether there is a lead of that id."""
        return lead_id in leads.known(connection, [lead_id])

    def cancellable(
        self, connection: Any, lead_id: UUID, enrollment_id: UUID | None = None
    ) -> list[Message]:
        """The lead's messages, or those of one enrollment, that may still be cancelled, locked."""
        return lookup.cancellable(
            connection, limit=100_000, lead_id=lead_id, enrollment_id=enrollment_id
        )

    def active_enrollments(self, connection: Any, lead_id: UUID) -> list[tuple[Enrollment, bool]]:
        """The lead's active enrollments, locked, with whether a reply stops each."""
        return [
            (enrollments.state(row), row.stop_on_reply)
            for row in enrollments.active(connection, lead_id=lead_id)
        ]

    def erase_personal_data(self, connection: Any, lead_id: UUID) -> None:
        """Make the lead's personal data unreadable for ever."""
        encryption.erase(connection, lead_id)

    def wake_broadcasters(self, connection: Any) -> None:
        """Notify the broadcasters, with the commit, that there are messages due."""
        wake.wake_broadcasters(connection)

    def latest_sent_to(self, connection: Any, lead_id: UUID) -> UUID | None:
        """The id of the message that a reply of the lead answers, the one dispatched last; None if
        there is none."""
        return lookup.latest_sent_to(connection, lead_id)

    def put_aside_broken(self, conflict: Exception, now: datetime) -> None:
        """Put into quarantine what nothing can be recorded of, if that is why the ``conflict``
        came."""
        if isinstance(conflict, StreamConflictError):
            broken_streams.put_aside_broken(self.database, conflict, "command", now)

    def has_replied(self, connection: Any, lead_id: UUID, provider_id: str) -> bool:
        """Whether the lead's reply of that provider id is recorded already."""
        return leads.has_replied(connection, lead_id, provider_id)
