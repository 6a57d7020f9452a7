"""The pace of a device: whatever the number of campaigns, sequences and workers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from projections.container import House
from runners.gateways.protocol import Unreachable
from runners.sending import claim
from runners.sending import worker as module
from runners.support.clocks import SimulatedClock
from tests.runners import given, then, when
from tests.runners.when import Phones


def given_two_campaigns_and_a_sequence(house: House, leads: int, **profile: Any) -> None:
    """Everything due at 08:05 or before, for every one of these leads."""
    given.many_leads(house, leads, ["COLD"], **profile)
    given.sequence(house, "COLD", ["Step"])
    given.campaign(house, name="A")
    given.campaign(house, name="B")
    when.enrolls(house)
    when.triggers(house)


@pytest.mark.parametrize("workers", [1, 2])
def test_two_campaigns_and_a_sequence_keep_the_pace_of_their_device(
    house: House, clock: SimulatedClock, workers: int
) -> None:
    """Thirty messages of a device at 10 to 20 seconds, by one worker or two."""
    given.device(house, pace=(10, 20))
    given_two_campaigns_and_a_sequence(house, 10)
    phones = Phones(clock)
    broadcasters = [when.broadcaster(house, phones, f"worker {n}") for n in range(workers)]

    when.plays(clock, 900, *broadcasters)

    assert len(phones.sent) == len({outgoing.message_id for outgoing in phones.sent}) == 30
    assert timedelta(seconds=10) <= then.shortest_pause(phones.moments) < timedelta(seconds=12)
    assert phones.moments[-1] - phones.moments[0] <= timedelta(seconds=29 * 20)
    assert {s.worker for s in then.events(house, "message.claimed")} == {
        f"worker {n}" for n in range(workers)
    }


def test_devices_do_not_wait_for_one_another(house: House, clock: SimulatedClock) -> None:
    """Three devices send three times as much, each at its own pace."""
    devices = [given.device(house, f"Sales {n}", pace=(10, 10)) for n in (1, 2, 3)]
    for number, device in enumerate(devices):
        given.many_leads(house, 5, first=1 + 10 * number, device_id=device)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)

    when.plays(clock, 41, when.broadcaster(house, phones))

    for device in devices:
        assert [f"{at:%H:%M:%S}" for at in phones.moments_of(device)] == [
            "08:00:00",
            "08:00:10",
            "08:00:20",
            "08:00:30",
            "08:00:40",
        ]


def test_a_campaign_may_ask_for_a_slower_pace(house: House, clock: SimulatedClock) -> None:
    """A minute instead of five seconds."""
    given.device(house, pace=(5, 5))
    given.many_leads(house, 4)
    given.campaign(house, min_delay_seconds=60, max_delay_seconds=60)
    when.triggers(house)
    phones = Phones(clock)

    when.plays(clock, 600, when.broadcaster(house, phones))

    assert [f"{at:%H:%M:%S}" for at in phones.moments] == [
        "08:00:00",
        "08:01:00",
        "08:02:00",
        "08:03:00",
    ]


def test_a_campaign_cannot_ask_for_a_faster_pace(house: House, clock: SimulatedClock) -> None:
    """The device's own minimum is what the number can bear."""
    given.device(house, pace=(30, 30))
    given.many_leads(house, 3)
    given.campaign(house, min_delay_seconds=1, max_delay_seconds=2)
    when.triggers(house)
    phones = Phones(clock)

    when.plays(clock, 600, when.broadcaster(house, phones))

    assert then.shortest_pause(phones.moments) == timedelta(seconds=30)


def test_a_worker_that_was_away_does_not_catch_up_all_at_once(
    house: House, clock: SimulatedClock
) -> None:
    """It claimed four slots, slept through them, and still keeps the device's minimum delay."""
    given.settings(house, broadcast_every=60.0)
    given.device(house, pace=(10, 10))
    given.many_leads(house, 4)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)
    broadcaster = when.broadcaster(house, phones)
    assert broadcaster.claim() == 4
    clock.advance(seconds=45)

    when.plays(clock, 50, broadcaster)

    assert [at - phones.moments[0] for at in phones.moments] == [
        timedelta(seconds=seconds) for seconds in (0, 10, 20, 30)
    ]


