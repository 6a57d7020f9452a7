"""The log as people read it: histories of aggregates, pages of the log, and its export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain import device
from domain.event import Event
from projections.audit.descriptions import sentence, source, through, words
from projections.database.engine import Database, rows, uuids
from projections.eventstore.encryption import decrypt
from projections.eventstore.mapper import decode

# Events per transaction of an export.
PAGE = 5000


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An event for people: what happened, when, and by whom.

    ``notification_id`` is its place in the log. ``story`` is a sentence without personal data.
    ``words`` are what the person said, or what proves the wish or the number; None where there are
    none, and once the person is erased. They came through ``gateway`` and the device ``device_id``,
    called ``device_name``; None where that is not known.
    """

    notification_id: int
    timestamp: datetime
    actor: str
    topic: str
    originator_id: UUID
    originator_version: int
    story: str
    words: str | None = None
    source: str | None = None
    gateway: str | None = None
    device_id: UUID | None = None
    device_name: str | None = None


class Filter(NamedTuple):
    """The events of the log that fulfil every condition that is not None.

    Those above the notification id ``after``; those between the instants ``since`` and ``until``,
    both included.
    """

    after: int = 0
    topic: str | None = None
    originator_id: UUID | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def history(database: Database, ids: Iterable[UUID]) -> list[tuple[int, Event]]:
    """The events of these aggregates as (notification id, event), in log order.

    Personal data is in the clear. Raises StorageError if a ciphertext was altered, and the
    library's MapperDeserialisationError if an event cannot be decoded.
    """
    with database.transaction() as connection:
        stored = rows(
            connection,
            "SELECT originator_id, originator_version, topic, state, notification_id"
            " FROM stored_events"
            " WHERE originator_id = ANY(%(ids)s::uuid[]) ORDER BY notification_id",
            ids=uuids(ids),
        )
        events = decrypt(connection, [(row[0], row[1], row[2], bytes(row[3])) for row in stored])
    return [
        (row.notification_id, decode(topic, state))
        for row, (_, _, topic, state) in zip(stored, events, strict=True)
    ]


def entries(database: Database, log: Sequence[tuple[int, Event]]) -> list[Entry]:
    """The events of ``log``, each with its notification id, as entries in the same order."""
    names = _device_names(database, {through(event)[1] for _, event in log} - {None})
    return [_entry(number, event, names) for number, event in log]


def _entry(notification_id: int, event: Event, names: Mapping[UUID, str]) -> Entry:
    gateway, device_id = through(event)
    return Entry(
        notification_id=notification_id,
        timestamp=event.timestamp,
        actor=event.actor,
        topic=event.TOPIC,
        originator_id=event.originator_id,
        originator_version=event.originator_version,
        story=sentence(event),
        words=words(event),
        source=source(event),
        gateway=gateway,
        device_id=device_id,
        device_name=None if device_id is None else names.get(device_id),
    )


def _device_names(database: Database, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """What the devices of these ids are called."""
    names: dict[UUID, str] = {}
    for _, event in history(database, filter(None, ids)):
        if isinstance(event, device.DeviceRegistered | device.DeviceReconfigured):
            names[event.originator_id] = event.configuration.name
    return names


def page(
    connection: Connection, wanted: Filter, limit: int, most: int | None = None
) -> tuple[list[Any], int | None]:
    """Up to ``limit`` rows of the view ``event_log``, in log order, of ``most`` places in the log;
    and the last of these places if the log goes on after it.

    Personal data in them is encrypted, as it is stored.
    """
    terms = {
        "topic": "topic = %(topic)s",
        "originator_id": "originator_id = %(originator_id)s",
        "actor": "actor = %(actor)s",
        "since": '"timestamp" >= %(since)s',
        "until": '"timestamp" <= %(until)s',
    }
    values = {name: value for name, value in wanted._asdict().items() if value is not None}
    end = None if most is None else wanted.after + most
    if end is not None:
        terms["end"], values["end"] = "notification_id <= %(end)s", end
    where = " AND ".join(term for name, term in terms.items() if name in values) or "true"
    found = rows(
        connection,
        f"SELECT * FROM event_log WHERE notification_id > %(after)s AND {where}"
        " ORDER BY notification_id LIMIT %(limit)s",
        **values,
        limit=limit,
    )
    (last,) = rows(connection, "SELECT coalesce(max(notification_id), 0) AS id FROM stored_events")
    return found, end if end is not None and end < last.id else None


def export(database: Database) -> Iterator[bytes]:
    """The whole log in order, as one line of JSON per event, each with its newline.

    ``state`` is byte for byte what is stored and what the leaves of the hash chain are computed
    from.
    """
    after = 0
    while True:
        with database.transaction() as connection:
            stored = rows(
                connection,
                "SELECT notification_id, originator_id, originator_version, topic, state"
                " FROM stored_events WHERE notification_id > %(after)s"
                " ORDER BY notification_id LIMIT %(limit)s",
                after=after,
                limit=PAGE,
            )
        if not stored:
            return
        for row in stored:
            head = msgspec.json.encode(
                {
                    "notification_id": row[0],
                    "originator_id": row[1],
                    "originator_version": row[2],
                    "topic": row[3],
                }
            )
            yield head[:-1] + b',"state":' + bytes(row[4]) + b"}\n"
        after = stored[-1][0]
