"""Work goes on, on its schedule and through outages, until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

import psycopg2
import pytest
from sqlalchemy.exc import OperationalError

from domain.errors import StorageError
from runners.support.health import Health
from runners.support.outages import back_off
from runners.support.schedules import repeat
from tests.support.samples import NOW

AWAY = OperationalError("SELECT", {}, Exception("server closed the connection unexpectedly"))


class Impatient(threading.Event):
    """Whoever waits for it waits no time at all; it is set at the last of so many waits."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.left = waits
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        self.left -= 1
        if self.left == 0:
            self.set()
        return self.is_set()


def outcomes(*given_: int | Exception) -> tuple[Callable[[], int], list[int | Exception]]:
    """Work that has these outcomes in turn, and those that it had."""
    left, had = list(given_), []

    def work() -> int:
        had.append(left.pop(0))
        if isinstance(had[-1], Exception):
            raise had[-1]
        return had[-1]

    return work, had


def health() -> Health:
    return Health(["enroller", "reaper"], lambda: NOW)


@pytest.mark.parametrize(
    "outage", [AWAY, psycopg2.OperationalError("gone"), StorageError("not there")]
)
def test_work_that_fails_is_tried_again_soon_and_then_goes_on(outage: Exception) -> None:
    """The database is away twice; the third try works, and the next one is at its usual time."""
    work, had = outcomes(outage, outage, 3)
    stop = Impatient(waits=3)

    repeat("enroller", work, 300.0, stop, health())

    assert had == [outage, outage, 3]
    assert stop.waits[:2] == [1.0, 2.0]
    assert 299.0 < stop.waits[2] <= 300.0


def test_pauses_grow() -> None:
    """Twice as long each time, up to the longest."""
    assert [back_off(failures, 60.0) for failures in range(1, 9)] == [
        1.0,
        2.0,
        4.0,
        8.0,
        16.0,
        32.0,
        60.0,
        60.0,
    ]
    assert back_off(100_000, 60.0) == 60.0


def test_a_database_that_is_away_is_asked_every_few_seconds() -> None:
    """Sending goes on soon after it is back."""
    work, _ = outcomes(*[AWAY] * 5, 1)
    stop = Impatient(waits=6)

    repeat("enroller", work, 300.0, stop, health())

    assert stop.waits[:5] == [1.0, 2.0, 2.0, 2.0, 2.0]


def test_a_fault_is_counted_and_tried_again_with_growing_pauses() -> None:
    """It ends nothing; whoever looks sees it until the work succeeds."""
    work, had = outcomes(*[ValueError("a bug")] * 7, 1)
    stop = Impatient(waits=7)
    seen = health()

    repeat("enroller", work, 300.0, stop, seen)

    assert stop.waits[:7] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]
    state = seen.states["enroller"]
    assert (state.failures, state.faults, state.error) == (7, 7, "ValueError")
    assert (state.worked_at, state.failed_at) == (None, NOW)
    stop = Impatient(waits=1)
    repeat("enroller", work, 300.0, stop, seen)
    assert (state.failures, state.faults, state.error) == (0, 7, None)
    assert state.worked_at == NOW
    assert len(had) == 8


def test_whoever_is_told_to_stop_during_an_outage_stops() -> None:
    """Without another try."""
    work, had = outcomes(AWAY, AWAY, 1)

    repeat("reaper", work, 60.0, Impatient(waits=2), health())

    assert had == [AWAY, AWAY]


def test_work_is_repeated_at_its_interval() -> None:
    """Fractions of a second too."""
    stop, calls = threading.Event(), []

    def work() -> int:
        calls.append(1)
        if len(calls) == 3:
            stop.set()
        return 0

    repeat("reaper", work, 0.01, stop, health())

    assert len(calls) == 3


def test_a_clock_that_is_put_back_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does the end of summer time. It is an hour earlier after the first turn; the next one
    comes after its interval, and the ones after it as ever."""
    put_back = timedelta()

    class Machine(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Machine:
            return super().now(tz) - put_back

    monkeypatch.setattr("schedule.datetime.datetime", Machine)
    stop, turns = Impatient(waits=3), []

    def work() -> int:
        nonlocal put_back
        turns.append(len(stop.waits))
        put_back = timedelta(hours=1)
        return 0

    repeat("reaper", work, 60.0, stop, health())

    assert turns == [0, 1]
    assert stop.waits[0] == 60.0
    assert 59.0 < stop.waits[1] <= 60.0
