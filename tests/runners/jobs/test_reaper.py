"""Tidying up: leases that ended, answers that never came, messages that nobody wants any more."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


def given_messages(container: Container, count: int = 2) -> None:
    """Of a campaign, due now."""
    given.device(container)
    given.many_leads(container, count)
    given.campaign(container)
    when.triggers(container)


def test_a_lease_that_ended_is_released_and_not_a_second_before(
    container: Container, clock: SimulatedClock
) -> None:
    """The worker was killed between claim and hand-over: the gateway was not called, so the
    message goes, once, by another worker."""
    given_messages(container)
    when.claims(when.broadcaster(container, Phones(clock), "killed"))

    clock.advance(seconds=59)
    when.reaps(container)
    assert then.statuses(container) == {"processing": 2}

    clock.advance(seconds=1)
    assert when.reaps(container) == 2
    assert then.statuses(container) == {"pending": 2}
    assert {e.reason for e in then.events(container, "message.released")} == {"lease ended"}

    phones = Phones(clock)
    when.plays(clock, 60, when.broadcaster(container, phones, "another"))
    assert len(phones.sent) == 2


def test_a_worker_that_comes_back_after_its_lease_ended_sends_nothing_of_it(
    container: Container, clock: SimulatedClock
) -> None:
    """It slept for two minutes; its messages are another's by now."""
    given_messages(container)
    phones, late = Phones(clock), Phones(clock)
    sleeper = when.broadcaster(container, late, "sleeper")
    when.claims(sleeper)
    clock.advance(minutes=2)
    when.reaps(container)
    another = when.broadcaster(container, phones, "another")
    when.claims(another)

    when.hands_over(sleeper)
    assert late.sent == []

    when.hands_over(another, sleeper)
    assert (len(phones.sent), late.sent) == (2, [])


def test_a_worker_whose_lease_ended_unnoticed_does_not_send_either(
    container: Container, clock: SimulatedClock
) -> None:
    """The reaper could come at any moment: such a message goes back and is claimed anew."""
    given_messages(container, 1)
    phones = Phones(clock)
    sleeper = when.broadcaster(container, phones)
    when.claims(sleeper)
    clock.advance(minutes=2)

    when.hands_over(sleeper)
    assert then.statuses(container) == {"pending": 1}

    when.looks(sleeper)
    assert len(phones.sent) == 1


def test_an_answer_that_never_comes_is_unknown_after_the_time_out_and_not_before(
    container: Container, clock: SimulatedClock
) -> None:
    """The worker was killed between hand-over and outcome. The gateway has 100 seconds, its answer
    5 to be recorded. Nobody sends such a message again."""
    given.settings(container, gateway_timeout=100.0)
    given_messages(container)
    killed = when.broadcaster(container, Phones(clock), "killed")
    when.claims(killed)
    when.dispatches(killed)

    clock.advance(seconds=104)
    when.reaps(container)
    assert then.statuses(container) == {"queued": 2}

    clock.advance(seconds=1)
    when.reaps(container)
    assert {(m.status, m.reason) for m in then.messages(container)} == {
        ("unknown", "no answer in time")
    }

    phones = Phones(clock)
    when.plays(clock, 600, when.broadcaster(container, phones, "another"))
    assert phones.sent == []


def test_settled_leases_are_forgotten_and_open_ones_kept(
    container: Container, clock: SimulatedClock
) -> None:
    """Where the reaper looks stays as small as what is open."""
    given_messages(container)
    finished, killed = (
        when.broadcaster(container, Phones(clock), name) for name in ("fine", "killed")
    )
    when.looks(finished)
    given.campaign(container, body="Again")
    when.triggers(container)
    when.claims(killed)
    when.dispatches(killed)
    assert [lease.worker for lease in then.table(container, "leases")] == ["fine", "killed"]

    when.reaps(container)
    assert len(then.table(container, "leases")) == 2

    given.settings(container, gateway_timeout=600.0)
    clock.advance(minutes=2)
    when.reaps(container)
    assert [lease.worker for lease in then.table(container, "leases")] == ["killed"]

    clock.advance(minutes=10)
    when.reaps(container)
    assert then.table(container, "leases") == []