def test_the_pace_survives_a_restart(house: House, clock: SimulatedClock) -> None:
    """It follows from events, not from what a process remembers."""
    given.device(house, pace=(10, 10))
    given.many_leads(house, 2)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)
    when.looks(first := when.broadcaster(house, phones, "worker 1"))
    first.release()

    clock.advance(seconds=3)
    when.plays(clock, 20, when.broadcaster(house, phones, "worker 2"))

    first_sent, second_sent = phones.moments
    assert timedelta(seconds=10) <= second_sent - first_sent <= timedelta(seconds=20)


def test_the_daily_limit_is_kept_and_the_next_day_goes_on(
    house: House, clock: SimulatedClock
) -> None:
    """Three a day, and the day begins where the device is: at 16:00 UTC in Kuala Lumpur."""
    given.device(house, daily_limit=3, timezone="Asia/Kuala_Lumpur")
    given.many_leads(house, 5)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)
    broadcaster = when.broadcaster(house, phones)

    when.plays(clock, 60, broadcaster)
    assert len(phones.sent) == 3

    clock.move_to(datetime(2026, 3, 2, 15, 59, 50, tzinfo=UTC))
    when.looks(broadcaster)
    assert len(phones.sent) == 3

    clock.move_to(datetime(2026, 3, 2, 16, 0, 1, tzinfo=UTC))
    when.looks(broadcaster)
    assert len(phones.sent) == 5


def test_what_did_not_go_does_not_count_for_the_day(house: House, clock: SimulatedClock) -> None:
    """The gateway was not reached: the place of that message is free again."""
    given.device(house, daily_limit=2)
    given.many_leads(house, 2)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock, Unreachable("connection refused"), Unreachable("connection refused"))

    when.plays(clock, 300, when.broadcaster(house, phones))

    assert then.statuses(house) == {"sent": 2}
    (day,) = then.table(house, "device_days")
    assert (day.claimed, day.sent) == (2, 2)


def test_a_device_at_its_daily_limit_takes_no_others_place(
    house: House, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many full devices as one claim looks at, and all of them waiting for longer than the
    one that may still send."""
    monkeypatch.setattr(module, "LANES", 2)
    full = [given.device(house, f"Full {n}", daily_limit=1) for n in (1, 2)]
    free = given.device(house, "Free")
    for number, device in enumerate([*full, free]):
        given.many_leads(house, 2, first=1 + 10 * number, device_id=device, niche=[str(number)])
    phones = Phones(clock)
    broadcaster = when.broadcaster(house, phones)
    for niche in (("0", "1"), ("2",), ("2",)):
        given.campaign(house, niche=niche)
        when.triggers(house)
        when.plays(clock, 60, broadcaster)

    assert [len(phones.moments_of(device)) for device in [*full, free]] == [1, 1, 4]


def test_a_device_without_a_due_message_takes_no_others_place(
    house: House, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many devices have nothing to say."""
    monkeypatch.setattr(module, "LANES", 1)
    for number in range(5):
        given.device(house, f"Idle {number}")
    busy = given.device(house, "Busy")
    given.lead(house, device_id=busy)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)

    when.looks(when.broadcaster(house, phones))

    assert [outgoing.device_id for outgoing in phones.sent] == [busy]


