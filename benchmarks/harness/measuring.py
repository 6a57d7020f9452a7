"""Numbers over several rounds, how they compare, and whether they are as good as is aimed at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from traceback import format_exc
from typing import Literal, NamedTuple, Protocol

from benchmarks.harness.postgres_fixture import Stage


class Target(NamedTuple):
    """What is aimed at: the ratio, or the number itself where ``of`` says so, on which side of the
    bound."""

    side: Literal["≥", "≤"]
    bound: float
    of: Literal["ratio", "number"] = "ratio"

    def met(self, found: float) -> bool:
        return found >= self.bound if self.side == "≥" else found <= self.bound


class Comparison(NamedTuple):
    """A number of ours beside another. ``ours`` and ``theirs`` are their keys in what a round
    gives, ``beside`` says in words what theirs is; both in ``unit``. The ratio is ours/theirs.
    Rounds that do not give theirs say that the contender is not installed."""

    what: str
    ours: str
    beside: str
    theirs: str
    target: Target | None = None
    unit: str = "/s"


class Figure(NamedTuple):
    """A number of ours with nothing beside it."""

    what: str
    ours: str
    unit: str
    target: Target | None = None


Row = Comparison | Figure


class Benchmark(Protocol):
    """``prepare`` runs once, untimed; ``round`` takes every contender once and gives each one's
    numbers by their keys. ``rounds``, if it is not None, is how often at most."""

    @property
    def rows(self) -> Sequence[Row]: ...

    @property
    def rounds(self) -> int | None: ...

    @property
    def notes(self) -> Sequence[str]:
        """What else there is to say of the rounds, for people."""
        ...

    def prepare(self, stage: Stage) -> None: ...

    def round(self, stage: Stage, number: int) -> dict[str, float]: ...

    def close(self) -> None:
        """Ends what ``prepare`` began, whatever happened since."""
        ...


class Simple:
    """What most benchmarks have in common."""

    rounds: int | None = None

    @property
    def notes(self) -> Sequence[str]:
        return ()

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Series:
    """The same number, round by round."""

    rounds: list[float]

    @property
    def median(self) -> float:
        return median(self.rounds)

    @property
    def low(self) -> float:
        return min(self.rounds)

    @property
    def high(self) -> float:
        return max(self.rounds)


@dataclass(frozen=True)
class Result:
    """A row, measured; ``group`` is the name by which it is chosen."""

    group: str
    row: Row
    ours: Series
    theirs: Series | None

    @property
    def ratios(self) -> Series | None:
        """The rounds' own ratios: what slows a round down slows both."""
        if self.theirs is None:
            return None
        pairs = zip(self.ours.rounds, self.theirs.rounds, strict=True)
        return Series([ours / theirs for ours, theirs in pairs])

    @property
    def met(self) -> bool | None:
        """Whether it is as good as is aimed at; None if nothing is, or if nobody knows."""
        target = self.row.target
        if target is None:
            return None
        found = self.ours if target.of == "number" else self.ratios
        return None if found is None else target.met(found.median)


@dataclass(frozen=True)
class Report:
    """What a whole run found: ``notes`` for people, ``failures`` by the names of what failed."""

    results: list[Result]
    notes: list[str]
    failures: dict[str, str]


def rate(count: int, work: Callable[[], object]) -> float:
    """``count`` per second of wall-clock time that ``work`` takes."""
    began = perf_counter()
    work()
    return count / (perf_counter() - began)


def measure(
    stage: Stage,
    chosen: Iterable[tuple[str, Benchmark]],
    rounds: int,
    progress: Callable[[str], None] = lambda doing: None,
) -> Report:
    """Prepares each benchmark, takes it ``rounds`` times, and drops its databases. One that fails
    is reported, and the others go on."""
    report = Report([], [], {})
    for group, benchmark in chosen:
        if not benchmark.rows:
            report.notes.extend(benchmark.notes)
            continue
        what = f"{group} ({benchmark.rows[0].what.strip()})"
        numbers: dict[str, list[float]] = {}
        try:
            progress(f"{what}: prepares")
            benchmark.prepare(stage)
            for number in range(min(rounds, benchmark.rounds or rounds)):
                progress(f"{what}: round {number + 1}")
                for key, found in benchmark.round(stage, number).items():
                    numbers.setdefault(key, []).append(found)
            report.results.extend(_result(group, row, numbers) for row in benchmark.rows)
            report.notes.extend(benchmark.notes)
        except Exception as error:  # an hour of other results must not be lost with it
            report.failures[what] = f"{type(error).__name__}: {error}"
            progress(f"{what}: failed\n{format_exc()}")
        finally:
            benchmark.close()
        stage.clear()
    return report


def _result(group: str, row: Row, numbers: dict[str, list[float]]) -> Result:
    theirs = numbers.get(row.theirs) if isinstance(row, Comparison) else None
    return Result(group, row, Series(numbers[row.ours]), None if theirs is None else Series(theirs))
