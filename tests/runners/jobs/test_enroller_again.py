"""Leads enter sequences again, on which device, and with several enrollers or a dying one."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, cast, get_args

import pytest

from domain import enrolling, enrollment
from domain.enrollment import StopReason
from domain.event import Event
from domain.sequence import REENTRIES, Reentry
from projections.container import Container
from projections.readmodels import enrollments
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when


@pytest.mark.parametrize(
    ("reentry", "while_active", "after_completion"),
    [("once", 1, 1), ("after_completion", 1, 2), ("always", 2, 3)],
)
def test_a_lead_that_gets_the_trigger_again_enters_as_often_as_the_sequence_says(
    container: Container,
    clock: SimulatedClock,
    reentry: str,
    while_active: int,
    after_completion: int,
) -> None:
    """Once in its life, once at a time, or every time."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD"])
    given.sequence(container, "COLD", ["Only"], reentry=reentry)
    when.enrolls(container)

    container.outreach.add_trigger(lead, "COLD", actor="api:sales")
    when.enrolls(container)
    assert len(then.messages(container)) == while_active

    for message in then.messages(container):
        container.outreach.cancel_message(message.message_id, actor="api:sales")
    when.reaps(container)
    assert {e.reason for e in then.table(container, "enrollments")} == {"operator"}
    container.outreach.add_trigger(lead, "COLD", actor="api:sales")
    clock.advance(minutes=5)
    when.enrolls(container)

    assert len(then.messages(container)) == after_completion
    entries = [e.entry for e in then.table(container, "enrollments", "entry")]
    assert entries == [1, 2, 3][:after_completion]


@pytest.mark.parametrize("reentry", REENTRIES)
@pytest.mark.parametrize("reason", [None, "completed", *get_args(StopReason)])
def test_the_enroller_lets_in_whom_the_domain_lets_in(
    container: Container, reentry: Reentry, reason: str | None
) -> None:
    """One rule in two places, after every end of an earlier journey; None is one under way."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD"])
    sequence = given.sequence(container, "COLD", ["Only"], reentry=reentry)
    when.enrolls(container)
    container.outreach.add_trigger(lead, "COLD", actor="api:sales")
    (earlier,) = then.table(container, "enrollments")
    state = enrollments.state(earlier)
    by = {"now": container.outreach.clock(), "actor": "api:test"}
    ended: tuple[Event, ...] = ()
    if reason is not None:
        ended = (
            enrollment.end(state, (), **by)
            if reason == "completed"
            else enrollment.stop(state, cast(StopReason, reason), **by)
        )
    with container.database.transaction() as connection:
        container.outreach.record(connection, ended)
    after = enrollment.fold(state, ended)
    assert after is not None

    when.enrolls(container)

    again = len(then.table(container, "enrollments")) == 2
    assert again is not enrolling.keeps_out(reentry, after)
    no = reason in ("opted_out", "erased")
    allowed = {"once": False, "after_completion": not no and reason is not None, "always": True}
    assert again is allowed[reentry]
    assert {row.sequence_id for row in then.table(container, "enrollments")} == {sequence}


def test_a_lead_without_a_device_always_gets_the_same_one(container: Container) -> None:
    """A conversation does not jump from number to number; leads spread over the devices."""
    devices = {given.device(container, f"Sales {number}") for number in (1, 2, 3)}
    leads = given.many_leads(container, 60, ["COLD"])
    given.sequence(container, "COLD", ["One", "Two"])
    given.sequence(container, "COLD", ["Uno"])

    when.enrolls(container)

    by_lead = {
        lead: {m.device_id for m in then.messages(container, lead_id=lead)} for lead in leads
    }
    assert all(len(found) == 1 for found in by_lead.values())
    assert set.union(*by_lead.values()) == devices


def test_an_own_device_is_used_even_while_it_is_offline(container: Container) -> None:
    """Its messages wait for it; no other number writes to the lead."""
    given.device(container, "Other")
    own = given.device(container, "Own", online=False)
    given.lead(container, triggers=["COLD"], device_id=own)
    given.sequence(container)

    when.enrolls(container)

    assert {m.device_id for m in then.messages(container)} == {own}


def test_a_lead_whose_own_device_is_retired_enters_on_another(container: Container) -> None:
    """Until there is one it waits, and keeps its trigger."""
    own = given.device(container, "Own")
    lead = given.lead(container, triggers=["COLD"], device_id=own)
    given.sequence(container)
    container.outreach.retire_device(own, actor="api:admin")

    assert when.enrolls(container) == 0
    assert container.outreach.get_lead(lead).triggers == ("COLD",)
    other = given.device(container, "Other")

    assert when.enrolls(container) == 1
    assert {m.device_id for m in then.messages(container)} == {other}


def test_without_a_device_in_service_nobody_enters(container: Container) -> None:
    """Everybody does once there is one."""
    retired = given.device(container)
    container.outreach.retire_device(retired, actor="api:admin")
    given.many_leads(container, 3, ["COLD"])
    given.sequence(container, "COLD", ["One"])

    assert when.enrolls(container) == 0

    fresh = given.device(container, "Sales 2", online=False)
    assert when.enrolls(container) == 3
    assert {m.device_id for m in then.messages(container)} == {fresh}


def test_two_enrollers_at_once_enroll_every_lead_once(container: Container) -> None:
    """On two machines, in chunks that get into each other's way."""
    given.device(container)
    given.many_leads(container, 300, ["COLD"])
    given.sequence(container, "COLD", ["One", "Two"])
    work = partial(when.enrolls, container, chunk=20)

    counts = when.at_once(work, work)
    last = when.enrolls(container)

    assert sum(counts) + last == 300
    assert len(then.events(container, "enrollment.lead_enrolled")) == 300
    assert then.statuses(container) == {"pending": 600}


def test_an_enroller_that_dies_between_two_chunks_goes_on_where_it_was(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is enrolled twice and nobody is forgotten."""
    given.device(container)
    given.many_leads(container, 50, ["COLD"])
    given.sequence(container, "COLD", ["One"])
    record, calls = container.outreach.record, []

    def dies_in_the_third(connection: Any, events: Any) -> None:
        calls.append(len(events))
        dies = len(calls) >= 3
        record(connection, events)
        if dies:
            raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(container.outreach, "record", dies_in_the_third)
        with pytest.raises(KeyboardInterrupt):
            when.enrolls(container, chunk=10)
    assert then.statuses(container) == {"pending": 20}

    assert when.enrolls(container, chunk=10) == 30
    assert then.statuses(container) == {"pending": 50}


def test_looking_again_changes_nothing(container: Container, clock: SimulatedClock) -> None:
    """An enroller that has nothing to do writes nothing."""
    given.device(container)
    given.many_leads(container, 5, ["COLD"])
    given.sequence(container)
    when.enrolls(container)
    before = then.count(container.database)

    clock.move_to(clock() + timedelta(minutes=5))

    assert when.enrolls(container) == 0
    assert then.count(container.database) == before
