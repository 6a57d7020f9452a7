"""The pace of a device: whatever the number of campaigns, sequences and workers."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


def given_two_campaigns_and_a_sequence(container: Container, leads: int, **profile: Any) -> None:
    """Everything due at 08:05 or before, for every one of these leads."""
    given.many_leads(container, leads, ["COLD"], **profile)
    given.sequence(container, "COLD", ["Step"])
    given.campaign(container, name="A")
    given.campaign(container, name="B")
    when.enrolls(container)
    when.triggers(container)


@pytest.mark.parametrize("workers", [1, 2])
def test_two_campaigns_and_a_sequence_keep_the_pace_of_their_device(
    container: Container, clock: SimulatedClock, workers: int
) -> None:
    """Thirty messages of a device at 10 to 20 seconds, by one worker or two."""
    given.device(container, pace=(10, 20))
    given_two_campaigns_and_a_sequence(container, 10)
    phones = Phones(clock)
    broadcasters = [when.broadcaster(container, phones, f"worker {n}") for n in range(workers)]

    when.plays(clock, 900, *broadcasters)

    assert len(phones.sent) == len({outgoing.message_id for outgoing in phones.sent}) == 30
    assert timedelta(seconds=10) <= then.shortest_pause(phones.moments) < timedelta(seconds=12)
    assert phones.moments[-1] - phones.moments[0] <= timedelta(seconds=29 * 20)
    assert {s.worker for s in then.events(container, "message.claimed")} == {
        f"worker {n}" for n in range(workers)
    }


def test_devices_do_not_wait_for_one_another(container: Container, clock: SimulatedClock) -> None:
    """Three devices send three times as much, each at its own pace."""
    devices = [given.device(container, f"Sales {n}", pace=(10, 10)) for n in (1, 2, 3)]
    for number, device in enumerate(devices):
        given.many_leads(container, 5, first=1 + 10 * number, device_id=device)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)

    when.plays(clock, 41, when.broadcaster(container, phones))

    for device in devices:
        assert [f"{at:%H:%M:%S}" for at in phones.moments_of(device)] == [
            "08:00:00",
            "08:00:10",
            "08:00:20",
            "08:00:30",
            "08:00:40",
        ]


def test_a_campaign_may_ask_for_a_slower_pace(container: Container, clock: SimulatedClock) -> None:
    """A minute instead of five seconds."""
    given.device(container, pace=(5, 5))
    given.many_leads(container, 4)
    given.campaign(container, min_delay_seconds=60, max_delay_seconds=60)
    when.triggers(container)
    phones = Phones(clock)

    when.plays(clock, 600, when.broadcaster(container, phones))

    assert [f"{at:%H:%M:%S}" for at in phones.moments] == [
        "08:00:00",
        "08:01:00",
        "08:02:00",
        "08:03:00",
    ]


def test_a_campaign_cannot_ask_for_a_faster_pace(
    container: Container, clock: SimulatedClock
) -> None:
    """The device's own minimum is what the number can bear."""
    given.device(container, pace=(30, 30))
    given.many_leads(container, 3)
    given.campaign(container, min_delay_seconds=1, max_delay_seconds=2)
    when.triggers(container)
    phones = Phones(clock)

    when.plays(clock, 600, when.broadcaster(container, phones))

    assert then.shortest_pause(phones.moments) == timedelta(seconds=30)


def test_a_worker_that_was_away_does_not_catch_up_all_at_once(
    container: Container, clock: SimulatedClock
) -> None:
    """It claimed four slots, slept through them, and still keeps the device's minimum delay."""
    given.settings(container, broadcast_every=60.0)
    given.device(container, pace=(10, 10))
    given.many_leads(container, 4)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    assert when.claims(broadcaster) == 4
    clock.advance(seconds=45)

    when.plays(clock, 50, broadcaster)

    assert [at - phones.moments[0] for at in phones.moments] == [
        timedelta(seconds=seconds) for seconds in (0, 10, 20, 30)
    ]


def test_the_pace_survives_a_restart(container: Container, clock: SimulatedClock) -> None:
    """It follows from events, not from what a process remembers."""
    given.device(container, pace=(10, 10))
    given.many_leads(container, 2)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    when.looks(first := when.broadcaster(container, phones, "worker 1"))
    first.release()

    clock.advance(seconds=3)
    when.plays(clock, 20, when.broadcaster(container, phones, "worker 2"))

    first_sent, second_sent = phones.moments
    assert timedelta(seconds=10) <= second_sent - first_sent <= timedelta(seconds=20)


