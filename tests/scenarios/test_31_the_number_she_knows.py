""" "A third phone was added, and eight of twelve people were written to from another number. One
phone was banned, and the steps of its people were cancelled though two phones were free." """

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from projections.container import Container
from runners.gateways.protocol import Accepted, Unknown
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.client import Client
from tests.support.heard import proves_itself, puts, says

PEOPLE = 12


def writers(container: Container, leads: Iterable[UUID]) -> list[set[UUID]]:
    """The numbers that each of these people was, or will be, written to from."""
    wrote: dict[UUID, set[UUID]] = {}
    for message in then.messages(container):
        if message.status != "cancelled":
            wrote.setdefault(message.lead_id, set()).add(message.device_id)
    return [wrote[lead] for lead in leads]


def two_phones(container: Container) -> tuple[list[UUID], list[UUID]]:
    """Two numbers, and twelve people under way in a sequence of three steps."""
    phones = [given.device(container, name) for name in ("One", "Two")]
    leads = given.many_leads(container, PEOPLE, ["COLD"])
    given.sequence(container)
    when.enrolls(container)
    return phones, leads


def test_a_third_phone_moves_nobody(container: Container, clock: SimulatedClock) -> None:
    """Neither what is planned nor what comes after it: everybody hears from one number."""
    phones, leads = two_phones(container)
    simulation = Simulation(container, clock)
    simulation.play(clock() + timedelta(hours=1))
    third = given.device(container, "Three")
    for number in range(3):
        given.campaign(container, name=f"Offer {number}")
    given.sequence(container, "WARM", ("Four", "Five"))
    for lead in leads:
        container.outreach.add_trigger(lead, "WARM", actor=given.ACTOR)
    newcomers = given.many_leads(container, 3 * PEOPLE, first=PEOPLE + 1)
    given.campaign(container, name="For all")
    simulation.play(clock() + timedelta(days=3))

    wrote = writers(container, [*leads, *newcomers])
    assert all(len(devices) == 1 for devices in wrote)
    assert set().union(*wrote[:PEOPLE]) == set(phones)
    assert third in set().union(*wrote[PEOPLE:])
    assert set(then.statuses(container)) == {"sent"}
    proves_itself(container)


def test_what_waits_on_a_banned_phone_goes_from_the_free_ones(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Nothing is cancelled, nobody hears from two of the free ones, and the others stay."""
    phones, leads = two_phones(container)
    phones.append(given.device(container, "Three"))
    simulation = Simulation(container, clock)
    simulation.play(clock() + timedelta(hours=1))
    banned, *free = phones
    before = dict(zip(leads, writers(container, leads), strict=True))
    hers = [lead for lead, wrote in before.items() if wrote == {banned}]

    assert operator.post(f"/devices/{banned}/retire", {"move_to": "any"}).status == 200
    simulation.play(clock() + timedelta(days=3))
    given.campaign(container)
    simulation.play(clock() + timedelta(hours=1))

    assert then.statuses(container) == {"sent": PEOPLE * 4}
    after = dict(zip(leads, writers(container, leads), strict=True))
    assert all(len(after[lead] - {banned}) == 1 for lead in hers)
    assert {lead: after[lead] for lead in leads if lead not in hers} == {
        lead: before[lead] for lead in leads if lead not in hers
    }
    from_then_on = [m for m in then.messages(container) if m.step != 1]
    assert Counter(m.device_id in free for m in from_then_on) == {True: len(from_then_on)}
    proves_itself(container)


def test_whoever_retires_a_phone_is_asked_what_becomes_of_its_messages(
    container: Container, operator: Client
) -> None:
    """The error says how many they are; cancelled is only what somebody wanted cancelled."""
    phones, _ = two_phones(container)
    waiting = len(then.messages(container, device_id=phones[0]))

    asked = operator.post(f"/devices/{phones[0]}/retire")
    assert (asked.status, asked.json["errors"]) == (409, {"pending": waiting})
    assert operator.get(f"/devices/{phones[0]}").json["status"] == "online"

    assert operator.post(f"/devices/{phones[0]}/retire", {"cancel": True}).status == 200
    when.reaps(container)
    assert then.statuses(container, device_id=phones[0]) == {"cancelled": waiting}
    assert {m.reason for m in then.messages(container, device_id=phones[0])} == {"device_retired"}


def test_she_answered_another_number_of_ours(container: Container, clock: SimulatedClock) -> None:
    """From then on that one writes; her own number, if she has one, goes before it."""
    first, other = (given.device(container, name) for name in ("One", "Two"))
    lead = given.lead(container, 1, device_id=first)
    given.campaign(container, name="Before")
    when.triggers(container)
    container.outreach.update_lead(lead, lambda p: given.changed(p, device_id=None), actor="api:x")
    puts(container, says(1, "Hello"), device=other)
    when.receives(container)

    clock.advance(minutes=1)
    given.campaign(container, name="After")
    when.triggers(container)

    assert [m.device_id for m in then.messages(container)] == [first, other]


def test_a_lead_gets_another_number(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """What is pending moves with it, and the audit says so; what was sent stays."""
    phones, leads = two_phones(container)
    lead = leads[0]
    (own,) = writers(container, [lead])[0]
    (new,) = set(phones) - {own}
    Simulation(container, clock).play(clock() + timedelta(hours=1))

    changed = operator.patch(f"/leads/{lead}", {"device_id": str(new)})
    assert (changed.status, changed.json["moved"]) == (200, 2)

    moved = then.messages(container, lead_id=lead, status="pending")
    assert [(m.step, m.device_id) for m in moved] == [(2, new), (3, new)]
    assert then.message(container, lead_id=lead, step=1).device_id == own
    trail = operator.get(f"/audit/messages/{moved[0].message_id}").json
    assert trail["device_id"] == str(new)
    assert f"moved to device {new}" in [entry["story"] for entry in trail["entries"]]
    proves_itself(container)


def test_a_step_that_is_added_comes_from_her_own_number(
    container: Container, clock: SimulatedClock
) -> None:
    """Nothing of hers waits, and she has another number since."""
    given.device(container, "One")
    lead = given.lead(container, 1, ["COLD"])
    sequence = given.sequence(container, bodies=("1", "2"), step={"delay_hours": 1})
    when.enrolls(container)
    second = given.device(container, "Two")
    broadcaster = when.broadcaster(container, when.Phones(clock, Accepted("1"), Unknown("?")))
    for _ in range(2):
        clock.advance(hours=1, minutes=5)
        when.looks(broadcaster)
    container.outreach.update_lead(
        lead, lambda p: given.changed(p, device_id=second), actor=given.ACTOR
    )

    container.outreach.add_step(sequence, body="3", actor=given.ACTOR)

    assert then.message(container, step=3).device_id == second
