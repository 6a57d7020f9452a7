"""Tidying up: leases that ended, answers that never came, messages that nobody wants any more."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from projections.container import House
from runners.support.clocks import SimulatedClock
from tests.runners import given, then, when
from tests.runners.when import Phones


def given_messages(house: House, count: int = 2) -> None:
    """Of a campaign, due now."""
    given.device(house)
    given.many_leads(house, count)
    given.campaign(house)
    when.triggers(house)


def test_a_lease_that_ended_is_released_and_not_a_second_before(
    house: House, clock: SimulatedClock
) -> None:
    """The worker was killed between claim and hand-over: the gateway was not called, so the
    message goes, once, by another worker."""
    given_messages(house)
    when.broadcaster(house, Phones(clock), "killed").claim()

    clock.advance(seconds=59)
    when.reaps(house)
    assert then.statuses(house) == {"processing": 2}

    clock.advance(seconds=1)
    assert when.reaps(house) == 2
    assert then.statuses(house) == {"pending": 2}
    assert {e.reason for e in then.events(house, "message.released")} == {"lease ended"}

    phones = Phones(clock)
    when.plays(clock, 60, when.broadcaster(house, phones, "another"))
    assert len(phones.sent) == 2


def test_a_worker_that_comes_back_after_its_lease_ended_sends_nothing_of_it(
    house: House, clock: SimulatedClock
) -> None:
    """It slept for two minutes; its messages are another's by now."""
    given_messages(house)
    phones, late = Phones(clock), Phones(clock)
    sleeper = when.broadcaster(house, late, "sleeper")
    sleeper.claim()
    clock.advance(minutes=2)
    when.reaps(house)
    another = when.broadcaster(house, phones, "another")
    another.claim()

    when.hands_over(sleeper)
    assert late.sent == []

    when.hands_over(another, sleeper)
    assert (len(phones.sent), late.sent) == (2, [])


def test_a_worker_whose_lease_ended_unnoticed_does_not_send_either(
    house: House, clock: SimulatedClock
) -> None:
    """The reaper could come at any moment: such a message goes back and is claimed anew."""
    given_messages(house, 1)
    phones = Phones(clock)
    sleeper = when.broadcaster(house, phones)
    sleeper.claim()
    clock.advance(minutes=2)

    when.hands_over(sleeper)
    assert then.statuses(house) == {"pending": 1}

    when.looks(sleeper)
    assert len(phones.sent) == 1


def test_an_answer_that_never_comes_is_unknown_after_the_time_out_and_not_before(
    house: House, clock: SimulatedClock
) -> None:
    """The worker was killed between hand-over and outcome. The gateway has 100 seconds, its answer
    5 to be recorded. Nobody sends such a message again."""
    given.settings(house, gateway_timeout=100.0)
    given_messages(house)
    killed = when.broadcaster(house, Phones(clock), "killed")
    killed.claim()
    killed.hand_over()

    clock.advance(seconds=104)
    when.reaps(house)
    assert then.statuses(house) == {"queued": 2}

    clock.advance(seconds=1)
    when.reaps(house)
    assert {(m.status, m.reason) for m in then.messages(house)} == {
        ("unknown", "no answer in time")
    }

    phones = Phones(clock)
    when.plays(clock, 600, when.broadcaster(house, phones, "another"))
    assert phones.sent == []


def test_settled_leases_are_forgotten_and_open_ones_kept(
    house: House, clock: SimulatedClock
) -> None:
    """Where the reaper looks stays as small as what is open."""
    given_messages(house)
    finished, killed = (when.broadcaster(house, Phones(clock), name) for name in ("fine", "killed"))
    when.looks(finished)
    given.campaign(house, body="Again")
    when.triggers(house)
    killed.claim()
    killed.hand_over()
    assert [lease.worker for lease in then.table(house, "leases")] == ["fine", "killed"]

    when.reaps(house)
    assert len(then.table(house, "leases")) == 2

    given.settings(house, gateway_timeout=600.0)
    clock.advance(minutes=2)
    when.reaps(house)
    assert [lease.worker for lease in then.table(house, "leases")] == ["killed"]

    clock.advance(minutes=10)
    when.reaps(house)
    assert then.table(house, "leases") == []


