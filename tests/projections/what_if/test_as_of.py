"""The same question of today and of the past."""

from __future__ import annotations

from datetime import datetime

from domain.campaign.definition import Definition
from projections.container import Container
from projections.database.engine import rows
from projections.what_if import campaign
from projections.what_if.answer import Answer
from projections.what_if.snapshot import snapshot
from runners.support.clocks import SimulatedClock
from tests.support import given, then

OFFER = Definition(name="Offer", body="Hello", niche=("b1",), hold_out=0.5)


def ask(container: Container, clock: SimulatedClock, at: datetime | None = None) -> Answer:
    with snapshot(container.database, clock(), at) as seen:
        return campaign.what_if(seen, OFFER, container.outreach.house, None)


def test_the_past_is_asked_as_it_was_and_nothing_is_written(
    container: Container, clock: SimulatedClock
) -> None:
    """What came since changes nothing, but for who was erased since: nobody knows whether these
    matched."""
    given.device(container, pace=(10, 20))
    people = [given.lead(container, number, niche=("B1",)) for number in range(1, 41)]
    today = ask(container, clock)
    asked_at = clock()
    clock.advance(hours=1)
    given.lead(container, 50, niche=("B1",))
    container.outreach.opt_out(people[0], "STOP", actor=given.ACTOR)
    events = then.count(container.database)

    past = ask(container, clock, asked_at)

    assert past == today
    assert sum(past.excluded.values()) + len(past.recipients) == 40
    assert past.excluded.keys() == {"hold_out"}
    assert ask(container, clock).excluded["opted_out"] == 1
    assert then.count(container.database) == events
    with container.database.transaction() as connection:
        schemas = rows(connection, "SELECT FROM pg_namespace WHERE nspname LIKE 'as_of%%'")
    assert not schemas

    gone = past.recipients[0].lead_id
    container.outreach.erase_lead(gone, actor=given.ACTOR)
    since = ask(container, clock, asked_at)
    assert since.computed.erased == 1
    left = {each.lead_id for each in since.recipients}
    assert left == {each.lead_id for each in past.recipients} - {gone}


def test_the_same_question_at_the_same_position_has_the_same_digest(
    container: Container, clock: SimulatedClock
) -> None:
    given.device(container)
    given.many_leads(container, 10, niche=("B1",))
    first = ask(container, clock).computed
    clock.advance(minutes=5)
    again = ask(container, clock).computed
    assert (again.position, again.digest) == (first.position, first.digest)
    given.lead(container, 50, niche=("B1",))
    assert ask(container, clock).computed.digest != first.digest
