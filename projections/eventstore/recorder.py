"""The event store: the library's persistence interfaces on one append-only PostgreSQL table.

Appending is in ``append.py``, readers' positions are in ``tracking.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event as Signal
from typing import Any, cast
from uuid import UUID

import msgspec
from eventsourcing import persistence
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    Notification,
    ProcessRecorder,
    Recording,
    StoredEvent,
    Subscription,
)
from eventsourcing.utils import Environment, resolve_topic

from domain.event import Event
from domain.topics import BY_TOPIC
from projections.database.engine import Database
from projections.eventstore.append import Ready, append, ids_of_last, library_errors, make_ready
from projections.eventstore.command_queries import DatabaseCommandQueries
from projections.eventstore.encryption import decrypt
from projections.eventstore.tracking import Tracker, insert_tracking
from projections.readmodels.projector import Row

_encode = msgspec.json.Encoder().encode
_decoders = {topic: msgspec.json.Decoder(cls).decode for topic, cls in BY_TOPIC.items()}


def decode(topic: str, state: bytes) -> Event:
    """The event of that topic. Raises the library's MapperDeserialisationError."""
    try:
        return _decoders[topic](state)
    except (KeyError, msgspec.MsgspecError) as error:
        raise persistence.MapperDeserialisationError(
            f"cannot load an event of topic {topic!r}: {type(error).__name__}"
        ) from error


class Mapper(persistence.Mapper[UUID]):
    """Sendtrail's events as JSON, readable by SQL; any other event as the library does it."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        if not isinstance(domain_event, Event):
            return super().to_stored_event(domain_event)
        if self.cipher or self.compressor:
            raise persistence.ProgrammingError(
                "projections read the events in SQL: they can be neither encrypted nor compressed"
            )
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=domain_event.TOPIC,
            state=_encode(domain_event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        if stored_event.topic not in BY_TOPIC:
            return super().to_domain_event(stored_event)
        return decode(stored_event.topic, stored_event.state)


def _rows(events: Sequence[Event]) -> list[Row]:
    return [(e.originator_id, e.originator_version, e.TOPIC, _encode(e)) for e in events]


class EventStore(persistence.EventStore[UUID]):
    """Puts Sendtrail's events straight into rows: no object is made between event and COPY."""

    def put(self, domain_events: Sequence[Any], **kwargs: Any) -> list[Recording[UUID]]:
        """Returns recordings as the library does, except for a caller's own ``connection``: such
        a caller commits itself and has no use for them. It may have made other events ``ready``,
        which come first."""
        if "connection" not in kwargs or not isinstance(self.recorder, Recorder):
            return super().put(domain_events, **kwargs)
        append(kwargs["connection"], _rows(domain_events), kwargs.get("ready"))
        return []

    def make_ready(self, events: Sequence[Event]) -> Ready:
        """Does for ``put`` what needs no connection."""
        return make_ready(_rows(events))


class Recorder(ApplicationRecorder):
    """Writes and reads ``stored_events``."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Appends in a transaction of its own and returns the notification ids, or in that of
        ``connection``, whose owner commits, and then returns None."""
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
        """The events of one aggregate, in order."""
        with library_errors(), self.database.transaction() as connection:
            found = connection.exec_driver_sql(
                "SELECT originator_id, originator_version, topic, state FROM stored_events"
                " WHERE originator_id = %(id)s"
                " AND (%(gt)s::int IS NULL OR originator_version > %(gt)s)"
                " AND (%(lte)s::int IS NULL OR originator_version <= %(lte)s)"
                f" ORDER BY originator_version {'DESC' if desc else 'ASC'} LIMIT %(limit)s",
                {"id": str(originator_id), "gt": gt, "lte": lte, "limit": limit},
            )
            events = [(row[0], row[1], row[2], bytes(row[3])) for row in found]
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
        """A page of the log. Every event below the last one returned has been returned before."""
        with library_errors(), self.database.transaction() as connection:
            found = connection.exec_driver_sql(
                "SELECT originator_id, originator_version, topic, state, notification_id"
                " FROM stored_events"
                f" WHERE notification_id {'>=' if inclusive_of_start else '>'} %(start)s"
                " AND (%(stop)s::bigint IS NULL OR notification_id <= %(stop)s)"
                " AND (%(topics)s::text[] = '{}' OR topic = ANY(%(topics)s))"
                " ORDER BY notification_id LIMIT %(limit)s",
                {"start": start or 0, "stop": stop, "topics": list(topics), "limit": limit},
            )
            page = found.all()
            events = decrypt(connection, [(r[0], r[1], r[2], bytes(r[3])) for r in page])
            return [Notification(*event, row[4]) for event, row in zip(events, page, strict=True)]

    def max_notification_id(self) -> int | None:
        with library_errors(), self.database.transaction() as connection:
            return cast(
                "int | None",
                connection.exec_driver_sql(
                    "SELECT max(notification_id) FROM stored_events"
                ).scalar_one(),
            )

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> PollingSubscription:
        return PollingSubscription(self, gt, topics)


class PollingSubscription(Subscription[Recorder]):
    """Follows the log in pages of 500, looking again every ``interval`` seconds at its end."""

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
    """Position and new events in one transaction."""


class Factory(InfrastructureFactory[Tracker]):
    """What ``PERSISTENCE_MODULE=projections.eventstore.recorder`` selects.

    ``SENDTRAIL_DATABASE_URL`` in the application's environment says which database; its schema
    must have been prepared.
    """

    def __init__(self, env: Environment | None) -> None:
        super().__init__(env)
        url = self.env.get("SENDTRAIL_DATABASE_URL")
        if not url:
            raise persistence.InfrastructureFactoryError(
                "SENDTRAIL_DATABASE_URL: expected the URL of a PostgreSQL database"
            )
        self.database = Database(url)

    def mapper(self, transcoder: Any = None, mapper_class: Any = None) -> Any:
        return super().mapper(transcoder, mapper_class or Mapper)

    def event_store(self, mapper: Any = None, recorder: Any = None) -> Any:
        return EventStore(mapper or self.mapper(), recorder or self.application_recorder())

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        return Recorder(self.database)

    def application_recorder(self) -> Recorder:
        return Recorder(self.database)

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> Any:
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        cls = tracking_recorder_class or (resolve_topic(topic) if topic else Tracker)
        return cls(self.database)

    def process_recorder(self) -> TrackingEventRecorder:
        return TrackingEventRecorder(self.database)

    def command_queries(self) -> DatabaseCommandQueries:
        """What commands must see beyond the aggregate they change."""
        return DatabaseCommandQueries(self.database)

    def close(self) -> None:
        self.database.close()
