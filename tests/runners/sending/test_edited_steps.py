"""A sequence that is changed while a worker holds a message of it."""

from __future__ import annotations

from datetime import UTC, datetime

from projections.container import Container
from projections.rebuild.rebuild import rebuild
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


def test_what_is_held_of_a_step_that_is_removed_is_not_sent(
    container: Container, clock: SimulatedClock
) -> None:
    """It was claimed for a moment that is not there yet. The dispatch cancels it."""
    given.device(container)
    sequence = given.journey(container, "One", "Two")
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    when.plays(clock, 600, broadcaster)
    clock.move_to(datetime(2026, 3, 3, 8, 4, 56, tzinfo=UTC))
    assert when.claims(broadcaster) == 1

    done = container.outreach.remove_step(sequence, 2, actor="api:boss")
    when.plays(clock, 60, broadcaster)

    assert (done.cancelled, len(phones.sent)) == (0, 1)
    (message,) = then.messages(container, step=2)
    assert (message.status, message.reason) == ("cancelled", "step_removed")
    assert not any(rebuild(container.database).values())


def test_a_new_first_step_goes_before_the_old_one(
    container: Container, clock: SimulatedClock
) -> None:
    """Nothing was sent yet. The old first step, number 1, is the second now, and keeps its distance
    from what was sent late before it."""
    device = given.device(container)
    sequence = given.journey(container)
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    new = {"body": "Zero", "delay_hours": 0.0}

    done = container.outreach.add_step(sequence, 1, **new, actor="api:boss")
    container.outreach.disconnect_device(device, reason="by hand", actor="api:boss")
    clock.advance(hours=48)
    container.outreach.connect_device(device, actor="api:boss")
    when.plays(clock, 60, broadcaster)

    assert done.added == 1
    assert phones.texts == ["Zero"]
    clock.advance(hours=23, minutes=30)
    when.looks(broadcaster)
    assert phones.texts == ["Zero"]
    clock.advance(minutes=30)
    when.plays(clock, 60, broadcaster)
    assert phones.texts == ["Zero", "One"]
