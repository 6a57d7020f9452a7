"""26. "She told us her city, and the message still waited for a window that was none any more." """

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.windows import Window, quiet_hours
from projections.container import Container
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support.heard import proves_itself
from tests.support.samples import utc

# It is 08:00 in UTC, 16:00 in Kuala Lumpur, and 21:00 in Auckland.
NIGHT = (Window(start="20:00", end="22:00"),)


def waits(container: Container, clock: SimulatedClock) -> Simulation:
    """Everything waits for the evening."""
    simulation = Simulation(container, clock)
    simulation.play(clock() + timedelta(minutes=2))
    assert {m.scheduled_at for m in then.messages(container)} == {utc(2026, 3, 2, 20, 0)}
    return simulation


def test_a_person_on_another_clock_is_written_to_now(
    container: Container, clock: SimulatedClock
) -> None:
    """The campaign is for evenings, and nobody knew that she is in Auckland, 13 hours ahead."""
    given.device(container)
    lead = given.lead(container, 1)
    given.campaign(container, windows=NIGHT)
    simulation = waits(container, clock)

    container.outreach.update_lead(
        lead, lambda p: given.changed(p, timezone="Pacific/Auckland"), actor=given.ACTOR
    )

    simulation.play(clock() + timedelta(minutes=1))
    assert then.statuses(container) == {"sent": 1}
    proves_itself(container)


@pytest.mark.parametrize("change", [{"windows": ()}, {"timezone": "Asia/Kuala_Lumpur"}])
def test_a_campaign_with_other_hours_goes_on(
    container: Container, clock: SimulatedClock, change: dict[str, Any]
) -> None:
    """More people wait than are looked at in one transaction; a paused one goes on when resumed."""
    given.device(container)
    given.many_leads(container, 3)
    hours = (Window(start="20:00", end="21:00"), Window(start="16:00", end="18:00"))
    campaign = given.campaign(container, windows=hours[:1])
    simulation = waits(container, clock)
    container.outreach.pause_campaign(campaign, actor=given.ACTOR)
    windows = {"windows": hours} if "timezone" in change else {}

    container.outreach.revise_campaign(
        campaign, lambda d: given.changed(d, **{**windows, **change}), actor=given.ACTOR
    )

    assert {m.due_at for m in then.messages(container)} == {None}
    container.outreach.resume_campaign(campaign, actor=given.ACTOR)
    simulation.play(clock() + timedelta(minutes=1))
    assert then.statuses(container) == {"sent": 3}
    proves_itself(container)


def test_what_is_still_closed_waits_on(container: Container, clock: SimulatedClock) -> None:
    """Another evening, and quiet hours before it."""
    given.settings(container, quiet_hours=quiet_hours("07:00-19:00", ""))
    given.device(container)
    given.many_leads(container, 2)
    campaign = given.campaign(container, windows=NIGHT)
    simulation = waits(container, clock)

    container.outreach.revise_campaign(
        campaign, lambda d: given.changed(d, windows=()), actor=given.ACTOR
    )

    simulation.play(clock() + timedelta(minutes=1))
    assert {m.scheduled_at for m in then.messages(container)} == {utc(2026, 3, 2, 19, 0)}
    assert {m.reason for m in then.messages(container)} == {"window"}
