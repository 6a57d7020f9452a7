"""What is typed on the phone itself, and what is told late of our own messages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.inbound import ByHand, Receipt
from projections.container import Container
from runners.gateways.protocol import Accepted
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import digits, outcomes, proves_itself, puts, says
from tests.support.when import Phones


def in_flight(container: Container, clock: SimulatedClock) -> tuple[UUID, Any, Any]:
    """A message is with the gateway, whose answer is on its way."""
    device = given.device(container, gateway="gowa")
    given.journey(container, "One", "Two")
    clock.advance(minutes=5)
    one = when.broadcaster(container, Phones(clock, Accepted("3EB0OURS")), name="gowa")
    when.claims(one)
    return device, one, when.dispatches(one)


@pytest.mark.parametrize("is_ours", [True, False])
def test_what_comes_back_before_the_answer_waits_until_it_is_known(
    container: Container, clock: SimulatedClock, is_ours: bool
) -> None:
    """It is our own message, or somebody typed one at the same moment."""
    device, one, dispatched = in_flight(container, clock)
    echo = ByHand((digits(1),), "3EB0OURS" if is_ours else "3EB0HAND", clock())
    puts(container, echo, device=device)
    when.receives(container)
    assert then.events(container, "lead.contacted_by_hand") == []
    assert len(then.table(container, "inbound")) == 1

    when.sends(one, dispatched)
    clock.advance(seconds=3)
    when.receives(container)

    assert len(then.events(container, "lead.contacted_by_hand")) == (0 if is_ours else 1)
    expected = {"sent": 1, "pending": 1} if is_ours else {"sent": 1, "cancelled": 1}
    assert then.statuses(container) == expected
    proves_itself(container)


def test_an_older_message_in_flight_is_waited_for_too(
    container: Container, clock: SimulatedClock
) -> None:
    """The answer to the later one came first."""
    device, one, dispatched = in_flight(container, clock)
    given.campaign(container)
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock, Accepted("3EB0LATER")), "two", "gowa"))
    assert then.statuses(container) == {"queued": 1, "sent": 1, "pending": 1}

    puts(container, ByHand((digits(1),), "3EB0OURS", clock()), device=device)
    when.receives(container)
    assert then.events(container, "lead.contacted_by_hand") == []

    when.sends(one, dispatched)
    clock.advance(seconds=3)
    when.receives(container)
    assert then.events(container, "lead.contacted_by_hand") == []
    assert outcomes(container) == {"ignored_own_message": 1}


def test_what_waits_for_an_answer_that_never_comes_is_told_in_the_end(
    container: Container, clock: SimulatedClock
) -> None:
    device, _, _ = in_flight(container, clock)
    puts(container, ByHand((digits(1),), "3EB0HAND", clock()), device=device)
    when.receives(container)

    clock.advance(minutes=11)
    when.receives(container)

    assert len(then.events(container, "lead.contacted_by_hand")) == 1


def test_an_old_failure_that_is_told_again_says_nothing_of_today(
    container: Container, clock: SimulatedClock
) -> None:
    """She wrote since; the provider repeats what it said of a message of last week."""
    device = given.device(container, gateway="cloud")
    lead = given.lead(container)
    given.campaign(container)
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock, Accepted("w.1")), name="cloud"))
    failed = Receipt("failed", then.message(container).message_id, "w.1", "131026")
    puts(container, failed, gateway="cloud", device=device)
    when.receives(container)
    assert container.outreach.get_lead(lead).unreachable_code == "131026"
    when.told(container, says(1, "Hi", "in.1"))

    puts(container, failed, gateway="cloud", device=device)
    when.receives(container)

    assert container.outreach.get_lead(lead).unreachable_at is None
    proves_itself(container)