def test_what_a_cancelled_campaign_had_pending_is_cancelled(
    container: Container, clock: SimulatedClock
) -> None:
    """With the reason; what was sent was sent."""
    given.device(container, pace=(4, 4))
    given.many_leads(container, 4)
    campaign = given.campaign(container)
    when.triggers(container)
    broadcaster = when.broadcaster(container, phones := Phones(clock))
    when.looks(broadcaster)
    assert then.statuses(container) == {"sent": 1, "processing": 1, "pending": 2}

    container.outreach.cancel_campaign(campaign, actor="api:sales")
    assert when.reaps(container) == 2
    when.plays(clock, 120, broadcaster)

    assert then.statuses(container) == {"sent": 1, "cancelled": 3}
    assert {m.reason for m in then.messages(container, status="cancelled")} == {
        "campaign_cancelled"
    }
    assert len(phones.sent) == 1


@pytest.mark.parametrize("earlier", ["active", "paused", "inactive"])
def test_what_a_stopped_sequence_had_pending_is_cancelled(
    container: Container, earlier: str
) -> None:
    """Wherever it was when it was stopped."""
    given.device(container)
    sequence = given.journey(container, "One", "Two")
    other = given.journey(container, "Uno", number=2)
    if earlier == "paused":
        container.outreach.pause_sequence(sequence, actor="api:sales")
    if earlier == "inactive":
        container.outreach.deactivate_sequence(sequence, actor="api:sales")

    container.outreach.deactivate_sequence(sequence, cancel_pending=True, actor="api:sales")
    when.reaps(container)

    reasons = [(m.status, m.reason) for m in then.messages(container, sequence_id=sequence)]
    assert reasons == [("cancelled", "sequence_cancelled")] * 2
    assert then.statuses(container, sequence_id=other) == {"pending": 1}


def test_deactivating_lets_what_is_pending_go_on(
    container: Container, clock: SimulatedClock
) -> None:
    """It only takes no new leads."""
    given.device(container)
    sequence = given.journey(container, "One", "Two")
    container.outreach.deactivate_sequence(sequence, actor="api:sales")

    when.reaps(container)
    when.plays(clock, 600, when.broadcaster(container, phones := Phones(clock)))

    assert phones.texts == ["One"]
    assert then.statuses(container) == {"sent": 1, "pending": 1}


def test_deactivating_a_paused_sequence_holds_nothing_for_ever(
    container: Container, clock: SimulatedClock
) -> None:
    """Nobody could resume it any more: what is pending goes on, late but not lost."""
    given.device(container)
    sequence = given.journey(container, "One")
    container.outreach.pause_sequence(sequence, actor="api:sales")
    container.outreach.deactivate_sequence(sequence, actor="api:sales")

    when.plays(clock, 600, when.broadcaster(container, phones := Phones(clock)))

    assert phones.texts == ["One"]


def test_what_a_retired_device_had_pending_is_cancelled(container: Container) -> None:
    """Where somebody said so."""
    given_messages(container, 3)
    (device,) = then.table(container, "devices")
    given.device(container, "Sales 2")
    container.outreach.retire_device(device.device_id, cancel=True, actor="api:admin")

    assert when.reaps(container, chunk=2) == 4  # and the campaign is finished

    assert {(m.status, m.reason) for m in then.messages(container)} == {
        ("cancelled", "device_retired")
    }
    assert then.table(container, "campaigns")[0].status == "finished"


def test_what_expires_on_an_offline_device_is_cancelled(
    container: Container, clock: SimulatedClock
) -> None:
    """The device may never come back to find out."""
    given.device(container, online=False)
    given.many_leads(container, 2)
    given.campaign(container, expires_after_hours=1)
    when.triggers(container)

    clock.advance(minutes=59)
    assert when.reaps(container) == 0

    clock.advance(minutes=1)
    when.reaps(container)
    assert {(m.status, m.reason) for m in then.messages(container)} == {("cancelled", "expired")}


def test_two_reapers_at_once_release_everything_once(
    container: Container, clock: SimulatedClock
) -> None:
    """On two machines, in small chunks."""
    given_messages(container, 100)
    when.claims(when.broadcaster(container, Phones(clock), "killed"))
    clock.advance(minutes=5)
    work = partial(when.reaps, container, chunk=7)

    counts = when.at_once(work, work)

    assert sum(counts) == 100
    assert then.statuses(container) == {"pending": 100}
    assert len(then.events(container, "message.released")) == 100


def test_a_reaper_with_nothing_to_do_writes_nothing(
    container: Container, clock: SimulatedClock
) -> None:
    """A quiet system stays quiet."""
    given_messages(container)
    when.looks(when.broadcaster(container, Phones(clock)))
    when.reaps(container)
    before = then.count(container.database)
    clock.move_to(clock() + timedelta(days=1))

    assert when.reaps(container) == 0
    assert then.count(container.database) == before
