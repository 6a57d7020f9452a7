"""Leads enter sequences by trigger: who does, who does not, and when their messages are due."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.windows import Window
from projections.config.settings import Settings
from projections.container import Container
from projections.database.installation import url_of
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_the_first_step_is_due_in_five_minutes_and_each_later_one_a_day_after_the_one_before(
    container: Container,
) -> None:
    """All messages are there from the start, so that nothing has to remember to plan the next."""
    device = given.device(container)
    lead = given.lead(container, triggers=["COLD"])
    sequence = given.sequence(container, "COLD", ["One", "Two", "Three"])

    enrolled = when.enrolls(container)

    assert enrolled == 1
    found = then.messages(container, status="pending")
    assert [(m.step, m.scheduled_at, m.due_at) for m in found] == [
        (1, utc(2026, 3, 2, 8, 5), utc(2026, 3, 2, 8, 5)),
        (2, utc(2026, 3, 3, 8, 5), utc(2026, 3, 3, 8, 5)),
        (3, utc(2026, 3, 4, 8, 5), utc(2026, 3, 4, 8, 5)),
    ]
    assert {(m.lead_id, m.device_id, m.sequence_id) for m in found} == {(lead, device, sequence)}


def test_delays_may_be_given_per_sequence_and_step(container: Container) -> None:
    """Half an hour to the first, then twelve hours each."""
    given.device(container)
    given.lead(container, triggers=["COLD"])
    given.sequence(container, step={"delay_hours": 12}, first_delay_minutes=30)

    when.enrolls(container)

    assert [m.due_at for m in then.messages(container)] == [
        utc(2026, 3, 2, 8, 30),
        utc(2026, 3, 2, 20, 30),
        utc(2026, 3, 3, 8, 30),
    ]


def test_windows_open_in_the_time_zone_of_the_lead(container: Container) -> None:
    """At 09:00 in New York, which is 14:00 UTC in winter and 13:00 from 8 March 2026 on; a lead
    without a time zone gets the sequence's."""
    given.device(container)
    american = given.lead(container, 1, ["COLD"], timezone="America/New_York")
    nobody = given.lead(container, 2, ["COLD"])
    given.sequence(
        container,
        "COLD",
        ["One", "Two"],
        step={"send_at": "09:00", "delay_hours": 24 * 6},
        timezone="Asia/Kuala_Lumpur",
    )

    when.enrolls(container)

    assert [m.due_at for m in then.messages(container, lead_id=american)] == [
        utc(2026, 3, 2, 14, 0),
        utc(2026, 3, 8, 13, 0),
    ]
    assert [m.due_at for m in then.messages(container, lead_id=nobody)] == [
        utc(2026, 3, 3, 1, 0),
        utc(2026, 3, 9, 1, 0),
    ]


def test_what_falls_on_a_weekend_waits_for_monday(
    container: Container, clock: SimulatedClock
) -> None:
    """A sequence may say when sending is open; enrolling on a Friday evening plans for Monday."""
    clock.move_to(utc(2026, 3, 6, 18, 0))
    given.device(container)
    given.lead(container, triggers=["COLD"])
    office = Window(weekdays=(1, 2, 3, 4, 5), start="09:00", end="17:00")
    given.sequence(container, "COLD", ["One", "Two"], windows=(office,))

    when.enrolls(container)

    assert [m.due_at for m in then.messages(container)] == [
        utc(2026, 3, 9, 9, 0),
        utc(2026, 3, 10, 9, 0),
    ]


def test_the_trigger_is_gone_and_the_others_stay(container: Container) -> None:
    """Enrolling by one trigger leaves the lead's other triggers, also those that look alike."""
    given.device(container)
    lead = given.lead(container, triggers=["VIP", "Cold", "COLDVITAC", "newsletter"])
    given.sequence(container, "cold")

    when.enrolls(container)

    assert container.outreach.get_lead(lead).triggers == ("VIP", "COLDVITAC", "newsletter")
    assert then.row(container, "leads", lead_id=lead).triggers == ["VIP", "COLDVITAC", "newsletter"]
    (consumed,) = then.events(container, "lead.trigger_consumed")
    (enrolled,) = then.events(container, "enrollment.lead_enrolled")
    assert consumed.trigger == "Cold"
    assert consumed.enrollment_ids == (enrolled.originator_id,)


# What each lead has, and what its own sequence (on COLD1, COLD2, ...) asks for.
Cases = list[tuple[str, dict[str, Any], dict[str, Any]]]
STAYS_OUT: Cases = [
    ("{}VITAC", {}, {}),
    ("A{}", {}, {}),
    ("COLD", {}, {}),
    ("{}", {"niche": ["B12"]}, {"niche": ("B1",)}),
    ("{}", {"niche": ["B1"]}, {"niche": ("B12",)}),
    ("{}", {"niche": []}, {"niche": ("B1",)}),
    ("{}", {"target_status": "customer"}, {"target_status": "prospect"}),
    ("{}", {"target_status": "prospect"}, {"target_status": "customer"}),
]
ENTERS: Cases = [
    ("{}", {}, {}),
    ("{}", {"niche": ["B12", "b1"]}, {"niche": ("B1", "C3")}),
    ("{}", {"target_status": "customer"}, {"target_status": "all"}),
    ("{}", {"target_status": "customer"}, {"target_status": "customer"}),
]


