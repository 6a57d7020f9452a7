"""27. A step that is sent again, when others were sent already: it keeps its distance to them, and
whatever else holds for a message."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.windows import quiet_hours
from projections.container import Container
from runners.gateways.protocol import Outcome, Rejected, Unknown
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import proves_itself
from tests.support.samples import utc

HOURS = timedelta(hours=4)
REJECTED = Rejected("1", "no")


def under_way(
    container: Container, clock: SimulatedClock, *answers: Outcome
) -> tuple[when.Phones, Broadcaster]:
    """A person in a sequence of two steps, four hours apart, and what its first tries came to."""
    given.device(container)
    given.lead(container, 1, ["COLD"], timezone="UTC")
    given.sequence(container, bodies=("1", "2"), step={"delay_hours": 4})
    when.enrolls(container)
    phones = when.Phones(clock, *answers)
    broadcaster = when.broadcaster(container, phones)
    clock.advance(minutes=5)
    when.looks(broadcaster)
    return phones, broadcaster


def again(container: Container, step: int) -> UUID:
    message = then.message(container, step=step)
    if message.status == "unknown":
        container.outreach.resolve_message(message.message_id, "retried", "x", actor=given.ACTOR)
    else:
        container.outreach.retry_message(message.message_id, actor=given.ACTOR)
    return UUID(str(message.message_id))


def ended(container: Container, clock: SimulatedClock) -> tuple[when.Phones, Broadcaster]:
    """Nothing reached the person, and the enrollment is over."""
    phones, broadcaster = under_way(container, clock, REJECTED, REJECTED)
    for _ in range(2):
        clock.advance(hours=4)
        when.looks(broadcaster)
    when.reaps(container)
    assert then.statuses(container) == {"failed": 2}
    assert [e.status for e in then.table(container, "enrollments")] == ["stopped"]
    return phones, broadcaster


@pytest.mark.parametrize("outcome", [REJECTED, Unknown("time-out")])
def test_the_first_again_while_the_second_is_on_its_way(
    container: Container, clock: SimulatedClock, outcome: Outcome
) -> None:
    """They were to be four hours apart, and so they are."""
    phones, broadcaster = under_way(container, clock, outcome)
    clock.advance(hours=4, minutes=1)
    when.claims(broadcaster)
    handed_over = when.dispatches(broadcaster)
    again(container, 1)
    second = when.broadcaster(container, phones, "worker 2")

    when.looks(second)

    assert {m.step: m.status for m in then.messages(container)} == {1: "pending", 2: "queued"}
    when.sends(broadcaster, handed_over)
    for _ in range(60):
        clock.advance(minutes=5)
        when.looks(broadcaster)
    assert phones.texts == ["1", "2", "1"]
    assert phones.moments[2] - phones.moments[1] >= HOURS
    proves_itself(container)


def test_both_again_after_the_end(container: Container, clock: SimulatedClock) -> None:
    """In their order, four hours apart."""
    phones, broadcaster = ended(container, clock)
    for step in (1, 2):
        again(container, step)

    for _ in range(60):
        clock.advance(minutes=5)
        when.looks(broadcaster)

    assert phones.texts[2:] == ["1", "2"]
    assert phones.moments[3] - phones.moments[2] >= HOURS


def test_again_at_night(container: Container, clock: SimulatedClock) -> None:
    """The enrollment is over, and the quiet hours hold all the same."""
    given.settings(container, quiet_hours=quiet_hours("21:00-08:00", ""))
    phones, broadcaster = ended(container, clock)
    clock.move_to(utc(2026, 3, 2, 23, 0))
    again(container, 1)

    when.looks(broadcaster)

    assert len(phones.texts) == 2
    assert then.message(container, step=1).scheduled_at == utc(2026, 3, 3, 8, 0)


def test_again_after_as_much_as_a_day_allows(container: Container, clock: SimulatedClock) -> None:
    given.settings(container, lead_daily_cap=1)
    phones, broadcaster = ended(container, clock)
    given.campaign(container)
    when.triggers(container)
    when.looks(broadcaster)
    for step in (1, 2):
        again(container, step)

    when.looks(broadcaster)

    assert len(phones.texts) == 3
    assert then.statuses(container) == {"sent": 1, "pending": 2}
