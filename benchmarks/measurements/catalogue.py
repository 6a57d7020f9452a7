"""What is measured, by the names that choose it, with its sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.harness.measuring import Benchmark
from benchmarks.measurements.api import Answering
from benchmarks.measurements.append import Appending, SlowFlush
from benchmarks.measurements.claim import Claiming
from benchmarks.measurements.flushing import Flushing
from benchmarks.measurements.growth import Growing
from benchmarks.measurements.http_sending import Sending
from benchmarks.measurements.large_campaign import Masses
from benchmarks.measurements.lifecycle import Lifecycle
from benchmarks.measurements.rebuild import Rebuilding
from benchmarks.measurements.schedule import Campaign, Enrollment


def _full() -> dict[str, list[Benchmark]]:
    return {
        "append": [
            Appending({1: 1000, 100: 10_000, 1000: 20_000, 10_000: 40_000}, processes=(1, 2, 4, 8)),
            SlowFlush({1: 400, 100: 10_000, 1000: 20_000}, processes=(1, 4, 8)),
        ],
        "schedule": [Campaign(leads=100_000), Enrollment(leads=20_000)],
        "lifecycle": [
            Lifecycle(messages=40_000, processes=(1, 2, 4)),
            Flushing(messages=20_000, processes=(1, 4)),
        ],
        "http": [Sending(messages=10_000)],
        "claim": [Claiming((10_000, 100_000, 1_000_000), claims=20)],
        "growth": [Growing(leads=40_000, before=30)],
        "campaign": [Masses(leads=1_000_000, rounds=2)],
        "rebuild": [Rebuilding([(20_000, 0), (40_000, 5)])],
        "api": [Answering(messages=1_000_000, sent=20_000, commands=4000, questions=500)],
    }


def _quick() -> dict[str, list[Benchmark]]:
    """Only shows that everything works."""
    return {
        "append": [
            Appending({1: 50, 100: 1000, 1000: 4000, 10_000: 10_000}, processes=(1, 2)),
            SlowFlush({1: 50, 100: 1000}, processes=(1, 4)),
        ],
        "schedule": [Campaign(leads=2000), Enrollment(leads=200)],
        "lifecycle": [
            Lifecycle(messages=2000, processes=(1, 2)),
            Flushing(messages=2000, processes=(1, 2)),
        ],
        "http": [Sending(messages=500)],
        "claim": [Claiming((5000, 10_000), claims=5)],
        "growth": [Growing(leads=2000, before=5)],
        "campaign": [Masses(leads=10_000, rounds=1)],
        "rebuild": [Rebuilding([(2000, 0), (2000, 5)])],
        "api": [Answering(messages=10_000, sent=1000, commands=1000, questions=100)],
    }


NAMES: Sequence[str] = tuple(_full())


def chosen(names: Iterable[str], quick: bool) -> list[tuple[str, Benchmark]]:
    """Those of the named ones, each with the name that chose it."""
    offered = _quick() if quick else _full()
    wanted = set(names)
    return [(name, each) for name in NAMES if name in wanted for each in offered[name]]
