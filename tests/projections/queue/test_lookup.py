"""Messages of the queue that commands look up: what can be cancelled, and what a reply answers."""

from __future__ import annotations

from uuid import UUID

from projections.container import Container
from projections.eventstore.surroundings import surroundings
from projections.queue import lookup
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


def cancellable(container: Container, *leads: UUID) -> list[UUID]:
    with container.database.transaction() as connection:
        messages = lookup.cancellable(connection, leads)
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
    everybodys = [m.message_id for m in then.messages(container) if m.status != "sent"]
    assert cancellable(container, *leads) == sorted(everybodys)


def test_of_an_enrollment_that_is_stopped_only_its_own_are_cancelled(
    container: Container, clock: SimulatedClock
) -> None:
    """The lead's other journeys go on. Which they are is decided upon what can be cancelled."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD", "WARM"])
    given.sequence(container, "COLD", ["One", "Two"], stop_on_reply=False)
    stops = given.sequence(container, "WARM", ["One", "Two"])
    when.enrolls(container)

    when.replies(container, lead, "Hi", "in.1")

    cancelled = then.messages(container, status="cancelled")
    assert [message.sequence_id for message in cancelled] == [stops] * 2
    assert len(cancellable(container, lead)) == 2


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
        around = surroundings(connection, [lead, nobody])

    assert around[nobody].last is None
    last = around[lead].last
    assert last is not None
    assert last.message_id == then.message(container, campaign_id=campaigns[1]).message_id
