"""Messages of the queue that commands look up: what can be cancelled, and what a reply answers."""

from __future__ import annotations

from uuid import UUID

from projections.container import Container
from projections.queue import lookup
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


def cancellable(
    container: Container, lead: UUID, enrollment: UUID | None = None, limit: int = 10
) -> list[UUID]:
    with container.database.transaction() as connection:
        messages = lookup.cancellable(connection, limit, lead_id=lead, enrollment_id=enrollment)
    return [message.id for message in messages]


def test_what_is_pending_or_claimed_of_a_lead_can_be_cancelled(
    container: Container, clock: SimulatedClock
) -> None:
    """Not what was dispatched, nor what is somebody else's; in the order of the ids."""
    given.device(container)
    leads = given.many_leads(container, 2)
    worker = when.broadcaster(container, Phones(clock))
    given.campaign(container, name="Sent")
    when.triggers(container)
    when.looks(worker)
    given.campaign(container, name="Claimed")
    when.triggers(container)
    when.claims(worker)
    given.campaign(container, name="Pending")
    when.triggers(container)
    assert then.statuses(container, lead_id=leads[0]) == {"sent": 1, "processing": 1, "pending": 1}

    open_ids = sorted(
        message.message_id
        for message in then.messages(container, lead_id=leads[0])
        if message.status != "sent"
    )
    assert cancellable(container, leads[0]) == open_ids
    assert cancellable(container, leads[0], limit=1) == open_ids[:1]


def test_of_one_enrollment_only_its_own_can_be_cancelled(
    container: Container, clock: SimulatedClock
) -> None:
    """The lead's other journeys go on."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD", "WARM"])
    for trigger in ("COLD", "WARM"):
        given.sequence(container, trigger, ["One", "Two"])
    when.enrolls(container)
    one, other = {message.enrollment_id for message in then.messages(container)}

    for enrollment in (one, other):
        own = sorted(m.message_id for m in then.messages(container, enrollment_id=enrollment))
        assert len(own) == 2
        assert cancellable(container, lead, enrollment) == own
    assert len(cancellable(container, lead)) == 4


def test_a_reply_answers_what_was_dispatched_last(
    container: Container, clock: SimulatedClock
) -> None:
    """Whatever is still to come."""
    given.device(container)
    lead, nobody = given.many_leads(container, 2)
    container.outreach.opt_out(nobody, "STOP", actor="webhook:gowa")
    worker = when.broadcaster(container, Phones(clock))
    campaigns = []
    for name in ("First", "Second"):
        campaigns.append(given.campaign(container, name=name))
        when.triggers(container)
        when.looks(worker)
        clock.advance(minutes=1)
    given.campaign(container, name="To come")
    when.triggers(container)

    with container.database.transaction() as connection:
        answered = lookup.latest_sent_to(connection, lead)
        assert lookup.latest_sent_to(connection, nobody) is None

    assert answered == then.message(container, campaign_id=campaigns[1]).message_id
