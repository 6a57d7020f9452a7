"""A receiver that comes late judges what was said by when it came in."""

from __future__ import annotations

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api import webhooks
from tests.support.when import Phones


def test_an_answer_without_an_instant_is_of_the_moment_when_it_came(
    container: Container, clock: SimulatedClock
) -> None:
    """A machine answered at once, a person wrote the minute after; nobody looked for an hour."""
    device = given.device(container)
    lead = given.lead(container)
    given.campaign(container)
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock)))
    clock.advance(seconds=1)
    said = webhooks.reply("whacenter", given.phone(1), "We are away", "in.1")
    when.tells(container, "whacenter", device, said)
    clock.advance(minutes=1)
    said = webhooks.reply("whacenter", given.phone(1), "Yes, please", "in.2")
    when.tells(container, "whacenter", device, said)

    clock.advance(hours=1)
    when.receives(container)

    first, second = then.events(container, "lead.replied", of=lead)
    assert (first.automatic, second.automatic) == (True, False)
    assert (first.sent_at, second.sent_at) == (None, None)


def test_a_no_that_came_before_an_opt_in_does_not_undo_it(
    container: Container, clock: SimulatedClock
) -> None:
    """It was told first, and is only recorded later."""
    device = given.device(container)
    lead = given.lead(container)
    container.outreach.opt_out(lead, "by letter", actor="api:sales")
    said = webhooks.reply("whacenter", given.phone(1), "STOP", "in.1")
    when.tells(container, "whacenter", device, said)
    clock.advance(minutes=5)
    container.outreach.opt_in(lead, "by phone", actor="api:sales")

    clock.advance(hours=1)
    when.receives(container)

    assert container.outreach.get_lead(lead).opted_out_at is None
    assert len(then.events(container, "lead.replied", of=lead)) == 1