def test_what_a_cancelled_campaign_had_pending_is_cancelled(
    house: House, clock: SimulatedClock
) -> None:
    """With the reason; what was sent was sent."""
    given.device(house, pace=(4, 4))
    given.many_leads(house, 4)
    campaign = given.campaign(house)
    when.triggers(house)
    broadcaster = when.broadcaster(house, phones := Phones(clock))
    when.looks(broadcaster)
    assert then.statuses(house) == {"sent": 1, "processing": 1, "pending": 2}

    house.outreach.cancel_campaign(campaign, actor="api:sales")
    assert when.reaps(house) == 2
    when.plays(clock, 120, broadcaster)

    assert then.statuses(house) == {"sent": 1, "cancelled": 3}
    assert {m.reason for m in then.messages(house, status="cancelled")} == {"campaign_cancelled"}
    assert len(phones.sent) == 1


@pytest.mark.parametrize("earlier", ["active", "paused", "inactive"])
def test_what_a_stopped_sequence_had_pending_is_cancelled(house: House, earlier: str) -> None:
    """Wherever it was when it was stopped."""
    given.device(house)
    sequence = given.journey(house, "One", "Two")
    other = given.journey(house, "Uno", number=2)
    if earlier == "paused":
        house.outreach.pause_sequence(sequence, actor="api:sales")
    if earlier == "inactive":
        house.outreach.deactivate_sequence(sequence, actor="api:sales")

    house.outreach.deactivate_sequence(sequence, cancel_pending=True, actor="api:sales")
    when.reaps(house)

    reasons = [(m.status, m.reason) for m in then.messages(house, sequence_id=sequence)]
    assert reasons == [("cancelled", "sequence_cancelled")] * 2
    assert then.statuses(house, sequence_id=other) == {"pending": 1}


def test_deactivating_lets_what_is_pending_go_on(house: House, clock: SimulatedClock) -> None:
    """It only takes no new leads."""
    given.device(house)
    sequence = given.journey(house, "One", "Two")
    house.outreach.deactivate_sequence(sequence, actor="api:sales")

    when.reaps(house)
    when.plays(clock, 600, when.broadcaster(house, phones := Phones(clock)))

    assert phones.texts == ["One"]
    assert then.statuses(house) == {"sent": 1, "pending": 1}


def test_deactivating_a_paused_sequence_holds_nothing_for_ever(
    house: House, clock: SimulatedClock
) -> None:
    """Nobody could resume it any more: what is pending goes on, late but not lost."""
    given.device(house)
    sequence = given.journey(house, "One")
    house.outreach.pause_sequence(sequence, actor="api:sales")
    house.outreach.deactivate_sequence(sequence, actor="api:sales")

    when.plays(clock, 600, when.broadcaster(house, phones := Phones(clock)))

    assert phones.texts == ["One"]


def test_what_a_retired_device_had_pending_is_cancelled(house: House) -> None:
    """No other number takes over a conversation unasked."""
    given_messages(house, 3)
    (device,) = then.table(house, "devices")
    given.device(house, "Sales 2")
    house.outreach.retire_device(device.device_id, actor="api:admin")

    assert when.reaps(house, chunk=2) == 4  # and the campaign is finished

    assert {(m.status, m.reason) for m in then.messages(house)} == {("cancelled", "device_retired")}
    assert then.table(house, "campaigns")[0].status == "finished"


def test_what_expires_on_an_offline_device_is_cancelled(
    house: House, clock: SimulatedClock
) -> None:
    """The device may never come back to find out."""
    given.device(house, online=False)
    given.many_leads(house, 2)
    given.campaign(house, expires_after_hours=1)
    when.triggers(house)

    clock.advance(minutes=59)
    assert when.reaps(house) == 0

    clock.advance(minutes=1)
    when.reaps(house)
    assert {(m.status, m.reason) for m in then.messages(house)} == {("cancelled", "expired")}


def test_two_reapers_at_once_release_everything_once(house: House, clock: SimulatedClock) -> None:
    """On two machines, in small chunks."""
    given_messages(house, 100)
    when.broadcaster(house, Phones(clock), "killed").claim()
    clock.advance(minutes=5)
    work = partial(when.reaps, house, chunk=7)

    counts = when.at_once(work, work)

    assert sum(counts) == 100
    assert then.statuses(house) == {"pending": 100}
    assert len(then.events(house, "message.released")) == 100


def test_a_reaper_with_nothing_to_do_writes_nothing(house: House, clock: SimulatedClock) -> None:
    """A quiet house stays quiet."""
    given_messages(house)
    when.looks(when.broadcaster(house, Phones(clock)))
    when.reaps(house)
    before = then.count(house.database)
    clock.move_to(clock() + timedelta(days=1))

    assert when.reaps(house) == 0
    assert then.count(house.database) == before
