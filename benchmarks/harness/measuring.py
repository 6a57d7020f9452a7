"""Measures over several rounds, compares round by round, and checks the targets.

A comparison is measured anew in every round, one contender right after the other on one server, so
that what else the machine does hits both. The median of the rounds' ratios counts. Absolute numbers
are those of one machine at one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from traceback import format_exc
from typing import Literal, NamedTuple, Protocol

from benchmarks.harness.postgres_fixture import PostgresFixture


class Target(NamedTuple):
    """The bound for the ratio, or for Sendtrail's own number where ``of`` is "number"."""

    side: Literal["≥", "≤"]
    bound: float
    of: Literal["ratio", "number"] = "ratio"

    def met(self, value: float) -> bool:
        """Whether ``value`` is on the right side of the bound."""
        return value >= self.bound if self.side == "≥" else value <= self.bound


class Comparison(NamedTuple):
    """A row with a number of Sendtrail's and the same of a contender, both in ``unit``.

    A round gives the numbers as a dictionary: ``key`` is Sendtrail's key in it, ``contender_key``
    the contender's. ``contender`` names the contender for people. The ratio is Sendtrail's number
    divided by the contender's. A contender whose key no round gives is not installed.
    """

    label: str
    key: str
    contender: str
    contender_key: str
    target: Target | None = None
    unit: str = "/s"


class Figure(NamedTuple):
    """A row with a number of Sendtrail's and nothing beside it; the fields are ``Comparison``'s."""

    label: str
    key: str
    unit: str
    target: Target | None = None


Row = Comparison | Figure


class Measurement(Protocol):
    """Some rows of the table that are measured together."""

    @property
    def rows(self) -> Sequence[Row]:
        """The rows; none if the measurement is not possible on this machine."""
        ...

    @property
    def rounds(self) -> int | None:
        """The most rounds to take; None is no limit."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """Lines for people that the rows have no place for, asked for after the last round."""
        ...

    def prepare(self, postgres: PostgresFixture) -> None:
        """Prepare the rounds, once and untimed."""
        ...

    def round(self, postgres: PostgresFixture, number: int) -> dict[str, float]:
        """Measure every contender once; returns the numbers by the keys of ``rows``. ``number``
        counts the rounds from 0."""
        ...

    def close(self) -> None:
        """End what ``prepare`` began; called after a failure too."""
        ...


class MeasurementBase:
    """A measurement without a limit of rounds, without notes, and with nothing to close."""

    rounds: int | None = None

    @property
    def notes(self) -> Sequence[str]:
        """No lines."""
        return ()

    def close(self) -> None:
        """Nothing to end."""


@dataclass(frozen=True)
class Series:
    """The same number, round by round."""

    rounds: list[float]

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    @property
    def low(self) -> float:
        """The lowest of the rounds."""
        return min(self.rounds)

    @property
    def high(self) -> float:
        """The highest of the rounds."""
        return max(self.rounds)


@dataclass(frozen=True)
class RowResult:
    """A row, measured: Sendtrail's numbers (``ours``) and the contender's (``theirs``). ``group``
    is the name that ``--only`` chooses the row by."""

    group: str
    row: Row
    ours: Series
    theirs: Series | None

    @property
    def ratios(self) -> Series | None:
        """The ratio of each round: what slows a round down slows both. None without a contender."""
        if self.theirs is None:
            return None
        pairs = zip(self.ours.rounds, self.theirs.rounds, strict=True)
        return Series([ours / theirs for ours, theirs in pairs])

    @property
    def met(self) -> bool | None:
        """Whether the median meets the target; None if there is no target, or no ratio to compare
        with it."""
        target = self.row.target
        if target is None:
            return None
        series = self.ours if target.of == "number" else self.ratios
        return None if series is None else target.met(series.median)


@dataclass(frozen=True)
class RunResult:
    """The results of a whole run.

    ``notes`` are lines for people. ``failures`` are error messages by the name of the measurement
    that failed.
    """

    results: list[RowResult]
    notes: list[str]
    failures: dict[str, str]


def call_rate(count: int, work: Callable[[], object]) -> float:
    """Call ``work``; returns ``count`` per second of wall-clock time."""
    began = perf_counter()
    work()
    return count / (perf_counter() - began)


def measure(
    postgres: PostgresFixture,
    measurements: Iterable[tuple[str, Measurement]],
    rounds: int,
    progress: Callable[[str], None] = lambda step: None,
) -> RunResult:
    """Prepare each measurement, take it ``rounds`` times, and drop its databases.

    Each measurement comes with the name of its group. ``progress`` gets a line at every step. A
    measurement that fails is in ``failures`` of the result, and the others go on.
    """
    run = RunResult([], [], {})
    for group, measurement in measurements:
        if not measurement.rows:
            run.notes.extend(measurement.notes)
            continue
        name = f"{group} ({measurement.rows[0].label.strip()})"
        series: dict[str, list[float]] = {}
        try:
            progress(f"{name}: prepares")
            measurement.prepare(postgres)
            for number in range(min(rounds, measurement.rounds or rounds)):
                progress(f"{name}: round {number + 1}")
                for key, value in measurement.round(postgres, number).items():
                    series.setdefault(key, []).append(value)
            run.results.extend(_row_result(group, row, series) for row in measurement.rows)
            run.notes.extend(measurement.notes)
        except Exception as error:  # an hour of other results must not be lost with it
            run.failures[name] = f"{type(error).__name__}: {error}"
            progress(f"{name}: failed\n{format_exc()}")
        finally:
            measurement.close()
        postgres.clear()
    return run


def _row_result(group: str, row: Row, series: dict[str, list[float]]) -> RowResult:
    theirs = series.get(row.contender_key) if isinstance(row, Comparison) else None
    return RowResult(
        group, row, Series(series[row.key]), None if theirs is None else Series(theirs)
    )
