"""What is measured, by the names that choose it, with its sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.appending import Appending
from benchmarks.lifecycle import Lifecycle
from benchmarks.measuring import Benchmark
from benchmarks.scheduling import Campaign, Enrollment
from benchmarks.sending import Sending


def _full() -> dict[str, list[Benchmark]]:
    return {
        "append": [Appending({1: 1000, 100: 20_000, 1000: 40_000, 10_000: 50_000})],
        "schedule": [Campaign(leads=100_000), Enrollment(leads=20_000)],
        "lifecycle": [Lifecycle(messages=30_000, processes=(1, 2, 4))],
        "http": [Sending(messages=10_000)],
    }


def _quick() -> dict[str, list[Benchmark]]:
    """Only shows that everything works."""
    return {
        "append": [Appending({1: 50, 100: 1000, 1000: 4000, 10_000: 10_000})],
        "schedule": [Campaign(leads=2000), Enrollment(leads=200)],
        "lifecycle": [Lifecycle(messages=2000, processes=(1, 2))],
        "http": [Sending(messages=500)],
    }


NAMES: Sequence[str] = tuple(_full())


def chosen(names: Iterable[str], quick: bool) -> list[tuple[str, Benchmark]]:
    """Those of the named ones, each with the name that chose it."""
    offered = _quick() if quick else _full()
    return [(name, benchmark) for name in names for benchmark in offered[name]]
