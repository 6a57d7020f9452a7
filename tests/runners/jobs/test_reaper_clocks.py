"""Tidying up after a clock that was ahead, and by one that is wrong."""

from __future__ import annotations

from datetime import timedelta

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

HOUR = timedelta(hours=1)


def reasons(container: Container) -> list[str]:
    return [event.reason for event in then.events(container, "message.released")]


def test_what_was_claimed_by_a_clock_that_was_ahead_is_released_at_once(
    container: Container, clock: SimulatedClock
) -> None:
    """With the reason, and once; another worker sends it, and the first does not."""
    given.due_messages(container, 2)
    phones = Phones(clock)
    wrong, another = (when.broadcaster(container, phones, name) for name in ("wrong", "another"))
    clock.now += HOUR
    when.claims(wrong)
    clock.now -= HOUR

    assert when.reaps(container) == 2
    assert reasons(container) == ["claimed by a clock that was ahead"] * 2
    when.looks(another)
    clock.now += HOUR
    when.hands_over(wrong)

    assert then.statuses(container) == {"sent": 2}
    assert len(phones.sent) == 2


def test_a_lease_of_a_clock_that_is_tolerated_is_kept(
    container: Container, clock: SimulatedClock
) -> None:
    """The worker is a minute ahead of the database and the reaper a minute behind."""
    given.settings(container, lease_seconds=60.0, broadcast_every=5.0)
    given.due_messages(container, 2, pace=(5, 5))
    clock.now += timedelta(minutes=2)
    assert when.claims(when.broadcaster(container, Phones(clock))) == 2
    clock.now -= timedelta(minutes=2)

    assert when.reaps(container) == 0
    assert then.statuses(container) == {"processing": 2}


def test_a_call_of_a_clock_that_was_ahead_is_unknown_after_the_time_out(
    container: Container, clock: SimulatedClock
) -> None:
    """And not after an hour. The time-out is counted from when the reaper found it; nobody sends
    the message again, and its device goes on."""
    given.settings(container, gateway_timeout=30.0)
    given.due_messages(container, 2, pace=(10, 10))
    clock.now += HOUR
    died = when.broadcaster(container, Phones(clock), "died")
    when.claims(died)
    when.dispatches(died)
    died.release()
    clock.now -= HOUR
    phones = Phones(clock)
    another = when.broadcaster(container, phones, "another")

    assert when.reaps(container) == 0
    when.plays(clock, 34, another)
    assert (when.reaps(container), phones.sent) == (0, [])
    clock.advance(seconds=1)
    assert when.reaps(container) == 1
    assert then.statuses(container) == {"unknown": 1, "processing": 1}
    when.plays(clock, 20, another)

    assert then.statuses(container) == {"unknown": 1, "sent": 1}
    assert len(phones.sent) == 1


def test_an_answer_to_a_call_of_a_clock_that_was_ahead_is_recorded(
    container: Container, clock: SimulatedClock
) -> None:
    """The clock is right again when the gateway answers, and the reaper has looked in between."""
    given.due_messages(container)
    phones = Phones(clock)
    worker = when.broadcaster(container, phones)
    clock.now += HOUR
    when.claims(worker)
    result = when.dispatches(worker)
    clock.now -= HOUR
    when.reaps(container)

    when.sends(worker, result)

    assert then.statuses(container) == {"sent": 1}
    clock.advance(hours=2)
    assert when.reaps(container) == 1  # the campaign is finished
    assert then.table(container, "leases") == []


def test_a_reaper_whose_clock_is_wrong_ends_nothing_by_the_time(
    container: Container, clock: SimulatedClock
) -> None:
    """It would release what others are about to send, and cancel what is not too late. What a
    cancelled campaign had is cancelled whatever the time."""
    offline = given.device(container, "Offline", online=False)
    online = given.device(container, "Online", pace=(60, 60))
    given.lead(container, 1, device_id=offline)
    given.lead(container, 2, device_id=online)
    given.lead(container, 3, device_id=offline, niche=["VIP"])
    given.campaign(container, expires_after_hours=1)
    cancelled = given.campaign(container, name="Cancelled", niche=["VIP"])
    when.triggers(container)
    when.claims(when.broadcaster(container, Phones(clock)))
    container.outreach.cancel_campaign(cancelled, actor="api:sales")
    clock.advance(hours=2)

    when.reaps(container, clock_is_right=lambda: False)
    assert then.statuses(container) == {"pending": 2, "processing": 1, "cancelled": 1}
    when.reaps(container)
    assert then.statuses(container) == {"cancelled": 4}
