"""The library's recorders on ``stored_events``: write, read and follow the log.

Appending is in ``append``, readers' positions are in ``tracking``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event as Signal
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
)

from projections.database.engine import Database, rows
from projections.database.prepared import prepared
from projections.eventstore.append import append, ids_of_last, library_errors
from projections.eventstore.encryption import decrypt
from projections.eventstore.tracking import Tracker, insert_tracking

# One aggregate's events, ascending and descending.
_STREAM = {
    desc: prepared(
        "SELECT originator_id, originator_version, topic, state FROM stored_events"
        " WHERE originator_id = %(id)s"
        " AND (%(gt)s::int IS NULL OR originator_version > %(gt)s)"
        " AND (%(lte)s::int IS NULL OR originator_version <= %(lte)s)"
        f" ORDER BY originator_version {direction} LIMIT %(limit)s"
    )
    for desc, direction in ((False, "ASC"), (True, "DESC"))
}


class Recorder(ApplicationRecorder):
    """Writes and reads ``stored_events``, with personal data in the clear on this side.

    What the database refuses is raised as the errors of ``append.library_errors``.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Append events and return their notification ids.

        With the keyword ``connection`` they are appended in its transaction, which its owner
        commits, and None is returned. With the keyword ``tracking`` the position is recorded in the
        same transaction as the events. Raises the library's IntegrityError where a version or a
        position exists already.
        """
        rows = [
            (cast(UUID, e.originator_id), e.originator_version, e.topic, e.state)
            for e in stored_events
        ]
        connection = kwargs.get("connection")
        if connection is not None:
            append(connection, rows)
            return None
        with library_errors(), self.database.transaction() as own:
            if kwargs.get("tracking") is not None:
                insert_tracking(own, kwargs["tracking"])
            append(own, rows)
            return ids_of_last(own, len(rows))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The events of one aggregate with versions above ``gt`` and up to ``lte``, in order.

        ``desc`` turns the order round; ``limit`` is the most that are returned.
        """
        with library_errors(), self.database.reading() as connection:
            bounds = {"gt": gt, "lte": lte, "limit": limit}
            result = rows(connection, _STREAM[desc], id=str(originator_id), **bounds)
            events = [(row[0], row[1], row[2], bytes(row[3])) for row in result]
            return [StoredEvent(*event) for event in decrypt(connection, events)]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """A page of the log: up to ``limit`` events from ``start`` up to ``stop``, in order.

        ``topics`` restricts it to these, if there are any. Events are never committed below the
        last one returned, so a reader that goes on from there skips none.
        """
        with library_errors(), self.database.transaction() as connection:
            result = connection.exec_driver_sql(
                "SELECT originator_id, originator_version, topic, state, notification_id"
                " FROM stored_events"
                f" WHERE notification_id {'>=' if inclusive_of_start else '>'} %(start)s"
                " AND (%(stop)s::bigint IS NULL OR notification_id <= %(stop)s)"
                " AND (%(topics)s::text[] = '{}' OR topic = ANY(%(topics)s))"
                " ORDER BY notification_id LIMIT %(limit)s",
                {"start": start or 0, "stop": stop, "topics": list(topics), "limit": limit},
            )
            page = result.all()
            events = decrypt(connection, [(r[0], r[1], r[2], bytes(r[3])) for r in page])
        # A reader goes on from what it got, and an id that was lost may be given again.
        with library_errors():
            if page:
                self.database.flush()
        return [Notification(*event, row[4]) for event, row in zip(events, page, strict=True)]

    def max_notification_id(self) -> int | None:
        """The notification id of the last event; None if the log is empty."""
        with library_errors():
            with self.database.transaction() as connection:
                last = connection.exec_driver_sql(
                    "SELECT max(notification_id) FROM stored_events"
                ).scalar_one()
            self.database.flush()
        return cast("int | None", last)

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> PollingSubscription:
        """An iterator over the log after the notification id ``gt`` that waits for new events."""
        return PollingSubscription(self, gt, topics)


class PollingSubscription(Subscription[Recorder]):
    """Follows the log in pages of 500; at its end it polls every ``interval`` seconds."""

    def __init__(
        self,
        recorder: Recorder,
        gt: int | None = None,
        topics: Sequence[str] = (),
        interval: float = 0.1,
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._interval = interval
        self._stopped = Signal()
        self._page: Iterator[Notification] = iter(())

    def stop(self) -> None:
        """End the iteration, also while another thread waits in it."""
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        while not self._stopped.is_set():
            for notification in self._page:
                self._last_notification_id = notification.id
                return notification
            page = self._recorder.select_notifications(
                self._last_notification_id, 500, topics=self._topics, inclusive_of_start=False
            )
            self._page = iter(page)
            if not page:
                self._stopped.wait(self._interval)
        raise StopIteration


class TrackingEventRecorder(Tracker, Recorder, ProcessRecorder):
    """Records new events and a reader's position in one transaction."""
