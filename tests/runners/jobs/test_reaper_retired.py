"""The reaper leaves no message on a retired device: it moves, or is cancelled, as it was said."""

from __future__ import annotations

from uuid import UUID

from projections.container import Container
from runners.gateways.protocol import Rejected
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import proves_itself
from tests.support.when import Phones

BOSS = "api:boss"


def waiting_on(container: Container, device: UUID, count: int = 5) -> UUID:
    """A campaign with so many messages on that device, for leads whose own it is."""
    given.many_leads(container, count, device_id=device)
    campaign = given.campaign(container)
    when.triggers(container)
    return campaign


def devices_of(container: Container, **where: object) -> set[UUID]:
    return {m.device_id for m in then.messages(container, **where)}


def test_all_moves_to_the_device_that_was_named(container: Container) -> None:
    """A few at a time, and each lead keeps what it is recorded to have."""
    old, new, _ = (given.device(container, name) for name in ("Old", "New", "Other"))
    waiting_on(container, old)
    container.outreach.retire_device(old, move_to=new, actor=BOSS)

    assert when.reaps(container, chunk=2) == 5

    assert devices_of(container) == {new}
    assert then.statuses(container) == {"pending": 5}
    assert {row.device_id for row in then.table(container, "leads")} == {old}
    assert when.reaps(container) == 0
    proves_itself(container)


def test_what_any_takes_over_is_spread_as_leads_are_written_to(container: Container) -> None:
    """Those whom another number in service wrote to stay with that; the others are shared out."""
    known, old = given.device(container, "Known"), given.device(container, "Old")
    leads = given.many_leads(container, 3, device_id=known)
    given.campaign(container, name="First")
    when.triggers(container)
    for lead in leads:
        container.outreach.update_lead(
            lead, lambda p: given.changed(p, device_id=old), actor=given.ACTOR
        )
        assert devices_of(container, lead_id=lead) == {old}
    waiting_on_old = given.many_leads(container, 24, first=11, device_id=old)
    given.campaign(container, name="Second")
    when.triggers(container)
    third = given.device(container, "Third")

    container.outreach.retire_device(old, move_to="any", actor=BOSS)
    when.reaps(container)

    assert then.statuses(container, device_id=old) == {}
    assert devices_of(container) == {known, third}
    for lead in [*leads, *waiting_on_old]:
        assert len(devices_of(container, lead_id=lead)) == 1
    proves_itself(container)


def test_the_steps_and_the_campaign_of_a_lead_move_together(container: Container) -> None:
    """In chunks of one, and though each would rather have a device of its own."""
    old, two, three = (given.device(container, name) for name in ("Old", "Two", "Three"))
    given.lead(container, 1, ["COLD"], device_id=old)
    given.sequence(container, device_ids=(two,))
    given.campaign(container, device_ids=(three,))
    when.enrolls(container)
    when.triggers(container)

    container.outreach.retire_device(old, move_to="any", actor=BOSS)
    when.reaps(container, chunk=1)

    assert len(devices_of(container)) == 1
    assert devices_of(container) <= {two, three}


def test_a_pool_that_is_gone_loses_nobody(container: Container) -> None:
    """One was banned, and two phones were free that the campaign did not name."""
    banned, _, _ = (given.device(container, name) for name in ("Banned", "Free", "Free too"))
    given.many_leads(container, 4)
    given.campaign(container, device_ids=(banned,))
    when.triggers(container)
    assert devices_of(container) == {banned}

    container.outreach.retire_device(banned, move_to="any", actor=BOSS)
    when.reaps(container)

    assert then.statuses(container) == {"pending": 4}
    assert banned not in devices_of(container)
    proves_itself(container)


def test_the_named_device_is_retired_meanwhile(container: Container) -> None:
    """Any other takes over, at once."""
    old, new, other = (given.device(container, name) for name in ("Old", "New", "Other"))
    waiting_on(container, old)
    container.outreach.retire_device(old, move_to=new, actor=BOSS)
    container.outreach.retire_device(new, actor=BOSS)
    when.reaps(container)
    assert devices_of(container) == {other}
    assert len(then.events(container, "message.moved")) == 5


