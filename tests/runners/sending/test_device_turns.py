"""Devices take turns: limits of a day, backlogs, and claims that came too late."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from projections.container import Container
from runners.gateways.protocol import Unreachable
from runners.sending import claim_window
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


def test_the_daily_limit_is_kept_and_the_next_day_goes_on(
    container: Container, clock: SimulatedClock
) -> None:
    """Three a day, and the day begins where the device is: at 16:00 UTC in Kuala Lumpur."""
    given.device(container, daily_limit=3, timezone="Asia/Kuala_Lumpur")
    given.many_leads(container, 5)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)

    when.plays(clock, 60, broadcaster)
    assert len(phones.sent) == 3

    clock.move_to(datetime(2026, 3, 2, 15, 59, 50, tzinfo=UTC))
    when.looks(broadcaster)
    assert len(phones.sent) == 3

    clock.move_to(datetime(2026, 3, 2, 16, 0, 1, tzinfo=UTC))
    when.looks(broadcaster)
    assert len(phones.sent) == 5


def test_what_did_not_go_does_not_count_for_the_day(
    container: Container, clock: SimulatedClock
) -> None:
    """The gateway was not reached: the place of that message is free again."""
    given.device(container, daily_limit=2)
    given.many_leads(container, 2)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock, Unreachable("connection refused"), Unreachable("connection refused"))

    when.plays(clock, 300, when.broadcaster(container, phones))

    assert then.statuses(container) == {"sent": 2}
    (day,) = then.table(container, "device_days")
    assert (day.claimed, day.sent) == (2, 2)


def test_a_device_at_its_daily_limit_takes_no_others_place(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many full devices as one claim looks at, and all of them waiting for longer than the
    one that may still send."""
    monkeypatch.setattr(claim_window, "MOST_DEVICES", 2)
    full = [given.device(container, f"Full {n}", daily_limit=1) for n in (1, 2)]
    free = given.device(container, "Free")
    for number, device in enumerate([*full, free]):
        given.many_leads(container, 2, first=1 + 10 * number, device_id=device, niche=[str(number)])
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    for niche in (("0", "1"), ("2",), ("2",)):
        given.campaign(container, niche=niche)
        when.triggers(container)
        when.plays(clock, 60, broadcaster)

    assert [len(phones.moments_of(device)) for device in [*full, free]] == [1, 1, 4]


def test_a_device_without_a_due_message_takes_no_others_place(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many devices have nothing to say."""
    monkeypatch.setattr(claim_window, "MOST_DEVICES", 1)
    for number in range(5):
        given.device(container, f"Idle {number}")
    busy = given.device(container, "Busy")
    given.lead(container, device_id=busy)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)

    when.looks(when.broadcaster(container, phones))

    assert [outgoing.device_id for outgoing in phones.sent] == [busy]


def test_devices_with_a_backlog_leave_the_others_their_turn(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim has no room for the backlog of all; a few claims serve all eight of them."""
    monkeypatch.setattr(claim_window, "BATCH", 10)
    devices = [given.device(container, f"Sales {n}") for n in range(8)]
    for number, device in enumerate(devices):
        given.many_leads(container, 50, first=1 + 100 * number, device_id=device)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)

    for _ in range(8):
        when.looks(broadcaster)
        clock.advance(seconds=1)

    assert 64 <= len(phones.sent) <= 80
    assert {outgoing.device_id for outgoing in phones.sent} == set(devices)


def test_a_device_goes_on_after_claims_that_came_too_late(
    container: Container, clock: SimulatedClock
) -> None:
    """The machine slept through the lease of a hundred messages that were claimed."""
    given.device(container)
    given.many_leads(container, 100)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    one = when.broadcaster(container, phones)
    assert when.claims(one) == 100
    clock.advance(seconds=120)
    when.reaps(container)
    when.plays(clock, 600, one)
    assert then.statuses(container) == {"sent": 100}


def test_a_device_goes_on_after_a_pause_that_met_its_claims(
    container: Container, clock: SimulatedClock
) -> None:
    """Claimed, paused before the hand-over, resumed an hour later."""
    given.device(container)
    given.many_leads(container, 100)
    campaign = given.campaign(container)
    when.triggers(container)
    one = when.broadcaster(container, Phones(clock))
    assert when.claims(one) == 100
    container.outreach.pause_campaign(campaign, actor="api:sales")
    when.hands_over(one)
    clock.advance(hours=1)
    when.reaps(container)
    container.outreach.resume_campaign(campaign, actor="api:sales")
    when.plays(clock, 600, one)
    assert then.statuses(container) == {"sent": 100}