def test_a_slow_campaign_on_one_device_does_not_stretch_the_leases_of_others(
    container: Container, clock: SimulatedClock
) -> None:
    """Its worker is killed: what it had claimed elsewhere goes on after a minute, not an hour."""
    slow, other = given.device(container, "Slow"), given.device(container, "Other", pace=(1, 1))
    given.many_leads(container, 2, device_id=slow, niche=["SLOW"])
    given.many_leads(container, 2, first=11, device_id=other, niche=["FAST"])
    given.campaign(container, niche=("SLOW",), min_delay_seconds=3600, max_delay_seconds=3600)
    given.campaign(container, niche=("FAST",))
    when.triggers(container)
    assert when.claims(when.broadcaster(container, Phones(clock), "killed")) == 3

    clock.advance(seconds=90)
    when.reaps(container)

    assert then.statuses(container, device_id=other) == {"pending": 2}


def test_cancelling_a_slow_campaign_frees_its_device(
    container: Container, clock: SimulatedClock
) -> None:
    """Its next slot was an hour away. Nobody waits for a slot that nobody has any more."""
    given.device(container)
    given.many_leads(container, 2, niche=["SLOW"])
    given.lead(container, 11, niche=["FAST"])
    slow = given.campaign(
        container, niche=("SLOW",), min_delay_seconds=3600, max_delay_seconds=3600
    )
    when.triggers(container)
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    when.plays(clock, 60, broadcaster)

    container.outreach.cancel_campaign(slow, actor="api:sales")
    when.reaps(container)
    given.campaign(container, niche=("FAST",), body="Fast")
    when.triggers(container)
    when.plays(clock, 60, broadcaster)

    assert phones.texts == ["Hello there", "Fast"]


def test_the_pause_runs_from_the_answer_whoever_sends_next(
    container: Container, clock: SimulatedClock
) -> None:
    """One worker's call is late; the other must not send in between, nor too soon."""
    given.settings(container, broadcast_every=0.5)
    device = given.device(container, pace=(2, 2))
    given.many_leads(container, 2)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    slow, other = (
        when.broadcaster(container, phones, "slow"),
        when.broadcaster(container, phones, "other"),
    )
    when.claims(slow)
    called = when.dispatches(slow)

    clock.advance(seconds=2)
    when.claims(other)
    when.hands_over(other)
    assert phones.sent == []

    clock.advance(seconds=1)
    when.sends(slow, called)
    when.plays(clock, 10, other, slow)

    first, second = phones.moments_of(device)
    assert timedelta(seconds=2) <= second - first <= timedelta(seconds=3)
    assert [e.worker for e in then.events(container, "message.claimed")] == ["slow", "other"]


def test_a_call_that_could_not_begin_in_time_is_not_made(
    container: Container, clock: SimulatedClock
) -> None:
    """The machine stood still between hand-over and call; nobody knows who else acts by then."""
    given.device(container)
    given.lead(container)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    one = when.broadcaster(container, phones)
    when.claims(one)
    called = when.dispatches(one)

    clock.advance(seconds=5)
    when.sends(one, called)

    assert phones.sent == []
    message = then.message(container)
    assert (message.status, message.reason) == ("pending", "unreachable: not called in time")


def test_a_device_has_only_so_many_calls_on_their_way(
    container: Container, clock: SimulatedClock
) -> None:
    """Whatever hangs or dies, no more than that of one device is left unknown; the others go on."""
    crowded, other = given.device(container, "Sales 1"), given.device(container, "Sales 2")
    given.many_leads(container, 50, device_id=crowded)
    given.many_leads(container, 5, first=51, device_id=other)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    one = when.broadcaster(container, phones)
    when.claims(one)

    called = when.dispatches(one)

    devices = Counter(outgoing.device_id for _, outgoing in called.outgoing)
    assert devices == {crowded: 32, other: 5}
    assert then.statuses(container) == {"queued": 37, "processing": 18}
    when.sends(one, called)
    when.hands_over(one)
    assert then.statuses(container) == {"sent": 55}
    assert len(phones.sent) == 55
