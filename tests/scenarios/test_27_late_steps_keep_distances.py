""" "After three days without power all four messages came within two seconds." """

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from projections.container import Container
from runners.gateways.protocol import DeviceState, Rejected, Throttled, Unknown
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock
from tests.scenarios.days import switches
from tests.support import given, then, when
from tests.support.heard import proves_itself
from tests.support.samples import utc
from tests.support.when import Phones

DELAY, MINUTE = timedelta(hours=4), timedelta(minutes=1)
ON, OFF = DeviceState(True), DeviceState(False, "no network")


def sent(container: Container) -> list[datetime]:
    return [event.timestamp for event in then.events(container, "message.sent")]


def plan(container: Container) -> list[datetime]:
    """As it is shown of what is pending."""
    messages = then.messages(container, status="pending")
    return [m.scheduled_at for m in sorted(messages, key=lambda m: m.step)]


def outage(simulation: Simulation, sequence: UUID) -> None:
    simulation.clock.advance(days=3)


def pause(simulation: Simulation, sequence: UUID) -> None:
    outreach = simulation.container.outreach
    outreach.pause_sequence(sequence, actor=given.ACTOR)
    simulation.play(simulation.clock() + timedelta(days=3))
    outreach.resume_sequence(sequence, actor=given.ACTOR)


def offline(simulation: Simulation, sequence: UUID) -> None:
    switches(simulation, OFF)
    simulation.play(simulation.clock() + timedelta(days=3))
    switches(simulation, ON)


@pytest.mark.parametrize("interrupt", [outage, pause, offline])
def test_four_late_steps_are_as_far_apart_as_planned(
    container: Container,
    clock: SimulatedClock,
    interrupt: Callable[[Simulation, UUID], None],
) -> None:
    """Power, a pause, a phone without a network: it is all one."""
    given.device(container)
    given.lead(container, 1, ["COLD"])
    sequence = given.sequence(container, bodies=("1", "2", "3", "4"), step={"delay_hours": 4})
    when.enrolls(container)
    simulation = Simulation(container, clock)
    interrupt(simulation, sequence)
    simulation.play(clock() + timedelta(minutes=10))

    # The plan that is shown after the first is the plan that is kept.
    (first,) = sent(container)
    shown = plan(container)
    for number, at in enumerate(shown, start=1):
        assert timedelta() <= at - first - number * DELAY < MINUTE
    simulation.play(clock() + timedelta(days=1))

    at = sent(container)
    assert all(DELAY <= later - before < DELAY + MINUTE for before, later in pairwise(at))
    assert all(timedelta() <= is_ - was < MINUTE for is_, was in zip(at[1:], shown, strict=True))
    reasons = {event.reason for event in then.events(container, "message.rescheduled")}
    assert reasons == {"previous_step"}
    proves_itself(container)


@pytest.mark.parametrize("trouble", [Throttled(3 * 3600), Unknown("time-out"), Rejected("1", "no")])
def test_a_step_that_comes_hard_puts_off_the_next(
    container: Container, clock: SimulatedClock, trouble: object
) -> None:
    """Deferred for three hours, of unknown outcome, or failed and sent again by hand just before
    the next one: no two are closer than four hours, and none is on its way beside another."""
    given.device(container)
    given.lead(container, 1, ["COLD"])
    given.sequence(container, bodies=("1", "2", "3"), step={"delay_hours": 4})
    when.enrolls(container)
    phones = Phones(clock, trouble)
    one = when.broadcaster(container, phones)
    clock.advance(minutes=5)
    when.looks(one)
    first = then.message(container, step=1)
    clock.advance(hours=3)
    if first.status == "failed":
        container.outreach.retry_message(first.message_id, actor=given.ACTOR)

    for _ in range(100):
        clock.advance(minutes=12)
        when.looks(one)
        assert sum(m.status in ("processing", "queued") for m in then.messages(container)) == 0

    arrived = phones.moments[0 if isinstance(trouble, Unknown) else 1 :]
    assert len(arrived) == 3
    assert all(later - before >= DELAY for before, later in pairwise(arrived))
    proves_itself(container)


def test_what_has_a_local_time_keeps_its_day(container: Container, clock: SimulatedClock) -> None:
    """Sent at 09:40 on Monday because the phone was off; on Tuesday it is 09:00 again. Off until
    Thursday morning, it goes on then."""
    given.device(container)
    given.lead(container, 1, ["COLD"], timezone="UTC")
    given.sequence(container, bodies=("1", "2", "3"), step={"delay_hours": 24, "send_at": "09:00"})
    when.enrolls(container)
    simulation = Simulation(container, clock)
    switches(simulation, OFF)
    simulation.play(utc(2026, 3, 2, 9, 40))
    switches(simulation, ON)
    simulation.play(utc(2026, 3, 3, 10, 0))
    switches(simulation, OFF)
    simulation.play(utc(2026, 3, 5, 8, 0))
    switches(simulation, ON)
    simulation.play(utc(2026, 3, 6, 10, 0))

    assert [f"{at:%d %H:%M}" for at in sent(container)] == ["02 09:40", "03 09:00", "05 08:00"]
    proves_itself(container)


def test_a_step_in_the_hour_that_the_clocks_skip_leaves_out_no_day(
    container: Container, clock: SimulatedClock
) -> None:
    """At 02:30 in New York; on 8 March that is 03:30."""
    clock.move_to(utc(2026, 3, 6, 12, 0))
    given.device(container)
    given.lead(container, 1, ["COLD"], timezone="America/New_York")
    given.sequence(
        container, bodies=("1", "2", "3", "4"), step={"delay_hours": 24, "send_at": "02:30"}
    )
    when.enrolls(container)

    assert [f"{at:%d %H:%M}" for at in plan(container)] == [
        *("07 07:30", "08 07:30", "09 06:30", "10 06:30")
    ]
    Simulation(container, clock).play(clock() + timedelta(days=5))
    assert [f"{at:%d %H:%M}" for at in sent(container)] == [
        *("07 07:30", "08 07:30", "09 06:30", "10 06:30")
    ]
