"""The clock of this process beside the database's: noticed, and not worked by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from projections.config import metrics
from projections.database.engine import Database
from projections.queries import database_clock
from runners.support.clock_watch import ClockWatch


class Offset:
    """The system's clock, put ahead by ``seconds``. The tests' database is on the same machine."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)


@pytest.fixture
def gauge(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the metric was set to."""
    seen: list[float] = []
    monkeypatch.setattr(metrics, "clock_difference", seen.append)
    return seen


def looks(watch: ClockWatch) -> list[tuple[str, str]]:
    """One look; the log entries, each with its level and event."""
    with capture_logs() as logs:
        assert watch.look() == 0
    return [(entry["log_level"], entry["event"]) for entry in logs]


@pytest.mark.parametrize("ahead", [0.0, 30.0, -30.0, 3600.0, -86400.0])
def test_the_difference_is_this_process_minus_the_database(
    database: Database, ahead: float
) -> None:
    compared = database_clock.compare(database, Offset(ahead))
    unsure = (compared.after - compared.before) / 2
    assert compared.before <= compared.after
    assert abs(compared.difference - timedelta(seconds=ahead)) <= unsure


def test_a_clock_that_is_right_is_not_mentioned(database: Database, gauge: list[float]) -> None:
    """Apart from its metric."""
    watch = ClockWatch(database, Offset())
    assert looks(watch) == []
    assert watch.clock_is_right()
    assert len(gauge) == 1


def test_a_difference_of_more_than_two_seconds_is_a_warning_at_every_look(
    database: Database, gauge: list[float]
) -> None:
    watch = ClockWatch(database, Offset(-30.0))
    assert looks(watch) == looks(watch) == [("warning", "clock.differs")]
    assert watch.clock_is_right()
    assert all(-40.0 < seconds < -20.0 for seconds in gauge)


def test_a_clock_that_is_wrong_is_an_error_once_and_not_worked_by_until_it_is_right(
    database: Database,
) -> None:
    offset = Offset(3600.0)
    watch = ClockWatch(database, offset)

    assert looks(watch) == [("warning", "clock.differs"), ("error", "clock.is_wrong")]
    assert not watch.clock_is_right()
    assert looks(watch) == [("warning", "clock.differs")]
    assert not watch.clock_is_right()

    offset.seconds = 30.0
    assert looks(watch) == [("warning", "clock.differs"), ("warning", "clock.is_right_again")]
    assert watch.clock_is_right()
    offset.seconds = -3600.0
    assert looks(watch) == [("warning", "clock.differs"), ("error", "clock.is_wrong")]
    offset.seconds = 0.0
    assert looks(watch) == [("warning", "clock.is_right_again")]


def test_while_the_database_is_away_the_last_verdict_holds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever waits for the first look does not wait for ever."""

    def away(*_: Any) -> Any:
        raise OperationalError("SELECT", {}, Exception("gone"))

    offset = Offset(3600.0)
    wrong, new = ClockWatch(database, offset), ClockWatch(database, offset)
    looks(wrong)
    monkeypatch.setattr(database_clock, "compare", away)

    for watch in (wrong, new):
        with pytest.raises(OperationalError):
            watch.look()

    assert (wrong.clock_is_right(), new.clock_is_right()) == (False, True)
    assert new.looked.is_set()


def test_the_metrics_of_clocks_can_be_scraped(database: Database) -> None:
    from prometheus_client import generate_latest

    metrics.clock_was_ahead("slot")
    ClockWatch(database, Offset(3600.0)).look()

    text = generate_latest().decode()

    (line,) = [line for line in text.splitlines() if line.startswith("sendtrail_clock_difference")]
    assert 3590.0 < float(line.split()[1]) < 3610.0
    assert 'sendtrail_clock_was_ahead_total{what="slot"}' in text
