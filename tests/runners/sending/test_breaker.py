"""A dead gateway makes its devices offline; it does not make thousands of failures."""

from __future__ import annotations

from uuid import UUID

import pytest

from projections.container import Container
from runners.gateways.protocol import Accepted, Outcome, Rejected, Throttled, Unknown, Unreachable
from runners.jobs.monitor import Monitor
from runners.sending.breaker import NOT_CALLED, TRIPS_AFTER, Breaker
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

ONE, OTHER = UUID(int=1), UUID(int=2)
DOWN = Unreachable("ClientConnectorError")


def outcomes(*found: Outcome, device: UUID = ONE) -> list[tuple[UUID, Outcome]]:
    return [(device, outcome) for outcome in found]


@pytest.mark.parametrize("failure", [DOWN, Unknown("no answer within 30 seconds")])
def test_a_device_that_fails_three_times_in_a_row_goes_offline(failure: Outcome) -> None:
    """Once; then it begins anew."""
    breaker = Breaker()
    assert breaker.tripped(outcomes(failure, failure)) == {}
    reason = f"3 calls in a row failed: {failure.reason}"  # type: ignore[union-attr]
    assert breaker.tripped(outcomes(failure)) == {ONE: reason}
    assert breaker.tripped(outcomes(failure, failure)) == {}


@pytest.mark.parametrize("answer", [Accepted("1"), Rejected("131026", "no"), Throttled(1.0)])
def test_any_answer_shows_that_the_gateway_is_there(answer: Outcome) -> None:
    breaker = Breaker()
    assert breaker.tripped(outcomes(DOWN, DOWN, answer, DOWN, DOWN)) == {}
    assert breaker.tripped(outcomes(DOWN, DOWN, DOWN, answer)) == {}


def test_devices_are_counted_apart() -> None:
    """One that fails says nothing about another behind the same gateway."""
    breaker = Breaker()
    mixed = [*outcomes(DOWN, DOWN), *outcomes(DOWN, device=OTHER), *outcomes(DOWN)]
    assert set(breaker.tripped(mixed)) == {ONE}


def test_calls_that_were_not_made_say_nothing() -> None:
    """It was this machine that stood still."""
    assert Breaker().tripped(outcomes(*[NOT_CALLED] * 10)) == {}


def test_a_dead_gateway_costs_a_few_attempts_and_no_message(
    container: Container, clock: SimulatedClock
) -> None:
    """Twenty messages to a gateway that is down for an hour: its device goes offline, the messages
    wait, and all of them go when the monitor finds it again."""
    device = given.device(container, pace=(1, 1))
    given.many_leads(container, 20)
    given.campaign(container)
    when.triggers(container)
    down = Phones(clock, *[DOWN] * 100)
    broadcaster = when.broadcaster(container, down)

    when.plays(clock, 3600, broadcaster)

    assert len(down.sent) == TRIPS_AFTER
    assert then.statuses(container) == {"pending": 20}
    assert then.row(container, "devices", device_id=device).status == "offline"
    (offline,) = then.events(container, "device.disconnected")
    assert offline.reason == "3 calls in a row failed: ClientConnectorError"

    up = Phones(clock)
    Monitor(container, {"sandbox": up}, "runner:monitor:test").run_once()
    when.plays(clock, 600, when.broadcaster(container, up))
    assert then.statuses(container) == {"sent": 20}
