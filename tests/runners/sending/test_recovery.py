"""The database went back behind what was sent: it is recorded again, and nothing goes twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import StorageError
from projections.container import Container
from runners.gateways.protocol import Accepted, Rejected, Throttled, Unknown
from runners.sending.memory import DispatchMemory
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.went_back import goes_back, meets_another_server, position, proven, reconciles
from tests.support.when import Phones

ANSWERS = (
    Accepted("wamid.1"),
    Rejected("131026", "not on WhatsApp"),
    Unknown("silence"),
    Throttled(60.0),
)


def test_what_was_sent_is_recorded_again_and_not_sent_again(
    container: Container, clock: SimulatedClock
) -> None:
    """Each with what came of it; what the gateway did not take is recorded, too, and sent in its
    turn."""
    given.due_messages(container, 4)
    before = position(container)
    phones = Phones(clock, *ANSWERS)
    worker = when.broadcaster(container, phones)
    when.looks(worker)
    was = {row.message_id: (row.status, row.provider_id) for row in then.messages(container)}
    assert then.statuses(container) == {"sent": 1, "failed": 1, "unknown": 1, "pending": 1}

    clock.advance(minutes=1)
    goes_back(container, before, worker)
    assert then.statuses(container) == {"pending": 4}
    reconciles(worker)

    now = {row.message_id: (row.status, row.provider_id) for row in then.messages(container)}
    assert now == was
    (unknown,) = then.events(container, "message.outcome_unknown")
    assert unknown.reason == "silence"
    (deferred,) = then.events(container, "message.deferred")
    assert deferred.reason == "throttled"
    assert len(then.events(container, "message.queued")) == len(phones.sent)
    clock.advance(minutes=2)
    when.looks(worker)
    assert then.statuses(container) == {"sent": 2, "failed": 1, "unknown": 1}
    assert len(phones.sent) == 5
    proven(container, phones, resent=1)
    assert then.table(container, "quarantine") == []


def test_the_events_keep_their_instants_and_actors(
    container: Container, clock: SimulatedClock
) -> None:
    given.due_messages(container)
    before = position(container)
    worker = when.broadcaster(container, Phones(clock))
    when.looks(worker)
    queued, sent = then.events(container, "message.queued") + then.events(container, "message.sent")

    clock.advance(hours=1)
    goes_back(container, before, worker)
    reconciles(worker)

    assert then.events(container, "message.queued") == [queued]
    assert then.events(container, "message.sent") == [sent]


def test_only_the_outcome_was_lost(container: Container, clock: SimulatedClock) -> None:
    """The dispatch is there; what came of it is recorded after it."""
    given.due_messages(container, 4)
    worker = when.broadcaster(container, Phones(clock, *ANSWERS))
    result = worker.claim(worker.claim_request())
    before = position(container)
    when.sends_claimed(worker, result)

    goes_back(container, before, worker)
    assert then.statuses(container) == {"queued": 4}
    reconciles(worker)

    assert then.statuses(container) == {"sent": 1, "failed": 1, "unknown": 1, "pending": 1}
    assert then.table(container, "quarantine") == []


def test_what_is_on_its_way_becomes_unknown_until_its_answer_comes(
    container: Container, clock: SimulatedClock
) -> None:
    given.due_messages(container)
    before = position(container)
    phones = Phones(clock)
    worker = when.broadcaster(container, phones)
    result = worker.claim(worker.claim_request())

    goes_back(container, before, worker)
    reconciles(worker)
    (message,) = then.messages(container)
    assert (message.status, message.reason) == ("unknown", "the database went back")

    when.sends_claimed(worker, result)
    (message,) = then.messages(container)
    assert (message.status, message.provider_id) == ("sent", "wamid.1")
    proven(container, phones)


def test_a_late_no_is_recorded_again(container: Container, clock: SimulatedClock) -> None:
    """It came when the outcome was unknown already; then the database went back once more."""
    given.due_messages(container)
    before = position(container)
    phones = Phones(clock, Throttled(60.0))
    worker = when.broadcaster(container, phones)
    result = worker.claim(worker.claim_request())
    goes_back(container, before, worker)
    reconciles(worker)
    when.sends_claimed(worker, result)
    resolved = then.events(container, "message.resolved")
    assert [event.resolution for event in resolved] == ["retried"]

    goes_back(container, before, worker)
    reconciles(worker)

    assert then.events(container, "message.resolved") == resolved
    assert then.statuses(container) == {"pending": 1}
    clock.advance(minutes=2)
    when.looks(worker)
    assert then.statuses(container) == {"sent": 1}
    proven(container, phones, resent=1)


def test_a_message_that_was_not_even_scheduled_any_more(
    container: Container, clock: SimulatedClock
) -> None:
    """It is scheduled anew, and nobody sends it: it is recorded as it was."""
    given.device(container)
    given.many_leads(container, 3)
    given.campaign(container)
    before = position(container)
    when.triggers(container)
    phones = Phones(clock, Accepted("one"), Rejected("131026", "no"), Accepted("three"))
    worker = when.broadcaster(container, phones)
    when.looks(worker)

    goes_back(container, before, worker)
    assert then.messages(container) == []
    reconciles(worker)
    assert then.count(container.database, "quarantine") == 3
    when.triggers(container)
    assert then.statuses(container) == {"pending": 3}
    when.looks(worker)
    when.reaps(container)

    assert then.statuses(container) == {"sent": 2, "failed": 1}
    assert {row.provider_id for row in then.messages(container)} == {"one", "three", None}
    assert len(phones.sent) == 3
    assert then.table(container, "quarantine") == []
    proven(container, phones)


def test_an_answer_that_comes_before_its_message_is_scheduled_anew(
    container: Container, clock: SimulatedClock
) -> None:
    """It is kept beside the dispatch, and recorded with it."""
    given.device(container)
    given.lead(container)
    given.campaign(container)
    before = position(container)
    when.triggers(container)
    phones = Phones(clock)
    worker = when.broadcaster(container, phones)
    result = worker.claim(worker.claim_request())

    goes_back(container, before, worker)
    reconciles(worker)
    when.sends_claimed(worker, result)
    when.triggers(container)
    when.looks(worker)
    when.reaps(container)

    (message,) = then.messages(container)
    assert (message.status, message.provider_id) == ("sent", "wamid.1")
    assert len(phones.sent) == 1


def test_it_is_said_that_the_database_went_back(
    container: Container, clock: SimulatedClock
) -> None:
    given.due_messages(container, 2)
    before = position(container)
    worker = when.broadcaster(container, Phones(clock))
    when.looks(worker)

    goes_back(container, before, worker)
    reconciles(worker)

    incidents = {row.kind: row.detail for row in then.table(container, "incidents")}
    assert incidents["database.went_back"]["end"] == before
    assert incidents["database.lost_dispatches"] == {"messages": 2, "more": False}


def test_it_goes_back_twice(container: Container, clock: SimulatedClock) -> None:
    """What was recorded again is remembered as well."""
    given.due_messages(container, 2)
    before = position(container)
    phones = Phones(clock)
    worker = when.broadcaster(container, phones)
    when.looks(worker)
    for _ in range(2):
        goes_back(container, before, worker)
        reconciles(worker)
        assert then.statuses(container) == {"sent": 2}
    meets_another_server(worker)
    reconciles(worker)

    when.looks(worker)
    assert len(phones.sent) == 2
    assert then.table(container, "quarantine") == []
    proven(container, phones)


def test_what_has_ended_otherwise_meanwhile_is_for_a_person(
    container: Container, clock: SimulatedClock
) -> None:
    """Somebody cancelled what had been sent: it stays in quarantine, and says so."""
    given.due_messages(container)
    before = position(container)
    phones = Phones(clock)
    worker = when.broadcaster(container, phones)
    when.looks(worker)
    goes_back(container, before, worker)
    (message,) = then.messages(container)
    container.outreach.cancel_message(message.message_id, actor="api:sales")

    reconciles(worker)

    (aside,) = then.table(container, "quarantine")
    assert aside.id == message.message_id
    assert aside.dispatched is None
    assert "it is cancelled" in aside.reason
    assert then.gaps(container) == []


def test_a_worker_that_cannot_remember_all_sends_nothing(
    container: Container, clock: SimulatedClock
) -> None:
    """Whether it sent what is pending again nobody knows."""
    given.due_messages(container, 3)
    before = position(container)
    worker = when.broadcaster(container, Phones(clock))
    worker.memory = worker.recorder.memory = DispatchMemory(most=2)
    when.looks(worker)
    goes_back(container, before, worker)

    with pytest.raises(StorageError, match="further than this worker remembers"):
        reconciles(worker)
    with pytest.raises(StorageError, match="the server changed"):
        worker.claim(worker.claim_request())
    # What it does remember nobody else sends either.
    assert then.count(container.database, "quarantine") == 2


def test_claims_that_were_lost_are_forgotten(container: Container, clock: SimulatedClock) -> None:
    """The message is claimed anew, once."""
    given.due_messages(container, 3, pace=(60, 60))
    before = position(container)
    phones = Phones(clock)
    given.settings(container, broadcast_every=600.0)
    worker = when.broadcaster(container, phones)
    when.claims(worker)
    assert len(worker.queues.all()) == 3

    goes_back(container, before, worker)
    reconciles(worker)
    assert worker.queues.all() == []
    when.plays(clock, 600, worker)

    assert then.statuses(container) == {"sent": 3}
    assert then.shortest_pause(phones.moments) >= timedelta(seconds=60)
    proven(container, phones)


def test_a_server_that_lost_nothing_changes_nothing(
    container: Container, clock: SimulatedClock
) -> None:
    given.due_messages(container, 4)
    worker = when.broadcaster(container, Phones(clock, *ANSWERS))
    when.looks(worker)
    log = position(container)

    meets_another_server(worker)
    reconciles(worker)

    assert position(container) == log
    assert then.table(container, "quarantine") == []
    assert then.table(container, "incidents") == []
