"""The event store beyond the library's own cases: append-only, in order, never in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event as Signal
from threading import Thread
from uuid import uuid4

import psycopg2
import pytest
from eventsourcing.persistence import IntegrityError, MapperDeserialisationError, StoredEvent
from sqlalchemy.exc import DBAPIError

from domain import device, lead
from domain.application.outreach import Outreach
from domain.errors import SettingsError, StorageError
from domain.hosts import NONE
from projections.container import Container
from projections.database.engine import Database
from projections.database.installation import create_schema
from projections.eventstore.mapper import decode
from projections.eventstore.recorder import Recorder

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_without_a_database_it_refuses_to_start() -> None:
    """There is no silent falling back to memory, which a restart would empty."""
    with pytest.raises(SettingsError, match="PERSISTENCE_MODULE: expected"):
        Outreach({"PERSISTENCE_MODULE": ""}, lambda: NOW, uuid4)


def test_a_database_that_does_not_answer_is_one_clear_line() -> None:
    """The message says what is wrong and never the password."""
    database = Database("postgresql://someone:secret@127.0.0.1:1/nothing")

    with pytest.raises(StorageError, match="the database does not answer: ") as caught:
        create_schema(database)

    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_events SET topic = 'message.failed'",
        "DELETE FROM stored_events",
        "TRUNCATE stored_events",
    ],
)
def test_the_database_refuses_to_rewrite_history(container: Container, statement: str) -> None:
    """Not even by hand, unless somebody disables the guard."""
    container.outreach.register_device(
        device.Configuration(name="A", gateway="sandbox"), actor="test"
    )

    with (
        pytest.raises(DBAPIError, match="append-only") as caught,
        container.database.transaction() as connection,
    ):
        connection.exec_driver_sql(statement)

    assert isinstance(caught.value.orig, psycopg2.errors.RestrictViolation)
    assert Recorder(container.database).max_notification_id() == 1


def test_people_can_read_the_log_in_sql(container: Container) -> None:
    """The view decodes what the table keeps as bytes."""
    container.outreach.register_device(
        device.Configuration(name="A", gateway="sandbox"), actor="me"
    )

    with container.database.transaction() as connection:
        row = connection.exec_driver_sql("SELECT * FROM event_log").one()

    assert (row.notification_id, row.topic, row.originator_version) == (1, "device.registered", 1)
    assert (row.actor, row.timestamp) == ("me", container.outreach.clock())
    assert row.data["configuration"]["name"] == "A"
    assert "originator_id" not in row.data


def test_a_version_is_written_once(container: Container) -> None:
    """The loser's whole transaction is gone, projections and all."""
    registered = container.outreach.register_device(
        device.Configuration(name="A", gateway="sandbox"), actor="test"
    )
    connected = device.connect(registered, now=NOW, actor="first")
    retired = device.retire(registered, now=NOW, actor="second")
    with container.database.transaction() as connection:
        container.outreach.record(connection, connected)

    with pytest.raises(IntegrityError), container.database.transaction() as connection:
        container.outreach.record(connection, retired)

    assert container.outreach.get_device(registered.id).status == "online"
    with container.database.transaction() as connection:
        status = connection.exec_driver_sql("SELECT status FROM devices").scalar_one()
    assert status == "online"


def test_commands_that_race_for_a_version_all_land(container: Container) -> None:
    """A lost race is decided anew: eight threads add eight triggers to one lead."""
    person = container.outreach.register_lead("+60123456789", [], lead.profile(), actor="test")
    start = Signal()

    def add(number: int) -> None:
        start.wait()
        container.outreach.add_trigger(person.id, f"T{number}", actor=f"thread {number}")

    threads = [Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    start.set()
    for thread in threads:
        thread.join()

    assert set(container.outreach.get_lead(person.id).triggers) == {f"T{n}" for n in range(8)}
    assert container.outreach.get_lead(person.id).version == 9


def test_a_reader_of_the_log_never_skips_an_event(database: Database) -> None:
    """Ids follow the order of commits: while four writers append, nobody sees 7 before 6."""
    recorder = Recorder(database)
    writing = 4

    def write() -> None:
        for _ in range(50):
            message_id = uuid4()
            recorder.insert_events(
                [StoredEvent(message_id, version, "test", b"{}") for version in (1, 2, 3)]
            )

    threads = [Thread(target=write) for _ in range(writing)]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    while len(seen) < writing * 150:
        page = recorder.select_notifications(
            seen[-1] if seen else None, 100, inclusive_of_start=False
        )
        seen.extend(notification.id for notification in page)
    for thread in threads:
        thread.join()

    assert seen == list(range(1, writing * 150 + 1))


def test_an_event_comes_back_as_it_was_stored(container: Container) -> None:
    """Through the library's own event store, with nothing lost on the way."""
    configuration = device.Configuration(name="A", gateway="sandbox")
    event = device.register(uuid4(), configuration, {}, allowed=NONE, now=NOW, actor="test")
    recordings = container.outreach.events.put([event])

    assert recordings[0].notification.id == 1
    assert list(container.outreach.events.get(event.originator_id)) == [event]


def test_an_unknown_topic_is_a_clear_error() -> None:
    """It names the topic and not the data."""
    with pytest.raises(MapperDeserialisationError, match=r"message\.teleported") as caught:
        decode("message.teleported", b'{"phone": "+60123456789"}')

    assert "60123456789" not in str(caught.value)