def test_devices_with_a_backlog_leave_the_others_their_turn(
    house: House, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim has no room for the backlog of all; a few claims serve all eight of them."""
    monkeypatch.setattr(claim, "BATCH", 10)
    devices = [given.device(house, f"Sales {n}") for n in range(8)]
    for number, device in enumerate(devices):
        given.many_leads(house, 50, first=1 + 100 * number, device_id=device)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)
    broadcaster = when.broadcaster(house, phones)

    for _ in range(8):
        when.looks(broadcaster)
        clock.advance(seconds=1)

    assert 64 <= len(phones.sent) <= 80
    assert {outgoing.device_id for outgoing in phones.sent} == set(devices)


def test_a_slow_campaign_on_one_device_does_not_stretch_the_leases_of_others(
    house: House, clock: SimulatedClock
) -> None:
    """Its worker is killed: what it had claimed elsewhere goes on after a minute, not an hour."""
    slow, other = given.device(house, "Slow"), given.device(house, "Other", pace=(1, 1))
    given.many_leads(house, 2, device_id=slow, niche=["SLOW"])
    given.many_leads(house, 2, first=11, device_id=other, niche=["FAST"])
    given.campaign(house, niche=("SLOW",), min_delay_seconds=3600, max_delay_seconds=3600)
    given.campaign(house, niche=("FAST",))
    when.triggers(house)
    assert when.broadcaster(house, Phones(clock), "killed").claim() == 3

    clock.advance(seconds=90)
    when.reaps(house)

    assert then.statuses(house, device_id=other) == {"pending": 2}


def test_cancelling_a_slow_campaign_frees_its_device(house: House, clock: SimulatedClock) -> None:
    """Its next slot was an hour away. Nobody waits for a slot that nobody has any more."""
    given.device(house)
    given.many_leads(house, 2, niche=["SLOW"])
    given.lead(house, 11, niche=["FAST"])
    slow = given.campaign(house, niche=("SLOW",), min_delay_seconds=3600, max_delay_seconds=3600)
    when.triggers(house)
    phones = Phones(clock)
    broadcaster = when.broadcaster(house, phones)
    when.plays(clock, 60, broadcaster)

    house.outreach.cancel_campaign(slow, actor="api:sales")
    when.reaps(house)
    given.campaign(house, niche=("FAST",), body="Fast")
    when.triggers(house)
    when.plays(clock, 60, broadcaster)

    assert phones.texts == ["Hello there", "Fast"]


def test_the_pause_runs_from_the_answer_whoever_sends_next(
    house: House, clock: SimulatedClock
) -> None:
    """One worker's call is late; the other must not send in between, nor too soon."""
    given.settings(house, broadcast_every=0.5)
    device = given.device(house, pace=(2, 2))
    given.many_leads(house, 2)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)
    slow, other = when.broadcaster(house, phones, "slow"), when.broadcaster(house, phones, "other")
    slow.claim()
    called = slow.hand_over()

    clock.advance(seconds=2)
    other.claim()
    when.hands_over(other)
    assert phones.sent == []

    clock.advance(seconds=1)
    when.sends(slow, called)
    when.plays(clock, 10, other, slow)

    first, second = phones.moments_of(device)
    assert timedelta(seconds=2) <= second - first <= timedelta(seconds=3)
    assert [e.worker for e in then.events(house, "message.claimed")] == ["slow", "other"]


def test_a_call_that_could_not_begin_in_time_is_not_made(
    house: House, clock: SimulatedClock
) -> None:
    """The machine stood still between hand-over and call; nobody knows who else acts by then."""
    given.device(house)
    given.lead(house)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)
    one = when.broadcaster(house, phones)
    one.claim()
    called = one.hand_over()

    clock.advance(seconds=5)
    when.sends(one, called)

    assert phones.sent == []
    message = then.message(house)
    assert (message.status, message.reason) == ("pending", "unreachable: not called in time")


def test_a_device_has_only_so_many_calls_on_their_way(house: House, clock: SimulatedClock) -> None:
    """Whatever hangs or dies, no more than that of one device is left unknown; the others go on."""
    crowded, other = given.device(house, "Sales 1"), given.device(house, "Sales 2")
    given.many_leads(house, 50, device_id=crowded)
    given.many_leads(house, 5, first=51, device_id=other)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)
    one = when.broadcaster(house, phones)
    one.claim()

    called = one.hand_over()

    devices = Counter(outgoing.device_id for _, outgoing in called)
    assert devices == {crowded: 32, other: 5}
    assert then.statuses(house) == {"queued": 37, "processing": 18}
    when.sends(one, called)
    when.hands_over(one)
    assert then.statuses(house) == {"sent": 55}
    assert len(phones.sent) == 55


def test_a_device_goes_on_after_claims_that_came_too_late(
    house: House, clock: SimulatedClock
) -> None:
    """The machine slept through the lease of a hundred messages that were claimed."""
    given.device(house)
    given.many_leads(house, 100)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)
    one = when.broadcaster(house, phones)
    assert one.claim() == 100
    clock.advance(seconds=120)
    when.reaps(house)
    when.plays(clock, 600, one)
    assert then.statuses(house) == {"sent": 100}


def test_a_device_goes_on_after_a_pause_that_met_its_claims(
    house: House, clock: SimulatedClock
) -> None:
    """Claimed, paused before the hand-over, resumed an hour later."""
    given.device(house)
    given.many_leads(house, 100)
    campaign = given.campaign(house)
    when.triggers(house)
    one = when.broadcaster(house, Phones(clock))
    assert one.claim() == 100
    house.outreach.pause_campaign(campaign, actor="api:sales")
    when.hands_over(one)
    clock.advance(hours=1)
    when.reaps(house)
    house.outreach.resume_campaign(campaign, actor="api:sales")
    when.plays(clock, 600, one)
    assert then.statuses(house) == {"sent": 100}