def test_nobody_is_left_to_take_over(container: Container) -> None:
    """Then there is no device for it."""
    old, new = given.device(container, "Old"), given.device(container, "New")
    waiting_on(container, old)
    container.outreach.retire_device(old, move_to="any", actor=BOSS)
    container.outreach.retire_device(new, actor=BOSS)
    when.reaps(container)
    assert {(m.status, m.reason) for m in then.messages(container)} == {("cancelled", "no_device")}


def test_what_a_paused_campaign_holds_moves_too(container: Container) -> None:
    """And stays held."""
    old, new = given.device(container, "Old"), given.device(container, "New")
    campaign = waiting_on(container, old)
    container.outreach.pause_campaign(campaign, actor=BOSS)
    container.outreach.retire_device(old, move_to=new, actor=BOSS)

    assert when.reaps(container, chunk=2) == 5

    assert devices_of(container) == {new}
    assert {m.due_at for m in then.messages(container)} == {None}
    container.outreach.resume_campaign(campaign, actor=BOSS)
    assert None not in {m.due_at for m in then.messages(container)}
    proves_itself(container)


def test_what_a_paused_campaign_holds_is_cancelled_too(container: Container) -> None:
    """Where that was said."""
    old = given.device(container, "Old")
    campaign = waiting_on(container, old)
    container.outreach.pause_campaign(campaign, actor=BOSS)
    container.outreach.retire_device(old, cancel=True, actor=BOSS)
    when.reaps(container, chunk=2)
    assert then.statuses(container) == {"cancelled": 5}


def test_an_enrollment_whose_steps_are_cancelled_ends_with_that_reason(
    container: Container,
) -> None:
    """And its lead does not get the next trigger."""
    old = given.device(container, "Old")
    given.device(container, "New")
    lead = given.lead(container, 1, ["COLD"], device_id=old)
    given.sequence(container, next_trigger="WARM")
    when.enrolls(container)
    container.outreach.retire_device(old, cancel=True, actor=BOSS)
    when.reaps(container)
    (enrollment,) = then.table(container, "enrollments")
    assert (enrollment.status, enrollment.reason) == ("stopped", "device_retired")
    assert container.outreach.get_lead(lead).triggers == ()


def test_what_a_worker_has_claimed_is_not_sent_and_moves(
    container: Container, clock: SimulatedClock
) -> None:
    """The worker lets it go at its slot."""
    old, new = given.device(container, "Old", pace=(5, 5)), given.device(container, "New")
    waiting_on(container, old, 2)
    given.settings(container, broadcast_every=30)
    worker = when.broadcaster(container, phones := Phones(clock))
    assert when.claims(worker) == 2
    container.outreach.retire_device(old, move_to=new, actor=BOSS)

    when.plays(clock, 30, worker)
    when.reaps(container)
    when.plays(clock, 30, worker)

    assert {outgoing.device_id for outgoing in phones.sent} == {new}
    assert then.statuses(container) == {"sent": 2}


def test_what_is_sent_again_after_its_device_was_retired_goes_from_another(
    container: Container, clock: SimulatedClock
) -> None:
    """Nothing was waiting when it was retired, so nobody was asked."""
    old, new = given.device(container, "Old"), given.device(container, "New")
    waiting_on(container, old, 1)
    worker = when.broadcaster(container, phones := Phones(clock, Rejected("x", "no")))
    when.plays(clock, 5, worker)
    container.outreach.retire_device(old, actor=BOSS)
    container.outreach.retry_message(then.message(container).message_id, actor=BOSS)

    when.reaps(container)
    when.plays(clock, 5, worker)

    assert [outgoing.device_id for outgoing in phones.sent] == [old, new]
    assert then.statuses(container) == {"sent": 1}