def given_cases(
    container: Container, cases: list[tuple[str, dict[str, Any], dict[str, Any]]]
) -> list[UUID]:
    """A lead and a sequence for each case, and a device for all; returns the leads."""
    given.device(container)
    leads = []
    for number, (trigger, profile, wanted) in enumerate(cases, start=1):
        leads.append(given.lead(container, number, [trigger.format(f"cold{number}")], **profile))
        given.sequence(container, f"COLD{number}", ["One"], **wanted)
    return leads


def test_leads_that_do_not_match_stay_out(container: Container) -> None:
    """Triggers and niches are whole words: COLD1 is not COLD1VITAC and B1 is not B12. Whoever
    stays out keeps the trigger."""
    leads = given_cases(container, STAYS_OUT)

    assert when.enrolls(container) == 0

    assert then.messages(container) == []
    kept = [container.outreach.get_lead(lead).triggers for lead in leads]
    assert kept[:4] == [("cold1VITAC",), ("Acold2",), ("COLD",), ("cold4",)]
    assert all(len(triggers) == 1 for triggers in kept)


def test_a_trigger_that_looks_alike_opens_no_door_beside_one_that_does(
    container: Container,
) -> None:
    """VIP lets the lead in; COLDVITAC still is not COLD."""
    given.device(container)
    lead = given.lead(container, triggers=["COLDVITAC", "VIP"])
    given.sequence(container, "COLD", ["One"])
    entered = given.sequence(container, "VIP", ["Uno"])

    assert when.enrolls(container) == 1

    assert then.message(container).sequence_id == entered
    assert container.outreach.get_lead(lead).triggers == ("COLDVITAC",)


def test_leads_that_match_enter(container: Container) -> None:
    """In any case; one niche of several is enough; ``all`` is everybody."""
    leads = given_cases(container, ENTERS)

    assert when.enrolls(container) == 4

    assert {m.lead_id for m in then.messages(container)} == set(leads)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_case_does_not_matter_in_any_alphabet(
    server_url: str, admin: Any, clock: SimulatedClock, locale: str
) -> None:
    """As the rest of Sendtrail sees it: ÉTÉ is été and ЛЕТО is лето, whatever locale the server
    was set up in (a service without LANG gets C)."""
    name = f"sendtrail_locale_{os.getpid()}"
    admin(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE '{locale}'")
    with Container(
        Settings(database_url=url_of(server_url, name), secret_key=SECRET_KEY), clock
    ) as container:
        given.device(container)
        given.lead(container, 1, ["ÉTÉ"])
        given.lead(container, 2, ["VIP"], niche=["ЛЕТО"])
        given.sequence(container, "été", ["Bonjour"])
        given.sequence(container, "vip", ["Привет"], niche=("лето",))

        enrolled = when.enrolls(container)
    admin(f"DROP DATABASE {name} WITH (FORCE)")

    assert enrolled == 2


def test_who_opted_out_does_not_enter(container: Container) -> None:
    """Not even by a trigger that comes later; opting in again opens the door."""
    given.device(container)
    lead = given.lead(container)
    given.sequence(container, "COLD", ["One"])
    container.outreach.opt_out(lead, "STOP", actor="webhook:gowa")
    container.outreach.add_trigger(lead, "COLD", actor="api:sales")

    assert when.enrolls(container) == 0

    container.outreach.opt_in(lead, "form of 2 March", actor="api:sales")
    assert when.enrolls(container) == 1


@pytest.mark.parametrize("state", ["draft", "paused", "inactive"])
def test_a_sequence_that_is_not_active_takes_nobody(container: Container, state: str) -> None:
    """And the lead keeps its trigger for later."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD"])
    sequence = given.sequence(container, "COLD", active=state != "draft")
    if state == "paused":
        container.outreach.pause_sequence(sequence, actor="api:sales")
    if state == "inactive":
        container.outreach.deactivate_sequence(sequence, actor="api:sales")

    assert when.enrolls(container) == 0
    assert container.outreach.get_lead(lead).triggers == ("COLD",)


def test_two_sequences_with_one_trigger_both_take_the_lead(container: Container) -> None:
    """The trigger is consumed once, by both."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD", "VIP"])
    first = given.sequence(container, "COLD", ["One", "Two"])
    second = given.sequence(container, "cold", ["Uno"])

    assert when.enrolls(container) == 2

    assert len(then.messages(container, sequence_id=first)) == 2
    assert len(then.messages(container, sequence_id=second)) == 1
    (consumed,) = then.events(container, "lead.trigger_consumed")
    enrolled = then.events(container, "enrollment.lead_enrolled")
    assert set(consumed.enrollment_ids) == {e.originator_id for e in enrolled}
    assert container.outreach.get_lead(lead).triggers == ("VIP",)


def test_two_triggers_are_consumed_each_by_its_own_sequence(container: Container) -> None:
    """In one look, and the lead's history stays in order."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD", "VIP", "OTHER"])
    given.sequence(container, "COLD", ["One"])
    given.sequence(container, "VIP", ["Uno"])

    assert when.enrolls(container) == 2

    assert container.outreach.get_lead(lead).triggers == ("OTHER",)
    assert then.topics(container, lead) == [
        "lead.registered",
        "lead.trigger_consumed",
        "lead.trigger_consumed",
    ]
