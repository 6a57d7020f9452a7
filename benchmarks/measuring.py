"""Rates of contenders over several rounds, and how they compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import NamedTuple, Protocol

from benchmarks.stage import Stage


class Comparison(NamedTuple):
    """Two contenders of one benchmark: ``ours`` and ``theirs`` are their keys in its rates,
    ``beside`` says in words what theirs is, and ``target`` is the ratio that is aimed at."""

    what: str
    ours: str
    beside: str
    theirs: str
    target: float | None = None


class Benchmark(Protocol):
    """``prepare`` runs once, untimed; ``round`` takes every contender once and gives each one's
    rate, in ``unit`` per second, by its key."""

    unit: str
    comparisons: list[Comparison]

    @property
    def notes(self) -> Sequence[str]:
        """What else there is to say of the rounds, for people."""
        ...

    def prepare(self, stage: Stage) -> None: ...

    def round(self, stage: Stage, number: int) -> dict[str, float]: ...


@dataclass(frozen=True)
class Rates:
    """What one contender did per second, round by round."""

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
    """A comparison, measured."""

    comparison: Comparison
    unit: str
    ours: Rates
    theirs: Rates

    @property
    def ratio(self) -> float:
        """The median of the rounds' own ratios: what slows a round down slows both."""
        return Rates(self.ratios).median

    @property
    def ratios(self) -> list[float]:
        return [a / b for a, b in zip(self.ours.rounds, self.theirs.rounds, strict=True)]


def rate(count: int, work: Callable[[], object]) -> float:
    """``count`` per second of wall-clock time that ``work`` takes."""
    began = perf_counter()
    work()
    return count / (perf_counter() - began)


def measure(
    stage: Stage,
    benchmarks: Iterable[Benchmark],
    rounds: int,
    progress: Callable[[str], None] = lambda doing: None,
) -> list[Result]:
    """Prepares every benchmark, then takes all of them ``rounds`` times, round by round."""
    taken: list[tuple[Benchmark, dict[str, list[float]]]] = []
    for benchmark in benchmarks:
        progress("preparing")
        benchmark.prepare(stage)
        taken.append((benchmark, {}))
    for number in range(rounds):
        for benchmark, rates in taken:
            progress(f"round {number + 1} of {rounds}: {benchmark.comparisons[0].what}")
            for key, found in benchmark.round(stage, number).items():
                rates.setdefault(key, []).append(found)
    return [
        Result(
            comparison,
            benchmark.unit,
            Rates(rates[comparison.ours]),
            Rates(rates[comparison.theirs]),
        )
        for benchmark, rates in taken
        for comparison in benchmark.comparisons
    ]
