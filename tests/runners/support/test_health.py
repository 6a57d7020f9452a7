"""What a process says of its runners."""

from __future__ import annotations

from domain.errors import StorageError
from runners.support.health import Health
from tests.support.samples import NOW


def test_a_step_that_works_does_not_hide_one_that_fails() -> None:
    """Pauses of the failing one grow, and the runner fails until both work."""
    health = Health(["broadcaster"], lambda: NOW)
    state = health.states["broadcaster"]

    seconds = []
    for _ in range(3):
        seconds.append(health.failed("broadcaster", ValueError("a bug"), "claim"))
        health.worked("broadcaster", "record")

    assert seconds == [1.0, 2.0, 4.0]
    assert (state.failures, state.error, state.faults) == (3, "ValueError", 3)
    health.worked("broadcaster", "claim")
    assert (state.failures, state.error, state.faults) == (0, None, 3)


def test_an_outage_is_no_fault() -> None:
    health = Health(["reaper"], lambda: NOW)

    assert health.failed("reaper", StorageError("away")) == 1.0

    assert (health.states["reaper"].failures, health.states["reaper"].faults) == (1, 0)
