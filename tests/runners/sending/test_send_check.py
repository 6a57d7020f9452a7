"""The last look: what is not wanted any more is not sent, what has to wait waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


def test_who_opts_out_one_second_before_the_slot_gets_nothing(
    container: Container, clock: SimulatedClock
) -> None:
    """Claimed already, and still not sent; the later steps are cancelled too."""
    given.device(container)
    given.journey(container, "One", "Two")
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    clock.advance(minutes=4, seconds=56)
    assert when.claims(broadcaster) == 1
    clock.advance(seconds=3)

    lead = then.table(container, "leads")[0].lead_id
    container.outreach.opt_out(lead, "STOP", actor="webhook:gowa")
    when.plays(clock, 60, broadcaster)

    assert phones.sent == []
    assert [(m.status, m.reason) for m in then.messages(container)] == [
        ("cancelled", "opted_out")
    ] * 2


def test_an_opt_out_that_only_the_last_look_can_see_is_seen(
    container: Container, clock: SimulatedClock
) -> None:
    """A message planned while the lead was opting out is cancelled at its slot."""
    given.device(container)
    lead = given.lead(container)
    container.outreach.opt_out(lead, "STOP", actor="webhook:gowa")
    opted_out = then.row(container, "leads", lead_id=lead).opted_out_at
    set_opted_out(container, lead, None)
    given.campaign(container)
    when.triggers(container)
    set_opted_out(container, lead, opted_out)
    phones = Phones(clock)

    when.looks(when.broadcaster(container, phones))

    assert phones.sent == []
    message = then.message(container)
    assert (message.status, message.reason) == ("cancelled", "opted_out")


def set_opted_out(container: Container, lead: UUID, at: datetime | None) -> None:
    """By hand, as the other transaction of a race would see it."""
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE leads SET opted_out_at = %(at)s WHERE lead_id = %(id)s",
            {"at": at, "id": str(lead)},
        )


def test_a_reply_cancels_the_steps_that_were_to_follow(
    container: Container, clock: SimulatedClock
) -> None:
    """Also the one that is claimed already; the campaign's message is not the sequence's affair."""
    given.device(container)
    sequence = given.journey(container, "One", "Two")
    given.campaign(container, at=clock() + timedelta(hours=24, minutes=5))
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    when.plays(clock, 600, broadcaster)
    clock.move_to(datetime(2026, 3, 3, 8, 5, tzinfo=UTC) - timedelta(seconds=3))
    when.claims(broadcaster)

    lead = then.table(container, "leads")[0].lead_id
    when.replies(container, lead, "Who is this?", "wamid.in.1")
    clock.advance(seconds=3)
    when.triggers(container)
    when.plays(clock, 60, broadcaster)

    assert phones.texts == ["One", "Hello there"]
    cancelled = then.message(container, sequence_id=sequence, step=2)
    assert (cancelled.status, cancelled.reason) == ("cancelled", "replied")


@pytest.mark.parametrize(("late", "status"), [(5, "sent"), (7, "cancelled")])
def test_a_message_that_may_expire_is_cancelled_when_it_is_too_late(
    container: Container, clock: SimulatedClock, late: int, status: str
) -> None:
    """Everything was down for hours: an offer for six hours goes after five and not after seven."""
    given.device(container)
    given.lead(container)
    given.campaign(container, expires_after_hours=6)
    when.triggers(container)
    clock.advance(hours=late)

    when.looks(when.broadcaster(container, Phones(clock)))

    message = then.message(container)
    assert (message.status, message.reason) == (status, "expired" if late == 7 else None)


def test_a_message_three_days_late_is_still_sent(
    container: Container, clock: SimulatedClock
) -> None:
    """Unless it said that it expires, lateness is no reason to forget it."""
    given.device(container)
    given.journey(container)
    clock.advance(days=3)

    when.looks(when.broadcaster(container, Phones(clock)))

    assert then.statuses(container) == {"sent": 1}


def test_a_device_that_goes_offline_keeps_its_messages(
    container: Container, clock: SimulatedClock
) -> None:
    """What was claimed waits too, and all of it goes when the device is back."""
    device = given.device(container, pace=(10, 10))
    given.many_leads(container, 4)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    when.plays(clock, 12, broadcaster)
    assert len(phones.sent) == 2

    container.outreach.disconnect_device(device, "the phone is off", actor="runner:monitor:test")
    when.plays(clock, 600, broadcaster)
    assert len(phones.sent) == 2
    assert then.statuses(container) == {"sent": 2, "pending": 2}

    container.outreach.connect_device(device, actor="runner:monitor:test")
    when.plays(clock, 60, broadcaster)
    assert then.statuses(container) == {"sent": 4}


def test_a_paused_campaign_is_held_and_goes_on_when_resumed(
    container: Container, clock: SimulatedClock
) -> None:
    """Also what was claimed when it was paused. Resuming floods nobody: the pace holds."""
    given.device(container, pace=(10, 10))
    given.many_leads(container, 6)
    campaign = given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    when.plays(clock, 12, broadcaster)

    container.outreach.pause_campaign(campaign, actor="api:sales")
    when.plays(clock, 3600, broadcaster)
    assert len(phones.sent) == 2
    assert {m.due_at for m in then.messages(container, status="pending")} == {None}

    container.outreach.resume_campaign(campaign, actor="api:sales")
    when.plays(clock, 60, broadcaster)
    assert then.statuses(container) == {"sent": 6}
    assert then.shortest_pause(phones.moments) == timedelta(seconds=10)
