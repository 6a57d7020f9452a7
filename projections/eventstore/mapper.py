"""Events as stored rows and back: JSON that SQL can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing import persistence
from eventsourcing.persistence import Recording, StoredEvent

from domain.errors import StorageError
from domain.event import Event
from domain.topics import BY_TOPIC
from projections.eventstore.append import PreparedEvents, append, prepare
from projections.eventstore.recorder import Recorder
from projections.readmodels.projector import Row

_encode = msgspec.json.Encoder().encode
_decoders = {topic: msgspec.json.Decoder(cls).decode for topic, cls in BY_TOPIC.items()}


# What reading bytes that are no event may end with.
UNREADABLE = (
    persistence.PersistenceError,
    StorageError,
    msgspec.MsgspecError,
    ValueError,
    TypeError,
    LookupError,
)


def decode(topic: str, state: bytes) -> Event:
    """The event of that topic whose JSON is ``state``, personal data in the clear.

    Raises the library's MapperDeserialisationError if the topic is unknown or the JSON does not
    fit it.
    """
    try:
        return _decoders[topic](state)
    except (KeyError, msgspec.MsgspecError) as error:
        raise persistence.MapperDeserialisationError(
            f"cannot load an event of topic {topic!r}: {type(error).__name__}"
        ) from error


class Mapper(persistence.Mapper[UUID]):
    """Sendtrail's events as JSON that SQL can read; any other event as the library maps it."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """Encode an event. Raises the library's ProgrammingError if a cipher or a compressor is
        configured: projections read the events in SQL."""
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
        """Decode an event; errors are those of ``decode``."""
        if stored_event.topic not in BY_TOPIC:
            return super().to_domain_event(stored_event)
        return decode(stored_event.topic, stored_event.state)


def _rows(events: Sequence[Event]) -> list[Row]:
    return [(e.originator_id, e.originator_version, e.TOPIC, _encode(e)) for e in events]


class EventStore(persistence.EventStore[UUID]):
    """Turns Sendtrail's events straight into rows: no object is made between event and COPY."""

    def put(self, domain_events: Sequence[Any], **kwargs: Any) -> list[Recording[UUID]]:
        """Append events, in a transaction of their own or in that of the keyword ``connection``.

        Without ``connection`` returns recordings, as the library does. With it the caller commits,
        the list is empty, and the keyword ``prepared`` may bring events of ``prepare`` that are
        appended first. Raises the library's IntegrityError where a version exists already.
        """
        if "connection" not in kwargs or not isinstance(self.recorder, Recorder):
            return super().put(domain_events, **kwargs)
        append(kwargs["connection"], _rows(domain_events), kwargs.get("prepared"))
        return []

    def prepare(self, events: Sequence[Event]) -> PreparedEvents:
        """Do ahead of the transaction the part of ``put`` that needs no connection; none of the
        events may hold personal data."""
        return prepare(_rows(events))
