"""The library's infrastructure factory: the classes that make up this event store."""

from __future__ import annotations

from typing import Any

from eventsourcing import persistence
from eventsourcing.persistence import AggregateRecorder, InfrastructureFactory
from eventsourcing.utils import Environment, resolve_topic

from projections.database.engine import Database
from projections.eventstore.command_queries import DatabaseCommandQueries
from projections.eventstore.mapper import EventStore, Mapper
from projections.eventstore.recorder import Recorder, TrackingEventRecorder
from projections.eventstore.tracking import Tracker


class Factory(InfrastructureFactory[Tracker]):
    """The factory that ``PERSISTENCE_MODULE=projections.eventstore.factory`` selects.

    ``SENDTRAIL_DATABASE_URL`` in the application's environment names the database, whose schema
    must exist, and ``SENDTRAIL_SECRET_KEY`` is the secret key that it was made with. Raises the
    library's InfrastructureFactoryError without either. The factory owns the ``database``, which
    ``close`` closes.
    """

    def __init__(self, env: Environment | None) -> None:
        super().__init__(env)
        url = self.env.get("SENDTRAIL_DATABASE_URL")
        if not url:
            raise persistence.InfrastructureFactoryError(
                "SENDTRAIL_DATABASE_URL: expected the URL of a PostgreSQL database"
            )
        secret_key = self.env.get("SENDTRAIL_SECRET_KEY")
        if not secret_key:
            raise persistence.InfrastructureFactoryError(
                "SENDTRAIL_SECRET_KEY: expected a Fernet key"
            )
        self.database = Database(url, secret_key=secret_key)

    def mapper(self, transcoder: Any = None, mapper_class: Any = None) -> Any:
        """A ``Mapper``, unless the caller asks for another class."""
        return super().mapper(transcoder, mapper_class or Mapper)

    def event_store(self, mapper: Any = None, recorder: Any = None) -> Any:
        """An ``EventStore`` of that mapper and recorder, or else of this factory's own."""
        return EventStore(mapper or self.mapper(), recorder or self.application_recorder())

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """A ``Recorder``: there is one table, whatever the purpose."""
        return Recorder(self.database)

    def application_recorder(self) -> Recorder:
        """A ``Recorder`` of the log."""
        return Recorder(self.database)

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> Any:
        """A tracking recorder of that class, or of the environment's, or else a ``Tracker``."""
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        cls = tracking_recorder_class or (resolve_topic(topic) if topic else Tracker)
        return cls(self.database)

    def process_recorder(self) -> TrackingEventRecorder:
        """A recorder that commits events and position together."""
        return TrackingEventRecorder(self.database)

    def command_queries(self) -> DatabaseCommandQueries:
        """The application's ``CommandQueries``."""
        return DatabaseCommandQueries(self.database)

    def close(self) -> None:
        """Close the database."""
        self.database.close()
