"""Leads enter sequences again, on which device, and with several enrollers or a dying one."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from projections.container import House
from runners.support.clocks import SimulatedClock
from tests.runners import given, then, when


@pytest.mark.parametrize(
    ("reentry", "while_active", "after_completion"),
    [("once", 1, 1), ("after_completion", 1, 2), ("always", 2, 3)],
)
def test_a_lead_that_gets_the_trigger_again_enters_as_often_as_the_sequence_says(
    house: House,
    clock: SimulatedClock,
    reentry: str,
    while_active: int,
    after_completion: int,
) -> None:
    """Once in its life, once at a time, or every time."""
    given.device(house)
    lead = given.lead(house, triggers=["COLD"])
    given.sequence(house, "COLD", ["Only"], reentry=reentry)
    when.enrolls(house)

    house.outreach.add_trigger(lead, "COLD", actor="api:sales")
    when.enrolls(house)
    assert len(then.messages(house)) == while_active

    for message in then.messages(house):
        house.outreach.cancel_message(message.message_id, actor="api:sales")
    when.reaps(house)
    assert {e.status for e in then.table(house, "enrollments")} == {"completed"}
    house.outreach.add_trigger(lead, "COLD", actor="api:sales")
    clock.advance(minutes=5)
    when.enrolls(house)

    assert len(then.messages(house)) == after_completion
    entries = [e.entry for e in then.table(house, "enrollments", "entry")]
    assert entries == [1, 2, 3][:after_completion]


def test_a_lead_without_a_device_always_gets_the_same_one(house: House) -> None:
    """A conversation does not jump from number to number; leads spread over the devices."""
    devices = {given.device(house, f"Sales {number}") for number in (1, 2, 3)}
    leads = given.many_leads(house, 60, ["COLD"])
    given.sequence(house, "COLD", ["One", "Two"])
    given.sequence(house, "COLD", ["Uno"])

    when.enrolls(house)

    by_lead = {lead: {m.device_id for m in then.messages(house, lead_id=lead)} for lead in leads}
    assert all(len(found) == 1 for found in by_lead.values())
    assert set.union(*by_lead.values()) == devices


def test_an_own_device_is_used_even_while_it_is_offline(house: House) -> None:
    """Its messages wait for it; no other number writes to the lead."""
    given.device(house, "Other")
    own = given.device(house, "Own", online=False)
    given.lead(house, triggers=["COLD"], device_id=own)
    given.sequence(house)

    when.enrolls(house)

    assert {m.device_id for m in then.messages(house)} == {own}


def test_a_lead_whose_own_device_is_retired_waits_for_another(house: House) -> None:
    """It is not enrolled on somebody else's number, and keeps its trigger."""
    given.device(house, "Other")
    own = given.device(house, "Own")
    lead = given.lead(house, triggers=["COLD"], device_id=own)
    given.sequence(house)
    house.outreach.retire_device(own, actor="api:admin")

    assert when.enrolls(house) == 0
    assert house.outreach.get_lead(lead).triggers == ("COLD",)


def test_without_a_device_in_service_nobody_enters(house: House) -> None:
    """Everybody does once there is one."""
    retired = given.device(house)
    house.outreach.retire_device(retired, actor="api:admin")
    given.many_leads(house, 3, ["COLD"])
    given.sequence(house, "COLD", ["One"])

    assert when.enrolls(house) == 0

    fresh = given.device(house, "Sales 2", online=False)
    assert when.enrolls(house) == 3
    assert {m.device_id for m in then.messages(house)} == {fresh}


def test_two_enrollers_at_once_enroll_every_lead_once(house: House) -> None:
    """On two machines, in chunks that get into each other's way."""
    given.device(house)
    given.many_leads(house, 300, ["COLD"])
    given.sequence(house, "COLD", ["One", "Two"])
    work = partial(when.enrolls, house, chunk=20)

    counts = when.at_once(work, work)
    last = when.enrolls(house)

    assert sum(counts) + last == 300
    assert len(then.events(house, "enrollment.lead_enrolled")) == 300
    assert then.statuses(house) == {"pending": 600}


def test_an_enroller_that_dies_between_two_chunks_goes_on_where_it_was(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is enrolled twice and nobody is forgotten."""
    given.device(house)
    given.many_leads(house, 50, ["COLD"])
    given.sequence(house, "COLD", ["One"])
    record, calls = house.outreach.record, []

    def dies_in_the_third(connection: Any, events: Any) -> None:
        calls.append(len(events))
        dies = len(calls) >= 3
        record(connection, events)
        if dies:
            raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(house.outreach, "record", dies_in_the_third)
        with pytest.raises(KeyboardInterrupt):
            when.enrolls(house, chunk=10)
    assert then.statuses(house) == {"pending": 20}

    assert when.enrolls(house, chunk=10) == 30
    assert then.statuses(house) == {"pending": 50}


def test_looking_again_changes_nothing(house: House, clock: SimulatedClock) -> None:
    """An enroller that has nothing to do writes nothing."""
    given.device(house)
    given.many_leads(house, 5, ["COLD"])
    given.sequence(house)
    when.enrolls(house)
    before = then.count(house.database)

    clock.move_to(clock() + timedelta(minutes=5))

    assert when.enrolls(house) == 0
    assert then.count(house.database) == before
