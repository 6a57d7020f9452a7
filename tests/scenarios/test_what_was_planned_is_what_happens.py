"""Whatever happens to phones, processes and plans, nobody is written to when nobody may be, the
steps keep their distances, and what was said of what waits was true; and where nothing happens, the
plan that is shown is kept."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from projections.container import Container
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock
from tests.scenarios import weeks
from tests.support import given, then, when
from tests.support.heard import proves_itself

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_goes_when_it_may_not(
    container: Container, clock: SimulatedClock, seed: int
) -> None:
    """Four times something happens, within a week; everything is sent in the end."""
    chance = random.Random(seed)
    clock.move_to(weeks.START)
    world = weeks.made(container, chance)
    simulation = Simulation(container, clock)
    for _ in range(4):
        weeks.play(simulation, chance, world, chance.randint(3, 30))
        weeks.happens(simulation, chance, world, chance.choice(weeks.INCIDENTS))
    weeks.play(simulation, chance, world, 25 * 24)

    weeks.check(container, world)
    assert then.statuses(container).keys() == {"sent"}
    proves_itself(container)


@pytest.mark.parametrize("seed", range(8))
def test_nothing_goes_as_it_was_said_before_a_change(
    container: Container, clock: SimulatedClock, seed: int
) -> None:
    """Plans, people and phones are changed meanwhile. What is removed is cancelled, and else
    everything is sent."""
    chance = random.Random(200 + seed)
    clock.move_to(weeks.START)
    world = weeks.made(container, chance)
    simulation = Simulation(container, clock)
    for _ in range(6):
        weeks.play(simulation, chance, world, chance.randint(3, 30))
        weeks.happens(simulation, chance, world, chance.choice(weeks.CHANGES * 2 + weeks.INCIDENTS))
    weeks.play(simulation, chance, world, 30 * 24)

    weeks.check(container, world)
    unsent = {(m.status, m.reason) for m in then.messages(container) if m.status != "sent"}
    assert unsent <= {("cancelled", "step_removed")}
    proves_itself(container)


@pytest.mark.parametrize("seed", range(6))
def test_the_plan_that_is_shown_is_kept(
    container: Container, clock: SimulatedClock, seed: int
) -> None:
    """Where nothing happens: but for the pace of the phones."""
    chance = random.Random(100 + seed)
    clock.move_to(weeks.START)
    world = weeks.made(container, chance)
    world.cap = None
    given.settings(container, lead_daily_cap=None)
    when.enrolls(container)
    planned = {m.message_id: m.scheduled_at for m in then.messages(container)}

    Simulation(container, clock).play(clock() + timedelta(days=25))

    weeks.check(container, world)
    queued = {e.originator_id: e.timestamp for e in then.events(container, "message.queued")}
    assert queued.keys() == planned.keys()
    late = {id_: queued[id_] - at for id_, at in planned.items()}
    assert min(late.values()) >= timedelta()
    assert max(late.values()) < 10 * MINUTE
