"""What a run of the benchmarks says: medians, ratios of each round, and which targets are met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from benchmarks.harness.measuring import Comparison, Figure, MeasurementBase, Row, Target, measure
from benchmarks.harness.printing import as_json
from benchmarks.harness.worker_pool import PoolWorker, WorkerPool

ROWS = (
    Comparison("sends", "ours", "another queue", "theirs", Target("≥", 1.0)),
    Figure("memory", "peak", "MiB", Target("≤", 200, "number")),
)


class FakePostgres:
    """Nothing is prepared on it; it counts how often it was cleared."""

    def __init__(self) -> None:
        self.cleared = 0

    def clear(self) -> None:
        self.cleared += 1


class Told(MeasurementBase):
    """Gives what it was told to, a round at a time."""

    def __init__(self, *rounds: dict[str, float], rows: Sequence[Row] = ROWS) -> None:
        self.rows = rows
        self.told = rounds

    def prepare(self, postgres: Any) -> None:
        pass

    def round(self, postgres: Any, number: int) -> dict[str, float]:
        return self.told[number]


def test_a_ratio_is_that_of_each_round_and_the_median_counts() -> None:
    """A round in which the machine was slow for both does not count for one of them."""
    told = Told(
        {"ours": 100.0, "theirs": 100.0, "peak": 150.0},
        {"ours": 10.0, "theirs": 20.0, "peak": 250.0},
        {"ours": 90.0, "theirs": 60.0, "peak": 190.0},
    )
    report = measure(FakePostgres(), [("sending", told)], 3)  # type: ignore[arg-type]

    sends, memory = report.results
    assert sends.ratios is not None
    assert (sends.ours.median, sends.ratios.rounds, sends.ratios.median) == (90, [1.0, 0.5, 1.5], 1)
    assert (sends.met, memory.met, memory.ratios) == (True, True, None)
    document = msgspec.json.decode(as_json(report, {"cores": "2"}))
    assert document["results"][0]["sendtrail"]["rounds"] == [100, 10, 90]


@pytest.mark.parametrize(("theirs", "met"), [(99.0, True), (101.0, False)])
def test_a_target_is_met_or_not(theirs: float, met: bool) -> None:
    told = Told({"ours": 100.0, "theirs": theirs, "peak": 1.0})
    report = measure(FakePostgres(), [("sending", told)], 1)  # type: ignore[arg-type]
    assert report.results[0].met is met


def test_nobody_knows_how_a_contender_that_is_not_installed_does() -> None:
    told = Told({"ours": 100.0, "peak": 1.0})
    report = measure(FakePostgres(), [("sending", told)], 1)  # type: ignore[arg-type]
    assert (report.results[0].theirs, report.results[0].met) == (None, None)


def test_what_fails_is_said_and_the_others_are_kept() -> None:
    good = Told({"ours": 1.0, "theirs": 1.0, "peak": 1.0})
    postgres = FakePostgres()
    report = measure(postgres, [("broken", Told()), ("sending", good)], 1)  # type: ignore[arg-type]
    assert list(report.failures) == ["broken (sends)"]
    assert [result.group for result in report.results] == ["sending", "sending"]
    assert postgres.cleared == 2


def count_to(worker: PoolWorker) -> None:
    worker.begin()
    worker.add_committed(500)


def fall(worker: PoolWorker) -> None:
    raise ValueError("fell")


def test_a_pool_does_all_of_its_work_and_says_what_it_took() -> None:
    with WorkerPool([2]) as pool:
        result = pool.run([count_to, count_to], 1000)
        assert result.seconds > 0
        assert result.peak_memory > 1
        with pytest.raises(ValueError, match="fell"):
            pool.run([count_to, fall], 1000)
